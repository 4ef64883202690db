import Crypto

/// Counts draws that differ in at least one bit, from 128 bits of a digest per draw.
///
/// The weights come data set by data set, so each draw's hash is extended by every parameter's share of it.
struct DistinctDraws {
  private struct Hash: Hashable {
    var low: UInt64 = 0
    var high: UInt64 = 0
  }
  private var hashes: [Hash]

  init(count: Int) { hashes = Array(repeating: Hash(), count: max(count, 0)) }

  /// Adds one parameter of some draws that follow each other.
  mutating func add(_ block: UnsafeRawBufferPointer, drawSize: Int, firstDraw: Int) {
    guard drawSize > 0 else { return }
    for index in 0..<(block.count / drawSize) where firstDraw + index < hashes.count {
      var hasher = SHA256()
      withUnsafeBytes(of: hashes[firstDraw + index]) { hasher.update(bufferPointer: $0) }
      hasher.update(
        bufferPointer: UnsafeRawBufferPointer(rebasing: block[(index * drawSize)..<((index + 1) * drawSize)]))
      hashes[firstDraw + index] = hasher.finalize().withUnsafeBytes { digest in
        Hash(
          low: digest.loadUnaligned(as: UInt64.self), high: digest.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      }
    }
  }

  /// Number of different draws.
  var distinctCount: Int { Set(hashes).count }
}
