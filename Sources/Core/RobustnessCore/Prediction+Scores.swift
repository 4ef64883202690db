#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

// Scores of the predictive probabilities: whatever reports one of them means these definitions.
extension Prediction {
  /// −log p(label) of each example, in nat; ∞ for a label of probability 0.
  public func logLosses(_ labels: [Int]) -> [Double] {
    labels.indices.map { -logProbabilities[$0, labels[$0]] }
  }

  /// Σₖ (pₖ − 1{k = label})² of each example, between 0 and 2; their mean is the Brier score (Brier 1950).
  public func squaredErrors(_ labels: [Int]) -> [Double] {
    labels.indices.map { row -> Double in
      var sum = 0.0
      for (k, value) in logProbabilities[row: row].enumerated() {
        // 1 − p without cancellation where p is that of the label.
        let error = k == labels[row] ? expm1(value) : exp(value)
        sum += error * error
      }
      return sum
    }
  }

  /// Σ over bins of (share of examples) · |accuracy − mean confidence| (Naeini et al., AAAI 2015; Guo et al., ICML
  /// 2017, Eq. 3), with bins of equal width ((b − 1)/bins, b/bins].
  ///
  /// The bins are closed on the right, so that a confidence of exactly 1, which is common, is counted. Confidence and
  /// class are those of the largest probability. NaN when any confidence is, and without examples.
  public func expectedCalibrationError(_ labels: [Int], bins: Int = 15) -> Double {
    let classes = classes(.predictive)
    guard !labels.isEmpty, !classes.contains(-1) else { return .nan }
    var surplus = [Double](repeating: 0, count: bins)
    for row in labels.indices {
      let confidence = exp(logProbabilities[row, classes[row]])
      let bin = min(bins, max(1, Int((confidence * Double(bins)).rounded(.up)))) - 1
      surplus[bin] += (classes[row] == labels[row] ? 1 : 0) - confidence
    }
    return surplus.reduce(0) { $0 + abs($1) } / Double(labels.count)
  }
}
