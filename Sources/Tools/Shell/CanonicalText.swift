import Foundation

/// Requests as text: one line of JSON with sorted keys, the same for equal requests, without what has its default.
///
/// So a request that was written down before an option came into being has the same text afterwards, and can still be
/// read.
package enum CanonicalText {
  /// The text of a value.
  ///
  /// - Parameters:
  ///   - value: A structure of numbers, texts and lists, which are always written with a name.
  ///   - defaults: A value of which every property has its default.
  package static func text<Value: Encodable>(of value: Value, besides defaults: Value) -> String {
    do {
      let plain = try members(of: defaults)
      let changed = try members(of: value).filter { plain[$0.key] != $0.value }
      return String(decoding: try encoder.encode(changed), as: UTF8.self)
    } catch {
      preconditionFailure("a request holds numbers and text, which can always be encoded: \(error)")
    }
  }

  /// The value that a text describes; what it leaves out has its default. The layout may be any that JSON has.
  ///
  /// - Throws: `DecodingError` for a text that describes none, or has a name that no property has.
  package static func value<Value: Codable>(of text: String, besides defaults: Value) throws -> Value {
    let given = try decoder.decode([String: Fragment].self, from: Data(text.utf8))
    let all = try members(of: defaults).merging(given) { $1 }
    let value = try decoder.decode(Value.self, from: try encoder.encode(all))
    // A misspelt name would silently be a default.
    if let unknown = Fragment.members(given).names(beyond: .members(try members(of: value))).min() {
      throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "there is no property '\(unknown)'"))
    }
    return value
  }

  private static func members(of value: some Encodable) throws -> [String: Fragment] {
    try decoder.decode([String: Fragment].self, from: try encoder.encode(value))
  }

  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }

  /// Any JSON. Whole numbers stay whole: as `Double` a large seed would become another one.
  private enum Fragment: Codable, Equatable {
    case null
    case bool(Bool)
    case natural(UInt64)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([Fragment])
    case members([String: Fragment])

    /// The names in here, with those of what they lie in before them, that another fragment has not at that place.
    ///
    /// A name without a value is none, and what is a list or a text there has no names.
    func names(beyond known: Fragment) -> [String] {
      switch (self, known) {
      case (.members(let mine), .members(let theirs)):
        mine.filter { $0.value != .null }.flatMap { name, value in
          theirs[name].map { value.names(beyond: $0).map { "\(name).\($0)" } } ?? [name]
        }
      case (.list(let mine), .list(let theirs)): zip(mine, theirs).flatMap { $0.names(beyond: $1) }
      default: []
      }
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if let value = try? container.decode(Bool.self) {
        self = .bool(value)
      } else if let value = try? container.decode(UInt64.self) {
        self = .natural(value)
      } else if let value = try? container.decode(Int64.self) {
        self = .integer(value)
      } else if let value = try? container.decode(String.self) {
        self = .text(value)
      } else if let value = try? container.decode(Double.self) {
        self = .number(value)
      } else if let value = try? container.decode([Fragment].self) {
        self = .list(value)
      } else {
        self = .members(try container.decode([String: Fragment].self))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .null: try container.encodeNil()
      case .bool(let value): try container.encode(value)
      case .natural(let value): try container.encode(value)
      case .integer(let value): try container.encode(value)
      case .number(let value): try container.encode(value)
      case .text(let value): try container.encode(value)
      case .list(let value): try container.encode(value)
      case .members(let value): try container.encode(value)
      }
    }
  }
}
