import ArgumentParser
import RobustnessCore
import Shell

/// A command line of `train`, taken apart: the sampler, and the texts of all options by their names.
struct TrainCommandLine {
  var sampler: String?
  /// Values by the option's name.
  var values: [String: String]
  /// The same as they stand on the command line.
  let given: [(name: String, value: String)]
  let arguments: TrainArguments

  /// Takes the words apart. Whether a sampler has an option is checked by the caller.
  ///
  /// - Parameters:
  ///   - words: The command line without the program's name.
  ///   - samplers: Those there are: only they know which of their options are followed by a value.
  /// - Throws: `UsageError`, and what the parser throws to have something printed.
  init(_ words: [String], _ samplers: [any PosteriorSampler.Type]) throws {
    let isOwnFlag = { option in samplers.contains { SamplerRequest.isFlag(option, of: $0) } }
    let order = try OptionOrder.names(words) { TrainArguments.flags.contains($0) || isOwnFlag($0) }
    arguments = try TrainArguments.parse(OptionOrder.plainFlags(words))
    let others = try SamplerWords(arguments.others) { name, option in
      // Before the sampler's name, a flag of any sampler is taken for one.
      guard let sampler = samplers.first(where: { $0.name == name?.lowercased() }) else { return isOwnFlag(option) }
      return SamplerRequest.isFlag(option, of: sampler)
    }
    sampler = others.sampler
    let values = arguments.run.texts.merging(others.values) { $1 }
    self.values = values
    given = order.compactMap { name in values[name].map { (name, $0) } }
  }
}

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
