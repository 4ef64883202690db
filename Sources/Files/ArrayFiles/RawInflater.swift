import CZlib

/// zlib's `inflate` over the bytes of one member of a zip file, as far as somebody asks.
final class RawInflater {
  private let file: FileBytes
  private let member: ZipMember
  // On the heap: zlib keeps a pointer back to this structure.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var input: [UInt8] = []
  private var inputPosition = 0
  private var fileOffset: Int
  private var hasEnded = false

  init(_ file: FileBytes, _ member: ZipMember) {
    self.file = file
    self.member = member
    fileOffset = member.dataOffset
    stream.initialize(to: z_stream())
    // Fails only without memory, or with another zlib than the header's.
    precondition(czlib_inflate_raw(stream) == Z_OK, "zlib cannot be used")
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
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
    return inputPosition == input.count && fileOffset == member.end
  }

  private func step(upTo count: Int) throws(ArrayFileError) -> [UInt8] {
    if inputPosition == input.count, fileOffset < member.end {
      input = try file.read(at: fileOffset, count: min(1 << 16, member.end - fileOffset))
      fileOffset += input.count
      inputPosition = 0
    }
    let available = input.count - inputPosition
    var status = Z_OK
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
      input.withUnsafeMutableBufferPointer { source in
        stream.pointee.next_in = source.baseAddress.map { $0 + inputPosition }
        stream.pointee.avail_in = UInt32(available)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(count)
        status = CZlib.inflate(stream, Z_NO_FLUSH)
      }
      initialized = count - Int(stream.pointee.avail_out)
    }
    inputPosition = input.count - Int(stream.pointee.avail_in)
    switch status {
    case Z_STREAM_END: hasEnded = true
    case Z_OK: break
    // No progress: it waits for bytes that are not there.
    case Z_BUF_ERROR where inputPosition < input.count || fileOffset < member.end: break
    case Z_BUF_ERROR:
      throw file.error("ends too early", at: member.name, advice: "Copy or write the file again")
    default:
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib's status \(status)"
      throw file.error(
        "is damaged: it cannot be inflated (\(reason))", at: member.name, advice: "Copy or write the file again")
    }
    return bytes
  }
}
