import BuiltInPlugins
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

/// Every attack with every objective against every certificate: no point that an attack returns may fool an example
/// within the radius that is certified, judged in double precision.
@Suite(.inTurn) struct `Every certificate against every attack` {
  /// What is worth its time in each network.
  private static func certificates(_ subject: BoundedPosterior, _ norm: Norm) -> [String] {
    switch subject {
    case .moons, .moonsLeaky: return ["intervals", "linear", "joint:steps=5,rounds=3", "branch-and-bound:boxes=256"]
    case .lenet, .mobilenet, .resnet: return ["intervals", "linear:hidden=intervals"]
    case .dropout, .convolution, .sharp, .saturated, .sigmoid: return ["intervals", "linear"]
    case .hmc, .ensemble, .deepEnsemble, .fashion, .relu:
      let cheap = ["intervals", "linear", "linear:arithmetic=float32"]
      // The dual in L2 takes ten times as long.
      return norm == .linf || runsLongTests || subject == .hmc ? cheap + ["joint:steps=5,rounds=2,slopes=2"] : cheap
    }
  }

  /// Few steps: what counts is how many different points there are.
  static let effort = [
    "steps": "5", "iterations": "5", "queries": "40", "search-steps": "2", "restarts": "1", "draws": "5",
  ]

  private static func requests(_ norm: Norm) throws -> [AttackRequest] {
    let attacks: [any Attack.Type] = .builtIn
    return try attacks.filter { $0.capabilities.norms.contains(norm) }.map { attack in
      func names<A: Attack>(_ type: A.Type) throws -> [String] { try A.Options().described().map(\.name) }
      let known = try names(attack)
      return AttackRequest(attack, assignments: effort.filter { known.contains($0.key) }, norm: norm)
    }
  }

  @Test(arguments: BoundedPosterior.allCases, Norm.allCases)
  func `leaves nothing that is certified fooled`(_ subject: BoundedPosterior, _ norm: Norm) throws {
    let isDeep = BoundedPosterior.deep.contains(subject)
    var (evaluated, box) = try EvaluationSubject.inFixture(subject.rawValue, 5)
    // What certifies single precision too is held to that: its networks are not saturated.
    evaluated.precision = "float32"
    let draws = min(isDeep ? 1 : 3, evaluated.ensemble.drawCount)
    let width = (box.upperBound - box.lowerBound)
    let scale = norm == .linf ? width : width * Double(evaluated.examples.inputs.rowSize).squareRoot() / 3
    let epsilons = (subject == .resnet ? [1e-9, 1e-5, 0.3] : isDeep ? [1e-6, 1e-4, 0.3] : [0.004, 0.02, 0.3])
      .map { $0 * scale }
    let requests = try Self.requests(norm)
    let plan = EvaluationPlan(
      attacks: [requests[0]], epsilons: epsilons, box: box, draws: .some(Array(0..<draws)))
    let evaluator = try Evaluator(subject: evaluated, plan: plan, companions: .builtIn)

    let certified = try Self.certificates(subject, norm).map { text in
      let certificate = try `What is certified`.certificate(text)
      return (certificate, try evaluator.certifiedRadii(certificate, norm, epsilons: epsilons).radii)
    }
    #expect(certified.contains { $0.1.contains { $0 > 0 } })
    let classes = evaluated.ensemble.classCount
    let objectives = Objective.allCases.filter { $0.minimumClasses <= classes }
    var caught = 0
    var fooled = 0
    for (place, attack) in requests.enumerated() where attack.attack.capabilities.minimumClasses <= classes {
      for (number, objective) in objectives.enumerated() {
        for (ball, epsilon) in epsilons.enumerated() {
          // Every attack, every objective, every ball; all combinations take minutes.
          let turn = place + number + (subject == .resnet ? objectives.count : 1) * ball
          let turns = (subject == .resnet ? epsilons.count : 1) * objectives.count
          guard runsLongTests || turn % turns == 0 else { continue }
          let outcome = try evaluator.perform(
            attack, objective: objective, threat: try evaluator.threat(norm, epsilon), examples: evaluated.examples)
          let points = outcome.adversarial.inputs
          fooled += outcome.correct.count { !$0 }
          for (certificate, radii) in certified {
            let contradiction = try evaluator.contradiction(
              by: points, of: "\(attack.text) \(objective.rawValue)", to: certificate, norm, radii: radii)
            #expect(contradiction == nil, "\(contradiction.map(String.init(describing:)) ?? "")")
          }
          // A certificate that says more than it may is seen here: this test can fail.
          let boasted = certified[1].1.map { $0 > 0 ? epsilon : 0 }
          let isSeen = try evaluator.contradiction(
            by: points, of: attack.text, to: certified[1].0, norm, radii: boasted)
          caught += isSeen == nil ? 0 : 1
        }
      }
    }
    #expect(fooled > 0 && caught > 0, "\(fooled) fooled, \(caught) caught")
  }
}
