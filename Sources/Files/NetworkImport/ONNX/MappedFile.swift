import Foundation
import Shell

/// The bytes of a file, mapped into memory: only what is looked at is read from the disk.
final class MappedFile: @unchecked Sendable {
  let path: String
  let bytes: UnsafeRawBufferPointer

  /// - Throws: ``ImportError`` where there is no regular file that can be read, or nothing in it.
  init(_ path: String) throws(ImportError) {
    // Without waiting: a pipe that nobody writes to would hold the program up before it is seen to be none.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw ImportError(file: path, "cannot be opened: \(SystemError())") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw ImportError(file: path, "cannot be read: \(SystemError())") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw ImportError(file: path, "is not a regular file") }
    guard status.st_size > 0 else { throw ImportError(file: path, "is empty") }
    let size = Int(status.st_size)
    guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
      throw ImportError(file: path, "cannot be read: \(SystemError())")
    }
    self.path = path
    bytes = UnsafeRawBufferPointer(start: base, count: size)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

  /// The bytes of a range that lies within the file.
  subscript(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[range]) }
}
