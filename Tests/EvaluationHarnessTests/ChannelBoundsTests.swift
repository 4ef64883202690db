import BuiltInPlugins
import Reporting
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

/// Boxes of their own for features: what a file has whose channels have bounds of their own.
@Suite(.inTurn) struct `Bounds of channels` {
  /// Every third number of an input may go less far up than the box, the others less far down.
  private func boxes(_ count: Int) -> [ClosedRange<Double>] {
    (0..<count).map { $0 % 3 == 0 ? -0.5...0.91 : 0.09...1.5 }
  }

  @Test(arguments: [
    "fgsm", "pgd", "pgd:norm=l2", "apgd", "mifgsm", "square", "random", "cw", "ddn:norm=l2", "fmn", "rays",
  ])
  func `no attack leaves them`(_ attack: String) throws {
    var subject = try ClosedForm.subject(20)
    let boxes = boxes(subject.examples.inputs.rowSize)
    subject.boxPerFeature = boxes
    let result = try Evaluator(
      subject: subject, plan: EvaluationPlan(attacks: [request(attack)], epsilons: [0.05], box: -0.5...1.5),
      companions: .builtIn
    ).evaluate()
    #expect(result.failures.isEmpty && !result.verdict.failed.contains(CheckName.box), "\(result.failures)")
    for run in result.runs {
      for row in 0..<run.adversarialInputs.rowCount {
        #expect(zip(run.adversarialInputs[row: row], boxes).allSatisfy { $1.contains($0) }, "\(run.attack) \(row)")
      }
    }
    #expect(result.boxPerChannel?.count == subject.examples.inputs.shape[1])
    #expect(result.json.compact.contains("\"inputBoundsPerChannel\":[["))
  }

  @Test func `equal ones give the bits of one box`() throws {
    let subject = try ClosedForm.subject(30)
    func run(_ subject: EvaluationSubject) throws -> EvaluationResult {
      try subject.evaluated([request("pgd"), request("pgd:norm=l2"), request("square")], epsilons: [0.05, 0.2])
    }
    var own = subject
    own.boxPerFeature = Array(repeating: 0...1, count: subject.examples.inputs.rowSize)
    let (one, each) = (try run(subject), try run(own))
    #expect(one.runs.map(\.adversarialInputs) == each.runs.map(\.adversarialInputs))
    #expect(one.runs.map(\.checks) == each.runs.map(\.checks))
    #expect(one.verdict == each.verdict)
    #expect(!one.json.compact.contains("inputBoundsPerChannel"))
  }

  @Test func `as many as an input has numbers, or none`() throws {
    var subject = try ClosedForm.subject(10)
    subject.boxPerFeature = [0...1]
    let error = #expect(throws: CoreError.self) { try subject.evaluated([request("fgsm")]) }
    #expect("\(try #require(error))".hasPrefix("1 intervals are not one for each of the "))
  }
}
