import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

@Suite(.inTurn) struct `A surrogate` {
  /// Class 1 where the first feature is large.
  static let posterior = ListedEnsemble([LinearNetwork(weights: [[-4, 0], [4, 0]], bias: [2, -2])])
  /// Class 1 where the second feature is large, or both are: its slopes are other ones.
  static let other = ListedEnsemble([
    LinearNetwork(weights: [[0, -4], [0, 4]], bias: [2, -2]),
    LinearNetwork(weights: [[-4, -4], [4, 4]], bias: [4, -4]),
  ])
  static let examples = Examples(inputs: Tensor(shape: [2, 2], elements: [0.45, 0.5, 0.3, 0.4]), labels: [0, 0])
  static var subject: EvaluationSubject { ClosedForm.subject(posterior, examples: examples) }

  func oracle(_ surrogate: Surrogate?, of other: (any PosteriorEnsemble)? = nil) throws -> AccountingOracle {
    let posterior: any PosteriorEnsemble = other ?? Self.posterior
    return AccountingOracle(
      ensemble: posterior, surrogate: surrogate, examples: Self.examples, threat: try ThreatModel(epsilon: 0.2),
      objective: .predictive, decision: .predictive, draws: .fixed(Array(0..<posterior.drawCount)),
      progress: SilentProgress())
  }

