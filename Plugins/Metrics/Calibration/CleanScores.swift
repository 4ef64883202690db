public import RobustnessCore

/// At the clean inputs: the Brier score of the predictive (Brier 1950), 0 at best and 2 at worst.
public struct CleanBrierScore: RobustnessMetric {
  /// `brier-score-clean`
  public static let name = "brier-score-clean"
  /// One line for `--list-metrics`.
  public static let summary = "squared error of the predictive probabilities at the clean inputs"

  /// The metric.
  public init() {}

  /// The score over all examples.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    brierScore(outcomes.clean, labels: outcomes.labels)
  }
}

/// At the clean inputs: expected calibration error of the predictive in 15 bins of equal width (Naeini et al., AAAI
/// 2015; Guo et al., ICML 2017).
public struct CleanExpectedCalibrationError: RobustnessMetric {
  /// `expected-calibration-error-clean`
  public static let name = "expected-calibration-error-clean"
  /// One line for `--list-metrics`.
  public static let summary = "gap between confidence and accuracy at the clean inputs"

  /// The metric.
  public init() {}

  /// The score over all examples.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    expectedCalibrationError(outcomes.clean, labels: outcomes.labels)
  }
}

/// At the clean inputs: mean negative log-probability of the label under the predictive, in nat.
public struct CleanNegativeLogLikelihood: RobustnessMetric {
  /// `negative-log-likelihood-clean`
  public static let name = "negative-log-likelihood-clean"
  /// One line for `--list-metrics`.
  public static let summary = "−log probability of the label at the clean inputs"

  /// The metric.
  public init() {}

  /// The score over all examples.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    negativeLogLikelihood(outcomes.clean, labels: outcomes.labels)
  }
}
