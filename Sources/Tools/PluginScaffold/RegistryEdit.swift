/// Adds a plugin to `Sources/Evaluation/BuiltInPlugins/Registry.swift`: its import, and its type in `builtIn`.
enum RegistryEdit {
  /// `text` with the module `name` imported and the type `name` listed among those that conform to `conformance`; both
  /// stay sorted.
  ///
  /// - Throws: `ScaffoldError` when the registry is not as it should be.
  static func adding(_ name: String, conformingTo conformance: String, in text: String) throws -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard
      let heading = lines.firstIndex(of: "extension Array where Element == any \(conformance).Type {"),
      let start = lines[heading...].firstIndex(of: "    ["), let end = lines[start...].firstIndex(of: "    ]")
    else {
      throw ScaffoldError(
        "the registry has no list of types that conform to \(conformance), one a line between [ and ]")
    }
    // A list of one is formatted without a comma.
    for line in start + 1..<end where lines[line].hasSuffix(".self") { lines[line] += "," }
    let position = (start + 1..<end).first { lines[$0].trimmed > "\(name).self," } ?? end
    lines.insert("      \(name).self,", at: position)

    let imports = lines.indices.filter { importedModule(lines[$0]) != nil }
    guard let last = imports.last else { throw ScaffoldError("the registry imports nothing") }
    let place = imports.first { importedModule(lines[$0])! > name } ?? last + 1
    lines.insert("import \(name)", at: place)
    return lines.joined(separator: "\n")
  }

  /// The module of `import X` or `public import X`.
  private static func importedModule(_ line: String) -> String? {
    let words = line.split(separator: " ")
    guard let keyword = words.firstIndex(of: "import"), keyword <= 1, keyword + 1 < words.count else { return nil }
    return String(words[keyword + 1])
  }
}

extension String {
  fileprivate var trimmed: Substring { drop { $0 == " " } }
}
