import BuiltInPlugins
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

/// How many examples of two oracles stand what the attacks' authors' own programs do, at the same settings: from
/// `Tests/Python/original_attacks.py`, which runs them.
@Suite(.inTurnEarly) struct `Attacks leave as many examples standing as their originals` {
  struct Case: Sendable, CustomTestStringConvertible {
    let attack: String
    let oracle: Oracle
    let examples: Int
    let norm: Norm
    let epsilon: Double
    /// Of the authors' program.
    let standing: Int
    var testDescription: String { "\(attack) in \(norm.symbol) on \(oracle.rawValue)" }

    init(_ attack: String, _ oracle: Oracle, _ examples: Int, _ norm: Norm, standing: Int) {
      self.attack = attack
      self.oracle = oracle
      self.examples = examples
      self.norm = norm
      self.standing = standing
      epsilon = norm == .linf ? (oracle == .relu ? 0.053 : 0.08) : (oracle == .relu ? 0.85 : 0.12)
    }
  }

  static let sequential = "fmn:step=1,projection=sequential"

  @Test(arguments: [
    Case("apgd:random-start=false", .relu, 200, .linf, standing: 110),
    Case("apgd:random-start=false", .moons, 500, .linf, standing: 267),
    Case("apgd:random-start=false", .relu, 200, .l2, standing: 113),
    Case("apgd:random-start=false", .moons, 500, .l2, standing: 186),
    Case("ddn:initial-norm=1", .relu, 200, .l2, standing: 113),
    Case("ddn:initial-norm=1", .moons, 500, .l2, standing: 310),
    Case("fmn:step=1", .relu, 200, .linf, standing: 114), Case("fmn:step=1", .moons, 500, .linf, standing: 292),
    Case(sequential, .relu, 200, .l2, standing: 189), Case(sequential, .moons, 500, .l2, standing: 198),
    Case("fab", .relu, 100, .linf, standing: 58), Case("fab", .moons, 500, .linf, standing: 269),
    Case("deepfool", .relu, 200, .linf, standing: 128), Case("deepfool", .moons, 500, .linf, standing: 339),
    Case("deepfool", .relu, 200, .l2, standing: 123), Case("deepfool", .moons, 500, .l2, standing: 283),
  ])
  func `to two examples where they are deterministic`(_ item: Case) throws {
    let (subject, box) = try item.oracle.subject(item.examples)
    let joint = item.attack.contains(":") ? "," : ":"
    let plan = EvaluationPlan(
      attacks: [try request("\(item.attack)\(joint)norm=\(item.norm.rawValue)")], epsilons: [item.epsilon], box: box)
    let evaluator = try Evaluator(subject: subject, plan: plan, companions: .builtIn)
    let outcome = try evaluator.perform(
      plan.attacks[0], objective: .predictive, threat: evaluator.threat(item.norm, item.epsilon),
      examples: subject.examples)
    let standing = outcome.correct.count { $0 }
    #expect(
      abs(standing - item.standing) <= 2,
      "\(standing) of \(item.examples) examples withstand; the authors' program leaves \(item.standing)")
  }
}
