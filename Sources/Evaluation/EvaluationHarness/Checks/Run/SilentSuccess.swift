import Foundation
import RobustnessCore

extension CheckName {
  /// The attack returned the adversarial points that it saw.
  public static let silentSuccess = "silent-success"
}

extension VerdictCheck {
  /// What an attack saw and did not return is missing from the number.
  static let silentSuccess = VerdictCheck(
    CheckName.silentSuccess, needs: [CheckName.finiteValues, CheckName.budget, CheckName.box],
    .ofRun(where: \.isAttack) { evidence in
      let missed = evidence.outcome.examples.labels.indices.count {
        evidence.outcome.withstood[$0]
          && (evidence.outcome.isTargeted
            ? evidence.outcome.record.reachedGoal[$0] : evidence.outcome.fooledByAnyQuery[$0])
      }
      return Check(
        CheckName.silentSuccess, isFine: missed <= evidence.tolerance(0.02),
        value: Double(missed) / Double(evidence.count),
        finding: "\(missed) examples were fooled by a point that the attack saw and did not return",
        advice: "Judge by robustAccuracyBestQuery, and let \(evidence.name) keep its best point.")
    })
}
