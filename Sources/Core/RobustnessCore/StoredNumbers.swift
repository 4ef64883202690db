/// Numbers as they are stored: one, four or eight bytes each.
public enum StoredNumbers: Sendable, Hashable {
  /// Bytes of images, each of which means its value divided by 255.
  case bytes([UInt8])
  /// Single precision.
  case floats([Float])
  /// Double precision.
  case doubles([Double])

  /// Number of values.
  public var count: Int {
    switch self {
    case .bytes(let values): values.count
    case .floats(let values): values.count
    case .doubles(let values): values.count
    }
  }

  /// What the numbers mean: bytes divided by 255, all others themselves.
  public var values: [Double] {
    switch self {
    case .bytes(let values): values.map { Double($0) / 255 }
    case .floats(let values): values.map(Double.init)
    case .doubles(let values): values
    }
  }

  /// The smallest and the largest of what they mean; 0 and 0 of none.
  public var range: ClosedRange<Double> {
    switch self {
    case .bytes(let values): Double(values.min() ?? 0) / 255...Double(values.max() ?? 0) / 255
    case .floats(let values): Double(values.min() ?? 0)...Double(values.max() ?? 0)
    case .doubles(let values): (values.min() ?? 0)...(values.max() ?? 0)
    }
  }

  /// Some of the rows, in the order that they are named.
  ///
  /// - Parameters:
  ///   - rows: Positions of rows.
  ///   - size: Numbers in one row.
  public func rows(_ rows: some Sequence<Int>, size: Int) -> StoredNumbers {
    func gather<T>(_ values: [T]) -> [T] {
      var chosen: [T] = []
      chosen.reserveCapacity(rows.underestimatedCount * size)
      for row in rows { chosen += values[row * size..<(row + 1) * size] }
      return chosen
    }
    return switch self {
    case .bytes(let values): .bytes(gather(values))
    case .floats(let values): .floats(gather(values))
    case .doubles(let values): .doubles(gather(values))
    }
  }
}
