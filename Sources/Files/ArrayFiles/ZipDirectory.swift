/// Where the list of a zip file's members lies, from the record at the file's end.
///
/// Format: PKWARE's APPNOTE 6.3, sections 4.3.14 to 4.3.16. Files in several parts, and bytes before the first member
/// that the places do not count, are refused.
struct ZipDirectory {
  let offset: Int
  let size: Int
  let memberCount: Int

  private static let endSignature: UInt64 = 0x0605_4B50
  private static let largeEndSignature: UInt64 = 0x0606_4B50
  private static let locatorSignature: UInt64 = 0x0706_4B50

  init(of file: FileBytes) throws(ArrayFileError) {
    // The record has 22 bytes, and behind it a comment of at most 65,535.
    let tailCount = min(file.count, 22 + 0xFFFF)
    let tail = try file.read(at: file.count - tailCount, count: tailCount)
    let start = stride(from: tailCount - 22, through: 0, by: -1).first { position in
      tail.littleEndian(position, bytes: 4) == Self.endSignature
        && tail.integer(position + 20, bytes: 2) == tailCount - position - 22
    }
    guard let start else {
      throw file.error("is a zip file without its end", advice: "It was not copied or written completely; do so again")
    }
    let record = Array(tail[start...])
    let recordOffset = file.count - tailCount + start
    var parts = [4, 6].map { record.littleEndian($0, bytes: 2) ?? 0 }
    var counts = [8, 10].map { record.littleEndian($0, bytes: 2) ?? 0 }
    var size = record.littleEndian(12, bytes: 4) ?? 0
    var offset = record.littleEndian(16, bytes: 4) ?? 0
    var end = recordOffset
    if recordOffset >= 20 {
      let locator = try file.read(at: recordOffset - 20, count: 20)
      if locator.littleEndian(0, bytes: 4) == Self.locatorSignature {
        // zip64: a record of 56 bytes, whose numbers take the place of those that do not fit.
        guard locator.littleEndian(4, bytes: 4) == 0, locator.littleEndian(16, bytes: 4) == 1,
          let place = locator.integer(8, bytes: 8), place <= recordOffset - 20 - 56
        else { throw Self.damaged(file) }
        let large = try file.read(at: place, count: 56)
        guard large.littleEndian(0, bytes: 4) == Self.largeEndSignature,
          let length = large.integer(4, bytes: 8), length == recordOffset - 20 - place - 12
        else { throw Self.damaged(file) }
        func merge(_ small: inout UInt64, _ position: Int, bytes: Int, full: UInt64) -> Bool {
          let value = large.littleEndian(position, bytes: bytes) ?? 0
          defer { small = value }
          return small == full || small == value
        }
        guard merge(&parts[0], 16, bytes: 4, full: 0xFFFF), merge(&parts[1], 20, bytes: 4, full: 0xFFFF),
          merge(&counts[0], 24, bytes: 8, full: 0xFFFF), merge(&counts[1], 32, bytes: 8, full: 0xFFFF),
          merge(&size, 40, bytes: 8, full: 0xFFFF_FFFF), merge(&offset, 48, bytes: 8, full: 0xFFFF_FFFF)
        else { throw Self.damaged(file) }
        end = place
      }
    }
    guard parts == [0, 0], counts[0] == counts[1] else {
      throw file.error("is one part of a zip file that was split", advice: "Write it in one piece")
    }
    guard let count = Int(exactly: counts[0]), let bytes = Int(exactly: size), let place = Int(exactly: offset),
      place <= end, bytes == end - place
    else { throw Self.damaged(file) }
    (self.offset, self.size, memberCount) = (place, bytes, count)
  }

  static func damaged(_ file: FileBytes) -> ArrayFileError {
    file.error("is a damaged zip file: the list of its members contradicts itself", advice: "Copy or write it again")
  }
}
