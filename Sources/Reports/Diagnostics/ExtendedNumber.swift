/// A number that may be infinite or not defined (NaN), and can be encoded all the same.
///
/// JSON has neither: they are written as the texts "infinity", "-infinity" and "not defined". Two numbers that are not
/// defined are equal, so that a report equals itself.
@propertyWrapper public struct ExtendedNumber: Sendable, Hashable, Codable {
  /// The number.
  public var wrappedValue: Double

  /// Wraps a number.
  public init(wrappedValue: Double) { self.wrappedValue = wrappedValue }

  /// Reads a number or one of the three texts.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Double.self) {
      wrappedValue = number
      return
    }
    switch try container.decode(String.self) {
    case "infinity": wrappedValue = .infinity
    case "-infinity": wrappedValue = -.infinity
    case "not defined": wrappedValue = .nan
    case let text:
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is not a number")
    }
  }

  /// Writes a number or one of the three texts.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if wrappedValue.isFinite {
      try container.encode(wrappedValue)
    } else {
      try container.encode(wrappedValue.isNaN ? "not defined" : wrappedValue > 0 ? "infinity" : "-infinity")
    }
  }

  /// Equal as numbers, or both not defined.
  public static func == (a: ExtendedNumber, b: ExtendedNumber) -> Bool {
    a.wrappedValue == b.wrappedValue || a.wrappedValue.isNaN && b.wrappedValue.isNaN
  }

  /// Hashes the number; all that are not defined alike.
  public func hash(into hasher: inout Hasher) { hasher.combine(wrappedValue.isNaN ? .nan : wrappedValue) }
}
