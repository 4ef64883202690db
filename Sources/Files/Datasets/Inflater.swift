import CZlib

/// zlib's `inflate` for gzip files, one member after the other.
final class Inflater {
  /// What one call gave.
  enum Outcome {
    case bytes([UInt8])
    case needsInput
    case end
    case truncated
    case damaged(String)
  }

  // On the heap: zlib keeps a pointer back to this structure.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var input: [UInt8] = []
  private var position = 0
  private var isAtEndOfFile = false
  private var isBetweenMembers = false

  init() {
    stream.initialize(to: z_stream())
    // Fails only without memory, or with another zlib than the header's.
    precondition(czlib_inflate_gzip(stream) == Z_OK, "zlib cannot be used")
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  var needsInput: Bool { position == input.count && !isAtEndOfFile }

  /// Gives the next bytes of the file; none at its end.
  func append(_ bytes: [UInt8]) {
    isAtEndOfFile = bytes.isEmpty
    input = bytes
    position = 0
  }

  /// Inflates up to `count` bytes.
  func inflate(upTo count: Int) -> Outcome {
    if isBetweenMembers {
      if position == input.count { return isAtEndOfFile ? .end : .needsInput }
      // Concatenated members are one file; anything else after a member is a gzip header that zlib refuses.
      inflateReset(stream)
      isBetweenMembers = false
    }
    var status = Z_OK
    let available = input.count - position
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
      input.withUnsafeMutableBufferPointer { source in
        stream.pointee.next_in = source.baseAddress.map { $0 + position }
        stream.pointee.avail_in = UInt32(available)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(count)
        status = CZlib.inflate(stream, Z_NO_FLUSH)
      }
      initialized = count - Int(stream.pointee.avail_out)
    }
    position = input.count - Int(stream.pointee.avail_in)
    switch status {
    case Z_STREAM_END: isBetweenMembers = true
    // No progress is no error: more input may follow.
    case Z_OK, Z_BUF_ERROR: break
    default: return .damaged(stream.pointee.msg.map { String(cString: $0) } ?? "zlib's status \(status)")
    }
    if !bytes.isEmpty { return .bytes(bytes) }
    if position < input.count || isBetweenMembers || !isAtEndOfFile { return .needsInput }
    return .truncated
  }
}
