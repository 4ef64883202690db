public import RobustnessCore

/// The fraction of inputs that are classified correctly before the attack, with its Wilson interval.
public struct CleanAccuracy: RobustnessMetric {
  /// `clean-accuracy`
  public static let name = "clean-accuracy"
  /// One line for `--list-metrics`.
  public static let summary = "fraction classified correctly before the attack"

  /// The metric.
  public init() {}

  /// Correct decisions at the clean inputs over all examples.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    .proportion(outcomes.cleanCorrect.count { $0 }, of: outcomes.count)
  }
}

/// The fraction of inputs that are still classified correctly at the points that the attack returned, with its Wilson
/// interval.
///
/// Examples that were wrong before the attack count as not robust.
public struct AccuracyUnderAttack: RobustnessMetric {
  /// `robust-accuracy`
  public static let name = "robust-accuracy"
  /// One line for `--list-metrics`.
  public static let summary = "fraction classified correctly at the inputs that the attack returned"

  /// The metric.
  public init() {}

  /// Correct decisions at the adversarial inputs over all examples.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    .proportion(outcomes.adversarialCorrect.count { $0 }, of: outcomes.count)
  }
}

/// The fraction of inputs that no query of the attack fooled, with its Wilson interval.
///
/// Below `robust-accuracy` when the attack met a point that fools the ensemble and returned another: silent success
/// (Pintor et al., NeurIPS 2022).
public struct BestQueryAccuracy: RobustnessMetric {
  /// `robust-accuracy-best-query`
  public static let name = "robust-accuracy-best-query"
  /// One line for `--list-metrics`.
  public static let summary = "fraction classified correctly at the best point over all the attack's queries"

  /// The metric.
  public init() {}

  /// Examples that no query fooled over all examples.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    .proportion(outcomes.fooledByAnyQuery.count { !$0 }, of: outcomes.fooledByAnyQuery.count)
  }
}

/// Clean accuracy minus robust accuracy, with the paired interval of Agresti and Min (2005): both rates are of the same
/// examples.
public struct AccuracyDrop: RobustnessMetric {
  /// `accuracy-drop`
  public static let name = "accuracy-drop"
  /// One line for `--list-metrics`.
  public static let summary = "clean accuracy minus robust accuracy, compared example by example"

  /// The metric.
  public init() {}

  /// The difference of the two fractions.
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    guard outcomes.count > 0 else { return Estimate(value: .nan, unit: "fraction", count: 0) }
    let comparison = PairedComparison(outcomes.cleanCorrect, outcomes.adversarialCorrect)
    return Estimate(
      value: comparison.difference, low: comparison.low, high: comparison.high, unit: "fraction",
      count: outcomes.count)
  }
}
