import Foundation

/// Replaces files in one piece: at every moment the old one is there, or the new one, whatever happens in between.
///
/// The new one is made under a hidden name in the same folder and given its name when it is complete.
package enum AtomicFile {
  /// What must have reached the disk before the old file goes.
  package enum Durability: Sendable {
    /// Nothing: after a loss of power the file may be empty.
    case none
    /// The content.
    case content
    /// The content before, and the name after. Some file systems cannot flush a folder: the file is safe all the same.
    case contentAndName
  }

  /// The hidden name of a file in the making; another one each time, since two programs may write the same file.
  package static func temporaryPath(for path: String) -> String {
    let url = URL(fileURLWithPath: path)
    return url.deletingLastPathComponent()
      .appendingPathComponent(".\(url.lastPathComponent).\(UInt32.random(in: 0...UInt32.max)).partial").path
  }

  /// Replaces a file by one that `fill` makes at the path it is given.
  ///
  /// - Parameters:
  ///   - path: The file. A symbolic link is followed: the file behind it is replaced.
  ///   - temporary: Where the new file is made, in the same folder; nil for a name of its own.
  ///   - durability: What is flushed to the disk.
  ///   - fill: Makes the file and closes it.
  ///   - check: Looks at it before it gets its name, when its content has been flushed.
  /// - Throws: What `fill` and `check` throw; ``SystemError`` when the file cannot be flushed or named. The old file is
  ///   then still there, and nothing else.
  package static func replace(
    _ path: String, temporary: String? = nil, durability: Durability = .content,
    fill: (String) throws -> Void, check: (String) throws -> Void = { _ in }
  ) throws {
    let path = try OutputPlace.replaceable(path)
    let temporary = temporary ?? temporaryPath(for: path)
    do {
      try fill(temporary)
      if durability != .none { try synchronize(temporary) }
      try check(temporary)
      guard rename(temporary, path) == 0 else { throw SystemError() }
    } catch {
      unlink(temporary)
      throw error
    }
    if durability == .contentAndName {
      try? synchronize(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    }
  }

  /// Replaces a file by one of these bytes, or writes them into what is no file, such as a pipe: ``OutputPlace``.
  ///
  /// - Throws: ``SystemError``. The old file is then still there, and nothing else.
  package static func replace(
    _ path: String, with bytes: some Sequence<UInt8>, temporary: String? = nil, durability: Durability = .content
  ) throws(SystemError) {
    if try OutputPlace(path).write(bytes) { return }
    do {
      try replace(path, temporary: temporary, durability: durability) { temporary in
        // Who may read it is for the mask of the process to say.
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw SystemError() }
        do {
          try Array(bytes).withUnsafeBytes { try SystemError.writeAll($0, to: descriptor) }
        } catch {
          close(descriptor)
          throw error
        }
        try endWriting(to: descriptor)
      }
    } catch let error as SystemError {
      throw error
    } catch {
      // Nothing above throws anything else.
      throw SystemError(code: EIO)
    }
  }

  /// Closes a file that was written: some file systems say only now that the bytes could not be kept.
  ///
  /// - Throws: ``SystemError``. The descriptor is closed all the same.
  static func endWriting(to descriptor: Int32) throws(SystemError) {
    // An interrupted call has closed the descriptor; its number may be another file's by now.
    guard close(descriptor) == 0 || errno == EINTR else { throw SystemError() }
  }

  /// Flushes a file, or the names in a folder, to the disk.
  package static func synchronize(_ path: String) throws(SystemError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError() }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw SystemError() }
  }
}
