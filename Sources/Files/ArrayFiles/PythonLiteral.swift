/// The few kinds of Python literals that headers of NumPy are made of.
struct PythonLiteral {
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
  }

  /// Whether nothing but space follows.
  var isAtEnd: Bool { bytes[position...].allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) } }

  /// Whether this character comes next.
  mutating func isAt(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    return next == UInt8(ascii: character)
  }

  /// Takes this character if it comes next.
  mutating func accept(_ character: Unicode.Scalar) -> Bool {
    guard isAt(character) else { return false }
    position += 1
    return true
  }

  /// A text in single or double quotes, without escapes: no type of numbers needs one.
  mutating func string() throws(NumPyHeader.Refusal) -> String {
    skipSpace()
    guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\""),
      let end = bytes[(position + 1)...].firstIndex(of: quote), !bytes[position..<end].contains(UInt8(ascii: "\\"))
    else { throw refusal("a text in quotes is missing") }
    defer { position = end + 1 }
    return String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
  }

  /// `True` or `False`.
  mutating func boolean() throws(NumPyHeader.Refusal) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)] where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw refusal("True or False is missing")
  }

  /// `()`, `(3,)`, `(3, 4)`: lengths of axes, which Python 2 may have written as `3L`.
  mutating func tuple() throws(NumPyHeader.Refusal) -> [Int] {
    guard accept("(") else { throw refusal("the shape is no tuple") }
    var values: [Int] = []
    var hasComma = false
    while !accept(")") {
      guard values.isEmpty || hasComma else { throw refusal("the shape is no tuple") }
      skipSpace()
      let digits = bytes[position...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard !digits.isEmpty, let value = Int(String(decoding: digits, as: UTF8.self)) else {
        throw refusal("an axis has no length that could be")
      }
      position = digits.endIndex
      if next == UInt8(ascii: "L") { position += 1 }
      values.append(value)
      hasComma = accept(",")
      guard values.count <= ForeignArray.axisLimit else { throw refusal("the shape has too many axes") }
    }
    // `(3)` is a number in Python.
    guard values.count != 1 || hasComma else { throw refusal("the shape is no tuple") }
    return values
  }

  func refusal(_ words: String) -> NumPyHeader.Refusal {
    NumPyHeader.Refusal(reason: "has a header that NumPy does not write: \(words)", advice: "Write the file again")
  }
}
