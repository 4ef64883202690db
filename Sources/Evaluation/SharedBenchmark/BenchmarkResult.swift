import Crypto
import EvaluationHarness
import Foundation
public import RobustnessCore

/// What one attack did to one posterior under one protocol: the content of one result file, which says all about
/// itself.
///
/// Nothing in it depends on the clock, the machine's name or the number of threads: the same run gives the same bytes.
public struct BenchmarkResult: Codable, Sendable, Hashable {
  /// What the numbers are about. Results of different keys are never mixed.
  public struct Subject: Codable, Sendable, Hashable {
    /// Name and version of the suite.
    public var suite: String
    /// SHA-256 of the suite.
    public var suiteSHA256: String
    /// Digest of weights and architecture.
    public var posteriorSHA256: String
    /// Digest of inputs and labels.
    public var dataSHA256: String
  }

  /// The attack, with every option.
  public struct AttackRecord: Codable, Sendable, Hashable {
    /// Its name.
    public var name: String
    /// As it was asked for.
    public var request: String
    /// The loss whose gradient was followed.
    public var objective: Objective
  }

  /// One check.
  public struct CheckRecord: Codable, Sendable, Hashable {
    /// Its name.
    public var name: String
    /// `passed`, `failed`, `warning` or `not run`.
    public var status: String
    /// What was found.
    public var finding: String
  }

  /// What the attack did in one ball.
  public struct Run: Codable, Sendable, Hashable {
    /// The norm.
    public var norm: Norm
    /// The radius in the units of the inputs.
    public var epsilon: Double
    /// Every option with its value.
    public var options: [String: String]
    /// One character for each example: `1` where it is still decided as its label, `0` where not.
    public var correct: String
    /// SHA-256 of the points returned, which lie in the file beside the result; nil in results of older versions.
    public var pointsSHA256: String?
    /// Examples that are decided as their label at every point that the attack asked about.
    public var correctAtBestQuery: Int
    /// Backward passes of one example through one draw.
    public var memberGradients: Int
    /// Points asked about.
    public var queries: Int
    /// The checks, in order.
    public var checks: [CheckRecord]

    /// Names of the checks that failed.
    public var failed: [String] { checks.filter { $0.status == "failed" }.map(\.name) }
    /// Names of the checks that ended as a warning.
    public var warnings: [String] { checks.filter { $0.status == "warning" }.map(\.name) }
    /// Whether the points count as adversarial at all: inside ball and box, finite, within the protocol's budget.
    public var isValid: Bool { Set(failed).isDisjoint(with: Self.disqualifying) }
    /// Checks without which a point is no adversarial example.
    static let disqualifying: Set<String> = ["budget", "box", "finite-values", Run.protocolBudget]
    /// Name of the check that the attack kept to the protocol's gradients and queries.
    static let protocolBudget = "protocol-budget"

    /// Whether a check is one that can always be answered, and ends as neither passed nor failed. Nothing is known of
    /// ball and box only where points are not finite.
    func mustBeAnswered(_ check: CheckRecord) -> Bool {
      guard ["budget", "box", Self.protocolBudget].contains(check.name), !["passed", "failed"].contains(check.status)
      else { return false }
      return check.status != "not run" || check.name == Self.protocolBudget || !failed.contains("finite-values")
    }
  }

  /// Always `benchmark-result`.
  public var format = Self.formatName
  /// Version of this layout.
  public var formatVersion = 1
  /// What the numbers are about.
  public var subject: Subject
  /// The suite itself, so that the result can be judged again without its file; nil in results of older versions.
  public var rules: BenchmarkSuite?
  /// File name of the posterior.
  public var model: String
  /// One line about it.
  public var summary: String
  /// Who ran it; empty when nobody is named.
  public var laboratory: String
  /// The attack.
  public var attack: AttackRecord
  /// Names all random streams.
  public var seed: UInt64
  /// How outputs became a class.
  public var decision: String
  /// Number of examples.
  public var examples: Int
  /// Number of draws.
  public var draws: Int
  /// Examples decided as their label at the inputs as given.
  public var cleanCorrect: Int
  /// Precision of the products, where it is known.
  public var precision: String?
  /// What computed them, where it is known.
  public var kernels: String?
  /// The processor that they ran on, where it is known.
  public var processor: String?
  /// What the library calls the code that computed the products, each name once; nil where it is not known.
  public var implementations: [String]?
  /// One for each threat of the suite that the attack supports.
  public var runs: [Run]

