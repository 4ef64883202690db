import RobustnessCore

extension CheckName {
  /// An attack that knows nothing of the defence is not stronger than the one that does.
  public static let blind = "blind-not-stronger"
}

extension VerdictCheck {
  /// Who knows that uncertain inputs are rejected can do what the blind attack does, and more.
  static let blind = VerdictCheck(
    CheckName.blind, needs: CheckName.ofSoundRun,
    .ofRun(where: { $0.rejection?.adaptive != nil }) { evidence in
      guard let rejection = evidence.rejection, let adaptive = rejection.adaptive else { return nil }
      let blind = rejection.blind
      let (more, less) = evidence.discordant(blind.robust, from: adaptive.robust)
      return Check(
        CheckName.blind, isFine: !evidence.isStronger(blind.robust, than: adaptive.robust),
        value: Double(more - less) / Double(evidence.count),
        finding:
          "with rejection \(percent(blind.robustAccuracy.value)) withstand \(evidence.name), which knows nothing of it, and \(percent(adaptive.robustAccuracy.value)) the adaptive attack alone: it misses \(more) examples that \(evidence.name) turns, and turns \(less) more",
        advice:
          "An adaptive attack that loses to a blind one says nothing about the defence: give --checks thorough, and read the lowest found."
      )
    })
}
