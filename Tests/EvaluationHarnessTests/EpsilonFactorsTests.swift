import BuiltInPlugins
import Reporting
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

/// A radius of its own for each channel.
@Suite(.inTurn) struct `Factors of epsilon` {
  private func plan(_ attacks: [String], _ epsilon: Double, _ factors: [Double]) throws -> EvaluationPlan {
    var plan = EvaluationPlan(attacks: try attacks.map { try request($0) }, epsilons: [epsilon])
    plan.epsilonFactors = factors
    return plan
  }

  private func evaluated(_ subject: EvaluationSubject, _ plan: EvaluationPlan) throws -> EvaluationResult {
    try Evaluator(subject: subject, plan: plan, companions: .builtIn).evaluate()
  }

  /// A closed-form subject has inputs of one dimension: a channel is a number.
  private func factors(_ subject: EvaluationSubject) -> [Double] {
    (0..<subject.examples.inputs.rowSize).map { [1, 0.25, 0, 2][$0 % 4] }
  }

  @Test(arguments: ["fgsm", "pgd", "apgd", "mifgsm", "square", "random", "fmn", "fab", "rays"])
  func `no attack leaves the ball that they make, and some reach its border`(_ attack: String) throws {
    let subject = try ClosedForm.subject(20)
    let factors = factors(subject)
    let result = try evaluated(subject, plan([attack], 0.05, factors))
    #expect(result.failures.isEmpty && !result.verdict.failed.contains(CheckName.budget), "\(result.failures)")
    var farthest = 0.0
    for run in result.runs {
      for row in 0..<run.adversarialInputs.rowCount {
        for (feature, pair) in zip(run.adversarialInputs[row: row], subject.examples.inputs[row: row]).enumerated() {
          let moved = abs(pair.0 - pair.1)
          #expect(moved <= 0.05 * factors[feature] * (1 + 1e-6) + 1.3e-7, "\(run.attack) \(row) \(feature)")
          farthest = max(farthest, moved)
        }
      }
    }
    // Farther than the plain ε would let it.
    #expect(farthest > 0.051)
    #expect(result.json.compact.contains("\"epsilonFactors\":[1.0,0.25,0.0,2.0]"))
    #expect(result.table.contains("ε times 1, 0.25, 0, 2 in the channels"))
  }

  @Test func `of 1 give the numbers of one radius`() throws {
    let subject = try ClosedForm.subject(30)
    let attacks = ["pgd", "square", "random"]
    let one = try evaluated(subject, plan(attacks, 0.05, []))
    let each = try evaluated(
      subject, plan(attacks, 0.05, Array(repeating: 1, count: subject.examples.inputs.rowSize)))
    #expect(one.runs.map(\.adversarialInputs) == each.runs.map(\.adversarialInputs))
    #expect(one.verdict == each.verdict)
    #expect(!one.json.compact.contains("epsilonFactors"))
  }

  @Test func `scale with ε: twice the factors are twice the radius`() throws {
    let subject = try ClosedForm.subject(30)
    let factors = factors(subject)
    let twice = try evaluated(subject, plan(["pgd"], 0.025, factors.map { 2 * $0 }))
    let once = try evaluated(subject, plan(["pgd"], 0.05, factors))
    #expect(twice.runs.map(\.adversarialInputs) == once.runs.map(\.adversarialInputs))
  }

  @Test func `are one for each channel, in one norm`() throws {
    let subject = try ClosedForm.subject(10)
    #expect(throws: CoreError.self) { try evaluated(subject, plan(["fgsm"], 0.1, [1])) }
    let error = #expect(throws: CoreError.self) { try evaluated(subject, plan(["pgd:norm=l2"], 0.1, factors(subject))) }
    #expect("\(try #require(error))".contains("norm linf only"))
  }

  @Test(arguments: [[-1.0, 1], [.infinity, 1], [0, 0]]) func `that make no ball are refused`(_ factors: [Double]) {
    var request = EvaluationRequest(.given)
    request.epsilonFactors = factors
    #expect(throws: (any Error).self) { try request.check() }
  }

  @Test func `that hold the whole box are told`() throws {
    let subject = try ClosedForm.subject(10)
    let size = subject.examples.inputs.rowSize
    let all = try evaluated(subject, plan(["fgsm"], 0.5, Array(repeating: 2, count: size)))
    #expect(all.verdict.warnings.contains(CheckName.radius))
    let but = try evaluated(subject, plan(["fgsm"], 0.5, Array(repeating: 2, count: size - 1) + [1]))
    #expect(!but.verdict.warnings.contains(CheckName.radius))
    let none = try evaluated(subject, plan(["fgsm"], 8 / 255.0, Array(repeating: 1e-3, count: size)))
    #expect(none.verdict.warnings.contains(CheckName.smallRadius))
  }
}
