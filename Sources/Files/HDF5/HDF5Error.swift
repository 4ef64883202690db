import CHDF5

/// What went wrong in an HDF5 file: which file, where in it, and why.
public struct HDF5Error: Error, Sendable, Hashable, CustomStringConvertible {
  /// The file's path as it was given.
  public var file: String
  /// The path inside the file, for example `/posterior/dense1.weight`; `/` for the file as a whole.
  public var path: String
  /// One clause without a full stop that says what is wrong.
  public var reason: String
  /// The library's own error stack, innermost entry first; empty when the refusal is this module's.
  public var stack: [String]

  /// Makes an error.
  public init(file: String, path: String, reason: String, stack: [String] = []) {
    self.file = file
    self.path = path
    self.reason = reason
    self.stack = stack
  }

  /// `file: path: reason`.
  public var description: String { path == "/" ? "\(file): \(reason)" : "\(file): \(path): \(reason)" }
}

/// Where a call happens, for the error that it may end in.
struct CallSite {
  let file: String
  let path: String

  func error(_ reason: String) -> HDF5Error { HDF5Error(file: file, path: path, reason: reason) }

  /// The library's error stack of this thread as an error. Empties the stack.
  func libraryError(_ call: String) -> HDF5Error {
    final class Entries { var list: [String] = [] }
    let entries = Entries()
    _ = H5Ewalk2(
      hid_t(H5E_DEFAULT), H5E_WALK_UPWARD,
      { _, entry, context in
        guard let entry, let context else { return 0 }
        let entries = Unmanaged<Entries>.fromOpaque(context).takeUnretainedValue()
        let description = entry.pointee.desc.map { String(cString: $0) } ?? "unknown error"
        let function = entry.pointee.func_name.map { String(cString: $0) } ?? "unknown function"
        entries.list.append("\(description) (\(function))")
        return 0
      }, Unmanaged.passUnretained(entries).toOpaque())
    _ = H5Eclear2(hid_t(H5E_DEFAULT))
    var innermost = entries.list.first ?? "no reason given"
    // The operating system's own words are hidden among addresses and times.
    if let start = innermost.firstRange(of: "error message = '")?.upperBound,
      let end = innermost[start...].firstIndex(of: "'")
    {
      innermost = String(innermost[start..<end])
    }
    return HDF5Error(file: file, path: path, reason: "\(call) failed: \(innermost)", stack: entries.list)
  }

  /// Calls the library; a negative result becomes an error.
  @discardableResult
  func check<T: SignedInteger>(_ call: String, _ body: () -> T) throws(HDF5Error) -> T {
    let result = body()
    if result < 0 { throw libraryError(call) }
    return result
  }
}
