import Shell

/// Everything that a leaderboard of finished results follows from.
public struct LeaderboardRequest: Codable, Hashable, Sendable {
  /// Result files, or folders of them.
  public var results: [String]
  /// Where the leaderboard goes.
  public var tables = LeaderboardFiles()

  /// The leaderboard of these results, on standard output.
  public init(results: [String]) { self.results = results }

  /// The request in one line of JSON without what has its default, the same for equal requests.
  public var canonicalText: String { CanonicalText.text(of: self, besides: LeaderboardRequest(results: [])) }

  /// The request that a canonical text describes; what it leaves out has its default.
  ///
  /// - Throws: `DecodingError` for a text that describes none.
  public init(canonicalText: String) throws {
    self = try CanonicalText.value(of: canonicalText, besides: LeaderboardRequest(results: []))
  }

  /// Merges the results and writes the leaderboard.
  ///
  /// - Parameter note: Is told of each file in a folder that is no result.
  /// - Throws: Errors of exit code 64, 65 and 70.
  public func run(note: (String) -> Void = { _ in }) throws {
    try tables.check(besides: results)
    let claims = try ResultFolder.readFiles(results) { sentence, _ in note(sentence) }
    try tables.write(claims.map { JudgedReport($0.report, .notVerified) })
  }
}
