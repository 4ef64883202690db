import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

/// Every planted fault is one of the model or of its gradient; the attack is sound.
@Suite(.inTurn) struct `A faulty model is named` {
  static let afterGradient = ["noise-not-stronger", "fgsm-not-stronger", "doubled-steps", "doubled-restarts"]

  func evaluated(_ ensemble: some PosteriorEnsemble, count: Int = 60, objectives: [Objective] = [.predictive]) throws
    -> EvaluationResult
  {
    let sound = ClosedFormEnsemble(phases: ClosedForm.phases)
    return try ClosedForm.subject(ensemble, examples: try ClosedForm.examples(count, of: sound))
      .evaluated([request("pgd")], objectives: objectives)
  }

  @Test func `the same models without a fault are believable`() throws {
    #expect(try evaluated(faulty { _ in }, objectives: Objective.allCases).verdict.failed == [])
    let whole = FaultyEnsemble(base: ClosedFormEnsemble(phases: ClosedForm.phases))
    #expect(try evaluated(whole).verdict.failed == [])
  }

  @Test(arguments: Objective.allCases) func `gradients that are all zero`(_ objective: Objective) throws {
    let ensemble = faulty { $0.gradient = { gradient, _ in gradient.mapRows { row, _ in row = row.map { _ in 0 } } } }
    expect(
      try evaluated(ensemble, objectives: [objective]), names: "zero-gradients",
      notRun: ["saturation", "finite-differences"] + Self.afterGradient)
  }

  @Test func `gradients that are zero for one example in ten`() throws {
    let ensemble = FaultyEnsemble(base: ClosedFormEnsemble(phases: ClosedForm.phases)) { gradient, examples in
      gradient.mapRows { row, index in
        if examples.identifiers[index].isMultiple(of: 10) { row = row.map { _ in 0 } }
      }
    }
    expect(try evaluated(ensemble), names: "zero-gradients", notRun: Self.afterGradient)
  }

  @Test(arguments: [0, 1, 2]) func `log-probabilities of one draw that are not numbers`(_ broken: Int) throws {
    let ensemble = FaultyEnsemble(
      base: ClosedFormEnsemble(phases: ClosedForm.phases),
      members: { logProbabilities in
        var changed = logProbabilities
        // Shape (draws, examples, classes): one class of the eighth example.
        changed.elements[(broken * changed.shape[1] + 7) * changed.shape[2] + 1] = .nan
        return changed
      })
    expect(
      try evaluated(ensemble), names: "finite-values",
      notRun: ["logits", "clean-accuracy", "budget", "box", "silent-success"] + Self.afterGradient)
  }

  @Test func `a gradient that is not a number away from the inputs`() throws {
    let ensemble = faulty {
      $0.gradient = { gradient, inputs in gradient.mapRows { row, index in if inputs[index, 0] > 0.5 { row[0] = .nan } }
      }
    }
    expect(
      try evaluated(ensemble), names: "finite-values", notRun: ["zero-gradients", "finite-differences"])
  }

  @Test func `probabilities returned as logits`() throws {
    let ensemble = ListedEnsemble(ClosedForm.phases.map { ProbabilityModel(base: ClosedFormNetwork(phase: $0)) })
    expect(
      try evaluated(ensemble), names: "logits",
      notRun: ["zero-gradients", "saturation", "finite-differences"] + Self.afterGradient)
  }

  @Test func `log-probabilities may be called logits`() throws {
    let ensemble = faulty {
      $0.logits = { logits in
        var logits = logits
        for row in 0..<logits.rowCount {
          let total = logSumExp(logits[row: row])
          logits[row: row] = logits[row: row].map { $0 - total }[...]
        }
        return logits
      }
    }
    #expect(try evaluated(ensemble).verdict.failed == [])
  }

