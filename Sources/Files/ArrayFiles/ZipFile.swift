import CZlib

/// The members of a zip file: stored or compressed with deflate, each with the CRC-32 of its content.
///
/// Every member's local header must agree with the list at the end of the file, and no two may share bytes.
struct ZipFile: Sendable {
  let file: FileBytes
  /// In the order of the list.
  let members: [ZipMember]

  /// Deflate makes nothing smaller than by this factor.
  private static let largestFactor = 1032

  /// Reads the list of members and every local header.
  init(_ path: String) throws(ArrayFileError) {
    file = try FileBytes(path)
    let directory = try ZipDirectory(of: file)
    let bytes = try file.read(at: directory.offset, count: directory.size)
    var found: [ZipMember] = []
    var names: Set<String> = []
    var position = 0
    while position < bytes.count {
      guard let record = ZipRecord(central: bytes, at: position) else { throw ZipDirectory.damaged(file) }
      position += record.length
      let member = try Self.member(record, file)
      guard names.insert(member.name).inserted else {
        throw file.error("comes twice, and only one can be meant", at: member.name, advice: "Write the file again")
      }
      found.append(try Self.located(member, record, in: file, before: directory.offset))
    }
    guard found.count == directory.memberCount else { throw ZipDirectory.damaged(file) }
    let ordered = found.sorted { $0.headerOffset < $1.headerOffset }
    for (member, next) in zip(ordered, ordered.dropFirst()) where member.end > next.headerOffset {
      throw file.error("and \(next.name) share bytes of the zip file", at: member.name, advice: "Write the file again")
    }
    members = found
  }

  private static func member(_ record: ZipRecord, _ file: FileBytes) throws(ArrayFileError) -> ZipMember {
    // Names without the flag for UTF-8 are of an old code page, which has ASCII in common.
    guard let name = String(validating: record.name, as: UTF8.self), !name.isEmpty,
      record.flags & 0x800 != 0 || record.name.allSatisfy({ $0 < 0x80 })
    else { throw file.error("holds a member whose name is no text in UTF-8", advice: "Give it a plain name") }
    guard record.flags & 0x2041 == 0 else {
      throw file.error("is encrypted", at: name, advice: "Write the file without a password")
    }
    guard record.method == 0 || record.method == 8 else {
      let methods = [12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ"]
      throw file.error(
        "is compressed with \(methods[record.method] ?? "method \(record.method)"); only deflate is read", at: name,
        advice: "In numpy: numpy.savez_compressed(\"file.npz\", name=array)")
    }
    let isDeflated = record.method == 8
    guard let size = Int(exactly: record.size), let compressed = Int(exactly: record.compressedSize),
      let offset = Int(exactly: record.headerOffset), compressed <= file.count,
      isDeflated ? size <= compressed * largestFactor : size == compressed
    else {
      throw file.error(
        "claims \(record.size) bytes, which \(record.compressedSize) bytes of the zip file cannot become", at: name,
        advice: "Copy or write the file again")
    }
    return ZipMember(
      name: name, isDeflated: isDeflated, checksum: record.checksum, compressedSize: compressed, size: size,
      headerOffset: offset, flags: record.flags)
  }

  /// Finds the bytes behind the local header, which must say what the list says.
  private static func located(
    _ member: ZipMember, _ record: ZipRecord, in file: FileBytes, before end: Int
  ) throws(ArrayFileError) -> ZipMember {
    func contradiction() -> ArrayFileError {
      file.error(
        "is described in two ways that contradict each other", at: member.name, advice: "Copy or write the file again")
    }
    guard member.headerOffset <= end - 30 else { throw contradiction() }
    let fixed = try file.read(at: member.headerOffset, count: 30)
    guard let nameLength = fixed.integer(26, bytes: 2), let extraLength = fixed.integer(28, bytes: 2),
      30 + nameLength + extraLength <= end - member.headerOffset,
      let local = ZipRecord(local: try file.read(at: member.headerOffset, count: 30 + nameLength + extraLength)),
      local.name == record.name, local.method == record.method, local.flags == record.flags
    else { throw contradiction() }
    let isSame =
      local.checksum == record.checksum && local.size == record.size && local.compressedSize == record.compressedSize
    // Written before the sizes were known: zeros, and the numbers behind the bytes.
    let isLater = member.hasDescriptor && local.checksum == 0 && local.size == 0 && local.compressedSize == 0
    guard isSame || isLater else { throw contradiction() }
    var member = member
    member.dataOffset = member.headerOffset + local.length
    guard member.compressedSize <= end - member.dataOffset else { throw contradiction() }
    return member
  }

  /// The first bytes of a member, as many as it has or as are asked for. Nothing says that they are undamaged.
  func beginning(of member: ZipMember, count: Int) throws(ArrayFileError) -> [UInt8] {
    let wanted = min(count, member.size)
    guard member.isDeflated else { return try file.read(at: member.dataOffset, count: wanted) }
    return try RawInflater(file, member).read(upTo: wanted)
  }

  /// The whole content of a member, compared with its checksum.
  func contents(of member: ZipMember) throws(ArrayFileError) -> [UInt8] {
    let bytes: [UInt8]
    if member.isDeflated {
      let inflater = RawInflater(file, member)
      bytes = try inflater.read(upTo: member.size)
      guard bytes.count == member.size, try inflater.isAtEnd() else {
        throw file.error(
          "does not become the \(member.size) bytes that it claims to", at: member.name,
          advice: "Copy or write the file again")
      }
    } else {
      bytes = try file.read(at: member.dataOffset, count: member.size)
    }
    guard Self.checksum(bytes) == member.checksum else {
      throw file.error(
        "is damaged: its checksum is not that of its content", at: member.name, advice: "Copy or write the file again")
    }
    return bytes
  }

  /// CRC-32, as zlib computes it.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBytes { bytes in
      var value = crc32(0, nil, 0)
      var rest = bytes[...]
      while !rest.isEmpty {
        // zlib counts in 32 bits.
        let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
        value = crc32(value, part.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(part.count))
        rest = rest.dropFirst(part.count)
      }
      return UInt32(truncatingIfNeeded: value)
    }
  }
}
