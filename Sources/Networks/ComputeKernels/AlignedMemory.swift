#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Zeroed memory aligned to 64 bytes (a cache line, and the widest vector), or to 2 MiB when it is that large, so that
/// the system can back it with huge pages. It is not protected: two threads must not write the same bytes.
public final class AlignedMemory: @unchecked Sendable {
  /// The first byte. It does not keep the memory alive: hold the object in a variable or property while the pointer is
  /// used (`AlignedMemory(bytes: n).base` as an argument is freed before the call).
  public let base: UnsafeMutableRawPointer
  /// The number of bytes asked for.
  public let bytes: Int

  /// Allocates and zeroes `bytes` bytes (at least one, so that `base` is always valid).
  public init(bytes: Int) {
    precondition(bytes >= 0, "a negative number of bytes: \(bytes)")
    let hugePage = 2 << 20
    let alignment = bytes >= hugePage ? hugePage : 64
    let allocated = (max(bytes, 1) + alignment - 1) / alignment * alignment
    base = .allocate(byteCount: allocated, alignment: alignment)
    #if os(Linux)
    if alignment == hugePage { madvise(base, allocated, Int32(MADV_HUGEPAGE)) }
    #endif
    memset(base, 0, allocated)
    self.bytes = bytes
  }

  deinit { base.deallocate() }
}
