import ArgumentParser
import Shell
import TrainingHarness

/// `posterior publish RUN`
struct Publish: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a posterior file of a training run in progress, as it stands.",
    discussion:
      "As many draws of each chain as the chain with the fewest has; chains without draws are left out. The run goes on, or can be resumed, as if nothing had happened."
  )

  @Argument(help: ArgumentHelp("The output of the run, or its journal.", valueName: "run"), completion: .file())
  var journal: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The file to write. Default: NAME.partial.h5 beside NAME.h5.", valueName: "file"))
  var output: String?

  @Flag(help: "Replace a file that is no earlier publication of a run in progress.")
  var overwrite = false

  @Flag(help: "Compress the file: about a sixth smaller, ten times slower to write.")
  var compress = false

  func run() throws {
    let published = try PublishedRun(journal, to: output, overwrite: overwrite, isCompressed: compress)
    try StandardOutput.print("\(published.path): \(published.incompleteness ?? "all draws of the run")")
    try StandardOutput.print("Diagnostics: \(published.verdict)")
  }
}
