/// The fields of one message of protocol buffers, one after the other.
///
/// Every length is checked against the message that it stands in before anything is looked at. Messages within messages
/// are ranges of bytes; who knows what they are reads them, so that no file can lead deeper than the format goes.
struct WireReader {
  /// A field's value, as far as the wire says what it is.
  enum Value {
    case number(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    /// A text, a message, or numbers one after the other: where in the file.
    case bytes(Range<Int>)
  }

  let file: MappedFile
  private var position: Int
  private let end: Int

  /// Reads the whole file.
  init(_ file: MappedFile) {
    self.init(file, file.bytes.indices)
  }

  /// Reads a part of the file.
  init(_ file: MappedFile, _ range: Range<Int>) {
    self.file = file
    position = range.lowerBound
    end = range.upperBound
  }

  var isAtEnd: Bool { position == end }

  /// The next field; nil at the end of the message.
  mutating func next() throws(ImportError) -> (field: Int, value: Value)? {
    guard position < end else { return nil }
    let key = try varint()
    let field = key >> 3
    guard field >= 1, field <= 0x1FFF_FFFF else { throw damaged("a field has the number \(field)") }
    switch key & 7 {
    case 0: return (Int(field), .number(try varint()))
    case 1: return (Int(field), .fixed64(try fixed(8)))
    case 2:
      let length = try varint()
      guard length <= UInt64(end - position) else {
        throw damaged("a length of \(length) bytes exceeds what holds it")
      }
      let range = position..<position + Int(length)
      position = range.upperBound
      return (Int(field), .bytes(range))
    case 5: return (Int(field), .fixed32(UInt32(try fixed(4))))
    default: throw damaged("a field has the wire type \(key & 7)")
    }
  }

  /// A number in at most ten bytes of seven bits.
  mutating func varint() throws(ImportError) -> UInt64 {
    var result: UInt64 = 0
    for index in 0..<10 {
      guard position < end else { throw damaged("it ends within a number") }
      let byte = file.bytes[position]
      position += 1
      // Of the tenth byte one bit is left.
      guard index < 9 || byte <= 1 else { break }
      result |= UInt64(byte & 0x7F) << (7 * UInt64(index))
      if byte & 0x80 == 0 { return result }
    }
    throw damaged("a number has more than 64 bits")
  }

  /// Little-endian bytes.
  mutating func fixed(_ count: Int) throws(ImportError) -> UInt64 {
    guard end - position >= count else { throw damaged("it ends within a number") }
    defer { position += count }
    return (0..<count).reduce(0) { $0 | UInt64(file.bytes[position + $1]) << (8 * UInt64($1)) }
  }

  func damaged(_ what: String) -> ImportError {
    ImportError(file: file.path, "is no ONNX file, or damaged: at byte \(position) \(what)")
  }
}

extension WireReader.Value {
  /// Where a message or a text lies.
  func range(_ what: String, _ reader: WireReader) throws(ImportError) -> Range<Int> {
    guard case .bytes(let range) = self else { throw reader.damaged("\(what) is a number") }
    return range
  }

  func text(_ what: String, _ reader: WireReader) throws(ImportError) -> String {
    let range = try range(what, reader)
    guard let text = String(validating: reader.file[range], as: UTF8.self) else {
      throw reader.damaged("\(what) is not UTF-8")
    }
    return text
  }

  func integer(_ what: String, _ reader: WireReader) throws(ImportError) -> Int {
    guard case .number(let number) = self else { throw reader.damaged("\(what) is no whole number") }
    return Int(Int64(bitPattern: number))
  }

  func float(_ what: String, _ reader: WireReader) throws(ImportError) -> Float {
    guard case .fixed32(let bits) = self else { throw reader.damaged("\(what) is no float32") }
    return Float(bitPattern: bits)
  }

  /// One number of a list, or a packed run of them.
  func integers(_ what: String, _ reader: WireReader) throws(ImportError) -> [Int] {
    guard case .bytes(let range) = self else { return [try integer(what, reader)] }
    var inner = WireReader(reader.file, range)
    var result: [Int] = []
    while !inner.isAtEnd { result.append(Int(Int64(bitPattern: try inner.varint()))) }
    return result
  }

  /// The same for numbers of four bytes.
  func floats(_ what: String, _ reader: WireReader) throws(ImportError) -> [Float] {
    guard case .bytes(let range) = self else { return [try float(what, reader)] }
    guard range.count % 4 == 0 else { throw reader.damaged("\(what) does not end with a number") }
    let bytes = reader.file[range]
    return (0..<range.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
  }

  /// The same for numbers of eight bytes.
  func doubles(_ what: String, _ reader: WireReader) throws(ImportError) -> [Double] {
    if case .fixed64(let bits) = self { return [Double(bitPattern: bits)] }
    let range = try range(what, reader)
    guard range.count % 8 == 0 else { throw reader.damaged("\(what) does not end with a number") }
    let bytes = reader.file[range]
    return (0..<range.count / 8).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
  }
}
