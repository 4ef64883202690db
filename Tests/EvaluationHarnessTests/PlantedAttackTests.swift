import BuiltInPlugins
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

/// Asserts that `result` names `first` before anything else, and that what depends on it was not judged.
func expect(
  _ result: EvaluationResult, names first: String, notRun: [String] = [],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(result.verdict.failed.first == first, sourceLocation: sourceLocation)
  #expect(!result.verdict.believable, sourceLocation: sourceLocation)
  #expect(Set(result.names(.notRun)).isSuperset(of: notRun), sourceLocation: sourceLocation)
}

/// Every planted fault is one of the attack; the ensemble is that of the attack fixtures, which a sound attack leaves
/// believable.
@Suite(.inTurn) struct `A faulty attack is named` {
  static let afterBudgetAndBox = ["silent-success", "noise-not-stronger", "fgsm-not-stronger"]

  @Test func `a sound attack on the same ensemble is believable`() throws {
    let result = try ClosedForm.subject().evaluated([request("pgd"), request("fgsm"), request("pgd:norm=l2")])
    #expect(result.verdict.failed == [])
    #expect(result.verdict.believable)
  }

  @Test func `a point outside the ball`() throws {
    expect(
      try ClosedForm.subject().evaluated([AttackRequest(LeavesTheBall.self)]), names: "budget",
      notRun: Self.afterBudgetAndBox)
  }

  @Test func `a point outside the box`() throws {
    var subject = try ClosedForm.subject()
    // Inputs close to an edge of the box, so that a step leaves it.
    var inputs = subject.examples.inputs
    for row in 0..<inputs.rowCount { inputs[row, 0] = 0.01 }
    let labels = try subject.ensemble.predict(inputs, draws: .all).classes(.predictive)
    subject.examples = Examples(inputs: inputs, labels: labels)
    #expect(try subject.evaluated([request("pgd")]).verdict.believable)
    expect(
      try subject.evaluated([AttackRequest(LeavesTheBox.self)]), names: "box", notRun: Self.afterBudgetAndBox)
  }

  @Test func `a coordinate that is not a number`() throws {
    expect(
      try ClosedForm.subject().evaluated([AttackRequest(ReturnsNaN.self)]), names: "finite-values",
      notRun: ["budget", "box", "zero-gradients", "saturation", "finite-differences"] + Self.afterBudgetAndBox)
  }

  @Test(arguments: [AttackRequest(GivesUp.self), AttackRequest(ReturnsTooFew.self)])
  func `an attack that does not finish costs the others nothing`(_ broken: AttackRequest) throws {
    let subject = try ClosedForm.subject()
    let alone = try subject.evaluated([request("fgsm")])
    let result = try subject.evaluated([broken, request("fgsm")])
    #expect(result.runs.map(\.attack) == ["fgsm", "random"])
    #expect(result.runs.map(\.correct) == alone.runs.map(\.correct))
    #expect(result.failures.map(\.attack) == [broken.attack.name])
    #expect(result.failures[0].reason.contains(broken.attack.name == "gives-up" ? "no more ideas" : "shape [59, 4]"))
    #expect(result.verdict.failed == ["attack-completes"])
    #expect(result.table.contains("✗ attack-completes"))
  }

  @Test func `an attack that cannot be run with twice the steps leaves its convergence open`() throws {
    let run = try ClosedForm.subject().evaluated([AttackRequest(TakesFewSteps.self)]).runs[0]
    let check = try #require(run.checks.first { $0.name == "doubled-steps" })
    #expect(check.status == .warning)
    #expect(check.finding.contains("at most 15 steps"))
  }

  @Test func `an attack that returns an earlier point than the best`() throws {
    expect(
      try ClosedForm.subject().evaluated([AttackRequest(ReturnsTheStart.self)]), names: "silent-success",
      notRun: ["noise-not-stronger", "fgsm-not-stronger"])
  }

  @Test(arguments: ["pgd:step=0", "pgd:step=0,random-start=false", "pgd:step=0,keep=last,norm=l2"])
  func `steps of length 0`(_ attack: String) throws {
    let failed = try ClosedForm.subject().evaluated([request(attack)]).verdict.failed
    #expect(failed.first == "noise-not-stronger" || failed.first == "fgsm-not-stronger")
  }

