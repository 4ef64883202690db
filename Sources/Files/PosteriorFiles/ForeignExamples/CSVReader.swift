import ArrayFiles
import Foundation

/// The lines of a text with commas, semicolons or tabs between the columns, field by field.
struct CSVReader {
  private let path: String
  private let bytes: [UInt8]
  private var position = 0
  /// The number of the line that was read last, from 1.
  private(set) var line = 0
  /// Whether the first line begins with `#`, as NumPy marks names of columns.
  private(set) var isComment = false
  private var separator: UInt8 = UInt8(ascii: ",")

  /// Opens a file.
  ///
  /// - Throws: `PosteriorFileError` when it cannot be read, or is no text.
  init(_ path: String) throws(PosteriorFileError) {
    self.path = path
    bytes = try readingBytes { () throws(ArrayFileError) in
      let file = try FileBytes(path)
      return try file.read(at: 0, count: file.count)
    }
    guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0) else {
      throw PosteriorFileError(
        file: path, path: "/", reason: "is no text in UTF-8",
        advice: "Write it as CSV, in Python with encoding=\"utf-8\"")
    }
    // A mark of the byte order, which programs for spreadsheets write.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    let first = bytes[position...].prefix { $0 != 0x0A && $0 != 0x0D }
    // Where there are semicolons, commas may be those of decimals.
    separator = [0x09, UInt8(ascii: ";"), UInt8(ascii: ",")].first { first.contains($0) } ?? UInt8(ascii: ",")
    if first.first == UInt8(ascii: "#") {
      isComment = true
      position += 1
    }
  }

  /// The fields of the next line, without space around them; nil at the end.
  mutating func nextLine() throws(PosteriorFileError) -> [String]? {
    guard position < bytes.count else { return nil }
    line += 1
    if isEnd(bytes[position]) {
      guard bytes[position...].allSatisfy({ $0 == 0x0A || $0 == 0x0D || $0 == 0x20 }) else {
        throw PosteriorFileError(file: path, path: "line \(line)", reason: "is empty")
      }
      position = bytes.count
      return nil
    }
    var fields: [String] = []
    while true {
      fields.append(try field(column: fields.count + 1))
      guard position < bytes.count else { return fields }
      let byte = bytes[position]
      position += 1
      if byte == separator { continue }
      if byte == 0x0D, position < bytes.count, bytes[position] == 0x0A { position += 1 }
      return fields
    }
  }

  private func isEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

  /// One field, up to a separator, the end of the line or of the file.
  private mutating func field(column: Int) throws(PosteriorFileError) -> String {
    guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
      let start = position
      while position < bytes.count, bytes[position] != separator, !isEnd(bytes[position]) { position += 1 }
      return String(decoding: bytes[start..<position], as: UTF8.self).trimmingCharacters(in: .whitespaces)
    }
    position += 1
    var text: [UInt8] = []
    while position < bytes.count, !isEnd(bytes[position]) {
      let byte = bytes[position]
      position += 1
      guard byte == UInt8(ascii: "\"") else {
        text.append(byte)
        continue
      }
      // Two marks are one.
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        guard position == bytes.count || bytes[position] == separator || isEnd(bytes[position]) else { break }
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespaces)
      }
      text.append(byte)
      position += 1
    }
    throw PosteriorFileError(
      file: path, path: "line \(line), column \(column)", reason: "has a quotation mark that is not closed in its line")
  }

  /// A decimal number in digits, with a point and an exponent if need be; nil for anything else.
  static func number(_ text: String) -> Double? {
    // Swift also reads names such as nan, and hexadecimal digits.
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }), let value = Double(text),
      value.isFinite
    else { return nil }
    return value
  }
}
