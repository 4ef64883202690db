import BuiltInPlugins
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

@Suite(.inTurn) struct `The lowest number found` {
  func lowest(
    _ subject: EvaluationSubject, _ attack: String, _ epsilon: Double, _ box: ClosedRange<Double>,
    _ change: (inout EvaluationPlan) -> Void = { _ in }
  ) throws -> (result: EvaluationResult, lowest: LowestFound) {
    let result = try subject.evaluated([Self.request(attack)], epsilons: [epsilon], box: box, change: change)
    return (result, try #require(result.lowestFound.first))
  }

  static func request(_ attack: String) throws -> AttackRequest {
    try AttackSpecification(attack, among: .builtIn + Companions.builtIn.portfolios)
      .resolve(among: .builtIn + Companions.builtIn.portfolios)
  }

  @Test func `is the union of everything, and says what found it`() throws {
    let (subject, box) = try Oracle.saturated.subject(60)
    let (result, lowest) = try lowest(subject, "fgsm", 0.05, box)
    let run = result.attackRuns[0]
    #expect(lowest.accuracy.value < run.robustAccuracy.low ?? 0)
    #expect(result.verdict.failed == ["lowest-found"])
    // Nothing that a run found is missing, and every example that fell has a name.
    for run in result.runs {
      for (row, isCorrect) in run.correct.enumerated() where !isCorrect {
        let isWrongAsGiven = try !isCorrectAsGiven(subject, row)
        #expect(lowest.foundBy[row] != nil || isWrongAsGiven)
      }
    }
    let stand = try (0..<60).filter { try isCorrectAsGiven(subject, $0) && lowest.foundBy[$0] == nil }
    #expect(abs(lowest.accuracy.value - Double(stand.count) / 60) < 1e-12)
    #expect(result.table.contains("lowest found  "))
    // Companions are no runs.
    #expect(result.runs.map(\.attack) == ["fgsm", "random"])
  }

  private func isCorrectAsGiven(_ subject: EvaluationSubject, _ row: Int) throws -> Bool {
    try subject.ensemble.predict(subject.examples.inputs.rows([row]), draws: .all).classes(.predictive)
      == [subject.examples.labels[row]]
  }

  /// One step is the best that there is on a network that is linear, and so is told.
  @Test func `is that of the run where nothing can be better`() throws {
    let networks = [LinearNetwork(weights: [[0, 0, 0], [3, 1, 0]], bias: [0, -2])]
    let examples = `What is judged is looked at`.examples(80) { $0 > 0.5 ? 1 : 0 }
    let subject = ClosedForm.subject(ListedEnsemble(networks), examples: examples)
    let (result, lowest) = try lowest(subject, "fgsm", 0.05, 0...1)
    #expect(result.verdict.believable)
    #expect(lowest.isSettled)
    #expect(lowest.accuracy.value == result.attackRuns[0].robustAccuracy.value)
  }

  @Test(arguments: [("pgd", CheckLevel.quick), ("pgd", .standard), ("pgd:steps=40", .standard), ("pgd", .thorough)])
  func `costs no more than was allowed`(_ attack: String, _ level: CheckLevel) throws {
    let (subject, box) = try Oracle.sharp.subject(60)
    let (result, lowest) = try lowest(subject, attack, 0.05, box) { $0.checks = level }
    let own = Double(result.attackRuns[0].memberGradients) / Double(60 * subject.ensemble.drawCount)
    let allowed = own + Double(level.factor) * max(16, own)
    #expect(lowest.gradientsPerExample <= allowed, "\(lowest.gradientsPerExample) of \(allowed)")
    // Most of what may be spent is.
    if level == .standard { #expect(lowest.gradientsPerExample > 0.5 * allowed) }
  }

  @Test func `has not settled where the last companions still find much`() throws {
    let (subject, box) = try Oracle.saturated.subject(100)
    let (result, lowest) = try lowest(subject, "fgsm", 0.05, box) { $0.checks = .quick }
    #expect(!lowest.isSettled)
    #expect(result.table.contains("and was still falling: --attack standard"))
    let (enough, later) = try self.lowest(subject, "standard", 0.05, box)
    #expect(later.isSettled)
    #expect(!enough.table.contains("still falling"))
  }

  @Test func `does not depend on the order of the examples`() throws {
    let (subject, box) = try Oracle.sharp.subject(130)
    let order = (0..<130).map { ($0 * 37 + 11) % 130 }
    var turned = subject
    turned.examples = subject.examples.subset(order)
    let (one, lowestOfOne) = try lowest(subject, "pgd", 0.05, box)
    let (other, lowestOfOther) = try lowest(turned, "pgd", 0.05, box)
    #expect(lowestOfOther.foundBy == order.map { lowestOfOne.foundBy[$0] })
    #expect(lowestOfOther.gradientsPerExample == lowestOfOne.gradientsPerExample)
    let names = one.attackRuns[0].checks.map { "\($0.name) \($0.status)" }
    #expect(other.attackRuns[0].checks.map { "\($0.name) \($0.status)" } == names)
    #expect(other.verdict == one.verdict)
  }

  /// The attack saw two draws; the companions attack those that judge.
  @Test func `is against the draws that judge, and for the goal of the run`() throws {
    let (subject, box) = try Oracle.relu.subject(60)
    let (plain, reached) = try lowest(subject, "pgd", 0.05, box) { $0.target = .next }
    let run = plain.attackRuns[0]
    let targetReached = try #require(run.targetReached)
    // Not decided as the target: never more than the run itself left, and far above what any wrong decision leaves.
    #expect(reached.accuracy.value <= 1 - targetReached.value + 1e-12)
    let (_, any) = try lowest(subject, "pgd", 0.05, box)
    #expect(any.accuracy.value < reached.accuracy.value)

    let (one, lowestOfOne) = try lowest(subject, "pgd", 0.05, box) { $0.attackDraws = .disjoint(1) }
    #expect(lowestOfOne.accuracy.value <= one.attackRuns[0].robustAccuracy.value)
    let (single, ofSingle) = try lowest(subject, "pgd", 0.05, box) { $0.decision = .singleDraw(1) }
    #expect(single.verdict.warnings.contains("evaluated-draws"))
    #expect(ofSingle.accuracy.value < single.attackRuns[0].robustAccuracy.value)
  }
}
