/// What an ensemble says about some inputs.
public struct Prediction: Sendable, Hashable {
  /// Natural logarithms of the posterior predictive's probabilities, shape (examples, classes).
  public var logProbabilities: Tensor
  /// How many draws choose each class, shape (examples, classes).
  public var votes: Tensor

  /// Wraps log-probabilities and votes.
  public init(logProbabilities: Tensor, votes: Tensor) {
    self.logProbabilities = logProbabilities
    self.votes = votes
  }

  /// Number of examples.
  public var count: Int { logProbabilities.rowCount }

  /// The class chosen for each example under the predictive or the vote; `singleDraw` needs a prediction of that draw
  /// alone and is then the same as `predictive`. A row that is not finite decides for no class (−1): it counts as
  /// wrong, and the check on finite values names it.
  public func classes(_ decision: Decision) -> [Int] {
    (0..<count).map { row in
      let probabilities = Array(logProbabilities[row: row])
      guard probabilities.allSatisfy({ !$0.isNaN }) else { return -1 }
      guard decision == .majorityVote else { return Self.firstMaximum(probabilities) }
      let counts = Array(votes[row: row])
      let top = counts.max() ?? 0
      var best = -1
      for (index, count) in counts.enumerated() where count == top {
        if best < 0 || probabilities[index] > probabilities[best] { best = index }
      }
      return best
    }
  }

  /// Index of the first largest element.
  static func firstMaximum(_ values: [Double]) -> Int {
    var best = 0
    for index in values.indices where values[index] > values[best] { best = index }
    return best
  }

  /// Only the rows named by `indices`.
  public func rows(_ indices: [Int]) -> Prediction {
    Prediction(logProbabilities: logProbabilities.rows(indices), votes: votes.rows(indices))
  }
}

/// The value of an objective at some points.
public struct Loss: Sendable, Hashable {
  /// Natural logarithm of the loss of each example; for `margin`, which can be negative, the value itself.
  public var logLosses: [Double]
  /// What the same draws predict at the same points.
  public var prediction: Prediction

  /// Wraps values and prediction.
  public init(logLosses: [Double], prediction: Prediction) {
    self.logLosses = logLosses
    self.prediction = prediction
  }
}

/// The value and the input gradient of an objective at some points.
public struct LossAndGradient: Sendable, Hashable {
  /// Natural logarithm of the loss of each example; for `margin`, which can be negative, the value itself.
  public var logLosses: [Double]
  /// Gradient of the loss (not of its logarithm) with respect to the inputs.
  public var gradient: ScaledGradient
  /// What the same draws predict at the same points.
  public var prediction: Prediction

  /// Wraps values, gradient and prediction.
  public init(logLosses: [Double], gradient: ScaledGradient, prediction: Prediction) {
    self.logLosses = logLosses
    self.gradient = gradient
    self.prediction = prediction
  }
}
