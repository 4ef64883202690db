import Foundation
import RobustnessCore

extension CheckName {
  /// Twice the steps change nothing.
  public static let doubledSteps = "doubled-steps"
  /// Twice the restarts change nothing.
  public static let doubledRestarts = "doubled-restarts"
}

extension VerdictCheck {
  private static let needs = CheckName.ofSoundRun + [CheckName.noise, CheckName.fgsm]

  /// The attack has converged when twice the steps leave the number inside its own 95 % interval.
  static let doubledSteps = VerdictCheck(
    CheckName.doubledSteps, needs: needs,
    .ofRun(where: { ($0.takenEffort("steps") ?? $0.takenEffort("iterations")) != nil }) { evidence in
      // Steps have the name that the attack's authors gave them.
      for option in ["steps", "iterations"] {
        guard let effort = evidence.takenEffort(option) else { continue }
        var stronger = evidence.outcome.request
        stronger.assignments[option] = "\(2 * effort)"
        return try evidence.unlessItFails(CheckName.doubledSteps) {
          let found = try evidence.companion("twice the \(option)", stronger, onSurvivors: true)
          return evidence.doubled(CheckName.doubledSteps, found.withstood.count { !$0 }, what: option)
        }
      }
      return nil
    })

  /// The same for restarts: as many further ones, with other random numbers, on what withstood.
  static let doubledRestarts = VerdictCheck(
    CheckName.doubledRestarts, needs: needs,
    .ofRun(where: { $0.takenEffort("restarts") != nil }) { evidence in
      if evidence.outcome.options["random-start"] == "false" {
        return Check(
          CheckName.doubledRestarts, .notRun, finding: "without random starts another run would be the same run")
      }
      let survivors = evidence.outcome.withstood.count { $0 }
      let expected = evidence.outcome.record.memberGradients * survivors / max(1, evidence.count)
      guard evidence.effort.leaves(expected, beside: evidence.strongCompanions(survivors)) else {
        return Check(
          CheckName.doubledRestarts, .notRun,
          finding: "no effort was left for it beside the stronger companions; --checks thorough has more")
      }
      return try evidence.unlessItFails(CheckName.doubledRestarts) {
        let found = try evidence.companion(
          "as many restarts again", evidence.outcome.request, onSurvivors: true, again: true
        )
        return evidence.doubled(CheckName.doubledRestarts, found.withstood.count { !$0 }, what: "restarts")
      }
    })
}

extension RunEvidence {
  /// The value of an option that tells how much an attack tries; nil where it has none.
  fileprivate func takenEffort(_ option: String) -> Int? {
    guard isAttack, evaluator.takes(outcome.request, option) else { return nil }
    return evaluator.effort(of: outcome.request, option).flatMap { $0 > 0 ? $0 : nil }
  }

  /// Member-gradients of the first companions that look for the lowest number, which find more than restarts do.
  fileprivate func strongCompanions(_ survivors: Int) -> Int {
    survivors * evaluator.evaluationDraws.count * 45
  }

  /// - Parameter fooled: how many of the examples that withstood the run fall to the companion.
  fileprivate func doubled(_ check: String, _ fooled: Int, what: String) -> Check {
    let standing = outcome.withstood.count { $0 }
    let accuracy = proportion(standing)
    let left = Double(standing - fooled) / Double(count)
    return Check(
      check, isFine: fooled <= tolerance(0.005) || left >= accuracy.low ?? 0, value: Double(fooled) / Double(count),
      finding:
        "twice the \(what) fool \(fooled) more of \(count) examples: \(percent(left)) withstand, not \(percent(accuracy.value))",
      advice: "The attack has not converged, so the robust accuracy is too high: raise \(what) until it stops falling.")
  }
}
