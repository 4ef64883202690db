import EvaluationHarness
import Foundation
import PosteriorFiles
public import RobustnessCore
import Shell

/// Everything that judging finished results again follows from.
public struct VerifyRequest: Codable, Hashable, Sendable {
  /// Result files, or folders of them.
  public var results: [String]
  /// Posterior files that the results are about.
  public var models: [String]
  /// Shared libraries with attacks in C or a language like it.
  public var plugins: [String] = []
  /// Examples on which each attack is repeated.
  public var repeats = Repeats.standard
  /// Chooses the examples, together with each result; nil for a number that nobody knew before.
  public var seed: UInt64?
  /// The suite that results must be of; nil for any.
  public var suite: String?
  /// Worker threads, on which no result depends; nil for one a core.
  public var threads: Int?
  /// Where the leaderboard of what was judged goes; it is made only when a file is named.
  public var tables = LeaderboardFiles()

  /// Results about these posteriors.
  public init(results: [String], models: [String]) {
    self.results = results
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

  private static let empty = VerifyRequest(results: [], models: [])
}

extension VerifyRequest {
  /// Judges every result again, and writes the leaderboard.
  ///
  /// - Parameters:
  ///   - attacks: Where the attacks of the results are found.
  ///   - certificates: Where the certificates are found.
  ///   - companions: What the harness runs beside them.
  ///   - note: Is told of each file in a folder that is no result, and whether it says that it is one.
  ///   - didJudge: Is told of each result as it comes.
  /// - Returns: What is known of each, in the order of the files.
  /// - Throws: Errors with the exit codes of `evaluate`.
  public func run(
    attacks: [any Attack.Type], certificates: [any RobustnessCertificate.Type] = [], companions: Companions,
    note: (_ sentence: String, _ isDamaged: Bool) -> Void = { _, _ in },
    didJudge: (JudgedReport) -> Void = { _ in }
  ) throws -> [JudgedReport] {
    try tables.check(besides: results + models + plugins + [suite].compactMap(\.self))
    let verification = Verification(
      attacks: try (attacks + companions.portfolios).adding(libraries: plugins), certificates: certificates,
      companions: companions, repeats: repeats, seed: seed ?? Verification.freshSeed())
    let wanted = try suite.map { try BenchmarkSuite.read($0) }
    let reported = try ResultFolder.readFiles(results, note: note)
    var models = OpenModels(files: try self.models.map { try PosteriorFile.open($0, probe: .currentProgram) }, threads)
    let attacksBySubject = Dictionary(grouping: reported, by: \.report.subject).mapValues { reports in
      reports.compactMap { path, report -> (result: BenchmarkResult, points: String)? in
        guard case .attack(let result) = report else { return nil }
        return (result, Self.points(of: path))
      }
    }
    var judged: [JudgedReport] = []
    for (path, report) in reported {
      var report = report
      var standing = Standing.unconfirmed("none of the models has its posterior and its data")
      if let wanted, report.subject.suiteSHA256 != wanted.sha256 {
        standing = .unconfirmed("it is of the suite \(report.subject.suite) with another content than \(suite ?? "")")
      } else if let rules = report.rules {
        if let opened = try models.opened(report.subject, rules) {
          switch report {
          case .attack(let result):
            standing = try verification.standing(of: result, points: Self.points(of: path), on: opened)
          case .certificate(let certificate):
            standing = try verification.standing(
              of: certificate, attacks: attacksBySubject[report.subject] ?? [], on: opened)
          }
          // What a result calls its posterior is a claim too.
          report.name(opened.subject.name, opened.subject.summary)
        }
      } else {
        standing = .unconfirmed("it was written by an older version, which kept no points")
      }
      judged.append(JudgedReport(report, standing))
      didJudge(judged[judged.count - 1])
    }
    if tables.isAsked { try tables.write(judged) }
    return judged
  }

  private static func points(of path: String) -> String {
    let file = URL(filePath: path)
    return file.deletingLastPathComponent().appending(path: PointsFile.name(for: file.lastPathComponent)).relativePath
  }
}

/// The models of a verification, each opened when the first result about it comes.
private struct OpenModels {
  let files: [PosteriorFile]
  let threads: Int?
  private var last: (key: BenchmarkResult.Subject, opened: Verification.Opened)?

  init(files: [PosteriorFile], _ threads: Int?) {
    self.files = files
    self.threads = threads
  }

  /// The model that results of a subject are about; nil when there is none.
  mutating func opened(_ subject: BenchmarkResult.Subject, _ rules: BenchmarkSuite) throws -> Verification.Opened? {
    if let last, last.key == subject { return last.opened }
    let file = files.first {
      $0.posteriorSHA256 == subject.posteriorSHA256 && $0.dataSHA256 == subject.dataSHA256
    }
    guard let file else { return nil }
    let opened = try Verification.Opened(file, suite: rules, threads: threads)
    last = (subject, opened)
    return opened
  }
}
