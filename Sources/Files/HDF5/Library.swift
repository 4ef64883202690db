import CHDF5
import Synchronization

/// The one lock around the C library.
///
/// Debian's build of HDF5 has a global lock, Homebrew's has none: every sequence of calls runs under this one.
enum Library {
  private static let isReady = Mutex(false)

  @discardableResult
  static func locked<R: Sendable>(_ body: () throws(HDF5Error) -> R) throws(HDF5Error) -> R {
    try isReady.withLock { (ready) throws(HDF5Error) -> R in
      if !ready {
        // The library's clean-up at exit brings the program down after a write that failed. Files are closed
        // explicitly.
        _ = H5dont_atexit()
        _ = H5open()
        // A file must not be able to make this program load code.
        _ = H5PLset_loading_state(0)
        ready = true
      }
      // Printing is a setting of the thread, and a task may have moved to another one since the last call.
      _ = H5Eset_auto2(hid_t(H5E_DEFAULT), nil, nil)
      return try body()
    }
  }

  /// Closes an identifier that a public class holds. An error cannot be told to anyone here.
  static func release(_ identifier: hid_t, _ close: (hid_t) -> herr_t) {
    guard identifier >= 0 else { return }
    isReady.withLock { _ in
      _ = H5Eset_auto2(hid_t(H5E_DEFAULT), nil, nil)
      _ = close(identifier)
    }
  }
}

/// An identifier that is closed when it goes out of scope, on the throwing path too. Lives only inside
/// `Library.locked`.
struct Handle: ~Copyable {
  let id: hid_t
  private let close: @convention(c) (hid_t) -> herr_t

  init(
    _ site: CallSite, _ call: String, close: @escaping @convention(c) (hid_t) -> herr_t, open: () -> hid_t
  ) throws(HDF5Error) {
    self.id = try site.check(call, open)
    self.close = close
  }

  deinit { _ = close(id) }

  /// Gives the identifier to someone else, who closes it.
  consuming func take() -> hid_t {
    let id = id
    discard self
    return id
  }
}
