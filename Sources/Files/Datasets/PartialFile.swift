import Crypto
import Foundation
import Shell

/// A file while it arrives: under a hidden name beside its own, so that a file of that name is always complete.
final class PartialFile: Sendable {
  let path: String
  private let finalPath: String
  private let descriptor: Int32

  /// Opens what has arrived so far, or nothing.
  ///
  /// - Throws: ``FetchError`` when the folder cannot be written to, or another process holds the file.
  init(folder: String, name: String) throws(FetchError) {
    let given = "\(folder)/\(name)"
    // A link is followed: what arrives lies beside the file behind it.
    guard let place = try? OutputPlace(given), case .file(let file) = place else {
      let words = (try? OutputPlace(given))?.whatElse ?? "a link that leads nowhere"
      throw FetchError(
        kind: .cannotWrite, file: given, reason: "cannot be written: it is \(words)",
        advice: "Move it away, or choose another folder with --data-folder")
    }
    finalPath = file
    let url = URL(fileURLWithPath: file)
    path = "\(OutputPlace.folder(of: file))/.\(url.lastPathComponent).part"
    descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw FetchError(kind: .cannotWrite, file: path, reason: "cannot be written: \(SystemError())")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw FetchError(
        kind: .busy, file: finalPath, reason: "is being fetched by another process", advice: "Wait until it is done")
    }
  }

  deinit { close(descriptor) }

  /// Bytes that have arrived.
  var byteCount: Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Throws away what has arrived.
  func clear() { _ = ftruncate(descriptor, 0) }

  /// Adds bytes at the end.
  ///
  /// - Throws: ``FetchError`` when there is no room.
  func append(_ data: Data) throws(FetchError) {
    lseek(descriptor, 0, SEEK_END)
    let written = data.withUnsafeBytes { bytes in
      Result { () throws(SystemError) in try SystemError.writeAll(bytes, to: descriptor) }
    }
    if case .failure(let error) = written { throw cannotWrite(error) }
  }

  /// SHA-256 of what has arrived, in hexadecimal.
  func sha256() throws(FetchError) -> String {
    guard let digest = Self.sha256(of: path) else { throw cannotWrite(SystemError()) }
    return digest
  }

  /// SHA-256 of a file, in hexadecimal; nil when it cannot be read.
  static func sha256(of path: String) -> String? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    var hasher = SHA256()
    do {
      while let data = try handle.read(upToCount: 1 << 20), !data.isEmpty { hasher.update(data: data) }
    } catch {
      return nil
    }
    return hasher.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Gives the complete file its name.
  func finish() throws(FetchError) {
    guard fsync(descriptor) == 0, rename(path, finalPath) == 0 else { throw cannotWrite(SystemError()) }
  }

  /// Removes the file if nothing has arrived, so that a failure leaves no trace.
  func removeIfEmpty() {
    if byteCount == 0 { unlink(path) }
  }

  private func cannotWrite(_ error: SystemError) -> FetchError {
    // EFBIG is a limit on the size of files.
    let isFull = [ENOSPC, EDQUOT, EFBIG].contains(error.code)
    return FetchError(
      kind: .cannotWrite, file: finalPath,
      reason: isFull
        ? "cannot be written: there is no room (\(error))"
        : "cannot be written: \(error)",
      advice: isFull ? "Make room, or choose another folder with --data-folder" : nil)
  }
}
