import BuiltInPlugins
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

/// How many examples of two oracles stand what the attacks' authors' own programs do, at the same settings: from
/// `Tests/Python/original_attacks.py` and `Tests/Originals/score_attacks.py`, which run them.
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

    init(
      _ attack: String, _ oracle: Oracle, _ examples: Int, _ norm: Norm, epsilon: Double? = nil, standing: Int = 0
    ) {
      self.attack = attack
      self.oracle = oracle
      self.examples = examples
      self.norm = norm
      self.standing = standing
      let usual =
        switch (norm, oracle) {
        case (.linf, .relu): 0.053
        case (.linf, .moons): 0.08
        case (.l2, .relu): 0.85
        default: 0.12
        }
      self.epsilon = epsilon ?? usual
    }
  }

  static let short = "cw:search-steps=6,iterations=200,rate=0.05,initial-weight=0.01"
  static let sequential = "fmn:step=1,projection=sequential"

  @Test(arguments: [
    Case("apgd:random-start=false", .relu, 200, .linf, standing: 110),
    Case("apgd:random-start=false", .moons, 500, .linf, standing: 267),
    Case("apgd:random-start=false", .relu, 200, .l2, standing: 113),
    Case("apgd:random-start=false", .moons, 500, .l2, standing: 186),
    Case("ddn:initial-norm=1", .relu, 200, .l2, standing: 113),
    Case("ddn:initial-norm=1", .moons, 500, .l2, standing: 310),
    Case("fmn:step=1", .relu, 200, .linf, standing: 113), Case("fmn:step=1", .convolution, 100, .linf, standing: 76),
    // The program leaves 13 more, on the boundary to the last bit: it never sees them beyond it.
    Case("fmn:step=1", .moons, 500, .linf, standing: 305 - 13),
    Case(sequential, .relu, 200, .l2, standing: 189), Case(sequential, .moons, 500, .l2, standing: 198),
    Case("fab", .relu, 100, .linf, standing: 58), Case("fab", .moons, 500, .linf, standing: 269),
    Case("fab", .relu, 100, .l2, standing: 60), Case("fab", .moons, 500, .l2, standing: 192),
    Case("deepfool", .relu, 200, .linf, standing: 128), Case("deepfool", .moons, 500, .linf, standing: 339),
    Case("deepfool", .relu, 200, .l2, standing: 123), Case("deepfool", .moons, 500, .l2, standing: 283),
    Case(short, .relu, 100, .l2, standing: 58), Case(short, .moons, 200, .l2, standing: 73),
  ])
  func `to two examples where they are deterministic`(_ item: Case) throws {
    let standing = try standing(item, seed: 0)
    #expect(
      abs(standing - item.standing) <= 2,
      "\(standing) of \(item.examples) examples withstand; the authors' program leaves \(item.standing)")
  }

  @Test(arguments: [
    (Case("apgd", .relu, 200, .l2), 114.6, 1.1),
    (Case("apgd", .moons, 500, .linf), 272.8, 2.2),
    (Case("nes:queries=500", .relu, 50, .linf, epsilon: 0.06), 46.2, 0.45),
    (Case("nes:queries=500", .moons, 200, .linf, epsilon: 0.07), 143.4, 0.55),
    (Case("square:queries=300", .relu, 50, .l2, epsilon: 1.2), 40.2, 1.3),
    (Case("square:queries=300", .sharp, 50, .l2, epsilon: 1.2), 33.2, 0.8),
    (Case("feature-guided:queries=100,take-back=start", .relu, 20, .linf, epsilon: 0.12), 13, 0),
  ])
  func `in the mean of five seeds to two standard errors where they are random`(
    _ item: Case, _ mean: Double, _ deviation: Double
  ) throws {
    let counts = try (0..<5).map { Double(try standing(item, seed: $0)) }
    let own = counts.reduce(0, +) / 5
    let variance = counts.reduce(0) { $0 + ($1 - own) * ($1 - own) } / 4
    let error = ((variance + deviation * deviation) / 5).squareRoot()
    #expect(abs(own - mean) <= 2 * error, "\(counts) withstand; the authors' program leaves \(mean) ± \(deviation)")
  }

  @Test func `feature-guided search is the stronger where every visit that did harm is taken back`() throws {
    let item = Case("feature-guided:queries=100", .relu, 20, .linf, epsilon: 0.12)
    for seed in 0..<5 as Range<UInt64> { #expect(try standing(item, seed: seed) < 13) }
  }

  private func standing(_ item: Case, seed: UInt64) throws -> Int {
    let (subject, box) = try item.oracle.subject(item.examples)
    let joint = item.attack.contains(":") ? "," : ":"
    let attack = try request("\(item.attack)\(joint)norm=\(item.norm.rawValue)")
    // A search for the smallest perturbation is asked in a ball that binds nowhere, and its distances are counted.
    let searches = attack.attack.capabilities.search == .smallestPerturbation
    let epsilon = searches ? (item.norm == .linf ? 1 : 30) : item.epsilon
    let plan = EvaluationPlan(attacks: [attack], epsilons: [epsilon], box: box, seed: seed)
    let evaluator = try Evaluator(subject: subject, plan: plan, companions: .builtIn)
    let threat = try evaluator.threat(item.norm, epsilon)
    let outcome = try evaluator.perform(attack, objective: .predictive, threat: threat, examples: subject.examples)
    let distances = threat.distances(outcome.adversarial.inputs, from: subject.examples.inputs)
    return zip(outcome.correct, distances).count { $0 || $1 > item.epsilon * (1 + 1e-5) }
  }
}
