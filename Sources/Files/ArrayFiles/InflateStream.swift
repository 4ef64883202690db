import CZlib

/// zlib's `inflate`: compressed bytes go in as they are there, and come out as far as somebody asks.
package final class InflateStream {
  /// What stands around the compressed bytes.
  package enum Wrapping {
    /// gzip's header and checksum.
    case gzip
    /// Nothing, as in zip files.
    case none
  }

  /// How a step ended.
  package enum Status: Equatable {
    /// Bytes came out or went in.
    case progress
    /// Nothing moved: it waits for more bytes.
    case starved
    /// The compressed bytes end here.
    case end
    /// They are no compressed bytes, in zlib's words.
    case damaged(String)
  }

  // On the heap: zlib keeps a pointer back to this structure.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var input: [UInt8] = []
  private var position = 0

  package init(_ wrapping: Wrapping) {
    stream.initialize(to: z_stream())
    let status = wrapping == .gzip ? czlib_inflate_gzip(stream) : czlib_inflate_raw(stream)
    // Fails only without memory, or with another zlib than the header's.
    precondition(status == Z_OK, "zlib cannot be used")
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Whether all bytes that were given are used.
  package var hasUsedAll: Bool { position == input.count }

  /// Gives the next bytes, once all before them are used.
  package func give(_ bytes: [UInt8]) {
    input = bytes
    position = 0
  }

  /// Begins anew behind an end, where further compressed bytes follow.
  package func beginAgain() { inflateReset(stream) }

  /// Inflates up to `count` bytes.
  package func step(upTo count: Int) -> (bytes: [UInt8], status: Status) {
    let available = input.count - position
    var status = Z_OK
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
      input.withUnsafeMutableBufferPointer { source in
        stream.pointee.next_in = source.baseAddress.map { $0 + position }
        stream.pointee.avail_in = UInt32(available)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(count)
        status = inflate(stream, Z_NO_FLUSH)
      }
      initialized = count - Int(stream.pointee.avail_out)
    }
    position = input.count - Int(stream.pointee.avail_in)
    switch status {
    case Z_STREAM_END: return (bytes, .end)
    case Z_OK: return (bytes, .progress)
    case Z_BUF_ERROR: return (bytes, .starved)
    default: return (bytes, .damaged(stream.pointee.msg.map { String(cString: $0) } ?? "zlib's status \(status)"))
    }
  }
}
