import BuiltInPlugins
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

/// A verdict is about a set of examples, whatever order they come in.
@Suite(.inTurn) struct `The verdict does not depend on the order of the examples` {
  @Test(arguments: [(Oracle.moons, 240, "pgd", 0.1), (.relu, 130, "mifgsm", 0.05), (.moons, 60, "standard", 0.05)])
  func `nor does the lowest number found`(_ oracle: Oracle, _ count: Int, _ attack: String, _ epsilon: Double) throws {
    var (subject, box) = try oracle.subject(count)
    func evaluated() throws -> EvaluationResult {
      let attack = attack == "standard" ? AttackRequest(StandardPortfolio.self, norm: .linf) : try request(attack)
      let plan = EvaluationPlan(attacks: [attack], epsilons: [epsilon], box: box)
      return try Evaluator(subject: subject, plan: plan, companions: .builtIn).evaluate()
    }
    let plain = try evaluated()
    var stream = RandomStreams(seed: 1, purpose: "order-of-examples").stream(example: 0)
    let keys = stream.uniforms(count)
    let order = (0..<count).sorted { keys[$0] < keys[$1] }
    subject.examples = subject.examples.subset(order)
    let mixed = try evaluated()
    #expect(mixed.verdict == plain.verdict)
    #expect(mixed.attackRuns[0].checks.map(\.status) == plain.attackRuns[0].checks.map(\.status))
    #expect(mixed.attackRuns[0].correct == order.map { plain.attackRuns[0].correct[$0] })
    #expect(mixed.lowestFound.map(\.accuracy) == plain.lowestFound.map(\.accuracy))
    #expect(mixed.lowestFound.map { Set($0.foundBy) } == plain.lowestFound.map { Set($0.foundBy) })
  }
}
