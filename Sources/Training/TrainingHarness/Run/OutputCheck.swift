import Foundation
import Shell

/// What can be known about an output before the work begins.
enum OutputCheck {
  /// Refuses an output that cannot be written, or that would destroy something.
  ///
  /// - Throws: `OutputError` for what is no regular file, `RunError` for a folder that is missing or read-only,
  ///   `UsageError` for a file or a run that is there already.
  static func check(_ path: String, overwrite: Bool) throws {
    try OutputPlace.requireFile(path)
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw RunError("\(path) cannot be written: the folder \(folder) does not exist")
    }
    guard access(folder, W_OK) == 0 else {
      throw RunError("\(path) cannot be written: the folder \(folder) is read-only")
    }
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      guard !isFolder.boolValue else { throw RunError("\(path) cannot be written: it is a folder") }
      guard overwrite else {
        throw UsageError("\(path) is there already: give another --output, or --overwrite to replace it at the end")
      }
    }
    let journal = JournalFiles.folder(of: path)
    if FileManager.default.fileExists(atPath: JournalFiles.description(journal)) {
      throw UsageError(
        "\(journal) holds a run that was not finished: go on with train --resume \(path), or remove the folder to begin anew"
      )
    }
  }

  /// Refuses a run whose draws cannot fit: they need room once in the journal and once in the file.
  static func checkSpace(_ path: String, bytes: Double) throws {
    var status = statvfs()
    guard statvfs(URL(fileURLWithPath: path).deletingLastPathComponent().path, &status) == 0 else { return }
    let available = Double(status.f_bavail) * Double(status.f_frsize)
    guard bytes <= available else {
      func megabytes(_ value: Double) -> String { String(format: "%.0f", (value / 1e6).rounded(.up)) }
      throw RunError(
        "\(path) cannot be written: the draws need \(megabytes(bytes)) MB, in the journal and in the file, "
          + "and the disk has \(megabytes(available)) MB. Free some space, or take fewer --draws or --chains")
    }
  }
}
