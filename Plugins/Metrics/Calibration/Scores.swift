import RobustnessCore

/// Mean of −log p(label), in nat.
func negativeLogLikelihood(_ observations: Observations, labels: [Int]) -> Estimate {
  .mean(of: observations.prediction.logLosses(labels), unit: "nat", within: 0...(.infinity))
}

/// Mean of Σₖ (pₖ − 1{k = label})², between 0 and 2.
func brierScore(_ observations: Observations, labels: [Int]) -> Estimate {
  .mean(of: observations.prediction.squaredErrors(labels), unit: "squared probability", within: 0...2)
}

/// Σ over 15 bins of (share of examples) · |accuracy − mean confidence|.
///
/// Confidence and class are those of the predictive's largest probability, whatever the decision that is scored: it is
/// the predictive whose calibration is asked about. There is no interval. NaN when any confidence is.
func expectedCalibrationError(_ observations: Observations, labels: [Int]) -> Estimate {
  Estimate(
    value: observations.prediction.expectedCalibrationError(labels), unit: "fraction", count: labels.count)
}
