public import RobustnessCore

/// At the adversarial inputs: the Brier score of the predictive (Brier 1950), 0 at best and 2 at worst.
public struct BrierScore: RobustnessMetric {
  /// `brier-score`
  public static let name = "brier-score"
  /// One line for `--list-metrics`.
  public static let summary = "squared error of the predictive probabilities at the adversarial inputs"

  /// The metric.
  public init() {}

  /// The score over all examples.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    brierScore(outcomes.adversarial, labels: outcomes.labels)
  }
}

/// At the adversarial inputs: expected calibration error of the predictive in 15 bins of equal width (Naeini et al.,
/// AAAI 2015; Guo et al., ICML 2017).
public struct ExpectedCalibrationError: RobustnessMetric {
  /// `expected-calibration-error`
  public static let name = "expected-calibration-error"
  /// One line for `--list-metrics`.
  public static let summary = "gap between confidence and accuracy at the adversarial inputs"

  /// The metric.
  public init() {}

  /// The score over all examples.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    expectedCalibrationError(outcomes.adversarial, labels: outcomes.labels)
  }
}

/// At the adversarial inputs: mean negative log-probability of the label under the predictive, in nat.
public struct NegativeLogLikelihood: RobustnessMetric {
  /// `negative-log-likelihood`
  public static let name = "negative-log-likelihood"
  /// One line for `--list-metrics`.
  public static let summary = "−log probability of the label at the adversarial inputs"

  /// The metric.
  public init() {}

  /// The score over all examples.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    negativeLogLikelihood(outcomes.adversarial, labels: outcomes.labels)
  }
}
