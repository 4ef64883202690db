import CZlib
import Foundation

/// Bytes of IDX files, written out as the format describes them.
enum IDX {
  static func labels(_ labels: [UInt8]) -> [UInt8] { [0, 0, 8, 1, 0, 0, 0, UInt8(labels.count)] + labels }

  static func images(_ count: UInt8, _ rows: UInt8, _ columns: UInt8, _ values: [UInt8]) -> [UInt8] {
    [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, rows, 0, 0, 0, columns] + values
  }
}

/// A gzip file with one member (RFC 1952).
func gzip(_ bytes: [UInt8]) -> [UInt8] {
  var size = compressBound(UInt(bytes.count))
  var zlibData = [UInt8](repeating: 0, count: Int(size))
  precondition(compress2(&zlibData, &size, bytes, UInt(bytes.count), 9) == Z_OK)
  // zlib's own wrapping is two bytes before the deflated data and four after them.
  let deflated = zlibData[2..<Int(size) - 4]
  let checksum = UInt32(crc32(0, bytes, UInt32(bytes.count)))
  let trailer = [checksum, UInt32(bytes.count)].flatMap { word in (0..<4).map { UInt8(word >> (8 * $0) & 255) } }
  return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] + deflated + trailer
}
