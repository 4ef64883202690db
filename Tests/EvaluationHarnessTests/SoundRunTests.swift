import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

/// Sound runs: no check may fail.
///
/// Beside stronger attacks a single step, or another objective, is not the lowest number: that it is told is right.
@Suite(.inTurnEarly) struct `No check fails` {
  /// The oracles, and examples few enough to be quick.
  static let oracles = [(Oracle.relu, 100), (.sharp, 100), (.moons, 200)]

  /// Those that grow without bound. Of the others the last point of a run need not be the best: that they are
  /// found out is right.
  static let objectives: [Objective] = [.expectedLoss, .predictive, .meanLogit, .margin, .doubleSoftmax]

  static func attacks(_ norm: Norm, step: Double) throws -> [AttackRequest] {
    try [
      request("fgsm:norm=\(norm)"), request("pgd:norm=\(norm)"),
      request("pgd:norm=\(norm),keep=last,random-start=false,step=\(step)"),
    ]
  }

  @Test(arguments: oracles) func `on the oracles in L∞`(_ oracle: Oracle, _ count: Int) throws {
    let (subject, box) = try oracle.subject(count)
    let (epsilon, step) = try oracle.reference()
    let verdict = try subject.evaluated(
      Self.attacks(.linf, step: step), objectives: Self.objectives, epsilons: [epsilon], box: box
    ) { $0.checks = .quick }.verdict
    #expect(verdict.failed.filter { $0 != "lowest-found" } == [])
    #expect(verdict.warnings.filter { $0 != "lowest-found" } == [])
  }

  @Test(arguments: oracles.dropLast()) func `on the oracles in L2`(_ oracle: Oracle, _ count: Int) throws {
    let (subject, box) = try oracle.subject(count)
    let verdict = try subject.evaluated(
      Self.attacks(.l2, step: 0.25), objectives: Self.objectives, epsilons: [1.5], box: box
    ) { $0.checks = .quick }.verdict
    #expect(verdict.failed.filter { $0 != "lowest-found" } == [])
  }

  @Test(arguments: [Norm.linf, .l2]) func `on the convolutional oracle`(_ norm: Norm) throws {
    // A pass costs the same for few examples as for a block of them: one step for every objective, many for one.
    let (subject, box) = try Oracle.convolution.subject(40)
    let epsilons = [norm == .linf ? try Oracle.convolution.reference().epsilon : 1.5]
    let single = try subject.evaluated(
      [request("fgsm:norm=\(norm)")], objectives: Self.objectives, epsilons: epsilons, box: box
    ) { $0.checks = .quick }
    #expect(single.verdict.failed.filter { $0 != "lowest-found" } == [])
    let iterated = try subject.evaluated(
      [request("pgd:norm=\(norm),keep=last,random-start=false")], epsilons: epsilons, box: box)
    #expect(iterated.verdict.failed == [])
  }

  /// Every example, every objective, both norms: what the quick tests above take samples of.
  @Test(
    .enabled(if: runsLongTests, "a long repetition"),
    arguments: [Oracle.relu, .sharp, .convolution, .moons], [Norm.linf, .l2])
  func `on every example of the sound oracles`(_ oracle: Oracle, _ norm: Norm) throws {
    let (subject, box) = try oracle.subject(500)
    let (epsilon, step) = norm == .linf ? try oracle.reference() : (1.5, 0.25)
    // One step of 1.5 is larger than the moons: the test below says what happens there.
    let attacks = try Self.attacks(norm, step: step).dropFirst(oracle == .moons && norm == .l2 ? 1 : 0)
    let verdict = try subject.evaluated(
      Array(attacks), objectives: Self.objectives, epsilons: [epsilon], box: box
    ).verdict
    #expect(verdict.failed.filter { $0 != "lowest-found" } == [])
  }

  @Test func `on the moons where the ball is larger than the data, but for the single step`() throws {
    let (subject, box) = try Oracle.moons.subject(200)
    let attacks = try Self.attacks(.l2, step: 0.25)
    let iterated = try subject.evaluated(
      Array(attacks.dropFirst()), objectives: Self.objectives, epsilons: [1.5], box: box)
    #expect(iterated.verdict.failed == [])
    // One step of 1.5 overshoots: random points fool a fifth more of the examples, so the number is no evidence.
    let single = try subject.evaluated([attacks[0]], epsilons: [1.5], box: box)
    #expect(single.verdict.failed == ["noise-not-stronger"])
    #expect(single.runs[0].robustAccuracy.value > single.runs[1].robustAccuracy.value + 0.1)
  }

