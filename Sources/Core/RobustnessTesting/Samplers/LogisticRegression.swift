import Foundation
import NeuralNetworks
import RobustnessCore

/// Logistic regression with one feature: p(1 | x) = σ(a·x + b), a and b normal around zero before any data. All moments
/// of its posterior come from a quadrature over the plane.
struct LogisticRegression: LogDensity {
  let inputs: [Double] = [-2, -1.5, -1, -0.75, -0.5, -0.25, 0.25, 0.5, 1, 1.25, 1.5, 2]
  let labels = [0, 0, 0, 1, 0, 0, 1, 0, 1, 1, 1, 1]
  let priorDeviation: Double

  var dimension: Int { 2 }
  var priorDeviations: [Double]? { [priorDeviation, priorDeviation] }

  func evaluate(
    _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>?
  ) throws -> LogDensityValue {
    let (a, b) = (position[0], position[1])
    let precision = 1 / (priorDeviation * priorDeviation)
    var (logLikelihood, slopes) = (0.0, (-a * precision, -b * precision))
    for (x, label) in zip(inputs, labels) {
      let sign = label == 1 ? 1.0 : -1
      let odds = sign * (a * x + b)
      let e = exp(-abs(odds))
      logLikelihood -= log1p(e) + max(0, -odds)
      let miss = sign * (odds > 0 ? e : 1) / (1 + e)
      slopes = (slopes.0 + miss * x, slopes.1 + miss)
    }
    gradient?[0] = slopes.0
    gradient?[1] = slopes.1
    return LogDensityValue(logLikelihood: logLikelihood, logPrior: -0.5 * precision * (a * a + b * b))
  }

  /// Posterior means and standard deviations of functions of (a, b).
  ///
  /// The trapezoidal rule is exact to all digits for a smooth integrand that dies out on all sides.
  func moments(_ functions: [(Double, Double) -> Double]) throws -> [(mean: Double, deviation: Double)] {
    let step = 0.1
    let nodes = Int((8 * priorDeviation / step).rounded(.up))
    var (total, first) = (0.0, [Double](repeating: 0, count: functions.count))
    var second = first
    for i in -nodes...nodes {
      for j in -nodes...nodes {
        let (a, b) = (Double(i) * step, Double(j) * step)
        let weight = exp(try [a, b].withUnsafeBufferPointer { try evaluate($0, gradient: nil).total })
        total += weight
        for (index, function) in functions.enumerated() {
          let value = function(a, b)
          first[index] += weight * value
          second[index] += weight * value * value
        }
      }
    }
    return zip(first, second).map { first, second in
      let mean = first / total
      return (mean, (second / total - mean * mean).squareRoot())
    }
  }

  /// The same data under a network of one layer with two logits: their difference is a·x + b, and the differences of
  /// weights and biases have twice the variance of each.
  func network() throws -> BayesianNetwork {
    let architecture = try Architecture(
      inputShape: [1], classCount: 2, layers: [.dense(name: "output", units: 2, activation: .identity)])
    return try BayesianNetwork(
      architecture: architecture,
      prior: GaussianPrior(.global(priorDeviation / 2.0.squareRoot()), architecture: architecture),
      examples: TrainingExamples(doubles: inputs, inputShape: [1], labels: labels))
  }

  /// a and b of that network: its parameters are two weights, then two biases.
  static func coefficients(_ parameters: [Float]) -> (a: Double, b: Double) {
    (Double(parameters[1]) - Double(parameters[0]), Double(parameters[3]) - Double(parameters[2]))
  }
}
