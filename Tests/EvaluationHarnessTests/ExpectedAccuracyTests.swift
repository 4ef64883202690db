import ComputeKernels
import FGSM
import Foundation
import NeuralNetworks
import PGD
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

/// Accuracies that an independent float64 implementation reached on the same files with the same attacks.
private struct Expected {
  static let names = [
    "mnist-fc2-relu", "mnist-conv-leaky", "mnist-fc2-tanh-saturated", "mnist-fc1-tanh-sharp", "moons-fc2-leaky",
  ]
  static let objectives: [Objective] = [.expectedLoss, .predictive, .meanLogit, .doubleSoftmax]

  let name: String
  let epsilon: Double
  let step: Double
  let accuracy: [String: Double]
  let posterior: PosteriorFile
  let examples: Examples

  init(_ name: String) throws {
    self.name = name
    let data = try Data(contentsOf: Fixtures.url("oracles/\(name).expected.json"))
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    epsilon = try #require(json["epsilon"] as? Double)
    step = try #require(json["pgd_alpha"] as? Double)
    accuracy = try #require(json["accuracy"] as? [String: Any]).compactMapValues { $0 as? Double }
    posterior = try PosteriorFile.open(Fixtures.url("oracles/\(name).h5").path, probe: nil)
    let stored = try #require(try posterior.evaluationData())
    examples = Examples(inputs: Tensor(shape: stored.shape, elements: stored.values), labels: stored.labels)
  }

  /// Saturated layers lose digits in float32: two more examples are allowed there.
  func tolerance(_ precision: String) -> Int { name.hasSuffix("saturated") && precision == "float32" ? 4 : 2 }

  func key(_ attack: String, _ objective: Objective) -> String {
    "\(attack) \(objective.rawValue.replacing("-", with: "_"))"
  }
}

/// Robust accuracy (as a number of examples) and softmax robustness of an attack.
private func perform<A: Attack>(
  _ attack: A, on ensemble: NetworkEnsemble, _ examples: Examples, _ objective: Objective, _ threat: ThreatModel
) throws -> (correct: Int, softmaxRobustness: Double) {
  var oracle = DirectOracle(ensemble, examples, objective: objective)
  let points = try attack.perturb(
    examples, within: threat, oracle: &oracle, random: RandomStreams(seed: 0, purpose: "known answers"))
  let clean = try ensemble.predict(examples.inputs, draws: .all)
  let adversarial = try ensemble.predict(points, draws: .all)
  let correct = zip(adversarial.classes(.predictive), examples.labels).count { $0 == $1 }
  let differences = (0..<examples.count).map { row in
    zip(clean.logProbabilities[row: row], adversarial.logProbabilities[row: row]).map { abs(exp($0) - exp($1)) }.max()
      ?? 0
  }
  return (correct, 1 - differences.reduce(0, +) / Double(examples.count))
}

private func pgd(_ assignments: [String: String]) throws -> ProjectedGradientDescent {
  try ProjectedGradientDescent(ProjectedGradientDescent.Options(assignments: assignments))
}

@Suite("Accuracies of an independent implementation", .inTurn)
struct ExpectedAccuracyTests {
  @Test("clean accuracy, to the example", arguments: Expected.names)
  func clean(name: String) throws {
    let expected = try Expected(name)
    let ensemble = try NetworkEnsemble(expected.posterior)
    let decided = try ensemble.predict(expected.examples.inputs, draws: .all).classes(.predictive)
    let correct = zip(decided, expected.examples.labels).count { $0 == $1 }
    #expect(Double(correct) == (expected.accuracy["clean"]! * Double(expected.examples.count)).rounded())
  }

  @Test("FGSM, and PGD without random start whose last point counts", arguments: Expected.names, Expected.objectives)
  func linf(name: String, objective: Objective) throws {
    let expected = try Expected(name)
    let ensemble = try NetworkEnsemble(expected.posterior)
    let count = Double(expected.examples.count)
    let threat = try ThreatModel(epsilon: expected.epsilon)
    let last = try pgd(["step": "\(expected.step)", "random-start": "false", "keep": "last"])
    let best = try pgd(["step": "\(expected.step)", "random-start": "false", "keep": "best"])
    let oneStep = try perform(FastGradientSignMethod(), on: ensemble, expected.examples, objective, threat)
    let manySteps = try perform(last, on: ensemble, expected.examples, objective, threat)
    let tolerance = expected.tolerance("float32")
    for (attack, found) in [("fgsm", oneStep), ("pgd", manySteps)] {
      let wanted = expected.accuracy[expected.key(attack, objective)]! * count
      #expect(abs(Double(found.correct) - wanted) <= Double(tolerance) + 1e-6, "\(attack)")
      let softmax = expected.accuracy[expected.key("softmax robustness \(attack)", objective)]!
      #expect(abs(found.softmaxRobustness - softmax) <= 0.005, "\(attack)")
    }
    let kept = try perform(best, on: ensemble, expected.examples, objective, threat)
    #expect(Double(kept.correct) <= expected.accuracy[expected.key("pgd", objective)]! * count + 2 + 1e-6)
  }

  /// Which of the 500 examples fall to L2 PGD on the saturated network changes when an input moves by 10⁻¹⁰: there it
  /// runs in float64.
  @Test("PGD in L2, ball then box", arguments: Expected.names, Expected.objectives)
  func l2(name: String, objective: Objective) throws {
    let expected = try Expected(name)
    let isSaturated = name.hasSuffix("saturated")
    let ensemble = try NetworkEnsemble(
      expected.posterior, configuration: .init(precision: isSaturated ? .float64 : .float32))
    let threat = try ThreatModel(norm: .l2, epsilon: 1.5)
    let common = ["step": "0.25", "random-start": "false"]
    let sequential = try pgd(common.merging(["keep": "last", "projection": "sequential"]) { $1 })
    let found = try perform(sequential, on: ensemble, expected.examples, objective, threat)
    let wanted =
      expected.accuracy[expected.key("pgd-l2 eps=1.5 alpha=0.25", objective)]! * Double(expected.examples.count)
    #expect(abs(Double(found.correct) - wanted) <= Double(expected.tolerance("float64")) + 1e-6)
    let exact = try perform(pgd(common), on: ensemble, expected.examples, objective, threat)
    #expect(Double(exact.correct) <= wanted + 2 + 1e-6)
  }
}
