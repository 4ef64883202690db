import Shell

/// A file of a reproduction: data, scripts, pages, manifests.
enum ResultFile {
  /// Puts a text in the place of what is there.
  ///
  /// - Throws: ``OutputError``. What was there before stays then.
  static func write(_ text: String, to path: String) throws(OutputError) {
    do {
      try AtomicFile.replace(path, with: text.utf8)
    } catch {
      throw OutputError("\(path) cannot be written: \(error)")
    }
  }
}
