import Foundation
import RobustnessCore

@testable import SharedBenchmark

/// Results that a test makes up.
extension BenchmarkResult {
  static func made(
    attack: String = "pgd", objective: Objective = .predictive, correct: String = "1100", laboratory: String = "here",
    model: String = "a.h5", posterior: Character = "a", data: Character = "d", suite: Character = "e",
    norm: Norm = .linf, epsilon: Double = 0.1, cleanCorrect: Int = 4, failed: [String] = [], memberGradients: Int = 1000
  ) -> BenchmarkResult {
    func digest(_ character: Character) -> String { String(repeating: character, count: 64) }
    return BenchmarkResult(
      subject: .init(
        suite: "standard 1", suiteSHA256: digest(suite), posteriorSHA256: digest(posterior), dataSHA256: digest(data)),
      model: model, summary: "\(model) · a summary", laboratory: laboratory,
      attack: .init(name: attack, request: attack, objective: objective), seed: 0, decision: "predictive",
      examples: correct.count, draws: 5, cleanCorrect: cleanCorrect,
      runs: [
        Run(
          norm: norm, epsilon: epsilon, options: ["norm": norm.rawValue], correct: correct, correctAtBestQuery: 0,
          memberGradients: memberGradients, queries: 100,
          checks: [.init(name: "finite-values", status: "passed", finding: "")]
            + failed.map { .init(name: $0, status: "failed", finding: "it did") })
      ])
  }
}

/// Certificates that a test makes up, about the posterior of ``BenchmarkResult/made``.
extension BenchmarkCertificate {
  static func made(
    _ request: String = "linear", radii: [Double] = [0.1, 0.05, 0, 0], laboratory: String = "here",
    model: String = "a.h5", epsilons: [Double] = [0.05, 0.1], norm: Norm = .linf
  ) throws -> BenchmarkCertificate {
    let result = BenchmarkResult.made(correct: String(repeating: "1", count: radii.count), model: model)
    let text = """
      {"name": "standard", "version": 1, "seed": 0, "decision": "predictive", "examples": 4, "threats": [],
       "gradientsPerExample": 1, "queriesPerExample": 1, "attacks": []}
      """
    let rules = try JSONDecoder().decode(BenchmarkSuite.self, from: Data(text.utf8))
    return BenchmarkCertificate(
      subject: result.subject, rules: rules, model: model, summary: result.summary, laboratory: laboratory,
      certificate: "linear", request: request, decision: "predictive", examples: radii.count, draws: 5, cleanCorrect: 4,
      runs: [Run(norm: norm, epsilons: epsilons, options: ["hidden": "linear"], radii: radii, notes: [])])
  }
}
