import ArrayFiles

/// The bytes of a gzip file, inflated one member after the other.
final class Inflater {
  /// What one call gave.
  enum Outcome {
    case bytes([UInt8])
    case needsInput
    case end
    case truncated
    case damaged(String)
  }

  private let stream = InflateStream(.gzip)
  private var isAtEndOfFile = false
  private var isBetweenMembers = false

  var needsInput: Bool { stream.hasUsedAll && !isAtEndOfFile }

  /// Gives the next bytes of the file; none at its end.
  func append(_ bytes: [UInt8]) {
    isAtEndOfFile = bytes.isEmpty
    stream.give(bytes)
  }

  /// Inflates up to `count` bytes.
  func inflate(upTo count: Int) -> Outcome {
    if isBetweenMembers {
      if stream.hasUsedAll { return isAtEndOfFile ? .end : .needsInput }
      // Concatenated members are one file; anything else after a member is a gzip header that zlib refuses.
      stream.beginAgain()
      isBetweenMembers = false
    }
    let (bytes, status) = stream.step(upTo: count)
    switch status {
    case .end: isBetweenMembers = true
    // More input may follow.
    case .progress, .starved: break
    case .damaged(let reason): return .damaged(reason)
    }
    if !bytes.isEmpty { return .bytes(bytes) }
    if !stream.hasUsedAll || isBetweenMembers || !isAtEndOfFile { return .needsInput }
    return .truncated
  }
}
