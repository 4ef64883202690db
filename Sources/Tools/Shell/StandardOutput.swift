import Foundation

/// Standard output, which can be a file on a full disk: `print` would lose that, and `FileHandle` would end the
/// program.
package enum StandardOutput {
  /// Writes the text as it stands, at once.
  ///
  /// - Throws: ``OutputError``.
  package static func write(_ text: String) throws(OutputError) {
    guard !StandardDescriptors.outputWasClosed else {
      throw OutputError("standard output cannot be written: it is closed")
    }
    do {
      var text = text
      let result = text.withUTF8 { bytes in
        Result { () throws(SystemError) in try SystemError.writeAll(UnsafeRawBufferPointer(bytes), to: STDOUT_FILENO) }
      }
      try result.get()
    } catch {
      throw OutputError("standard output cannot be written: \(error)")
    }
  }

  /// Writes a line.
  ///
  /// - Throws: ``OutputError``.
  package static func print(_ line: String) throws(OutputError) { try write(line + "\n") }
}
