public import RobustnessCore

/// How good probabilities are on held-out data. The definitions are those of the metrics of `evaluate`.
public struct PredictiveQuality: Sendable, Hashable, Codable {
  /// Fraction of examples whose most probable class is the label.
  @ExtendedNumber public var accuracy: Double
  /// Mean of −log p(label), in nat.
  @ExtendedNumber public var negativeLogLikelihood: Double
  /// Mean over examples of Σₖ (pₖ − 1{k = label})², between 0 and 2.
  @ExtendedNumber public var brierScore: Double
  /// Expected calibration error in 15 bins of equal width, closed on the right.
  @ExtendedNumber public var expectedCalibrationError: Double

  /// The quality of log-probabilities, shape (examples, classes), for the classes in `labels`; all NaN without
  /// examples.
  public init(logProbabilities: Tensor, labels: [Int]) {
    precondition(logProbabilities.rowCount == labels.count, "one label for each example")
    let prediction = Prediction(logProbabilities: logProbabilities, votes: Tensor(zeros: [labels.count, 0]))
    accuracy =
      Double(zip(prediction.classes(.predictive), labels).count { $0 == $1 }) / Double(labels.count)
    negativeLogLikelihood = mean(prediction.logLosses(labels))
    brierScore = mean(prediction.squaredErrors(labels))
    expectedCalibrationError = prediction.expectedCalibrationError(labels)
  }
}

/// The quality of the posterior predictive and of each draw, on the same held-out examples.
public struct QualityReport: Sendable, Hashable, Codable {
  /// Number of held-out examples.
  public var exampleCount: Int
  /// Of the posterior predictive: the mean of the probabilities over all draws.
  public var predictive: PredictiveQuality
  /// Of each draw, in order.
  public var draws: [PredictiveQuality]

  /// Mean and range over the draws of one score; all NaN when one of them is.
  public func spread(_ score: (PredictiveQuality) -> Double) -> Spread {
    let values = draws.map(score)
    guard !values.isEmpty, !values.contains(where: \.isNaN) else {
      return Spread(mean: .nan, minimum: .nan, maximum: .nan)
    }
    return Spread(mean: mean(values), minimum: values.min() ?? .nan, maximum: values.max() ?? .nan)
  }

  /// Mean and range.
  public struct Spread: Sendable, Hashable {
    /// Mean.
    public var mean: Double
    /// Smallest.
    public var minimum: Double
    /// Largest.
    public var maximum: Double
  }
}
