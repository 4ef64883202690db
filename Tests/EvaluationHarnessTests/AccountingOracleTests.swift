import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

@Suite(.inTurn) struct `The accounting oracle` {
  func oracle(
    _ subject: EvaluationSubject, threat: ThreatModel, draws: AccountingOracle.QueryDraws? = nil,
    decision: Decision = .predictive, examples: Examples? = nil
  ) -> AccountingOracle {
    AccountingOracle(
      ensemble: subject.ensemble, examples: examples ?? subject.examples, threat: threat, objective: .predictive,
      decision: decision, draws: draws ?? .fixed(Array(0..<subject.ensemble.drawCount)), progress: SilentProgress())
  }

  @Test func `counts every backward pass through one draw for one example`() throws {
    let subject = try ClosedForm.subject(10)
    var oracle = oracle(subject, threat: try ThreatModel(epsilon: 0.1))
    _ = try oracle.ascent(subject.examples.inputs)
    #expect(oracle.record.memberGradients == 10 * 3)
    _ = try oracle.ascent(subject.examples.inputs.rows([4, 4]), of: [4, 4], objective: .margin)
    #expect(oracle.record.memberGradients == 12 * 3)
    _ = try oracle.values(subject.examples.inputs)
    _ = try oracle.successes(subject.examples.inputs)
    _ = try oracle.logProbabilities(subject.examples.inputs.rows([0]), of: [0])
    #expect(oracle.record.memberGradients == 12 * 3)
    #expect(oracle.record.queries == 10 + 2 + 10 + 10 + 1)
  }

  @Test(arguments: [1, 7]) func `steps × examples × draws is what PGD costs when it keeps the last point`(_ steps: Int)
    throws
  {
    let result = try ClosedForm.subject(20).evaluated([request("pgd:keep=last,steps=\(steps)")])
    #expect(result.attackRuns[0].memberGradients == steps * 20 * 3)
    #expect(result.runs.last?.memberGradients == 0)
  }

  @Test func `remembers adversarial points inside the threat model only`() throws {
    // The class is the sign of x₀ − 0.5.
    let ensemble = ListedEnsemble([LinearNetwork(weights: [[-4, 0], [4, 0]], bias: [2, -2])])
    let examples = Examples(inputs: Tensor(shape: [1, 2], elements: [0.45, 0.5]), labels: [0])
    let subject = ClosedForm.subject(ensemble, examples: examples)
    var oracle = oracle(subject, threat: try ThreatModel(epsilon: 0.1))
    for outside in [[0.7, 0.5], [0.55, 1.2], [0.55, .nan]] {
      _ = try? oracle.values(Tensor(shape: [1, 2], elements: outside))
      #expect(oracle.record.reachedGoal == [false])
    }
    _ = try oracle.values(Tensor(shape: [1, 2], elements: [0.49, 0.5]))
    #expect(oracle.record.reachedGoal == [false])
    _ = try oracle.values(Tensor(shape: [1, 2], elements: [0.55, 0.5]))
    _ = try oracle.values(Tensor(shape: [1, 2], elements: [0.54, 0.5]))
    #expect(oracle.record.reachedGoal == [true])
    #expect(oracle.record.adversarialPoints.elements == [0.55, 0.5])
  }

  @Test func `climbs towards the target where there is one`() throws {
    let ensemble = ListedEnsemble([LinearNetwork(weights: [[0, 0], [1, 0], [0, 1]], bias: [0.9, 0, 0])])
    let examples = Examples(inputs: Tensor(shape: [1, 2], elements: [0.5, 0.5]), labels: [0], targets: [2])
    let subject = ClosedForm.subject(ensemble, examples: examples)
    var oracle = oracle(subject, threat: try ThreatModel(epsilon: 0.5, goal: .targeted))
    let start = try oracle.ascent(examples.inputs)
    #expect(start.gradient.values[0, 1] > 0)
    let other = try oracle.values(Tensor(shape: [1, 2], elements: [1, 0.5]))
    let target = try oracle.values(Tensor(shape: [1, 2], elements: [0.5, 1]))
    #expect(other.successes == [false])
    #expect(target.successes == [true])
    #expect(other.values[0] < start.values[0] && start.values[0] < target.values[0])
  }

  @Test func `resampled draws are other ones for every query, and few`() throws {
    let phases = (0..<12).map { 0.1 * Double($0) }
    let ensemble = ClosedFormEnsemble(phases: phases)
    let subject = ClosedForm.subject(ensemble, examples: try ClosedForm.examples(5, of: ensemble))
    var oracle = oracle(
      subject, threat: try ThreatModel(epsilon: 0.1),
      draws: .resampled(count: 2, among: Array(0..<12), RandomStreams(seed: 1, purpose: "test")))
    let answers = try (0..<6).map { _ in try oracle.values(subject.examples.inputs).values }
    #expect(Set(answers).count > 3)
    _ = try oracle.ascent(subject.examples.inputs)
    #expect(oracle.record.memberGradients == 5 * 2)
  }

  @Test func `disjoint draws attack, the others judge`() throws {
    let phases = (0..<10).map { 0.05 * Double($0) }
    let ensemble = ClosedFormEnsemble(phases: phases)
    let subject = ClosedForm.subject(ensemble, examples: try ClosedForm.examples(20, of: ensemble))
    let result = try subject.evaluated([request("pgd:keep=last,steps=3")]) { $0.attackDraws = .disjoint(4) }
    #expect(result.draws == 6)
    #expect(result.attackRuns[0].memberGradients == 3 * 20 * 4)
  }

  @Test func `success is that of the decision that is scored`() throws {
    // Two draws vote for class 1 by little, one for class 0 by much.
    let ensemble = ListedEnsemble([
      LinearNetwork(weights: [[0], [0]], bias: [0, 0.2]), LinearNetwork(weights: [[0], [0]], bias: [0, 0.2]),
      LinearNetwork(weights: [[0], [0]], bias: [9, 0]),
    ])
    let examples = Examples(inputs: Tensor(shape: [1, 1], elements: [0.5]), labels: [0])
    let subject = ClosedForm.subject(ensemble, examples: examples)
    let expected: [(Decision, Bool)] = [
      (.predictive, false), (.majorityVote, true), (.singleDraw(0), true), (.singleDraw(2), false),
    ]
    for (decision, isFooled) in expected {
      var oracle = oracle(subject, threat: try ThreatModel(epsilon: 0.1), decision: decision)
      #expect(try oracle.successes(examples.inputs) == [isFooled], "\(decision)")
    }
  }

  @Test func `points of another shape are refused in words`() throws {
    let subject = try ClosedForm.subject(4)
    var oracle = oracle(subject, threat: try ThreatModel(epsilon: 0.1))
    #expect(throws: CoreError.self) { try oracle.values(Tensor(zeros: [4, 3])) }
    #expect(throws: CoreError.self) { try oracle.ascent(Tensor(zeros: [2, 4]), of: [0], objective: nil) }
    #expect(throws: CoreError.self) { try oracle.successes(Tensor(zeros: [1, 4]), of: [4]) }
    struct ReturnsTooFew: Attack {
      static let name = "returns-too-few"
      init(_ options: NoOptions) throws {}
      func perturb(
        _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
      ) throws -> Tensor { examples.inputs.rows([0]) }
    }
    let failures = try subject.evaluated([AttackRequest(ReturnsTooFew.self)]).failures
    #expect(failures.map(\.attack) == ["returns-too-few"])
    #expect(failures.map(\.reason) == ["it returned points of shape [1, 4] for examples of [4, 4]"])
  }
}
