import RobustnessCore

extension CheckName {
  /// Something stronger than random noise was run.
  public static let noiseAlone = "noise-alone"
}

extension VerdictCheck {
  /// Beside noise alone nothing stronger is tried, so that nothing can be lower.
  static let noiseAlone = VerdictCheck(
    CheckName.noiseAlone,
    .ofRun(where: { evidence in evidence.evaluator.plan.attacks.allSatisfy { evidence.evaluator.isNoise($0) } }) { _ in
      Check(
        CheckName.noiseAlone, .warning, finding: "random noise alone was run, and no attack of many steps",
        advice: "An attack that follows a gradient may find much more: give --attack standard.")
    })
}
