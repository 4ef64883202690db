import RobustnessCore

extension UncertaintyScore {
  /// The mean of the score over some inputs, with its interval, in nat.
  ///
  /// - Parameter metric: The metric that asks, by its name.
  /// - Throws: `CoreError` when the draws were needed and not recorded.
  func mean(of observations: Observations, metric: String) throws -> Estimate {
    guard let values = values(observations.prediction, members: observations.memberLogProbabilities) else {
      throw CoreError("\(metric) needs the log-probabilities of every draw, which were not recorded")
    }
    return .mean(of: values, unit: "nat", within: 0...(.infinity))
  }
}
