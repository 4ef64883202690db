import ArgumentParser

/// `benchmark table`
struct TableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table", abstract: "Merge result files of several laboratories into a leaderboard.",
    discussion: """
      Results are compared only where suite, posterior and data are the same by their digests. Without a file for it, \
      the leaderboard goes to standard output.
      """)

  @Argument(help: ArgumentHelp("Result files, or folders of them.", valueName: "file or folder"))
  var results: [String]

  @OptionGroup var tables: LeaderboardOptions

  /// What the command line asks for.
  var request: LeaderboardRequest {
    var request = LeaderboardRequest(results: results)
    request.tables = tables.files
    return request
  }
}
