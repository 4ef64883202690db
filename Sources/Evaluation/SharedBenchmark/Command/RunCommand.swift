import ArgumentParser
import EvaluationHarness

/// `benchmark run`
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run every attack of a suite on every posterior, and print the leaderboard.",
    discussion: """
      Each (posterior, attack) leaves one result file. What is finished is not run again: after an interruption, or \
      with more models, the same command goes on. Without a file for it, the leaderboard goes to standard output.
      """)

  @Option(help: ArgumentHelp("The suite: protocol, seeds, budgets and attacks.", valueName: "file"))
  var suite: String

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Posterior files with examples.", valueName: "file"))
  var models: [String]

  @Option(
    name: .customLong("attack"),
    help: ArgumentHelp(
      "An attack beside those of the suite, under the same protocol. Repeatable.",
      valueName: "name[:option=value,…]"),
    completion: .custom { _, _, _ in PluginNames.attacks })
  var attacks: [String] = []

  @Option(
    name: .customLong("certificate"),
    help: ArgumentHelp(
      "A certificate beside those of the suite, in its balls. Repeatable.", valueName: "name[:option=value,…]"),
    completion: .custom { _, _, _ in PluginNames.certificates })
  var certificates: [String] = []

  @Option(
    name: .customLong("plugin"),
    help: ArgumentHelp(
      "A shared library with attacks in C or a language like it, for --attack. Repeatable.", valueName: "library"))
  var plugins: [String] = []

  @Option(help: ArgumentHelp("Folder of the result files.", valueName: "folder"))
  var results = "benchmark-results"

  @Option(help: ArgumentHelp("Who runs it; written into the results.", valueName: "name"))
  var laboratory = ""

  @Option(
    help: ArgumentHelp(
      "Worker threads; results do not depend on it. Default: one a core that it may use.", valueName: "count"))
  var threads: Int?

  @OptionGroup var tables: LeaderboardOptions

  func validate() throws {
    guard !models.isEmpty else { throw ValidationError("Missing --models: which posterior files?") }
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads)") }
  }

  /// What the command line asks for.
  var request: BenchmarkRequest {
    var request = BenchmarkRequest(suite: suite, models: models)
    request.attacks = attacks.map { .init(attack: $0) }
    request.certificates = certificates
    request.plugins = plugins
    request.results = results
    request.laboratory = laboratory
    request.threads = threads
    request.tables = tables.files
    return request
  }
}
