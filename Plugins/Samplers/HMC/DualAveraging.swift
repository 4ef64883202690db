import Foundation

/// Finds the step size at which the mean acceptance probability is a given one (Hoffman and Gelman 2014, §3.2.1;
/// constants of Stan).
public struct DualAveraging: Codable, Sendable, Hashable {
  /// δ: the acceptance probability aimed at.
  public let target: Double
  private var mu: Double
  private var count = 0
  private var sum = 0.0
  private var averageLogStep = 0.0

  /// γ, t₀ and κ of the paper.
  static let gamma = 0.05
  static let t0 = 10.0
  static let kappa = 0.75

  /// Begins at a step size; steps are drawn towards ten times it.
  public init(stepSize: Double, target: Double) {
    self.target = target
    mu = log(10 * stepSize)
  }

  /// Takes notice of a transition, and returns the step size of the next one.
  ///
  /// - Parameter acceptance: Its acceptance probability; NaN counts as 0.
  public mutating func update(acceptance: Double) -> Double {
    count += 1
    let t = Double(count)
    let eta = 1 / (t + Self.t0)
    sum = (1 - eta) * sum + eta * (target - (acceptance.isNaN ? 0 : min(1, acceptance)))
    let logStep = mu - sum * t.squareRoot() / Self.gamma
    let weight = pow(t, -Self.kappa)
    averageLogStep = (1 - weight) * averageLogStep + weight * logStep
    return exp(logStep)
  }

  /// The step size to keep once the warm-up is over; nil before the first update.
  public var finalStepSize: Double? { count > 0 ? exp(averageLogStep) : nil }
}
