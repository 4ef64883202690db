public import RobustnessCore

/// Total uncertainty at the adversarial inputs: entropy of the predictive, mean over examples, in nat (log of the
/// number of classes at most).
public struct PredictiveEntropy: RobustnessMetric {
  /// `predictive-entropy`
  public static let name = "predictive-entropy"
  /// One line for `--list-metrics`.
  public static let summary = "entropy of the predictive at the adversarial inputs, in nat"

  /// The metric.
  public init() {}

  /// The mean over examples with its interval, in nat.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    try UncertaintyScore.predictiveEntropy.mean(of: outcomes.adversarial, metric: Self.name)
  }
}

/// Aleatoric uncertainty at the adversarial inputs: mean over draws of the entropy of each, in nat (Depeweg et al.,
/// ICML 2018).
public struct ExpectedEntropy: RobustnessMetric {
  /// `expected-entropy`
  public static let name = "expected-entropy"
  /// One line for `--list-metrics`.
  public static let summary = "mean over draws of the entropy at the adversarial inputs, in nat"
  /// Every draw is looked at.
  public static let needsMembers = true

  /// The metric.
  public init() {}

  /// The mean over examples with its interval, in nat.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    try UncertaintyScore.expectedEntropy.mean(of: outcomes.adversarial, metric: Self.name)
  }
}

/// Epistemic uncertainty at the adversarial inputs: mutual information of the class and the draw, in nat (Houlsby et
/// al. 2011; Smith and Gal, UAI 2018).
///
/// Computed as the mean over draws of KL(p_s ‖ p̄), which equals predictive entropy minus expected entropy but is a sum
/// of terms that are never negative.
public struct MutualInformation: RobustnessMetric {
  /// `mutual-information`
  public static let name = "mutual-information"
  /// One line for `--list-metrics`.
  public static let summary = "disagreement of the draws at the adversarial inputs, in nat"
  /// Every draw is looked at.
  public static let needsMembers = true

  /// The metric.
  public init() {}

  /// The mean over examples with its interval, in nat.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    try UncertaintyScore.mutualInformation.mean(of: outcomes.adversarial, metric: Self.name)
  }
}
