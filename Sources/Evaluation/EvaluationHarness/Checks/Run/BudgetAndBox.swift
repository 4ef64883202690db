import Foundation
import RobustnessCore

extension CheckName {
  /// Every point returned lies in the ball.
  public static let budget = "budget"
  /// Every point returned lies in the box.
  public static let box = "box"
}

extension VerdictCheck {
  /// What lies outside the ball counts for a larger one.
  static let budget = VerdictCheck(
    CheckName.budget, needs: [CheckName.finiteValues],
    .ofRun(where: { _ in true }) { evidence in
      let origins = evidence.outcome.examples.inputs
      let outside = evidence.outcome.threat.respectsBudget(evidence.outcome.adversarial.inputs, around: origins).count {
        !$0
      }
      let farthest = evidence.outcome.threat.distances(evidence.outcome.adversarial.inputs, from: origins).max() ?? 0
      return Check(
        CheckName.budget, isFine: outside == 0, value: Double(outside),
        finding: String(
          format: "%d of %d points lie outside the ball; the farthest is %.6g away, ε is %.6g", outside, evidence.count,
          farthest,
          evidence.outcome.threat.epsilon),
        advice: "\(evidence.name) does not keep to its budget, so the number is of another, larger ε.")
    })

  /// What lies outside the box cannot exist.
  static let box = VerdictCheck(
    CheckName.box, needs: [CheckName.finiteValues],
    .ofRun(where: { _ in true }) { evidence in
      let outside = evidence.outcome.threat.respectsBox(evidence.outcome.adversarial.inputs).count { !$0 }
      return Check(
        CheckName.box, isFine: outside == 0, value: Double(outside),
        finding: "\(outside) of \(evidence.count) points lie outside the box",
        advice: "\(evidence.name) returns inputs that cannot exist: clip to the box.")
    })
}
