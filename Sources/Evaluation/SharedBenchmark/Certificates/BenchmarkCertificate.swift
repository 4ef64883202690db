import EvaluationHarness
import Foundation
public import RobustnessCore

/// How far one certificate proved the examples of one posterior under one protocol: the content of one result file.
///
/// It can be false, like everything that is written in a file: whoever has the posterior can prove it again.
public struct BenchmarkCertificate: Codable, Sendable, Hashable {
  /// What was proven in one norm.
  public struct Run: Codable, Sendable, Hashable {
    /// The norm.
    public var norm: Norm
    /// The radii of the suite in that norm, ascending; no example's own radius was looked for beyond the last.
    public var epsilons: [Double]
    /// Every option with its value.
    public var options: [String: String]
    /// For each example a radius within which no point changes the decision; 0 where there is none.
    public var radii: [Double]
    /// What a reader should know about how they were found, sentences without their full stop.
    public var notes: [String]

    /// Whether each example is certified in a ball.
    public func isCertified(at epsilon: Double) -> [Bool] { radii.map { $0 > 0 && $0 >= epsilon } }
  }

  /// Always `benchmark-certificate`.
  public var format = Self.formatName
  /// Version of this layout.
  public var formatVersion = 1
  /// What the radii are about.
  public var subject: BenchmarkResult.Subject
  /// The suite itself.
  public var rules: BenchmarkSuite
  /// File name of the posterior.
  public var model: String
  /// One line about it.
  public var summary: String
  /// Who ran it; empty when nobody is named.
  public var laboratory: String
  /// Name of the certificate.
  public var certificate: String
  /// As it was asked for, with its options.
  public var request: String
  /// How outputs became a class.
  public var decision: String
  /// Number of examples.
  public var examples: Int
  /// Number of draws.
  public var draws: Int
  /// Examples decided as their label at the inputs as given.
  public var cleanCorrect: Int
  /// One for each norm of the suite that the certificate has bounds for.
  public var runs: [Run]

  static let formatName = "benchmark-certificate"
}

extension BenchmarkCertificate {
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
      let place = "'runs[\(number)]"
      guard let largest = run.epsilons.last, run.epsilons.allSatisfy({ $0.isFinite && $0 >= 0 }),
        zip(run.epsilons, run.epsilons.dropFirst()).allSatisfy({ $0 < $1 })
      else { throw CoreError("\(place).epsilons' must ascend, from 0 or more, and be at least one") }
      guard run.radii.count == examples else {
        throw CoreError("\(place).radii' has \(run.radii.count) numbers for \(examples) examples")
      }
      if let radius = run.radii.first(where: { !($0 >= 0 && $0 <= largest) }) {
        throw CoreError("\(place).radii' has \(radius), and must be from 0 to the largest ε, \(largest)")
      }
    }
    guard Set(runs.map(\.norm)).count == runs.count else { throw CoreError("two runs are in the same norm") }
  }
}

extension BenchmarkResult.Subject {
  /// The name of the result file of a certificate.
  func fileName(certificate: String) -> String {
    let key = "certificate-" + certificate.lowercased()
    return fileName(key, readable: key.prefix(60))
  }
}

extension BenchmarkSuite {
  /// The certificate that the suite or a command line asks for.
  ///
  /// - Throws: An error of exit code 64 when it is unknown or has other options.
  func request(
    certificate: String, among certificates: [any RobustnessCertificate.Type]
  ) throws -> CertificateRequest {
    try CertificateSpecification(certificate, among: certificates).resolve(among: certificates)
  }

  /// The radii in one norm, ascending.
  func epsilons(_ norm: Norm, box: ClosedRange<Double>, features: Int) -> [Double] {
    threats.filter { $0.norm == norm }.map { $0.epsilon(box: box, features: features) }.sorted()
  }

  /// What a certificate is about; noise stands in the place of an attack.
  func certificatePlan(_ companions: Companions, box: ClosedRange<Double>) -> EvaluationPlan {
    var plan = EvaluationPlan(
      attacks: [AttackRequest(companions.noise)], epsilons: [0], box: box, seed: seed)
    if let decision = Decision(decision) { plan.decision = decision }
    return plan
  }
}
