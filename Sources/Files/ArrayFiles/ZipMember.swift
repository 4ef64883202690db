/// One file inside a zip file.
struct ZipMember: Sendable {
  let name: String
  /// Whether its bytes are compressed with deflate; otherwise they are stored as they are.
  let isDeflated: Bool
  let checksum: UInt32
  /// Bytes in the zip file.
  let compressedSize: Int
  /// Bytes of its content.
  let size: Int
  /// Where its local header lies.
  let headerOffset: Int
  /// Where its bytes lie, after the local header.
  var dataOffset = 0
  let flags: Int

  /// Where its bytes end.
  var end: Int { dataOffset + compressedSize }
  /// Whether sizes and checksum follow the bytes, since the writer did not know them before.
  var hasDescriptor: Bool { flags & 0x8 != 0 }
}

/// A record of the central directory, or a local header, which hold the same fields at other places.
struct ZipRecord {
  let flags: Int
  let method: Int
  let checksum: UInt32
  let name: [UInt8]
  /// Sizes and place; those that do not fit are in a field of their own (zip64).
  var compressedSize: UInt64
  var size: UInt64
  var headerOffset: UInt64
  /// Bytes of the whole record.
  let length: Int

  static let centralSignature: UInt64 = 0x0201_4B50
  static let localSignature: UInt64 = 0x0403_4B50

  /// A record of the central directory at this place; nil where it does not fit.
  init?(central bytes: [UInt8], at offset: Int) {
    guard bytes.littleEndian(offset, bytes: 4) == Self.centralSignature else { return nil }
    self.init(bytes, fields: offset + 8, lengths: offset + 28, start: offset, fixed: 46, hasComment: true)
    guard let place = bytes.littleEndian(offset + 42, bytes: 4), let disk = bytes.integer(offset + 34, bytes: 2),
      disk == 0 || disk == 0xFFFF
    else { return nil }
    headerOffset = place
    guard readLargeNumbers(bytes[(offset + 46 + name.count)...], extra: bytes.integer(offset + 30, bytes: 2) ?? 0)
    else { return nil }
  }

  /// A local header at the beginning of these bytes, which hold all of it; nil where it does not fit.
  init?(local bytes: [UInt8]) {
    guard bytes.littleEndian(0, bytes: 4) == Self.localSignature else { return nil }
    self.init(bytes, fields: 6, lengths: 26, start: 0, fixed: 30, hasComment: false)
    guard readLargeNumbers(bytes[(30 + name.count)...], extra: bytes.integer(28, bytes: 2) ?? 0) else { return nil }
  }

  private init?(_ bytes: [UInt8], fields: Int, lengths: Int, start: Int, fixed: Int, hasComment: Bool) {
    guard let flags = bytes.integer(fields, bytes: 2), let method = bytes.integer(fields + 2, bytes: 2),
      let checksum = bytes.littleEndian(fields + 8, bytes: 4),
      let compressedSize = bytes.littleEndian(fields + 12, bytes: 4),
      let size = bytes.littleEndian(fields + 16, bytes: 4), let nameLength = bytes.integer(lengths, bytes: 2),
      let extraLength = bytes.integer(lengths + 2, bytes: 2),
      let commentLength = hasComment ? bytes.integer(lengths + 4, bytes: 2) : 0
    else { return nil }
    length = fixed + nameLength + extraLength + commentLength
    guard length <= bytes.count - start else { return nil }
    self.flags = flags
    self.method = method
    self.checksum = UInt32(checksum)
    self.compressedSize = compressedSize
    self.size = size
    headerOffset = 0
    name = Array(bytes[(start + fixed)..<(start + fixed + nameLength)])
  }

  /// The extra field 1 holds, in this order, those of size, compressed size and place that have all bits set.
  private mutating func readLargeNumbers(_ bytes: ArraySlice<UInt8>, extra length: Int) -> Bool {
    let extra = Array(bytes.prefix(length))
    let full = UInt64(UInt32.max)
    guard size == full || compressedSize == full || headerOffset == full else { return true }
    var position = 0
    while let identifier = extra.integer(position, bytes: 2), let size = extra.integer(position + 2, bytes: 2) {
      position += 4
      if identifier == 1 {
        let field = Array(extra[position..<min(extra.count, position + size)])
        var place = 0
        func next() -> UInt64? {
          defer { place += 8 }
          return field.littleEndian(place, bytes: 8)
        }
        for key in [\ZipRecord.size, \.compressedSize, \.headerOffset] where self[keyPath: key] == full {
          guard let value = next() else { return false }
          self[keyPath: key] = value
        }
        return true
      }
      position += size
    }
    return false
  }
}
