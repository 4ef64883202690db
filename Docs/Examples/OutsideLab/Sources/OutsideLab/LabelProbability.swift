import Foundation
public import RobustnessCore

/// The mean predictive probability of the label at the inputs that the attack returned.
public struct LabelProbability: RobustnessMetric {
  public static let name = "label-probability"
  public static let summary = "mean predictive probability of the label under attack"
  public init() {}

  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    let rows = outcomes.adversarial.prediction.logProbabilities
    return .mean(
      of: outcomes.labels.enumerated().map { exp(rows[$0, $1]) }, unit: "probability", within: 0...1)
  }
}
