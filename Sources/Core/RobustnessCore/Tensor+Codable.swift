/// A tensor is written as its shape and the bits of its elements, so that nothing is rounded, and what is not finite
/// stays as it is.
extension Tensor: Codable {
  private enum CodingKeys: CodingKey {
    case shape
    case bits
  }

  /// Reads what `encode` writes.
  ///
  /// - Throws: `DecodingError` where the number of elements is not that of the shape.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let shape = try container.decode([Int].self, forKey: .shape)
    let bits = try container.decode([UInt64].self, forKey: .bits)
    guard shape.allSatisfy({ $0 >= 0 }),
      shape.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue })
        == bits.count
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .bits, in: container, debugDescription: "\(bits.count) elements are not of the shape \(shape)")
    }
    self.init(shape: shape, elements: bits.map { Double(bitPattern: $0) })
  }

  /// Writes shape and elements.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(shape, forKey: .shape)
    try container.encode(elements.map(\.bitPattern), forKey: .bits)
  }
}
