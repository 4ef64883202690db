import ArgumentParser
import EvaluationHarness
import RobustnessCore

/// `benchmark table`
struct TableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table", abstract: "Merge result files of several laboratories into a leaderboard.",
    discussion: "Results are compared only where suite, posterior and data are the same by their digests.")

  @Argument(help: ArgumentHelp("Result files, or folders of them.", valueName: "file or folder"))
  var results: [String]

  @OptionGroup var tables: Tables

  func run() throws {
    try tables.check()
    let results = try ResultFolder.read(results)
    do {
      try tables.write(Leaderboard(results))
    } catch let error as CoreError {
      throw BadDataError("\(error)")
    }
  }
}
