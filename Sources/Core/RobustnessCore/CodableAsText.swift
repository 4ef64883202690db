/// A value that is written as the text that it is read from: `"draw:3"`.
public protocol CodableAsText: Codable, LosslessStringConvertible {}

extension CodableAsText {
  /// Reads the text.
  ///
  /// - Throws: `DecodingError` for a text that means nothing.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = Self(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is no \(Self.self)")
    }
    self = value
  }

  /// Writes the text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
