extension CheckName {
  /// The attack comes to its end.
  public static let attackCompletes = "attack-completes"
}

extension VerdictCheck {
  /// Made by ``FailedRun``: a run that did not finish left nothing else to look at.
  static let attackCompletes = VerdictCheck(CheckName.attackCompletes, .event)
}
