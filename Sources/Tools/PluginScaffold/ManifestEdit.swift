/// Adds a line to one of the lists at the top of `Package.swift`.
enum ManifestEdit {
  /// `text` with `"name",` in the list `list`, which stays sorted.
  ///
  /// - Throws: `ScaffoldError` when the list is not there as it should be.
  static func adding(_ name: String, to list: String, in text: String) throws -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let start = lines.firstIndex(of: "let \(list) = [") else {
      throw ScaffoldError(
        "Package.swift has no line 'let \(list) = [': this is not the manifest that plugins are added to")
    }
    guard let end = lines[start...].firstIndex(of: "]") else {
      throw ScaffoldError("the list '\(list)' in Package.swift does not end with a line ']'")
    }
    let entries = start + 1..<end
    let position = entries.first { lines[$0].quoted.map { $0 > name } ?? false } ?? end
    lines.insert("  \"\(name)\",", at: position)
    return lines.joined(separator: "\n")
  }
}

extension String {
  /// What stands between the first two quotation marks.
  fileprivate var quoted: String? {
    let parts = split(separator: "\"", omittingEmptySubsequences: false)
    return parts.count >= 3 ? String(parts[1]) : nil
  }
}
