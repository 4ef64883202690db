import ArgumentParser

/// The options that say where a leaderboard goes.
struct LeaderboardOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Write the leaderboard as Markdown.", valueName: "file"))
  var markdown: String?

  @Option(help: ArgumentHelp("Write it as CSV, one row for each attack in each ball.", valueName: "file"))
  var csv: String?

  @Option(help: ArgumentHelp("Write it as one HTML page that needs no other file.", valueName: "file"))
  var html: String?

  var files: LeaderboardFiles { LeaderboardFiles(markdown: markdown, csv: csv, html: html) }
}
