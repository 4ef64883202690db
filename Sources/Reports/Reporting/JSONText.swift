import Foundation

/// A JSON value with ordered keys. Numbers that are not finite are written as `null`, since JSON has none.
public indirect enum JSONText: Sendable, Hashable {
  /// `null`
  case null
  /// `true` or `false`
  case bool(Bool)
  /// A whole number.
  case integer(Int)
  /// A whole number that is not negative.
  case natural(UInt64)
  /// A number, written so that it reads back as the same `Double`.
  case number(Double)
  /// Text.
  case text(String)
  /// A list.
  case array([JSONText])
  /// An object, in the order of its members.
  case object([(String, JSONText)])

  /// The value, or `null`.
  public static func optional<T>(_ value: T?, _ make: (T) -> JSONText) -> JSONText {
    value.map(make) ?? .null
  }

  /// Equal when the text is.
  public static func == (a: JSONText, b: JSONText) -> Bool { a.compact == b.compact }
  /// Hashes the text.
  public func hash(into hasher: inout Hasher) { hasher.combine(compact) }

  /// The text on one line.
  public var compact: String { write(indent: nil) }
  /// The text with two spaces of indentation.
  public var pretty: String { write(indent: 0) }

  private func write(indent: Int?) -> String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): "\(value)"
    case .natural(let value): "\(value)"
    case .number(let value): value.isFinite ? "\(value)" : "null"
    case .text(let value): Self.quoted(value)
    case .array(let values): Self.list(values.map { ("", $0) }, "[", "]", indent) { $1 }
    case .object(let members):
      Self.list(members, "{", "}", indent) { "\(Self.quoted($0)):\(indent == nil ? "" : " ")\($1)" }
    }
  }

  private static func list(
    _ members: [(String, JSONText)], _ open: String, _ close: String, _ indent: Int?,
    _ join: (String, String) -> String
  ) -> String {
    guard !members.isEmpty else { return open + close }
    // Lists of plain numbers stay on one line: intervals, for instance.
    let isFlat = members.allSatisfy {
      if case .array = $0.1 { false } else if case .object = $0.1 { false } else { $0.0.isEmpty }
    }
    guard let indent, !isFlat else {
      return open + members.map { join($0.0, $0.1.write(indent: nil)) }.joined(separator: indent == nil ? "," : ", ")
        + close
    }
    let space = String(repeating: "  ", count: indent + 1)
    let lines = members.map { space + join($0.0, $0.1.write(indent: indent + 1)) }
    return open + "\n" + lines.joined(separator: ",\n") + "\n" + String(repeating: "  ", count: indent) + close
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20: result += String(format: "\\u%04x", scalar.value)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
