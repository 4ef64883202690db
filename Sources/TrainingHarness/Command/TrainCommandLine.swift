import ArgumentParser
import RobustnessCore

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
