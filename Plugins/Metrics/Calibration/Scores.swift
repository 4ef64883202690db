import RobustnessCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Mean of −log p(label), in nat.
func negativeLogLikelihood(_ observations: Observations, labels: [Int]) -> Estimate {
  let logProbabilities = observations.prediction.logProbabilities
  let values = labels.indices.map { -logProbabilities[$0, labels[$0]] }
  return .mean(of: values, unit: "nat", within: 0...(.infinity))
}

/// Mean of Σₖ (pₖ − 1{k = label})², between 0 and 2.
func brierScore(_ observations: Observations, labels: [Int]) -> Estimate {
  let logProbabilities = observations.prediction.logProbabilities
  let values = labels.indices.map { row -> Double in
    var sum = 0.0
    for (k, value) in logProbabilities[row: row].enumerated() {
      // 1 − p without cancellation where p is that of the label.
      let error = k == labels[row] ? expm1(value) : exp(value)
      sum += error * error
    }
    return sum
  }
  return .mean(of: values, unit: "squared probability", within: 0...2)
}

/// Σ over bins of (share of examples) · |accuracy − mean confidence|, with bins of equal width ((b − 1)/15, b/15].
///
/// Confidence and class are those of the predictive's largest probability, whatever the decision that is scored: it is the predictive whose calibration is asked about. There is
/// no interval. NaN when any confidence is.
func expectedCalibrationError(_ observations: Observations, labels: [Int], bins: Int = 15) -> Estimate {
  let classes = observations.prediction.classes(.predictive)
  guard !labels.isEmpty, !classes.contains(-1) else {
    return Estimate(value: .nan, unit: "fraction", count: labels.count)
  }
  var surplus = [Double](repeating: 0, count: bins)
  for row in labels.indices {
    let confidence = exp(observations.prediction.logProbabilities[row, classes[row]])
    let bin = min(bins, max(1, Int((confidence * Double(bins)).rounded(.up)))) - 1
    surplus[bin] += (classes[row] == labels[row] ? 1 : 0) - confidence
  }
  let error = surplus.reduce(0) { $0 + abs($1) } / Double(labels.count)
  return Estimate(value: error, unit: "fraction", count: labels.count)
}
