import Foundation
import RobustnessCore

extension CheckName {
  /// Attacks ask the posterior itself.
  public static let surrogate = "surrogate"
  /// Attacks ask the draws that judge.
  public static let attackDraws = "attack-draws"
  /// The goal is any wrong decision.
  public static let targetedGoal = "targeted-goal"
}

extension VerdictCheck {
  /// What was not asked of the posterior says nothing about how far an attack that asks it would come.
  static let surrogate = VerdictCheck(
    CheckName.surrogate,
    .ofRun(where: \.isAttack) { evidence in
      guard let surrogate = evidence.evaluator.plan.surrogate else { return nil }
      return Check(
        CheckName.surrogate, .warning, value: Double(surrogate.draws.count),
        finding: "\(evidence.name) climbed on \(surrogate.name), and the posterior only decided",
        advice:
          "This is how much transfers. An attack on the posterior itself may find much more: leave out --surrogate."
      )
    })

  /// An attack fits the draws that it sees: on others it is weaker.
  static let attackDraws = VerdictCheck(
    CheckName.attackDraws,
    .ofRun(where: \.isAttack) { evidence in
      guard case .disjoint(let count) = evidence.evaluator.plan.attackDraws else { return nil }
      return Check(
        CheckName.attackDraws, .warning, value: Double(count),
        finding:
          "the attack saw \(count) draw\(count == 1 ? "" : "s"), and \(evidence.evaluator.evaluationDraws.count) others judge: this is how much transfers",
        advice: "An attack on the draws that judge may find much more: leave out --attack-draws.")
    })

  /// Accuracy under an attack that aims at one class is no robust accuracy: another class may be nearer.
  static let targetedGoal = VerdictCheck(
    CheckName.targetedGoal,
    .ofRun(where: \.isAttack) { evidence in
      guard evidence.outcome.isTargeted else { return nil }
      return Check(
        CheckName.targetedGoal, .warning,
        finding:
          "\(evidence.name) aimed at one class of each example, so that its accuracy is no robust accuracy: any other wrong decision may be nearer",
        advice: "Read target reached, or attack untargeted: leave out --target, or give --target each.")
    })
}
