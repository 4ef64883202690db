import Foundation

/// Folders that outputs go into.
package enum OutputFolder {
  /// Makes the folder, and those above it, where they are missing. Call it before the work, not after.
  ///
  /// - Throws: ``OutputError`` when it cannot be made, or nothing can be written in it.
  package static func make(_ path: String) throws {
    var isFolder: ObjCBool = false
    guard !FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) || isFolder.boolValue else {
      throw OutputError("\(path) is a file; a folder is needed, which is made where it is missing")
    }
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw OutputError("\(path) cannot be made: \(SystemError.words(of: error))")
    }
    guard access(path, W_OK) == 0 else { throw OutputError("\(path) cannot be written to") }
  }
}
