import Shell

/// The words of a command line of `train`, taken apart once: what the parser is given, and the options of the sampler's
/// own, which it does not know.
struct TrainWords {
  /// Options of every run with their values, and the words that are no options, as they stand.
  private(set) var forParser: [String] = []
  /// The options of the sampler's own.
  private(set) var own: [String: String] = [:]
  /// The names of all options that may be given once only, in the order in which they stand.
  private(set) var names: [String] = []

  /// - Parameters:
  ///   - words: The command line without the program's name.
  ///   - isFlag: Whether an option stands without a value, for the sampler named so far.
  /// - Throws: `UsageError` for an option that is given twice, or whose value is missing.
  init(_ words: [String], isFlag: (_ option: String, _ sampler: String?) -> Bool) throws {
    var sampler: String?
    var rest = words[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("-"), word.count > 1, word != "-h" else {
        if word != "-h", sampler == nil { sampler = word }
        forParser.append(word)
        continue
      }
      guard word.hasPrefix("--") || word == "-o" else {
        throw UsageError("'\(word)' is no option: options begin with --")
      }
      let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let written = word == "-o" ? "output" : String(parts[0])
      let inline = parts.count == 2 ? String(parts[1]) : nil
      let isNegated = written.hasPrefix("no-") && isFlag(String(written.dropFirst(3)), sampler)
      let name = isNegated ? String(written.dropFirst(3)) : written
      let isFlag = isFlag(name, sampler)
      var value = inline
      if !isFlag, inline == nil {
        guard let next = rest.popFirst(), !next.hasPrefix("--") else { throw UsageError("--\(name) needs a value") }
        value = next
      }
      if TrainArguments.names.contains(name) {
        if isFlag {
          forParser.append(Self.plain(word, name, inline))
        } else if let value {
          // Apart: the parser takes `--output=` for an option whose value is the next word.
          forParser.append("--\(name)")
          forParser.append(value)
        }
      } else if let value {
        own[written] = value
      } else {
        own[name] = isNegated ? "false" : "true"
      }
      if TrainArguments.questions.contains(name) { continue }
      guard !names.contains(name) else { throw UsageError("--\(name) is given twice") }
      names.append(name)
    }
  }

  /// `--quiet=true` as `--quiet`, which is all that the parser knows of flags.
  private static func plain(_ word: String, _ name: String, _ value: String?) -> String {
    guard word.hasPrefix("--\(name)="), RunOptions.flags.contains(name) else { return word }
    switch value?.lowercased() {
    case "true", "yes", "1": return "--\(name)"
    case "false", "no", "0": return "--no-\(name)"
    default: return word
    }
  }
}
