import Foundation
import RobustnessCore

extension CheckName {
  /// Accuracy does not rise with ε.
  public static let monotone = "falls-with-epsilon"
}

extension VerdictCheck {
  /// The larger ball contains the smaller one.
  static let monotone = VerdictCheck(
    CheckName.monotone, needs: CheckName.ofSoundRun,
    .ofAll(where: { evidence, comparison in evidence.isAttack && comparison.wider(than: evidence) != nil }) {
      evidence, comparison in
      guard let wider = comparison.wider(than: evidence) else { return nil }
      let (larger, epsilon) = (wider.withstood, wider.threat.epsilon)
      let mine = evidence.outcome.withstood.count { $0 }
      let other = larger.count { $0 }
      return Check(
        CheckName.monotone, isFine: other - mine <= evidence.tolerance(0.005),
        value: Double(other - mine) / Double(evidence.count),
        finding: "at ε \(epsilon) \(other) of \(evidence.count) examples withstand, here \(mine)",
        advice: "A larger budget contains the smaller one: the attack is too weak at the larger ε.")
    })
}

extension RunComparison {
  /// The same attack at the next larger ε. Of no interest for random noise: a few draws do not search the larger ball
  /// better than the smaller one.
  fileprivate func wider(than evidence: RunEvidence) -> Evaluator.Outcome? {
    let run = evidence.outcome
    return outcomes.filter {
      $0.request.attack.name == run.request.attack.name && $0.objective == run.objective
        && $0.request.norm == run.request.norm && $0.request.assignments == run.request.assignments
        && $0.threat.epsilon > run.threat.epsilon
    }.min { $0.threat.epsilon < $1.threat.epsilon }
  }
}
