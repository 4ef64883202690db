/// The bytes of one member of a zip file, inflated as far as somebody asks.
final class RawInflater {
  private let file: FileBytes
  private let member: ZipMember
  private let stream = InflateStream(.none)
  private var fileOffset: Int
  private var hasEnded = false

  init(_ file: FileBytes, _ member: ZipMember) {
    self.file = file
    self.member = member
    fileOffset = member.dataOffset
  }

  /// Up to `count` bytes; fewer only at the end. Memory grows with what is there.
  func read(upTo count: Int) throws(ArrayFileError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count, !hasEnded {
      let part = try step(upTo: min(count - bytes.count, 1 << 20))
      bytes += part
    }
    return bytes
  }

  /// Whether the compressed bytes end here, and all of them were used.
  func isAtEnd() throws(ArrayFileError) -> Bool {
    while !hasEnded { if try !step(upTo: 1).isEmpty { return false } }
    return stream.hasUsedAll && fileOffset == member.end
  }

  private func step(upTo count: Int) throws(ArrayFileError) -> [UInt8] {
    if stream.hasUsedAll, fileOffset < member.end {
      let input = try file.read(at: fileOffset, count: min(1 << 16, member.end - fileOffset))
      fileOffset += input.count
      stream.give(input)
    }
    let (bytes, status) = stream.step(upTo: count)
    switch status {
    case .end: hasEnded = true
    case .progress: break
    // It waits for bytes: of the member, or for such that are not there.
    case .starved where !stream.hasUsedAll || fileOffset < member.end: break
    case .starved: throw file.error("ends too early", at: member.name, advice: "Copy or write the file again")
    case .damaged(let reason):
      throw file.error(
        "is damaged: it cannot be inflated (\(reason))", at: member.name, advice: "Copy or write the file again")
    }
    return bytes
  }
}