  static let formatName = "benchmark-result"

}

extension BenchmarkResult {
  /// `AMD EPYC, oneDNN 2.6.3 (AVX-512): brg:avx512_core`: what can explain a difference of last bits.
  var computedBy: String? {
    guard let implementations else { return nil }
    return [processor, kernels].compactMap(\.self).joined(separator: ", ") + ": "
      + implementations.joined(separator: ", ")
  }

  /// The bytes of the result file.
  func encoded() throws -> Data { try BenchmarkReport.encoded(self) }

  /// Reads what another laboratory may have written: nothing is taken on trust that can be checked.
  ///
  /// - Throws: `CoreError` that says what is wrong.
  init(checking data: Data) throws {
    self = try BenchmarkReport.decoded(data, \.format, expected: Self.formatName)
    try BenchmarkReport.check(
      formatVersion: formatVersion, subject, rules: rules, examples: examples, draws: draws, cleanCorrect: cleanCorrect)
    guard !runs.isEmpty else { throw CoreError("'runs' is empty") }
    for (number, run) in runs.enumerated() {
      guard run.correct.count == examples, run.correct.allSatisfy({ $0 == "0" || $0 == "1" }) else {
        throw CoreError("'correct' must have a 0 or a 1 for each of the \(examples) examples")
      }
      guard run.epsilon.isFinite, run.epsilon >= 0 else {
        throw CoreError("'runs[\(number)].epsilon' is \(run.epsilon), and must be finite and at least 0")
      }
      for (key, value) in [("memberGradients", run.memberGradients), ("queries", run.queries)] {
        guard (0...(1 << 53)).contains(value) else {
          throw CoreError("'runs[\(number)].\(key)' is \(value), and must be from 0 to 2⁵³")
        }
      }
      let robust = run.correct.count { $0 == "1" }
      guard (0...robust).contains(run.correctAtBestQuery) else {
        throw CoreError(
          "'runs[\(number)].correctAtBestQuery' is \(run.correctAtBestQuery), where \(robust) examples withstand the "
            + "points returned, of which it must be a part")
      }
      guard run.pointsSHA256.map(BenchmarkReport.isDigest) ?? true else {
        throw CoreError("'\(run.pointsSHA256 ?? "")' is no SHA-256 digest")
      }
      if let unknown = run.checks.first(where: { Check.Status(rawValue: $0.status) == nil }) {
        throw CoreError("'\(unknown.status)' is no status of a check: passed, failed, warning or not run")
      }
      guard !run.checks.isEmpty else { throw CoreError("a run has no checks") }
    }
    guard Set(runs.map { "\($0.norm) \($0.epsilon)" }).count == runs.count else {
      throw CoreError("two runs are in the same ball")
    }
  }
}

extension BenchmarkResult.Subject {
  /// The name of the result file of an attack: readable, and different for everything that makes a different result.
  func fileName(attack: String, objective: Objective) -> String {
    let readable = "\(attack.lowercased().prefix(60))-\(objective.rawValue)"
    return fileName(attack.lowercased() + ":" + objective.rawValue, readable: readable)
  }

  /// The name of a result file: `key` is all that the result follows from beside the subject.
  func fileName(_ key: String, readable: some StringProtocol) -> String {
    let key = [suite, suiteSHA256, posteriorSHA256, dataSHA256, key].joined(separator: "\n")
    let digest = SHA256.hash(data: Data(key.utf8)).prefix(4).map { String(format: "%02x", $0) }.joined()
    let readable = readable.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    return "\(posteriorSHA256.prefix(12))-\(String(readable))-\(digest).json"
  }
}
