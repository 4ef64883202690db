import HDF5
public import RobustnessCore

extension StoredNumbers {
  /// How a file has them.
  var element: ElementType {
    switch self {
    case .bytes: .uint8
    case .floats: .float32
    case .doubles: .float64
    }
  }

  /// Reads a data set as it is stored: bytes and single precision as they are, everything else in double precision.
  init(_ dataset: HDF5Dataset) throws(HDF5Error) {
    switch dataset.type {
    case .number(.uint8): self = .bytes(try dataset.readAll(as: UInt8.self))
    case .number(.float32): self = .floats(try dataset.readAll(as: Float.self))
    default: self = .doubles(try dataset.readAll(as: Double.self))
    }
  }

  /// Calls `body` with the numbers as they lie in memory.
  func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    switch self {
    case .bytes(let values): try values.withUnsafeBytes(body)
    case .floats(let values): try values.withUnsafeBytes(body)
    case .doubles(let values): try values.withUnsafeBytes(body)
    }
  }

  /// Why bytes cannot be the inputs of a network with these bounds; nil when they can.
  ///
  /// A byte means its value divided by 255. Bounds beyond 0 to 1 say that the network takes other numbers, which bytes
  /// then perhaps were meant to be: black images, attacked by hundreds of times their range.
  ///
  /// - Parameter perChannel: The bounds of each channel, where they differ.
  package static func byteProblem(
    within bounds: ClosedRange<Double>, perChannel: [ClosedRange<Double>]? = nil
  ) -> String? {
    if let other = perChannel?.firstIndex(where: { $0 != 0...1 }), let bounds = perChannel?[other] {
      return "are bytes, which mean values from 0 to 1; input_bounds of channel \(other) are "
        + "\(plain(bounds.lowerBound)) to \(plain(bounds.upperBound)): store them as float32"
    }
    guard bounds != 0...1 else { return nil }
    return "are bytes, which mean values from 0 to 1; input_bounds are \(plain(bounds.lowerBound)) to "
      + "\(plain(bounds.upperBound)): store them as float32"
  }
}

extension ClosedRange<Double> {
  /// These bounds of inputs, and what rounding may add: a millionth of their width, or the rounding of the bounds
  /// themselves to single precision. What lies there is moved onto the bounds.
  package var withRounding: ClosedRange<Double> {
    let slack = 1e-6 * (upperBound - lowerBound)
    return Swift.min(
      lowerBound - slack, Double(Float(lowerBound).nextDown))...Swift.max(
        upperBound + slack, Double(Float(upperBound).nextUp))
  }
}
