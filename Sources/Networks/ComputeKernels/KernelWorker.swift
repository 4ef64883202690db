internal import COneDNN

/// What one thread of work needs to run kernels: oneDNN's stream and scratchpad, and room for intermediate layouts.
///
/// Kernels are immutable and shared by all workers. A worker may move from one thread to another, but is never used by
/// two at once. oneDNN is limited to one thread for products called from a thread that has run a kernel: parallelism is
/// the caller's.
public final class KernelWorker: @unchecked Sendable {
  /// The library whose kernels it runs. A worker of oneDNN runs the portable ones too.
  public let library: KernelLibrary
  let stream: OpaquePointer?
  private var rooms: [Room: AlignedMemory] = [:]

  /// What the intermediate memory is for; each purpose has its own, because several are in use at once.
  enum Room: Hashable {
    case weights, bias, source, destination, patches
  }

  /// - Throws: `KernelError` with the reason when oneDNN is asked for and unavailable.
  public init(_ library: KernelLibrary) throws {
    self.library = library
    guard library == .oneDNN else {
      stream = nil
      return
    }
    if let reason = KernelLibrary.oneDNNUnavailableReason { throw KernelError("oneDNN cannot be used: \(reason)") }
    var made: OpaquePointer?
    let status = cdnn_worker_create(&made)
    guard status == 0, let made else {
      throw KernelError("oneDNN cannot be used: \(String(cString: cdnn_status_text(status)))")
    }
    stream = made
  }

  deinit {
    if let stream { cdnn_worker_destroy(stream) }
  }

  /// Memory of at least `bytes` bytes, whose content is whatever the last use left. It lasts until the next call for
  /// the same purpose.
  func room(for purpose: Room, bytes: Int) -> UnsafeMutableRawPointer {
    if let memory = rooms[purpose], memory.bytes >= bytes { return memory.base }
    let memory = AlignedMemory(bytes: bytes)
    rooms[purpose] = memory
    return memory.base
  }
}
