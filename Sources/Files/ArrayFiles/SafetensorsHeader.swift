/// The header of a safetensors file: `{"name": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, …}`, and texts
/// under `__metadata__`.
///
/// Exactly these keys and kinds of values are read. A key that comes twice is refused, since readers disagree on which
/// one counts.
struct SafetensorsHeader {
  /// Where a tensor lies among the values, and what it is.
  struct Tensor: Sendable {
    let type: String
    let shape: [Int]
    let begin: Int
    let end: Int
  }

  /// What is wrong, a clause.
  struct Refusal: Error {
    let reason: String
  }

  private(set) var tensors: [String: Tensor] = [:]
  private(set) var metadata: [String: String] = [:]

  /// Reads the bytes of a header.
  init(_ bytes: [UInt8]) throws(Refusal) {
    guard bytes.first == UInt8(ascii: "{") else { throw Refusal(reason: "it does not begin with a brace") }
    guard String(validating: bytes, as: UTF8.self) != nil else { throw Refusal(reason: "it is not text in UTF-8") }
    var text = HeaderText(bytes)
    var hasMetadata = false
    try text.object { (name, text) throws(Refusal) in
      if name == "__metadata__" {
        guard !hasMetadata else { throw Refusal(reason: "\"__metadata__\" comes twice") }
        hasMetadata = true
        try text.object { (key, text) throws(Refusal) in
          guard metadata.updateValue(try text.string(), forKey: key) == nil else {
            throw Refusal(reason: "\"\(key)\" comes twice in \"__metadata__\"")
          }
        }
      } else {
        guard tensors.updateValue(try Self.tensor(&text, name), forKey: name) == nil else {
          throw Refusal(reason: "\"\(name)\" comes twice")
        }
      }
    }
    guard text.isAtEnd else { throw Refusal(reason: "text follows it") }
  }

  private static func tensor(_ text: inout HeaderText, _ name: String) throws(Refusal) -> Tensor {
    var type: String?
    var shape: [Int]?
    var offsets: [Int]?
    try text.object { (key, text) throws(Refusal) in
      switch key {
      case "dtype" where type == nil: type = try text.string()
      case "shape" where shape == nil: shape = try text.numbers()
      case "data_offsets" where offsets == nil: offsets = try text.numbers()
      default: throw Refusal(reason: "\"\(key)\" of \"\(name)\" does not belong there, or comes twice")
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2 else {
      throw Refusal(reason: "\"\(name)\" needs dtype, shape, and two data_offsets")
    }
    return Tensor(type: type, shape: shape, begin: offsets[0], end: offsets[1])
  }
}

/// The JSON that such headers are made of: objects, texts, and lists of whole numbers. RFC 8259, strictly.
struct HeaderText {
  typealias Refusal = SafetensorsHeader.Refusal

  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func refusal(_ reason: String) -> Refusal { Refusal(reason: "\(reason) at byte \(position)") }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  /// Whether nothing but space follows.
  var isAtEnd: Bool {
    var rest = self
    rest.skipSpace()
    return rest.next == nil
  }

  /// Reads an object; the value of every key is read by `member`.
  mutating func object(_ member: (String, inout HeaderText) throws(Refusal) -> Void) throws(Refusal) {
    guard accept("{") else { throw refusal("expected an opening brace") }
    if accept("}") { return }
    repeat {
      let key = try string()
      guard accept(":") else { throw refusal("expected a colon") }
      try member(key, &self)
    } while accept(",")
    guard accept("}") else { throw refusal("expected a comma or a closing brace") }
  }

  /// Reads a list of whole numbers from 0.
  mutating func numbers() throws(Refusal) -> [Int] {
    guard accept("[") else { throw refusal("expected an opening bracket") }
    var values: [Int] = []
    if accept("]") { return values }
    repeat {
      skipSpace()
      let digits = bytes[position...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard !digits.isEmpty, digits.count == 1 || digits.first != UInt8(ascii: "0"),
        let value = Int(String(decoding: digits, as: UTF8.self))
      else { throw refusal("expected a whole number from 0 that fits") }
      position = digits.endIndex
      values.append(value)
    } while accept(",")
    guard accept("]") else { throw refusal("expected a comma or a closing bracket") }
    return values
  }

  /// Reads a text.
  mutating func string() throws(Refusal) -> String {
    guard accept("\"") else { throw refusal("expected a text in quotes") }
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text.append(contentsOf: String(try escape()).utf8)
      case 0..<0x20: throw refusal("a control character in a text")
      default: text.append(byte)
      }
    }
    throw refusal("a text has no end")
  }

  private mutating func escape() throws(Refusal) -> Unicode.Scalar {
    defer { position += 1 }
    switch next {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let first = try unit()
      if let scalar = Unicode.Scalar(first) { return scalar }
      // Two escapes make one character outside the basic plane.
      guard (0xD800..<0xDC00).contains(first), bytes[(position + 1)...].starts(with: "\\u".utf8) else {
        throw refusal("a lone surrogate")
      }
      position += 2
      let second = try unit()
      guard (0xDC00..<0xE000).contains(second),
        let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
      else { throw refusal("a lone surrogate") }
      return scalar
    default: throw refusal("an unknown escape")
    }
  }

  /// The four digits behind `\u`, of which the last stays to be passed.
  private mutating func unit() throws(Refusal) -> UInt32 {
    let digits = bytes[min(position + 1, bytes.count)...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw refusal("expected four hexadecimal digits") }
    position += 4
    return value
  }
}
