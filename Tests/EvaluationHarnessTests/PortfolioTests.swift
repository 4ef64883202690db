import BuiltInPlugins
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

@Suite(.inTurn) struct `A portfolio` {
  static let portfolios: [any Attack.Type] = [QuickPortfolio.self, StandardPortfolio.self]

  func run(_ subject: EvaluationSubject, _ portfolio: any Attack.Type, _ norm: Norm, _ epsilon: Double) throws
    -> RunResult
  {
    try subject.evaluated([AttackRequest(portfolio, norm: norm)], epsilons: [epsilon]).attackRuns[0]
  }

  @Test(arguments: [(Oracle.sharp, Norm.linf, 0.05), (.relu, .l2, 1.0), (.moons, .linf, 0.1)])
  func `finds what PGD finds and more, and says which stage found what`(
    _ oracle: Oracle, _ norm: Norm, _ epsilon: Double
  ) throws {
    let (subject, box) = try oracle.subject(60)
    let result = try subject.evaluated(
      [AttackRequest(StandardPortfolio.self, norm: norm), request("pgd:norm=\(norm)")], epsilons: [epsilon], box: box)
    let standard = try #require(result.runs.first { $0.attack == "standard" })
    let plain = try #require(result.runs.first { $0.attack == "pgd" })
    #expect(standard.robustAccuracy.value <= plain.robustAccuracy.value)
    #expect(result.verdict.failed == [])
    // Every example that fell has a stage, and nothing else has one.
    let wrongAsGiven = Int(((1 - result.cleanAccuracy.value) * 60).rounded())
    #expect(standard.foundBy.count { $0 != nil } + wrongAsGiven == standard.correct.count { !$0 })
    for (found, isCorrect) in zip(standard.foundBy, standard.correct) where found != nil { #expect(!isCorrect) }
    for stage in standard.stages {
      #expect(stage.fell == standard.foundBy.count { $0 == stage.name }, "\(stage.name)")
      #expect(stage.memberGradients + stage.memberForwards > 0)
    }
    for (earlier, later) in zip(standard.stages, standard.stages.dropFirst()) {
      #expect(later.tried == earlier.tried - earlier.fell)
    }
    #expect(standard.robustAccuracy.value == standard.robustAccuracyBestQuery.value)
  }

  @Test(arguments: portfolios) func `tries the same on an example whatever the others are`(
    _ portfolio: any Attack.Type
  ) throws {
    let (subject, _) = try Oracle.sharp.subject(24)
    let whole = try run(subject, portfolio, .linf, 0.05)
    let chosen = [19, 3, 11, 4, 23]
    var part = subject
    part.examples = subject.examples.subset(chosen)
    let alone = try run(part, portfolio, .linf, 0.05)
    #expect(alone.foundBy == chosen.map { whole.foundBy[$0] })
    #expect(alone.adversarialInputs == whole.adversarialInputs.rows(chosen))
  }

  @Test func `leaves by itself the points that it leaves in an evaluation`() throws {
    let (subject, box) = try Oracle.sharp.subject(24)
    let whole = try subject.evaluated(
      [AttackRequest(StandardPortfolio.self, norm: .linf)], epsilons: [0.05], box: box
    ).attackRuns[0]
    let alone = try PortfolioRun(
      standardOn: subject.examples, within: ThreatModel(epsilon: 0.05, box: box), ensemble: subject.ensemble, seed: 0,
      companions: .builtIn)
    #expect(alone.points == whole.adversarialInputs)
    #expect(alone.correct == whole.correct)
    #expect(alone.stages.map(\.fell) == whole.stages.map(\.fell))
    #expect(alone.stages.map(\.memberGradients) == whole.stages.map(\.memberGradients))
    #expect(alone.correct.contains(true) && alone.correct.contains(false))
  }

  @Test func `decides objectives, gradients and classes itself`() throws {
    for change in [
      { (request: inout EvaluationRequest) in request.objectives = [.margin] }, { $0.gradient = .straightThrough },
      { $0.target = .each },
    ] as [(inout EvaluationRequest) -> Void] {
      var request = EvaluationRequest(.given)
      request.attacks = [AttackSpecification("standard")]
      change(&request)
      #expect(throws: (any Error).self) {
        _ = try EvaluationJob(
          request, attacks: .builtIn, companions: .builtIn, subject: try ClosedForm.subject(5))
      }
    }
  }

  @Test func `is no attack without the harness`() throws {
    let subject = try ClosedForm.subject(3)
    var oracle = DirectOracle(ClosedFormEnsemble(phases: ClosedForm.phases), subject.examples)
    #expect(throws: CoreError.self) {
      _ = try StandardPortfolio(NoOptions()).perturb(
        subject.examples, within: try ThreatModel(epsilon: 0.1), oracle: &oracle,
        random: RandomStreams(seed: 0, purpose: "test"))
    }
  }
}

@Suite(.inTurn) struct `Every class in turn` {
  @Test func `finds at least what aiming at none finds, and names no target`() throws {
    let (subject, box) = try Oracle.sharp.subject(60)
    let attack = try request("mifgsm:steps=10,relative-step=0.5")
    let none = try subject.evaluated([attack], objectives: [.margin], epsilons: [0.05], box: box).attackRuns[0]
    let each = try subject.evaluated([attack], objectives: [.margin], epsilons: [0.05], box: box) {
      $0.target = .each
    }.attackRuns[0]
    #expect(each.correct.count { $0 } <= none.correct.count { $0 } + 1)
    #expect(each.targetReached == nil)
    #expect(each.memberGradients > none.memberGradients)
  }

