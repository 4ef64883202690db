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
  /// The system's words for an error of Foundation, whose own name the file by another path, or not at all.
  package static func words(of error: any Error) -> String {
    if let error = error as? POSIXError { return SystemError(code: error.code.rawValue).description }
    guard let error = error as? CocoaError else { return error.localizedDescription }
    if let underlying = error.userInfo[NSUnderlyingErrorKey] as? any Error { return words(of: underlying) }
    switch error.code {
    case .fileReadNoSuchFile, .fileNoSuchFile: return SystemError(code: ENOENT).description
    case .fileReadNoPermission, .fileWriteNoPermission: return SystemError(code: EACCES).description
    case .fileWriteFileExists: return SystemError(code: EEXIST).description
    case .fileWriteOutOfSpace: return SystemError(code: ENOSPC).description
    case .fileWriteVolumeReadOnly: return SystemError(code: EROFS).description
    case .fileReadInapplicableStringEncoding, .fileReadCorruptFile: return "it is not text in UTF-8"
    default: return error.localizedDescription
    }
  }

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