  @Test func `answers with values and gradients, and the posterior decides`() throws {
    let surrogate = Surrogate(name: "other", ensemble: Self.other)
    var transferring = try oracle(surrogate)
    var asked = try oracle(nil, of: Self.other)
    // The first point crosses the surrogate's boundary only, the second the posterior's only.
    let points = Tensor(shape: [2, 2], elements: [0.45, 0.9, 0.55, 0.1])
    let answer = try transferring.ascent(points, of: [0, 0], objective: nil)
    let own = try asked.ascent(points, of: [0, 0], objective: nil)
    #expect(answer.gradient == own.gradient)
    #expect(answer.values == own.values)
    #expect(answer.successes == [false, true])
    #expect(own.successes == [true, false])
    let values = try transferring.values(points, of: [0, 0], objective: .margin)
    #expect(values.values == (try asked.values(points, of: [0, 0], objective: .margin)).values)
    #expect(values.successes == [false, true])
    #expect(
      try transferring.logProbabilities(points, of: [0, 0]) == asked.logProbabilities(points, of: [0, 0]))
    #expect(try transferring.successes(points, of: [0, 0]) == [false, true])
    let aimed = try transferring.ascent(points, of: [0, 0], toward: [1, 1], objective: nil)
    #expect(aimed.gradient == (try asked.ascent(points, of: [0, 0], toward: [1, 1], objective: nil)).gradient)
    #expect(aimed.successes == [false, true])
    // The second point lies outside the ball.
    #expect(transferring.record.reachedGoal == [false, false])
    _ = try transferring.values(Tensor(shape: [1, 2], elements: [0.55, 0.35]), of: [0], objective: nil)
    #expect(transferring.record.reachedGoal == [true, false])
  }

  @Test func `costs its own draws, and those that decide`() throws {
    var oracle = try oracle(Surrogate(name: "other", ensemble: Self.other, draws: [1]))
    _ = try oracle.ascent(Self.examples.inputs)
    #expect(oracle.record.memberGradients == 2)
    #expect(oracle.record.memberForwards == 2)
    _ = try oracle.values(Self.examples.inputs)
    #expect(oracle.record.memberForwards == 6)
  }

  @Test func `that is a draw gives what an attack on this draw alone returns`() throws {
    let subject = try ClosedForm.subject(30)
    let alone = ClosedForm.subject(ClosedFormEnsemble(phases: [ClosedForm.phases[1]]), examples: subject.examples)
    let attack = try request("pgd:keep=last,steps=5")
    let transferred = try subject.evaluated([attack]) {
      $0.surrogate = Surrogate(name: "draw:1", ensemble: subject.ensemble, draws: [1])
    }
    let own = try alone.evaluated([attack])
    #expect(transferred.attackRuns[0].adversarialInputs == own.attackRuns[0].adversarialInputs)
    #expect(transferred.surrogate == "draw:1")
    #expect(transferred.attackRuns[0].memberGradients == 5 * 30)
  }

  @Test func `that cannot lead to the boundary finds nothing, and the verdict says whose number it is`() throws {
    // The surrogate's slope is along the second feature, of which the posterior knows nothing.
    let blind = ListedEnsemble([LinearNetwork(weights: [[0, -4], [0, 4]], bias: [2, -2])])
    let attack = try request("pgd:steps=20,random-start=false")
    let direct = try Self.subject.evaluated([attack], epsilons: [0.25])
    #expect(direct.attackRuns[0].robustAccuracy.value == 0)
    #expect(!direct.attackRuns[0].checks.contains { $0.name == CheckName.surrogate })
    let transferred = try Self.subject.evaluated([attack], epsilons: [0.25]) {
      $0.surrogate = Surrogate(name: "blind.h5", ensemble: blind)
    }
    #expect(transferred.attackRuns[0].robustAccuracy.value == 1)
    let check = try #require(transferred.attackRuns[0].checks.first { $0.name == CheckName.surrogate })
    #expect(check.status == .warning)
    #expect(check.finding.contains("blind.h5"))
    #expect(transferred.verdict.warnings.contains(CheckName.surrogate))
    #expect(transferred.table.contains("surrogate blind.h5"))
    // Many steps on something else are not many steps.
    #expect(transferred.verdict.warnings.contains("surrogate"))
    // Noise asks the posterior: it is the same as ever.
    #expect(transferred.runs.last?.adversarialInputs == direct.runs.last?.adversarialInputs)
  }

  @Test func `whose gradients are wrong is found out`() throws {
    struct Turned: Model {
      let base = ClosedFormNetwork(phase: 0.4)
      var inputShape: [Int] { base.inputShape }
      var classCount: Int { base.classCount }
      func logits(_ inputs: Tensor) throws -> Tensor { try base.logits(inputs) }
      func inputGradient(_ inputs: Tensor, logitGradient: Tensor) throws -> ScaledGradient {
        try base.inputGradient(inputs, logitGradient: logitGradient).negated
      }
    }
    let subject = try ClosedForm.subject(30)
    let result = try subject.evaluated([request("pgd")]) {
      $0.surrogate = Surrogate(name: "turned", ensemble: ListedEnsemble([Turned()]))
    }
    #expect(result.verdict.failed.contains(CheckName.finiteDifferences))
    let sound = try subject.evaluated([request("pgd")]) {
      $0.surrogate = Surrogate(name: "sound", ensemble: ClosedFormEnsemble(phases: [0.4]))
    }
    #expect(!sound.verdict.failed.contains(CheckName.finiteDifferences))
  }

  @Test func `of another shape, of other classes or without draws is refused`() throws {
    let narrow = ListedEnsemble([LinearNetwork(weights: [[1], [0]], bias: [0, 0])])
    let three = ListedEnsemble([LinearNetwork(weights: [[1, 0], [0, 1], [0, 0]], bias: [0, 0, 0])])
    for surrogate in [
      Surrogate(name: "narrow", ensemble: narrow), Surrogate(name: "three", ensemble: three),
      Surrogate(name: "none", ensemble: Self.other, draws: []),
      Surrogate(name: "far", ensemble: Self.other, draws: [2]),
    ] {
      #expect(throws: CoreError.self, "\(surrogate.name)") {
        try Self.subject.evaluated([request("pgd")]) { $0.surrogate = surrogate }
      }
    }
  }

  @Test func `is asked for by a draw, a number of draws or a file`() {
    #expect(SurrogateRule("draw:3") == .draw(3))
    #expect(SurrogateRule("draws:8") == .draws(8))
    #expect(SurrogateRule("folder/other.h5") == .file("folder/other.h5"))
    for wrong in ["", "draw:-1", "draw:x", "draws:0", "draws:"] { #expect(SurrogateRule(wrong) == nil, "\(wrong)") }
    for rule in [SurrogateRule.draw(0), .draws(2), .file("a:b.h5")] {
      #expect(SurrogateRule(rule.description) == rule)
    }
  }
}