  struct Pullback: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout [Double]) -> Void
  }

  static let pullbacks = [
    Pullback(testDescription: "one component missing") { $0[2] = 0 },
    Pullback(testDescription: "one component with the wrong sign") { $0[1] = -$0[1] },
    Pullback(testDescription: "two components swapped") { $0.swapAt(0, 1) },
    Pullback(testDescription: "twice as long") { $0 = $0.map { 2 * $0 } },
    Pullback(testDescription: "a tenth too short") { $0 = $0.map { 0.9 * $0 } },
    Pullback(testDescription: "the other way round") { $0 = $0.map { -$0 } },
    Pullback(testDescription: "signs only") { $0 = $0.map { $0 < 0 ? -1 : 1 } },
  ]

  @Test(arguments: pullbacks, Objective.allCases)
  func `a pullback that is wrong`(_ pullback: Pullback, _ objective: Objective) throws {
    let ensemble = faulty { model in
      model.gradient = { gradient, _ in
        ScaledGradient(values: gradient.plain, exponents: gradient.exponents.map { _ in 0 })
          .mapRows { row, _ in pullback.change(&row) }
      }
    }
    expect(try evaluated(ensemble, objectives: [objective]), names: "finite-differences", notRun: Self.afterGradient)
  }

  @Test func `a pullback that is wrong for one class`() throws {
    let ensemble = FaultyEnsemble(base: ClosedFormEnsemble(phases: ClosedForm.phases)) { gradient, examples in
      gradient.mapRows { row, index in if examples.labels[index] == 0 { row[1] = -row[1] } }
    }
    #expect(!(try evaluated(ensemble).verdict.believable))
  }

  @Test func `an ensemble that turns the gradient of its members`() throws {
    let ensemble = FaultyEnsemble(base: ClosedFormEnsemble(phases: ClosedForm.phases)) { gradient, _ in
      gradient.mapRows { row, _ in row.reverse() }
    }
    expect(
      try evaluated(ensemble), names: "saturation", notRun: ["finite-differences"] + Self.afterGradient)
  }

  @Test func `a gradient that is wrong in the attack's batches only`() throws {
    // The tail of a batch of more than 32 holds what was left in the buffer.
    let ensemble = FaultyEnsemble(base: ClosedFormEnsemble(phases: ClosedForm.phases)) { gradient, examples in
      gradient.mapRows { row, index in if index >= 32 { row.reverse() } }
    }
    expect(try evaluated(ensemble), names: "finite-differences", notRun: Self.afterGradient)
  }

  @Test func `an attack that follows another objective whose gradient is wrong`() throws {
    struct FollowsMargin: Attack {
      static let name = "follows-margin"
      init(_ options: NoOptions) throws {}
      func perturb(
        _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
      ) throws -> Tensor {
        var points = examples.inputs
        let rows = Array(0..<examples.count)
        points.stepAlongSign(
          of: try oracle.ascent(points, of: rows, objective: .margin).gradient.values, by: threat.epsilon)
        threat.project(&points, around: examples.inputs)
        return points
      }
    }
    let examples = try ClosedForm.examples(60, of: ClosedFormEnsemble(phases: ClosedForm.phases))
    func subject(_ ensemble: some PosteriorEnsemble) -> EvaluationSubject {
      ClosedForm.subject(ensemble, examples: examples)
    }
    let sound = subject(ClosedFormEnsemble(phases: ClosedForm.phases))
    #expect(try sound.evaluated([AttackRequest(FollowsMargin.self)]).verdict.failed == [])
    let wrong = subject(WrongMargin(base: ClosedFormEnsemble(phases: ClosedForm.phases)))
    #expect(try wrong.evaluated([request("pgd")]).verdict.failed == [])
    expect(try wrong.evaluated([AttackRequest(FollowsMargin.self)]), names: "finite-differences")
  }

  @Test(arguments: [Oracle.sharp, .saturated], [Objective.expectedLoss, .predictive, .meanLogit])
  func `float32 without the log domain`(_ oracle: Oracle, _ objective: Objective) throws {
    let (naive, box) = try oracle.subject(100, arithmetic: .naiveFloat32)
    expect(
      try naive.evaluated([request("pgd")], objectives: [objective], epsilons: [0.1], box: box),
      names: "zero-gradients", notRun: ["saturation", "finite-differences"] + Self.afterGradient)
  }
}

/// An ensemble whose gradient of the margin is a tenth too long.
private struct WrongMargin: PosteriorEnsemble {
  let base: ClosedFormEnsemble
  var inputShape: [Int] { base.inputShape }
  var classCount: Int { base.classCount }
  var drawCount: Int { base.drawCount }
  func member(_ draw: Int) throws -> ClosedFormNetwork { try base.member(draw) }
  func lossAndGradient(_ examples: Examples, objective: Objective, draws: DrawSelection) throws -> LossAndGradient {
    var answer = try base.lossAndGradient(examples, objective: objective, draws: draws)
    if objective == .margin { answer.gradient = answer.gradient.mapRows { row, _ in row = row.map { 1.1 * $0 } } }
    return answer
  }
}
