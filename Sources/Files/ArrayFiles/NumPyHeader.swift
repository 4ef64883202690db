/// The header of an array of NumPy: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
///
/// Format: `numpy.lib.format`, versions 1.0 to 3.0. The text is a Python literal of which nothing else is read.
struct NumPyHeader {
  /// `\x93NUMPY`
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// Longest header that is read; only records with thousands of fields have longer ones, and those are refused.
  static let limit = 1 << 16

  let shape: [Int]
  let element: ForeignArray.ElementType
  let isBigEndian: Bool
  let isColumnMajor: Bool
  /// Bytes before the first value.
  let length: Int

  /// What is wrong, a clause that continues the name of the file, and what to do.
  struct Refusal: Error {
    var reason: String
    var advice: String?
  }

  /// Reads the header at the beginning of these bytes: all of the file, or the first ``limit`` and 12.
  init(_ start: [UInt8]) throws(Refusal) {
    let fields = try Self.fields(start)
    (element, isBigEndian) = try Self.element(fields.description)
    isColumnMajor = fields.isColumnMajor
    shape = fields.axes
    length = fields.length
  }

  /// What the header says, whatever its type.
  static func fields(
    _ start: [UInt8]
  ) throws(Refusal) -> (description: String, isColumnMajor: Bool, axes: [Int], length: Int) {
    guard start.starts(with: magic) else { throw Refusal(reason: "does not begin as an array of NumPy does") }
    guard let major = start.integer(6, bytes: 1), let minor = start.integer(7, bytes: 1), (1...3).contains(major),
      minor == 0
    else { throw Refusal(reason: "is of a version of NumPy's format that is not known, or ends within its header") }
    let prefix = major == 1 ? 10 : 12
    guard let textLength = start.integer(8, bytes: prefix - 8) else { throw truncated }
    guard textLength <= limit else {
      throw Refusal(reason: "has a header of \(textLength) bytes; those of plain arrays have at most \(limit)")
    }
    guard start.count >= prefix + textLength else { throw truncated }
    let length = prefix + textLength
    guard let text = String(validating: start[prefix..<length], as: UTF8.self), text.utf8.allSatisfy({ $0 != 0 }) else {
      throw Refusal(reason: "has a header that is no text")
    }
    var parser = PythonLiteral(text)
    var description: String?
    var order: Bool?
    var axes: [Int]?
    guard parser.accept("{") else { throw parser.refusal("it is no dictionary") }
    while !parser.accept("}") {
      let key = try parser.string()
      guard parser.accept(":") else { throw parser.refusal("a colon is missing") }
      switch key {
      case "descr" where description == nil:
        if parser.isAt("[") {
          throw Refusal(
            reason: "holds records with named fields (a structured dtype)",
            advice: "Save each field as an array of its own: numpy.savez(\"file.npz\", inputs=a[\"inputs\"])")
        }
        description = try parser.string()
      case "fortran_order" where order == nil: order = try parser.boolean()
      case "shape" where axes == nil: axes = try parser.tuple()
      default: throw parser.refusal("the key '\(key)' does not belong there, or comes twice")
      }
      if !parser.accept(",") && !parser.isAt("}") { throw parser.refusal("a comma is missing") }
    }
    guard parser.isAtEnd else { throw parser.refusal("text follows it") }
    guard let description, let order, let axes else {
      throw parser.refusal("it needs 'descr', 'fortran_order' and 'shape'")
    }
    return (description, order, axes, length)
  }

  private static let truncated = Refusal(reason: "ends within its header", advice: "Copy it again")

  private static let kinds: [Substring: ForeignArray.ElementType] = [
    "b1": .bool, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32,
    "u8": .uint64, "f2": .float16, "f4": .float32, "f8": .float64,
  ]

  private static let refused: [Character: (words: String, advice: String)] = [
    "O": ("Python objects, which are pickled", "In numpy: .astype(\"float32\") of what are numbers"),
    "c": ("complex numbers", "Save the real and the imaginary part as arrays of their own"),
    "U": ("text", "Number what it names: numpy.unique(array, return_inverse=True)[1]"),
    "S": ("text", "Number what it names: numpy.unique(array, return_inverse=True)[1]"),
    "M": ("dates", "In numpy: .astype(\"int64\")"),
    "m": ("durations", "In numpy: .astype(\"int64\")"),
    "V": ("raw bytes without a type (as of bfloat16 or records)", "In numpy: .astype(\"float32\") before it is saved"),
  ]

  private static func element(_ text: String) throws(Refusal) -> (ForeignArray.ElementType, isBigEndian: Bool) {
    let kind = text.dropFirst()
    if let element = kinds[kind], let order = text.first, "<>".contains(order) || order == "|" && element.byteCount == 1
    {
      return (element, order == ">")
    }
    if let letter = kind.first ?? text.first,
      let (words, advice) = refused[letter] ?? text.first.flatMap({ refused[$0] })
    {
      throw Refusal(reason: "holds \(words) (dtype '\(text.prefix(40))')", advice: advice)
    }
    throw Refusal(
      reason: "holds numbers of the type '\(text.prefix(40))', which is not read",
      advice: "In numpy: .astype(\"float32\"), or .astype(\"int64\") of labels")
  }
}
