import Foundation
import Shell

/// The bytes of a file at any place. Nothing is read, and no memory is taken, beyond what the file holds.
///
/// The file is read and not mapped: one that becomes shorter meanwhile is an error here, and would be the end of the
/// program there.
package final class FileBytes: Sendable {
  /// The path as it was given.
  package let path: String
  /// Length in bytes when the file was opened.
  package let count: Int
  private let descriptor: Int32

  /// Opens a file.
  ///
  /// - Throws: ``ArrayFileError`` when it is no regular file or cannot be read.
  package init(_ path: String) throws(ArrayFileError) {
    self.path = path
    // Without O_NONBLOCK, a pipe would wait for a writer.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw ArrayFileError(file: path, reason: "cannot be opened: \(SystemError())")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw ArrayFileError(file: path, reason: "is not a regular file")
    }
    count = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// The bytes of a range that lies inside the file.
  ///
  /// - Throws: ``ArrayFileError`` when it does not, or the file cannot be read.
  package func read(at offset: Int, count wanted: Int) throws(ArrayFileError) -> [UInt8] {
    guard offset >= 0, wanted >= 0, offset <= count, wanted <= count - offset else {
      throw error("ends after \(count) bytes", advice: "Copy it again")
    }
    var code: Int32?
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialized in
      while initialized < wanted {
        let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[initialized...])
        // Some systems refuse more than 2 GiB at once.
        let received = pread(descriptor, rest.baseAddress, min(rest.count, 1 << 30), off_t(offset + initialized))
        if received < 0, errno == EINTR { continue }
        guard received > 0 else {
          code = received < 0 ? errno : 0
          break
        }
        initialized += received
      }
    }
    guard let code else { return bytes }
    throw error(code == 0 ? "became shorter while it was read" : "cannot be read: \(SystemError(code: code))")
  }

  /// An error about this file.
  func error(_ reason: String, at place: String = "", advice: String? = nil) -> ArrayFileError {
    ArrayFileError(file: path, place: place, reason: reason, advice: advice)
  }
}

/// Little-endian numbers at places of a text of bytes; nil outside it.
extension [UInt8] {
  func littleEndian(_ offset: Int, bytes size: Int) -> UInt64? {
    guard offset >= 0, offset <= count, size <= count - offset else { return nil }
    return (0..<size).reduce(0) { $0 | UInt64(self[offset + $1]) << UInt64(8 * $1) }
  }

  /// The same as an `Int`; nil as well where it does not fit.
  func integer(_ offset: Int, bytes size: Int) -> Int? {
    littleEndian(offset, bytes: size).flatMap { Int(exactly: $0) }
  }
}