  @Test(arguments: [1, 3, 10], ["fgsm", "pgd", "pgd:keep=last,random-start=false", "pgd:norm=l2"])
  func `on a few examples`(_ count: Int, _ attack: String) throws {
    let closed = try ClosedForm.subject(count).evaluated([request(attack)], objectives: Self.objectives)
    #expect(closed.verdict.failed == [])
    let (subject, box) = try Oracle.relu.subject(count)
    let epsilon = attack.contains("l2") ? 1.5 : 0.1
    let network = try subject.evaluated([request(attack)], epsilons: [epsilon], box: box)
    #expect(network.verdict.failed.filter { $0 != "lowest-found" || attack != "fgsm" } == [])
  }

  @Test func `on one example that is misclassified`() throws {
    var subject = try ClosedForm.subject(1)
    subject.examples = Examples(inputs: subject.examples.inputs, labels: subject.examples.labels.map { ($0 + 1) % 4 })
    #expect(try subject.evaluated([request("pgd")]).verdict.failed == [])
  }

  @Test func `with one draw, and with equal draws of a single network`() throws {
    let one = ClosedFormEnsemble(phases: [0])
    let examples = try ClosedForm.examples(60, of: one)
    #expect(try ClosedForm.subject(one, examples: examples).evaluated([request("pgd")]).verdict.failed == [])
    let equal = ClosedFormEnsemble(phases: Array(repeating: 0, count: 12))
    let subject = ClosedForm.subject(equal, examples: examples, origin: .single)
    #expect(try subject.evaluated([request("pgd")]).verdict.failed == [])
  }

  @Test(arguments: [Norm.linf, .l2]) func `with two classes`(_ norm: Norm) throws {
    let linear = ListedEnsemble([
      LinearNetwork(weights: [[3, -1], [-3, 1]], bias: [-1, 1]),
      LinearNetwork(weights: [[2, 0], [-2, 0]], bias: [-1, 1]),
    ])
    let subject = ClosedForm.subject(linear, examples: try ClosedForm.examples(80, of: linear))
    for epsilon in [1e-6, 0.05, 0.3] {
      let result = try subject.evaluated(
        [request("fgsm:norm=\(norm)"), request("pgd:norm=\(norm)")], objectives: Self.objectives,
        epsilons: [epsilon])
      #expect(result.verdict.failed == [])
    }
  }

  @Test(arguments: [0, 1e-9, 1e-4]) func `with an ε of nearly nothing`(_ epsilon: Double) throws {
    let result = try ClosedForm.subject().evaluated(
      [request("fgsm"), request("pgd"), request("pgd:norm=l2")], epsilons: [epsilon])
    #expect(result.verdict.failed == [])
    if epsilon == 0 { #expect(result.runs.allSatisfy { $0.robustAccuracy.value == 1 }) }
  }

  @Test(arguments: ["pgd", "pgd:norm=l2"]) func `with an ε larger than the box`(_ attack: String) throws {
    let (subject, box) = try Oracle.relu.subject(60)
    let result = try subject.evaluated([request(attack)], epsilons: [40], box: box)
    #expect(result.verdict.failed == [])
    #expect(result.runs[0].robustAccuracy.value == 0)
  }

  @Test func `on inputs with constant features on the edge of the box`() throws {
    let ensemble = ClosedFormEnsemble(phases: ClosedForm.phases)
    var inputs = try ClosedForm.examples(60, of: ensemble).inputs
    for row in 0..<inputs.rowCount {
      inputs[row, 2] = 0
      inputs[row, 3] = 1
    }
    let labels = try ensemble.predict(inputs, draws: .all).classes(.predictive)
    let subject = ClosedForm.subject(ensemble, examples: Examples(inputs: inputs, labels: labels))
    #expect(try subject.evaluated([request("pgd"), request("fgsm")]).verdict.failed == [])
  }

  @Test func `on a sigmoid network whose units are saturated`() throws {
    let sharp = ListedEnsemble([
      ClosedFormNetwork(
        hidden: [[60, -50], [40, 70]], hiddenBias: [-8, -50], output: [[9, -7], [-9, 8]], outputBias: [0, 0],
        activation: .sigmoid)
    ])
    let subject = ClosedForm.subject(sharp, examples: try ClosedForm.examples(60, of: sharp))
    #expect(try subject.evaluated([request("pgd")], epsilons: [0.02]).verdict.failed == [])
  }

  @Test(arguments: [Decision.predictive, .singleDraw(1)])
  func `at several ε, objectives and norms at once`(_ decision: Decision) throws {
    let result = try ClosedForm.subject().evaluated(
      [request("pgd"), request("pgd:norm=l2")], objectives: Self.objectives, epsilons: [0.01, 0.03, 0.05]
    ) { $0.decision = decision }
    #expect(result.verdict.failed == [])
  }

  @Test func `where the draws vote`() throws {
    let (subject, box) = try Oracle.relu.subject(100)
    let result = try subject.evaluated([request("pgd")], epsilons: [0.05, 0.1], box: box) {
      $0.decision = .majorityVote
    }
    #expect(result.verdict.failed == [])
  }
}
