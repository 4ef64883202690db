import Foundation

/// What the system says about a call that failed.
package struct SystemError: Error, Equatable, CustomStringConvertible {
  /// The value of `errno`.
  package let code: Int32

  /// What `errno` says now.
  package init() { code = errno }

  /// What this code says.
  package init(code: Int32) { self.code = code }

  /// The system's words: `No space left on device`.
  package var description: String { String(cString: strerror(code)) }
}

extension SystemError {
  /// Writes all bytes at a descriptor's position, however many calls that takes.
  ///
  /// - Throws: ``SystemError``: what was written before stays there.
  package static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(SystemError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = write(descriptor, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SystemError() }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }
}
