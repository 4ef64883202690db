import Shell

/// What the parser does not keep: in which order options stand, and which of them twice.
enum OptionOrder {
  /// The names of options as they stand, each once.
  ///
  /// - Parameter isFlag: Whether an option stands without a value.
  /// - Throws: `UsageError` for an option that is given twice, or whose value is missing.
  static func names(_ words: [String], isFlag: (String) -> Bool) throws -> [String] {
    var names: [String] = []
    var rest = words[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("-"), word.count > 1, word != "-h" else { continue }
      guard word.hasPrefix("--") || word == "-o" else {
        throw UsageError("'\(word)' is no option: options begin with --")
      }
      let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      var name = word == "-o" ? "output" : String(parts[0])
      if name.hasPrefix("no-"), isFlag(String(name.dropFirst(3))) { name.removeFirst(3) }
      if !isFlag(name), parts.count < 2 {
        guard let value = rest.popFirst(), !value.hasPrefix("--") else { throw UsageError("--\(name) needs a value") }
      }
      if ["help", "list-samplers", "version"].contains(name) { continue }
      guard !names.contains(name) else { throw UsageError("--\(name) is given twice") }
      names.append(name)
    }
    return names
  }

  /// `--quiet=true` as `--quiet`, which is all that the parser knows of flags.
  static func plainFlags(_ words: [String]) -> [String] {
    words.map { word in
      guard let name = RunOptions.flags.first(where: { word.hasPrefix("--\($0)=") }) else { return word }
      switch word.dropFirst(name.count + 3).lowercased() {
      case "true", "yes", "1": return "--\(name)"
      case "false", "no", "0": return "--no-\(name)"
      default: return word
      }
    }
  }
}
