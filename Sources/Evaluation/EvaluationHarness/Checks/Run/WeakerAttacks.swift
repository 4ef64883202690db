import Foundation
import RobustnessCore

extension CheckName {
  /// Random noise is not stronger than a gradient.
  public static let noise = "noise-not-stronger"
  /// One step is not stronger than many.
  public static let fgsm = "fgsm-not-stronger"
}

extension VerdictCheck {
  /// An attack that loses to noise follows no gradient.
  static let noise = VerdictCheck(
    CheckName.noise, needs: CheckName.ofSoundRun,
    .ofRun(where: \.isAttack) { evidence in
      guard let noise = evidence.noise?.withstood else { return nil }
      let (more, less) = evidence.discordant(noise)
      return Check(
        CheckName.noise, isFine: !evidence.isStronger(noise), value: Double(more - less) / Double(evidence.count),
        finding: "random noise fools \(more) examples that \(evidence.name) does not, and misses \(less)",
        advice: "An attack that loses to noise is no evidence: the gradient or the step is broken.")
    })

  /// Many steps contain one.
  static let fgsm = VerdictCheck(
    CheckName.fgsm, needs: CheckName.ofSoundRun,
    .ofRun(where: \.isComparedWithOneStep) { evidence in
      let attack = evidence.evaluator.companions.oneStep
      return try evidence.unlessItFails(CheckName.fgsm) {
        let oneStep = try evidence.companion(
          attack.name, AttackRequest(attack, norm: evidence.outcome.threat.norm), onSurvivors: false
        ).withstood
        let (more, less) = evidence.discordant(oneStep)
        // A few examples that one step alone fools, where the interval holds what it leaves, are worth a warning: the
        // number is no worse than it says. An attack that it outdoes by a quarter is broken, whatever the interval.
        let fallen = evidence.outcome.withstood.count { !$0 }
        let isMinor = !evidence.leavesInterval(more: more) && 4 * (more - less) <= fallen
        let status: Check.Status = !evidence.isStronger(oneStep) ? .passed : isMinor ? .warning : .failed
        return Check(
          CheckName.fgsm, status, value: Double(more - less) / Double(evidence.count),
          finding: "one step (FGSM) fools \(more) examples that \(evidence.name) does not, and misses \(less)",
          advice: status == .passed ? "" : "Many steps must not be weaker than one: look at the step size.")
      }
    })
}

extension RunEvidence {
  /// An attack that asks for decisions only may well be weaker than one step along a gradient.
  fileprivate var isComparedWithOneStep: Bool {
    followsGradient && outcome.request.attack != evaluator.companions.oneStep
  }

  /// Whether the other result fools more examples than this one, by more than the tolerance and by more than chance:
  /// McNemar's one-sided test says so at 5 %, or it misses none that this one fools and takes the accuracy out of its
  /// own interval. Near a curved boundary two good attacks fool different examples.
  ///
  /// - Parameter withstood: What withstands this one, where that is not the run's own.
  func isStronger(_ otherWithstood: [Bool], than withstood: [Bool]? = nil) -> Bool {
    let withstood = withstood ?? outcome.withstood
    let (more, less) = discordant(otherWithstood, from: withstood)
    guard more - less > tolerance(0.005) else { return false }
    if PairedComparison(withstood, otherWithstood).pValue <= 0.1 { return true }
    return less == 0 && leavesInterval(more: more, of: withstood)
  }

  /// Whether the accuracy leaves its own interval when so many more examples fall.
  func leavesInterval(more: Int, of withstood: [Bool]? = nil) -> Bool {
    let standing = (withstood ?? outcome.withstood).count { $0 }
    return Double(standing - more) / Double(count) < proportion(standing).low ?? 0
  }

  /// Examples that the other result fools and this one does not, and the other way round.
  func discordant(_ otherWithstood: [Bool], from withstood: [Bool]? = nil) -> (more: Int, less: Int) {
    let pairs = zip(otherWithstood, withstood ?? outcome.withstood)
    return (pairs.count { !$0 && $1 }, pairs.count { $0 && !$1 })
  }
}
