public import RobustnessCore

/// Total uncertainty at the clean inputs: entropy of the predictive, mean over examples, in nat (log of the number of
/// classes at most).
public struct CleanPredictiveEntropy: RobustnessMetric {
  /// `predictive-entropy-clean`
  public static let name = "predictive-entropy-clean"
  /// One line for `--list-metrics`.
  public static let summary = "entropy of the predictive at the clean inputs, in nat"

  /// The metric.
  public init() {}

  /// The mean over examples with its interval, in nat.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    try UncertaintyScore.predictiveEntropy.mean(of: outcomes.clean, metric: Self.name)
  }
}

/// Aleatoric uncertainty at the clean inputs: mean over draws of the entropy of each, in nat (Depeweg et al., ICML
/// 2018).
public struct CleanExpectedEntropy: RobustnessMetric {
  /// `expected-entropy-clean`
  public static let name = "expected-entropy-clean"
  /// One line for `--list-metrics`.
  public static let summary = "mean over draws of the entropy at the clean inputs, in nat"
  /// Every draw is looked at.
  public static let needsMembers = true

  /// The metric.
  public init() {}

  /// The mean over examples with its interval, in nat.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    try UncertaintyScore.expectedEntropy.mean(of: outcomes.clean, metric: Self.name)
  }
}

/// Epistemic uncertainty at the clean inputs: mutual information of the class and the draw, in nat (Houlsby et al.
/// 2011; Smith and Gal, UAI 2018).
///
/// Computed as the mean over draws of KL(p_s ‖ p̄), which equals predictive entropy minus expected entropy but is a sum
/// of terms that are never negative.
public struct CleanMutualInformation: RobustnessMetric {
  /// `mutual-information-clean`
  public static let name = "mutual-information-clean"
  /// One line for `--list-metrics`.
  public static let summary = "disagreement of the draws at the clean inputs, in nat"
  /// Every draw is looked at.
  public static let needsMembers = true

  /// The metric.
  public init() {}

  /// The mean over examples with its interval, in nat.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    try UncertaintyScore.mutualInformation.mean(of: outcomes.clean, metric: Self.name)
  }
}
