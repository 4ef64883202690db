public import RobustnessCore

/// Results of several laboratories put together: for each posterior and ball what every attack left standing, and the
/// per-example worst case over all of them; beside it what certificates proved of the same examples. The truth lies
/// between the two.
///
/// Results are compared only where suite, posterior and data are the same by their digests.
public struct Leaderboard: Sendable {
  /// What one attack left standing in one ball.
  public struct Row: Sendable {
    /// The attack.
    public var attack: BenchmarkResult.AttackRecord
    /// The laboratories that report exactly this, sorted.
    public var laboratories: [String]
    /// What it did.
    public var run: BenchmarkResult.Run
    /// Fraction decided as the label at the points returned.
    public var robustAccuracy: Estimate
    /// Whether it is true.
    public var standing: Standing
    /// Whether its points take part in the worst case: they are adversarial at all, nothing contradicts them, and they
    /// are confirmed, unless nothing on the leaderboard is.
    public var counts: Bool
  }

  /// All attacks and certificates in one ball.
  public struct Ball: Sendable {
    /// The norm.
    public var norm: Norm
    /// The radius in the units of the inputs.
    public var epsilon: Double
    /// The strongest first; what does not count comes last.
    public var rows: [Row]
    /// Fraction that every attack leaves standing that counts; nil when there is none.
    public var worstCase: Estimate?
    /// What certificates proved; the one that proved most first, what does not count last.
    public var certificates: [CertificateRow] = []
    /// Fraction that some certificate proves that counts; nil when there is none.
    public var certified: Estimate?
    /// Whether the strongest attack is believable, and the others add nothing to it that matters to a reader: the worst
    /// case is inside the strongest attack's interval, as doubling its effort would have to leave it (or no more than
    /// half a per cent of the examples below it, at least one).
    public var isBelievable: Bool { strongestIsBelievable && isSettled }

    /// Whether every check of the strongest attack that counts ended well.
    var strongestIsBelievable: Bool { rows.first.map { $0.counts && $0.run.failed.isEmpty } ?? false }

    /// Whether what counts is confirmed.
    public var isConfirmed: Bool { rows.first.map { $0.counts && $0.standing.isConfirmed } ?? false }

    var isSettled: Bool {
      guard let strongest = rows.first(where: \.counts)?.robustAccuracy, let worstCase else { return false }
      let fewer = (strongest.value - worstCase.value) * Double(worstCase.count)
      return worstCase.value >= strongest.low ?? 0 || fewer <= max(1, (0.005 * Double(worstCase.count)).rounded(.down))
    }
  }

  /// One posterior with its data under one suite.
  public struct Entry: Sendable {
    /// What is compared.
    public var subject: BenchmarkResult.Subject
    /// Its file name; the first where laboratories call it differently.
    public var model: String
    /// The file name, with as much of the posterior's digest as tells it from others of the same name in its section.
    public var title: String
    /// One line about it.
    public var summary: String
    /// Number of examples.
    public var examples: Int
    /// Number of draws.
    public var draws: Int
    /// How outputs became a class.
    public var decision: String
    /// Processors, kernels and implementations that the results come from, sorted; results of older versions do not
    /// say.
    public var computedBy: [String]
    /// Fraction decided as the label at the inputs as given; the smallest where laboratories differ.
    public var cleanAccuracy: Estimate
    /// Whether laboratories differ about it.
    public var isCleanAccuracyDisputed: Bool
    /// The balls, by norm and radius.
    public var balls: [Ball]
    /// How far certificates proved the examples, by norm.
    public var radii: [RadiiRow]
  }

  /// Posteriors that may be compared with each other: one suite, one data set. The most robust first.
  public struct Section: Sendable {
    /// Name and version of the suite.
    public var suite: String
    /// The same, with as much of its digest as tells it from others of that name.
    public var title: String
    /// SHA-256 of the suite.
    public var suiteSHA256: String
    /// Digest of inputs and labels.
    public var dataSHA256: String
    /// The posteriors.
    public var entries: [Entry]
  }

  /// The sections, by suite and data.
  public let sections: [Section]
  /// Whether any result is confirmed. Where none is, all count, as the claims that they are.
  public let hasConfirmedResults: Bool

  /// Merges reports, in whatever order they come.
  ///
  /// - Throws: `CoreError` when reports about the same thing have other examples or draws: then one of them is not what
  ///   it says.
  public init(_ reports: [JudgedReport]) throws {
    let hasConfirmedResults = reports.contains { $0.standing.isConfirmed }
    self.hasConfirmedResults = hasConfirmedResults
    let groups = Dictionary(grouping: reports, by: \.subject)
    let entries = try groups.map { try Self.entry($0, $1, onlyConfirmed: hasConfirmedResults) }
    let sections: [[String]: [Entry]] = Dictionary(grouping: entries) { entry in
      [entry.subject.suite, entry.subject.suiteSHA256, entry.subject.dataSHA256]
    }
    self.sections = sections.map { key, entries in
      Section(
        suite: key[0], title: key[0] + (Self.sharesName(key, sections) ? " (\(key[1].prefix(12))…)" : ""),
        suiteSHA256: key[1], dataSHA256: key[2],
        entries: Self.titled(entries.sorted(by: Self.isMoreRobust)))
    }.sorted { ($0.suite, $0.suiteSHA256, $0.dataSHA256) < ($1.suite, $1.suiteSHA256, $1.dataSHA256) }
  }

  /// Whether suites of other content have the name and version too.
  private static func sharesName(_ key: [String], _ sections: [[String]: [Entry]]) -> Bool {
    sections.keys.contains { $0[0] == key[0] && $0[1] != key[1] }
  }

  /// Merges results of attacks alone.
  ///
  /// - Throws: As the other.
  public init(_ results: [JudgedResult]) throws {
    try self.init(results.map(JudgedReport.attack))
  }

  /// Merges results that nobody has verified.
  ///
  /// - Throws: As the other.
  public init(_ results: [BenchmarkResult]) throws {
    try self.init(results.map { JudgedResult($0, .notVerified) })
  }

  /// Two laboratories may have given two posteriors one file name.
  private static func titled(_ entries: [Entry]) -> [Entry] {
    let sameName = Dictionary(grouping: entries, by: \.model).mapValues { $0.map(\.subject.posteriorSHA256) }
    return entries.map { entry in
      var entry = entry
      let digest = entry.subject.posteriorSHA256
      let others = Set(sameName[entry.model] ?? []).subtracting([digest])
      if !others.isEmpty {
        let shared = others.map { zip($0, digest).prefix { $0 == $1 }.count }.max() ?? 0
        entry.title += " (\(digest.prefix(max(8, shared + 1)))…)"
      }
      return entry
    }
  }

  private static func isMoreRobust(_ a: Entry, _ b: Entry) -> Bool {
    func key(_ entry: Entry) -> (Double, String, String) {
      (-(entry.balls.first?.worstCase?.value ?? -1), entry.model, entry.subject.posteriorSHA256)
    }
    return key(a) < key(b)
  }
}

extension Leaderboard.Row {
  /// `believable`, `believable, with warnings: …`, or which checks failed; for what is contradicted, why.
  public var verdict: String {
    if case .contradicted(let reason) = standing { return "not true: \(reason)" }
    let failed = run.failed
    guard failed.isEmpty else {
      return (run.isValid ? "not believable: " : "does not count: ") + failed.joined(separator: ", ")
    }
    return run.warnings.isEmpty ? "believable" : "believable (warnings: \(run.warnings.joined(separator: ", ")))"
  }
}
