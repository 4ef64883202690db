import Foundation

/// Files out of a tar archive, compressed with gzip or not.
///
/// Format: POSIX.1-1988 (ustar), blocks of 512 bytes. Other kinds of entries than plain files are passed over.
struct TarReader {
  private let path: String
  private let reader: ByteReader
  private static let block = 512

  /// Opens an archive.
  init(_ path: String) throws(DatasetError) {
    self.path = path
    reader = try ByteReader(path)
  }

  /// The content of the files with these names, whatever folder they lie in, to the archive's end, where its checksum
  /// is.
  ///
  /// - Parameters:
  ///   - names: Names without folders.
  ///   - limit: The most bytes that one of them may have.
  /// - Throws: ``DatasetError`` for an archive that is damaged, or lacks one of the files.
  func files(_ names: [String], limit: Int) throws(DatasetError) -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    while true {
      let header = try reader.read(Self.block)
      guard header.count == Self.block else { throw error("is truncated: the archive has no end") }
      if header.allSatisfy({ $0 == 0 }) { break }
      guard let size = Self.octal(header[124..<136]), Self.hasChecksum(header) else {
        throw error("is damaged: a header of the archive is none")
      }
      let isPlain = header[156] == UInt8(ascii: "0") || header[156] == 0
      let name = String(decoding: header[0..<100].prefix { $0 != 0 }, as: UTF8.self)
      let last = name.split(separator: "/").last.map(String.init) ?? ""
      let padding = (Self.block - size % Self.block) % Self.block
      if isPlain, names.contains(last) {
        guard size <= limit else { throw error("holds \(size) bytes as \(last), which can have \(limit) at most") }
        let content = try reader.read(size)
        guard content.count == size else { throw error("is truncated within \(last)") }
        guard found.updateValue(content, forKey: last) == nil else { throw error("holds \(last) twice") }
        try skip(padding)
      } else {
        try skip(size)
        try skip(padding)
      }
    }
    // What follows are zeros; only at the end does gzip say whether all was right.
    while try !reader.read(1 << 20).isEmpty {}
    for name in names where found[name] == nil { throw error("holds no \(name)") }
    return found
  }

  private func skip(_ count: Int) throws(DatasetError) {
    var rest = count
    while rest > 0 {
      let part = try reader.read(min(rest, 1 << 20))
      guard !part.isEmpty else { throw error("is truncated: the archive has no end") }
      rest -= part.count
    }
  }

  private func error(_ reason: String) -> DatasetError {
    DatasetError(file: path, reason: reason, advice: "Copy or fetch it again")
  }

  /// A number in octal digits, after spaces and before a space or a zero.
  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = field.drop { $0 == 0x20 }.prefix { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }
    return Int(String(decoding: digits, as: UTF8.self), radix: 8)
  }

  /// Whether the header's sum is that of its bytes, with spaces where the sum stands.
  private static func hasChecksum(_ header: [UInt8]) -> Bool {
    let field = 148..<156
    let sum = header.indices.reduce(0) { $0 + (field.contains($1) ? 0x20 : Int(header[$1])) }
    return octal(header[field]) == sum
  }
}
