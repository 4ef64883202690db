public import RobustnessCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One minus the mean over examples of the largest change of any predictive probability.
///
/// 1 − (1/N) Σᵢ maxₖ |p(k | xᵢ) − p(k | x′ᵢ)|: 1 when nothing changes, 0 when every example moves from certainty of one
/// class to certainty of another. The expectation of softmax differences of Cardelli et al. (IJCAI 2019), as Carbone et
/// al. (NeurIPS 2020) report it.
public struct PredictiveSoftmaxRobustness: RobustnessMetric {
  /// `softmax-robustness`
  public static let name = "softmax-robustness"
  /// One line for `--list-metrics`.
  public static let summary = "1 − mean L∞ change of the predictive probabilities"

  /// The metric.
  public init() {}

  /// The mean with its interval, unit "probability".
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    let clean = outcomes.clean.prediction.logProbabilities
    let adversarial = outcomes.adversarial.prediction.logProbabilities
    return oneMinusMeanChange(
      (0..<outcomes.count).map { row in
        (clean[row: row].map { exp($0) }, adversarial[row: row].map { exp($0) })
      })
  }
}

/// Softmax robustness after a second softmax, as the code of Carbone et al. (2020) computes it. For the audit of
/// published numbers only.
///
/// Probabilities are passed through softmax as if they were logits. They lie in [0, 1], so the result of K classes
/// never falls below 1 − (e − 1)/(e + K − 1): 0.853 for 10 classes, however badly the ensemble is fooled.
public struct DoubleSoftmaxRobustness: RobustnessMetric {
  /// `softmax-robustness-double`
  public static let name = "softmax-robustness-double"
  /// One line for `--list-metrics`.
  public static let summary =
    "softmax robustness with softmax applied twice; for the audit (10 classes: never below 0.853)"

  /// The metric.
  public init() {}

  /// The mean with its interval, unit "probability".
  public func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    let clean = outcomes.clean.prediction.logProbabilities
    let adversarial = outcomes.adversarial.prediction.logProbabilities
    return oneMinusMeanChange(
      (0..<outcomes.count).map { row in
        (softmaxOfProbabilities(clean[row: row]), softmaxOfProbabilities(adversarial[row: row]))
      })
  }

  private func softmaxOfProbabilities(_ logProbabilities: ArraySlice<Double>) -> [Double] {
    logSoftmax(logProbabilities.map { exp($0) }).map { exp($0) }
  }
}

private func oneMinusMeanChange(_ pairs: [([Double], [Double])]) -> Estimate {
  let values = pairs.map { clean, adversarial in
    // Not `max`, which would drop a NaN.
    1
      - zip(clean, adversarial).reduce(0.0) { top, pair in
        let change = abs(pair.0 - pair.1)
        return top.isNaN || change <= top ? top : change
      }
  }
  return .mean(of: values, unit: "probability", within: 0...1)
}
