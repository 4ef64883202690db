import Shell

/// The words that the parser does not know: the sampler, and options of its own.
struct SamplerWords {
  private(set) var sampler: String?
  private(set) var values: [String: String] = [:]

  /// - Parameters:
  ///   - words: What is left when the options of every run are taken away.
  ///   - isFlag: Whether an option stands without a value.
  /// - Throws: `UsageError`.
  init(_ words: [String], isFlag: (_ sampler: String?, _ option: String) -> Bool) throws {
    var rest = words[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("-"), word.count > 1 else {
        guard sampler == nil else {
          throw UsageError(
            "'\(word)' is one word too many: the sampler is '\(sampler ?? "")', and options begin with --")
        }
        sampler = word
        continue
      }
      let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      let inline = parts.count == 2 ? String(parts[1]) : nil
      if isFlag(sampler, name) {
        values[name] = inline ?? "true"
      } else if name.hasPrefix("no-"), inline == nil, isFlag(sampler, String(name.dropFirst(3))) {
        values[String(name.dropFirst(3))] = "false"
      } else {
        guard let value = inline ?? rest.popFirst() else { throw UsageError("--\(name) needs a value") }
        values[name] = value
      }
    }
  }
}
