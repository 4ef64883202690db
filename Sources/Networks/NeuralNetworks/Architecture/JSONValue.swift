/// A parsed JSON text that keeps numbers as they were spelled, so that `true`, `1.0` and `1` stay different things.
///
/// Texts come from files of unknown origin: their length and depth are limited before anything is built.
indirect enum JSONValue {
  case null
  case boolean(Bool)
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// Longest text, in bytes.
  static let lengthLimit = 1 << 20
  /// Deepest nesting of arrays and objects.
  static let depthLimit = 32

  init(parsing text: String) throws(ArchitectureError) {
    let bytes = Array(text.utf8)
    guard bytes.count <= Self.lengthLimit else {
      throw ArchitectureError(location: "", reason: "is a text of \(bytes.count) bytes; the limit is 1 MiB")
    }
    var parser = JSONParser(bytes: bytes)
    self = try parser.document()
  }

  /// The number if it is spelled as an integer that fits.
  var integer: Int? {
    guard case .number(let spelling) = self, spelling.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || isDigit($0) })
    else { return nil }
    return Int(spelling)
  }

  /// The number in double precision; infinite when it is too large.
  var double: Double? {
    if case .number(let spelling) = self { Double(spelling) } else { nil }
  }

  var string: String? {
    if case .string(let text) = self { text } else { nil }
  }

  var array: [JSONValue]? {
    if case .array(let values) = self { values } else { nil }
  }

  var object: [String: JSONValue]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The text as a JSON string literal.
  static func quoted(_ text: String) -> String { JSONLiteral.string(text) }
}

/// Values as they are spelled in JSON.
package enum JSONLiteral {
  /// A text in quotes.
  package static func string(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

/// RFC 8259, strictly; a key that comes twice in one object is refused, since readers disagree on which one counts.
private struct JSONParser {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws(ArchitectureError) -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw failure("has text after its end") }
    return value
  }

  private func failure(_ reason: String) -> ArchitectureError {
    ArchitectureError(location: "", reason: "is not well-formed JSON: \(reason) at byte \(position)")
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func acceptWord(_ word: String) -> Bool {
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  private mutating func value(depth: Int) throws(ArchitectureError) -> JSONValue {
    guard depth < JSONValue.depthLimit else { throw failure("nests too deeply") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t") where acceptWord("true"): return .boolean(true)
    case UInt8(ascii: "f") where acceptWord("false"): return .boolean(false)
    case UInt8(ascii: "n") where acceptWord("null"): return .null
    default: return try number()
    }
  }

  private mutating func object(depth: Int) throws(ArchitectureError) -> JSONValue {
    position += 1
    var members: [String: JSONValue] = [:]
    if accept("}") { return .object(members) }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw failure("expected a key") }
      let key = try string()
      guard accept(":") else { throw failure("expected a colon") }
      let member = try value(depth: depth + 1)
      guard members.updateValue(member, forKey: key) == nil else { throw failure("the key \"\(key)\" comes twice") }
    } while accept(",")
    guard accept("}") else { throw failure("expected a comma or a closing brace") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(ArchitectureError) -> JSONValue {
    position += 1
    var values: [JSONValue] = []
    if accept("]") { return .array(values) }
    repeat { values.append(try value(depth: depth + 1)) } while accept(",")
    guard accept("]") else { throw failure("expected a comma or a closing bracket") }
    return .array(values)
  }

  private mutating func number() throws(ArchitectureError) -> JSONValue {
    let start = position
    if next == UInt8(ascii: "-") { position += 1 }
    let firstDigit = next
    guard digits() > 0 else {
      position = start
      throw failure("expected a value")
    }
    let integerEnd = position
    if firstDigit == UInt8(ascii: "0"), integerEnd - start > (bytes[start] == UInt8(ascii: "-") ? 2 : 1) {
      throw failure("a number starts with zero")
    }
    if next == UInt8(ascii: ".") {
      position += 1
      guard digits() > 0 else { throw failure("expected digits") }
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      guard digits() > 0 else { throw failure("expected digits") }
    }
    guard position - start <= 400 else { throw failure("a number has more than 400 characters") }
    return .number(String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func digits() -> Int {
    let start = position
    while let byte = next, isDigit(byte) { position += 1 }
    return position - start
  }

  private mutating func string() throws(ArchitectureError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text.append(contentsOf: Array(String(try escape()).utf8))
      case 0..<0x20: throw failure("a control character in a string")
      default: text.append(byte)
      }
    }
    throw failure("a string has no end")
  }

  private mutating func escape() throws(ArchitectureError) -> Unicode.Scalar {
    guard let byte = next else { throw failure("a string has no end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let first = try hexadecimal()
      if let scalar = Unicode.Scalar(first) { return scalar }
      // Two escapes make one character outside the basic plane.
      guard (0xD800..<0xDC00).contains(first), acceptWord("\\u") else { throw failure("a lone surrogate") }
      let second = try hexadecimal()
      guard (0xDC00..<0xE000).contains(second),
        let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
      else { throw failure("a lone surrogate") }
      return scalar
    default: throw failure("an unknown escape")
    }
  }

  private mutating func hexadecimal() throws(ArchitectureError) -> UInt32 {
    guard position + 4 <= bytes.count,
      bytes[position..<position + 4].allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
      let value = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw failure("expected four hexadecimal digits") }
    position += 4
    return value
  }
}
