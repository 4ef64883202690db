import RobustnessCore

extension CheckName {
  /// The arithmetic in use neither loses nor turns the gradient.
  public static let saturation = "saturation"
  /// The gradient is the derivative of the loss.
  public static let finiteDifferences = "finite-differences"
}

extension VerdictCheck {
  /// The gradient in use beside the one in `Double` and in the log domain.
  static let saturation = VerdictCheck(
    CheckName.saturation, needs: [CheckName.finiteValues, CheckName.logits, CheckName.zeroGradients],
    .ofRun(where: \.followsGradient) { evidence in
      return try evidence.gradients.gravest(of: evidence.outcome) { $0.saturation($1) }
    })

  /// The gradient in use beside differences of the loss, and beside itself, asked for again.
  static let finiteDifferences = VerdictCheck(
    CheckName.finiteDifferences,
    needs: [CheckName.finiteValues, CheckName.logits, CheckName.zeroGradients, CheckName.saturation],
    .ofRun(where: \.followsGradient) { evidence in
      let repeated = try evidence.gradients.repeated(evidence.outcome, draws: evidence.evaluator.oracleDraws)
      return try evidence.gradients.gravest(of: evidence.outcome, besides: [repeated].compactMap(\.self)) {
        $0.finiteDifferences($1)
      }
    })
}
