import EvaluationHarness
import Foundation
import NeuralNetworks
public import RobustnessCore
import Shell

/// Everything that a run of a benchmark follows from, as a value: it can be compared, written down and read again.
///
/// The program `benchmark` makes one of its command line; other programs make their own:
///
/// ```swift
/// var request = BenchmarkRequest(suite: "Fixtures/suites/standard.json", models: ["a.h5", "b.h5"])
/// request.laboratory = "Example"
/// try request.run(attacks: .builtIn, companions: .builtIn)
/// ```
public struct BenchmarkRequest: Codable, Hashable, Sendable {
  /// The file of the suite: protocol, seeds, budgets and attacks.
  public var suite: String
  /// Posterior files with examples.
  public var models: [String]
  /// Attacks beside those of the suite, under the same protocol.
  public var attacks: [BenchmarkSuite.Entry] = []
  /// Certificates beside those of the suite.
  public var certificates: [String] = []
  /// Shared libraries with attacks in C or a language like it.
  public var plugins: [String] = []
  /// Folder of the result files.
  public var results = "benchmark-results"
  /// Who runs it; written into the results.
  public var laboratory = ""
  /// Worker threads, on which no result depends; nil for one a core.
  public var threads: Int?
  /// Where the leaderboard goes.
  public var tables = LeaderboardFiles()

  /// The suite's attacks on these posteriors.
  public init(suite: String, models: [String]) {
    self.suite = suite
    self.models = models
  }

  /// The request in one line of JSON without what has its default, the same for equal requests.
  public var canonicalText: String { CanonicalText.text(of: self, besides: Self.empty) }

  /// The request that a canonical text describes; what it leaves out has its default.
  ///
  /// - Throws: `DecodingError` for a text that describes none.
  public init(canonicalText: String) throws {
    self = try CanonicalText.value(of: canonicalText, besides: Self.empty)
  }

  private static let empty = BenchmarkRequest(suite: "", models: [])
}

extension BenchmarkRequest {
  /// Runs what is not finished yet, and writes the leaderboard.
  ///
  /// - Parameters:
  ///   - attacks: Where the suite's attacks and those of the request are found.
  ///   - certificates: Where the suite's certificates and those of the request are found.
  ///   - companions: What the harness runs beside the attacks; those of this package are a part of the protocol.
  ///   - note: Is told what an attack cannot do, and what limits the threads, in a sentence.
  /// - Throws: Errors with the exit codes of `evaluate`; `CertificateContradiction` where an example is certified and
  ///   fooled at once, when everything is written.
  public func run(
    attacks: [any Attack.Type], certificates: [any RobustnessCertificate.Type] = [], companions: Companions,
    note: (String) -> Void = { _ in }
  ) throws {
    let run = try BenchmarkRun(
      try BenchmarkSuite.read(suite), attacks: try attacks.adding(libraries: plugins), certificates: certificates,
      companions: companions, further: self.attacks, furtherCertificates: self.certificates, laboratory: laboratory,
      threads: threads)
    try tables.check(besides: models + plugins + [suite])
    if let limit = ProcessorAllowance.current.note(asked: threads) { note(limit) }
    let folder = try ResultFolder(results)
    var notes: [String] = []
    let finished: [JudgedReport]
    do {
      finished = try run.run(models, into: folder) { model, attack, event in
        switch event {
        case .skipped(let reason): notes.append("\(attack) on \(model): \(reason)")
        case .replaced(let reason):
          notes.append("\(attack) on \(model) was made again: of the old result, \(reason)")
        case .found, .finished: break
        }
      }
    } catch {
      guard error is Interrupted || Interruption.isRequested else { throw error }
      throw Interrupted("interrupted; what is finished is in \(results): the same command goes on")
    }
    notes.forEach(note)
    try tables.write(finished)
    if let contradiction = run.contradiction(in: finished) { throw contradiction }
  }
}
