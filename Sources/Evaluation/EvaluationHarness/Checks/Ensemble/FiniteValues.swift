import RobustnessCore

extension CheckName {
  /// Every probability, loss, gradient and point is finite.
  public static let finiteValues = "finite-values"
}

extension VerdictCheck {
  /// At the inputs as given, of the predictive and of draws.
  static let finiteValues = VerdictCheck(
    CheckName.finiteValues,
    .ensemble { evidence in
      let bad = evidence.clean.prediction.logProbabilities.nonFiniteCount + evidence.members.nonFiniteCount
      return Check(
        CheckName.finiteValues, isFine: bad == 0, value: Double(bad),
        finding: bad == 0
          ? "every log-probability at the inputs is finite" : "\(bad) log-probabilities at the inputs are not finite",
        advice: "The network overflows or has weights that are not numbers: nothing else can be judged.")
    })

  /// At all points that an attack asked about or returned.
  static let finiteValuesOfRun = VerdictCheck(
    CheckName.finiteValues,
    .ofRun(where: { _ in true }) { evidence in
      let (outcome, record) = (evidence.outcome, evidence.outcome.record)
      let points = record.nonFinitePoints + outcome.adversarial.inputs.nonFiniteCount
      let answers = record.nonFiniteAnswers + outcome.adversarial.prediction.logProbabilities.nonFiniteCount
      return Check(
        CheckName.finiteValues, isFine: points == 0 && answers == 0, value: Double(points + answers),
        finding: points + answers == 0
          ? "every point, probability, loss and gradient is finite"
          : [(points, "coordinates of points"), (answers, "losses, probabilities or gradients")]
            .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " and ") + " are not finite",
        advice: points > 0
          ? "The attack makes points that are not numbers: look for a division by zero in it."
          : "The model or its gradient overflows: the attack cannot have followed it.")
    })
}
