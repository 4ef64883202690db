import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

@Suite(.inTurn) struct `An evaluation` {
  /// What identifies a run, and its numbers apart from the time it took.
  func summary(_ run: RunResult) -> String {
    "\(run.attack) \(run.options.sorted { $0.key < $1.key }) \(run.norm) \(run.epsilon) \(run.objective): \(run.correct) \(run.memberGradients) "
      + "\(run.checks) \(run.adversarialInputs.elements)"
  }

  @Test func `shows random noise once for each norm and ε, and no companion`() throws {
    let result = try ClosedForm.subject(20).evaluated(
      [request("pgd"), request("pgd:norm=l2"), request("pgd:steps=3")], objectives: [.predictive, .margin],
      epsilons: [0.02, 0.04])
    let noise = result.runs.filter { $0.attack == "random" }.map { "\($0.norm) \($0.epsilon)" }
    #expect(noise.sorted() == ["l2 0.02", "l2 0.04", "linf 0.02", "linf 0.04"])
    #expect(result.runs.count == 3 * 2 * 2 + 4)
    #expect(Set(result.runs.map(\.attack)) == ["pgd", "random"])
    #expect(result.attackRuns.allSatisfy { $0.options["steps"] != "30" && $0.options["restarts"] == "1" })
  }

  @Test func `noise that was asked for is not run twice`() throws {
    let result = try ClosedForm.subject(20).evaluated([request("random:draws=3"), request("fgsm")])
    #expect(result.runs.map(\.attack) == ["fgsm", "random"])
    #expect(result.runs[1].options["draws"] == "3")
  }

  @Test func `does not depend on the order of the attacks`() throws {
    let attacks = try [request("pgd"), request("fgsm"), request("pgd:norm=l2,restarts=2")]
    let one = try ClosedForm.subject(30).evaluated(attacks, objectives: [.predictive, .expectedLoss])
    let other = try ClosedForm.subject(30).evaluated(attacks.reversed(), objectives: [.predictive, .expectedLoss])
    #expect(one.runs.map(summary).sorted() == other.runs.map(summary).sorted())
    #expect(one.verdict == other.verdict)
  }

  @Test func `times the attack, not its checks`() throws {
    struct Idle: Attack {
      struct Options: PluginOptions {
        var steps = 1
        init() {}
      }
      static let name = "idle"
      let steps: Int
      init(_ options: Options) throws { steps = options.steps }
      func perturb(
        _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
      ) throws -> Tensor {
        // The companion with twice the steps waits.
        let clock = ContinuousClock()
        let end = clock.now + .milliseconds(steps > 1 ? 300 : 0)
        while clock.now < end {}
        return examples.inputs
      }
    }
    let clock = ContinuousClock()
    var seconds = 0.0
    let whole = try clock.measure {
      // So small an ε that doing nothing loses to nobody.
      seconds = try ClosedForm.subject(5).evaluated([AttackRequest(Idle.self)], epsilons: [1e-9]).runs[0].seconds
    }
    #expect(whole > .milliseconds(300))
    #expect(seconds < 0.2)
  }

  @Test func `aims at a class`() throws {
    let identity = ListedEnsemble([
      LinearNetwork(weights: (0..<3).map { k in (0..<3).map { $0 == k ? 8 : 0 } }, bias: [0, 0, 0])
    ])
    let inputs = Tensor(shape: [3, 3], elements: [0.6, 0.4, 0.5, 0.4, 0.6, 0.5, 0.5, 0.4, 0.6])
    let subject = ClosedForm.subject(identity, examples: Examples(inputs: inputs, labels: [0, 1, 2]))
    for target in [TargetRule.next, .leastLikely, .fixed(1)] {
      let run = try subject.evaluated([request("pgd")], epsilons: [0.4]) { $0.target = target }.runs[0]
      #expect(run.targetReached?.value == 1)
      #expect(run.robustAccuracy.value == 0)
    }
  }

  @Test func `a plan that does not fit is refused`() throws {
    let subject = try ClosedForm.subject(5)
    func refuses(_ change: (inout EvaluationPlan) -> Void, sourceLocation: SourceLocation = #_sourceLocation) {
      #expect(throws: CoreError.self, sourceLocation: sourceLocation) {
        try subject.evaluated([request("fgsm")], change: change)
      }
    }
    // Nothing run and nothing checked would read as believable.
    refuses { $0.attacks = [] }
    refuses { $0.objectives = [] }
    refuses { $0.epsilons = [] }
    refuses { $0.draws = .some([]) }
    refuses { $0.draws = .some([3]) }
    refuses { $0.draws = .some([1, 1]) }
    refuses { $0.attackDraws = .disjoint(3) }
    refuses { $0.attackDraws = .disjoint(0) }
    refuses { $0.attackDraws = .resampled(0) }
    refuses { $0.attackDraws = .resampled(4) }
    refuses { $0.decision = .singleDraw(3) }
    refuses { $0.target = .fixed(4) }
    refuses { $0.epsilons = [-1] }
    refuses { $0.epsilons = [.nan] }
  }

  @Test func `examples that do not fit are refused`() throws {
    var subject = try ClosedForm.subject(5)
    subject.examples = Examples(inputs: subject.examples.inputs, labels: [0, 1, 2, 3, 4])
    #expect(throws: CoreError.self) { try subject.evaluated([request("fgsm")]) }
    subject.examples = Examples(inputs: Tensor(zeros: [2, 3]), labels: [0, 1])
    #expect(throws: CoreError.self) { try subject.evaluated([request("fgsm")]) }
  }

  @Test func `a metric that cannot say anything says why, and costs nothing else`() throws {
    struct Undefined: RobustnessMetric {
      static let name = "undefined"
      func evaluate(_ outcomes: Outcomes) throws -> Estimate { throw CoreError("undefined: no examples of class 3") }
    }
    let result = try ClosedForm.subject(5).evaluated([request("fgsm")]) { $0.metrics = [Undefined.self] }
    let estimate = try #require(result.runs[0].metrics["undefined"])
    #expect(estimate.value.isNaN)
    #expect(estimate.unit.contains("no examples of class 3"))
  }
}