  @Test(arguments: [1, 3, 10]) func `steps of length 0 on a few examples that noise already fools`(_ count: Int) throws
  {
    // Noise must fool one of them for the check to have something to say.
    let all = try ClosedForm.subject(60)
    let noise = try all.evaluated([request("random")], epsilons: [0.1]).runs[0].correct
    let fooled = noise.indices.filter { !noise[$0] }
    var few = all
    few.examples = all.examples.subset(Array(fooled.prefix(count)))
    #expect(!(try few.evaluated([request("pgd:step=0,random-start=false")], epsilons: [0.1]).verdict.believable))
  }

  @Test func `an attack that goes down the loss`() throws {
    let result = try ClosedForm.subject().evaluated([AttackRequest(Descends.self)])
    expect(result, names: "noise-not-stronger")
  }

  @Test func `an attack that leaves half of the examples alone`() throws {
    let (subject, box) = try Oracle.relu.subject(100)
    expect(
      try subject.evaluated([AttackRequest(SkipsHalf.self)], epsilons: [0.1], box: box), names: "fgsm-not-stronger")
  }

  @Test func `a few examples that one step alone fools are a warning where the interval holds them`() throws {
    let (subject, box) = try Oracle.relu.subject(300)
    let result = try subject.evaluated([AttackRequest(SkipsFew.self)], epsilons: [0.05], box: box)
    let check = try #require(result.attackRuns[0].checks.first { $0.name == "fgsm-not-stronger" })
    #expect(check.status == .warning, "\(check.finding)")
  }

  @Test func `an attack that does nothing and asks for no gradient`() throws {
    expect(try ClosedForm.subject().evaluated([AttackRequest(DoesNothing.self)]), names: "noise-not-stronger")
  }

  @Test func `an attack that loses to one step`() throws {
    // In 784 dimensions random signs fool hardly anyone; fifteen steps of 0.002 fool more, but fewer than one of 0.1.
    let (subject, box) = try Oracle.relu.subject(100)
    expect(
      try subject.evaluated([request("pgd:step=0.002,random-start=false")], epsilons: [0.1], box: box),
      names: "fgsm-not-stronger", notRun: ["doubled-steps"])
    #expect(try subject.evaluated([request("pgd:random-start=false")], epsilons: [0.1], box: box).verdict.believable)
  }

  @Test func `an attack that had not converged`() throws {
    let (subject, box) = try Oracle.relu.subject(200)
    let early = try subject.evaluated([AttackRequest(StopsEarly.self)], epsilons: [0.1], box: box)
    expect(early, names: "doubled-steps")
    let converged = AttackRequest(StopsEarly.self, assignments: ["steps": "20", "restarts": "8"])
    #expect(try subject.evaluated([converged], epsilons: [0.1], box: box).verdict.believable)
  }

  /// The second class holds a band at x₀ − 0.5 from 0.06 to 0.19: one step of 0.3 jumps over it.
  private func band() -> EvaluationSubject {
    let band = ListedEnsemble([
      ClosedFormNetwork(
        hidden: [[10, 0], [10, 0]], hiddenBias: [-5.5, -7], output: [[0, 0], [1, -1]], outputBias: [0, -1],
        activation: .tanh)
    ])
    let inputs = Tensor(
      shape: [40, 2], elements: (0..<40).flatMap { [0.49 + 0.0005 * Double($0), 0.5] })
    return ClosedForm.subject(band, examples: Examples(inputs: inputs, labels: Array(repeating: 0, count: 40)))
  }

  @Test func `an attack with too few restarts`() throws {
    let few = try band().evaluated([AttackRequest(HasTooFewRestarts.self)], epsilons: [0.3]) { $0.checks = .thorough }
    expect(few, names: "doubled-restarts")
    let enough = AttackRequest(HasTooFewRestarts.self, assignments: ["restarts": "80"])
    #expect(try band().evaluated([enough], epsilons: [0.3]).verdict.believable)
  }

  @Test func `accuracy that rises with ε`() throws {
    let subject = band()
    #expect(try subject.evaluated([request("fgsm")], epsilons: [0.1]).verdict.believable)
    let result = try subject.evaluated([request("fgsm")], epsilons: [0.1, 0.3])
    #expect(result.verdict.failed == ["falls-with-epsilon", "lowest-found"])
    #expect(result.attackRuns.map(\.robustAccuracy.value) == [0, 1])
  }

  @Test func `companions run beside an attack that is alone`() throws {
    let plan = EvaluationPlan(attacks: [AttackRequest(DoesNothing.self)], epsilons: [ClosedForm.epsilon])
    let result = try Evaluator(subject: ClosedForm.subject(), plan: plan, companions: .builtIn).evaluate()
    expect(result, names: "noise-not-stronger")
  }
}