  /// Three classes on one feature each: margins 0.3 and 0.2 with slopes 3 and 1, so that the farther one comes first.
  @Test func `aims first at the class whose margin is small beside its slope`() throws {
    let ensemble = ListedEnsemble([LinearNetwork(weights: [[0, 0], [3, 0], [0, 1]], bias: [0, -1.8, -0.7])])
    let examples = Examples(inputs: Tensor(shape: [1, 2], elements: [0.5, 0.5]), labels: [0])
    let subject = ClosedForm.subject(ensemble, examples: examples)
    let plan = EvaluationPlan(attacks: [try request("pgd")], epsilons: [0.1])
    let evaluator = try Evaluator(subject: subject, plan: plan, companions: .builtIn)
    for norm in [Norm.linf, .l2] {
      var pursuit = Pursuit(
        evaluator, examples, within: try ThreatModel(norm: norm, epsilon: 0.1), surrogate: nil)
      #expect(try pursuit.classOrder(of: [0]) == [0: [1, 2]])
    }
  }
}

@Suite(.inTurn) struct `The rule of the gradient` {
  @Test func `smoothed gradients are those of neighbours, the same for an example whatever the others are`() throws {
    let (subject, _) = try Oracle.relu.subject(6)
    func ascent(_ rows: [Int], _ rule: GradientRule) throws -> Ascent {
      var oracle = AccountingOracle(
        ensemble: subject.ensemble, examples: subject.examples, threat: try ThreatModel(epsilon: 0.1),
        objective: .predictive, decision: .predictive,
        draws: .fixed(Array(0..<subject.ensemble.drawCount)), gradientRule: rule, progress: SilentProgress())
      let answer = try oracle.ascent(subject.examples.inputs.rows(rows), of: rows, objective: nil)
      let passes = if case .smoothed(let count) = rule { count + 1 } else { 1 }
      #expect(oracle.record.memberGradients == passes * rows.count * subject.ensemble.drawCount)
      return answer
    }
    let exact = try ascent([0, 1, 2, 3, 4, 5], .exact)
    let smoothed = try ascent([0, 1, 2, 3, 4, 5], .smoothed(3))
    #expect(smoothed.values == exact.values)
    #expect(smoothed.gradient != exact.gradient)
    #expect(try ascent([4, 2], .smoothed(3)).gradient == smoothed.gradient.rows([4, 2]))
  }

  @Test func `an ensemble without such derivatives says so`() throws {
    let result = try ClosedForm.subject(3).evaluated([request("pgd")]) { $0.gradient = .straightThrough }
    #expect(result.failures.first?.reason.contains("no straight-through gradients") == true)
  }
}

@Suite(.inTurn) struct `A checkpoint` {
  /// A bit that turned in a point would be another result.
  @Test func `with one bit turned is refused, wherever the bit is`() throws {
    try withFolder { folder in
      let file = folder.appending(path: "state").path
      let subject = try ClosedForm.subject(12)
      var plan = EvaluationPlan(attacks: [AttackRequest(QuickPortfolio.self)], epsilons: [0.05])
      plan.checks = .quick
      var evaluator = try Evaluator(subject: subject, plan: plan, companions: .builtIn)
      evaluator.checkpoint = try Checkpoint(path: file)
      _ = try evaluator.evaluate()
      let whole = try Data(contentsOf: URL(filePath: file))
      _ = try Checkpoint(path: file)
      let damaged = folder.appending(path: "damaged")
      var accepted: [Int] = []
      for place in stride(from: 3, to: whole.count, by: max(1, whole.count / 150)) {
        var bytes = whole
        bytes[place] ^= 0x40
        try bytes.write(to: damaged)
        if (try? Checkpoint(path: damaged.path)) != nil { accepted.append(place) }
      }
      #expect(accepted.isEmpty, "\(accepted) of \(whole.count)")
    }
  }

  @Test func `of two processes on one file keeps what both have found`() throws {
    try withFolder { folder in
      let file = folder.appending(path: "state").path
      let subject = try ClosedForm.subject(6)
      func run(seed: UInt64, into checkpoint: Checkpoint) throws {
        var plan = EvaluationPlan(attacks: [AttackRequest(QuickPortfolio.self)], epsilons: [0.05], seed: seed)
        plan.checks = .quick
        var evaluator = try Evaluator(subject: subject, plan: plan, companions: .builtIn)
        evaluator.checkpoint = checkpoint
        _ = try evaluator.evaluate()
      }
      // Both read the file before either has written it.
      let (one, other) = (try Checkpoint(path: file), try Checkpoint(path: file))
      try run(seed: 1, into: one)
      try run(seed: 2, into: other)
      let kept = try Checkpoint(path: file)
      for seed in [UInt64(1), 2] {
        let plan = EvaluationPlan(attacks: [AttackRequest(QuickPortfolio.self)], epsilons: [0.05], seed: seed)
        let evaluator = try Evaluator(subject: subject, plan: plan, companions: .builtIn)
        let name = evaluator.runName("quick", try evaluator.threat(.linf, 0.05), subject.examples)
        #expect(kept.state(of: name) != nil, "seed \(seed)")
      }
    }
  }
}
