import BuiltInPlugins
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

/// torchattacks 3.5.1 on the predictive of eight ReLU networks: `mnist-fc2-relu.expected.json`, "torchattacks MIFGSM".
@Suite(.inTurn) struct `Momentum on the ReLU oracle` {
  @Test func `robust accuracy is that of torchattacks to two examples`() throws {
    let (subject, box) = try Oracle.relu.subject(500)
    let (epsilon, step) = try Oracle.relu.reference()
    let plan = EvaluationPlan(
      attacks: [try request("mifgsm:steps=15,step=\(step),decay=1,random-start=false,keep=last")], epsilons: [epsilon],
      box: box)
    let evaluator = try Evaluator(subject: subject, plan: plan, companions: .builtIn)
    let outcome = try evaluator.perform(
      plan.attacks[0], objective: .predictive, threat: evaluator.threat(.linf, epsilon), examples: subject.examples)
    let standing = outcome.correct.count { $0 }
    #expect(abs(standing - 34) <= 2, "\(standing) of 500 examples withstand; torchattacks leaves 0.068 · 500 = 34")
  }
}
