import RobustnessCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// −Σ p log p in nat, from log-probabilities; a probability of 0 contributes 0.
func entropy(_ logProbabilities: some Sequence<Double>) -> Double {
  var sum = 0.0
  for value in logProbabilities where value != -.infinity { sum -= exp(value) * value }
  return sum
}

/// The Kullback–Leibler divergence Σ p log(p/q) in nat, from log-probabilities whose sums of probabilities agree.
///
/// Term by term p·r − p + q with r = log(p/q), which is never negative, instead of p·r, whose terms cancel when p ≈ q.
/// Near r = 0 the term itself cancels, so there it is p·(r²/2 − r³/6 + …) = p·(e⁻ʳ − 1 + r).
func divergence(_ p: some Sequence<Double>, from q: some Sequence<Double>) -> Double {
  var sum = 0.0
  for (logP, logQ) in zip(p, q) {
    if logP == -.infinity {
      sum += exp(logQ)
      continue
    }
    let r = logP - logQ
    if abs(r) < 0.1 {
      // Nine terms of the series: 0.1¹¹/11! is beyond rounding.
      var term = r * r / 2
      var series = 0.0
      for k in 3...11 {
        series += term
        term *= -r / Double(k)
      }
      sum += exp(logP) * series
    } else {
      sum += exp(logP) * (r - 1) + exp(logQ)
    }
  }
  return sum
}

/// Log-probabilities of the draws at some inputs, and of their mean.
struct MemberView {
  let members: Tensor
  let draws: Int
  let examples: Int
  let classes: Int

  /// - Throws: `CoreError` when the draws were not recorded.
  init(_ observations: Observations, metric: String) throws {
    guard let members = observations.memberLogProbabilities else {
      throw CoreError("\(metric) needs the log-probabilities of every draw, which were not recorded")
    }
    self.members = members
    draws = members.shape[0]
    examples = members.shape[1]
    classes = members.shape[2]
  }

  func row(_ draw: Int, _ example: Int) -> ArraySlice<Double> {
    let start = (draw * examples + example) * classes
    return members.elements[start..<start + classes]
  }

  /// log of the mean probability over the draws: of these draws, so that the sums of probabilities agree to rounding.
  func logMean(_ example: Int) -> [Double] {
    (0..<classes).map { k in
      logSumExp((0..<draws).map { members.elements[($0 * examples + example) * classes + k] }) - log(Double(draws))
    }
  }

  /// Mean over draws of the entropy, for each example.
  var expectedEntropies: [Double] {
    (0..<examples).map { example in
      (0..<draws).reduce(0) { $0 + entropy(row($1, example)) } / Double(draws)
    }
  }

  /// Mean over draws of the divergence from the mean, for each example.
  var mutualInformations: [Double] {
    (0..<examples).map { example in
      let mean = logMean(example)
      return (0..<draws).reduce(0) { $0 + divergence(row($1, example), from: mean) } / Double(draws)
    }
  }
}

/// Mean entropy of the predictive at some inputs.
func predictiveEntropy(_ observations: Observations) -> Estimate {
  let logProbabilities = observations.prediction.logProbabilities
  let values = (0..<logProbabilities.rowCount).map { entropy(logProbabilities[row: $0]) }
  return .mean(of: values, unit: "nat", within: 0...(.infinity))
}
