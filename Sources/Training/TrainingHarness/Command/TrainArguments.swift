import ArgumentParser
import RobustnessCore

/// The command line of `train`, as far as it does not depend on the sampler.
struct TrainArguments: ParsableCommand {
  // `--help` is a flag of ours: the sampler's options belong to it.
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains posteriors over the weights of a network.", helpNames: [])

  @OptionGroup(title: "Options of every run") var run: RunArguments

  @Option(
    parsing: .unconditional, help: "A JSON object whose keys are names of options; the command line wins.",
    completion: .file(extensions: ["json"]))
  var config: String?

  @Option(
    parsing: .unconditional, help: "Go on with the run of this output; alone.", completion: .file())
  var resume: String?

  @Flag(help: "List the samplers.")
  var listSamplers = false

  @Flag(help: "Print the version.")
  var version = false

  @Flag(name: [.customShort("h"), .long], help: "Print this, and the options of the sampler that is named.")
  var help = false

  @Argument(
    help: .init("A sampler, and the options of its own.", valueName: "sampler"),
    completion: .shellCommand("train --list-samplers | sed -n 's/^  \\([^ ]*\\) .*/\\1/p'"))
  var sampler: [String] = []

  /// What no option of a sampler can be called, beside the options of every run.
  static let reserved = ["config", "resume", "help", "sampler", "list-samplers", "version"]
  /// Those that ask for a page in place of a run; they may be asked twice.
  static let questions: Set = ["list-samplers", "version", "help"]
  /// Those that are not followed by a value.
  static let flags = RunOptions.flags.union(questions)
  /// All that the parser knows.
  static let names = Set(RunOptions.names).union(["config", "resume"]).union(questions)
}
