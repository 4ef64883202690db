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
    // Asked for a script of completions, the parser has it printed whatever else there is.
    if words.contains(where: { $0.hasPrefix(Self.completionScript) }) { _ = try TrainArguments.parse(words) }
    let words = try TrainWords(words) { option, name in
      if TrainArguments.flags.contains(option) { return true }
      // Before the sampler's name, a flag of any sampler is taken for one.
      guard let sampler = samplers.first(where: { $0.name == name?.lowercased() }) else {
        return samplers.contains { SamplerRequest.isFlag(option, of: $0) }
      }
      return SamplerRequest.isFlag(option, of: sampler)
    }
    arguments = try TrainArguments.parse(words.forParser)
    sampler = arguments.sampler.first
    if arguments.sampler.count > 1 {
      throw UsageError(
        "'\(arguments.sampler[1])' is one word too many: the sampler is '\(arguments.sampler[0])', "
          + "and options begin with --")
    }
    let values = arguments.run.texts.merging(words.own) { $1 }
    self.values = values
    given = words.names.compactMap { name in values[name].map { (name, $0) } }
  }

  private static let completionScript = "--generate-completion-script"
}
