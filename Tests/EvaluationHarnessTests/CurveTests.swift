import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

@Suite(.inTurn) struct `A curve` {
  /// Two classes divided by a plane: the smallest perturbation is the distance over the dual norm.
  static func linear() throws -> (EvaluationSubject, (Norm) -> [Double]) {
    let weights = [3.0, -1, 2]
    let ensemble = ListedEnsemble([LinearNetwork(weights: [weights.map { -$0 }, weights], bias: [1.5, -1.5])])
    let inputs = Tensor(shape: [4, 3], elements: [0.5, 0.5, 0.5, 0.2, 0.6, 0.3, 0.9, 0.4, 0.6, 0.4, 0.5, 0.5])
    let values = (0..<4).map { row in zip(inputs[row: row], weights).reduce(-1.5) { $0 + $1.0 * $1.1 } }
    let examples = Examples(inputs: inputs, labels: values.map { $0 > 0 ? 1 : 0 })
    func radii(_ norm: Norm) -> [Double] {
      values.map { abs($0) / (norm == .linf ? 6 : 14.0.squareRoot()) }
    }
    return (ClosedForm.subject(ensemble, examples: examples), radii)
  }

  @Test(arguments: [Norm.linf, .l2], ["standard", "pgd", "mifgsm:steps=20,relative-step=0.5"])
  func `finds the distance to a plane`(_ norm: Norm, _ attack: String) throws {
    let (subject, radii) = try Self.linear()
    let asked =
      attack == "standard"
      ? AttackRequest(StandardPortfolio.self, norm: norm)
      : try request(attack.contains(":") ? attack + ",norm=\(norm)" : attack + ":norm=\(norm)")
    let result = try subject.evaluated([asked], epsilons: [0.8]) { $0.curve = true }
    let curve = try #require(result.curves.first)
    for (found, expected) in zip(curve.radii, radii(norm)) {
      #expect(found >= expected * (1 - 1e-6))
      #expect(found <= expected * 1.06 + 1e-6)
    }
    // The point that stands for a radius is there, and is wrong.
    let decided = try subject.ensemble.predict(curve.points, draws: .all).classes(.predictive)
    #expect(zip(decided, subject.examples.labels).allSatisfy { $0 != $1 })
  }

  @Test func `never lies above what a run of the same attack finds, and never rises`() throws {
    let (subject, box) = try Oracle.sharp.subject(40)
    let result = try subject.evaluated(
      [AttackRequest(QuickPortfolio.self)], epsilons: [0.02, 0.05, 0.1], box: box
    ) { $0.curve = true }
    let curve = try #require(result.curves.first)
    var last = 1.0
    for run in result.attackRuns.sorted(by: { $0.epsilon < $1.epsilon }) {
      let accuracy = curve.robustAccuracy(at: run.epsilon).value
      #expect(accuracy <= run.robustAccuracy.value)
      #expect(accuracy <= last)
      last = accuracy
    }
    #expect(curve.robustAccuracy(at: 0).value == result.cleanAccuracy.value)
    #expect(
      zip(curve.steps, curve.steps.dropFirst()).allSatisfy {
        $0.epsilon < $1.epsilon && $0.robustAccuracy > $1.robustAccuracy
      })
  }

  @Test func `without a point within the largest ε there is no radius`() throws {
    let (subject, radii) = try Self.linear()
    let largest = radii(.linf).sorted()[1] * 1.2
    let result = try subject.evaluated([AttackRequest(StandardPortfolio.self)], epsilons: [largest]) {
      $0.curve = true
    }
    for (found, expected) in zip(result.curves[0].radii, radii(.linf)) {
      #expect(expected <= largest ? found.isFinite : found == .infinity)
    }
  }
}
