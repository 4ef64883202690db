import Foundation

/// Folders that outputs go into.
package enum OutputFolder {
  /// Makes the folder, and those above it, where they are missing. Call it before the work, not after.
  ///
  /// - Throws: ``OutputError`` when it cannot be made, or nothing can be written in it.
  package static func make(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw OutputError("\(path) cannot be made: \(SystemError.words(of: error))")
    }
    guard access(path, W_OK) == 0 else { throw OutputError("\(path) cannot be written to") }
  }
}
