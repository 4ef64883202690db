#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How uncertain an ensemble is at an input, as one number: the larger, the less it knows. What a defence rejects by.
///
/// Below, p are the probabilities of draw s of S and p̄ = (1/S) Σ p the posterior predictive. Values are in nat.
public enum UncertaintyScore: String, Codable, Sendable, CaseIterable {
  /// Total uncertainty, the entropy of the predictive: H(p̄) = −Σ p̄_k log p̄_k.
  case predictiveEntropy = "predictive-entropy"
  /// Aleatoric uncertainty, the mean over draws of the entropy of each: (1/S) Σ H(p) (Depeweg et al., ICML 2018).
  case expectedEntropy = "expected-entropy"
  /// Epistemic uncertainty, the mutual information of the class and the draw: (1/S) Σ KL(p ‖ p̄), which is the first
  /// minus the second (Houlsby et al. 2011; Smith and Gal, UAI 2018), as a sum of terms that are never negative.
  case mutualInformation = "mutual-information"

  /// Whether the log-probabilities of every draw are read, and not only those of the predictive.
  public var needsMembers: Bool { self != .predictiveEntropy }

  /// The score of every input that was looked at.
  ///
  /// - Parameters:
  ///   - prediction: of the draws, at the inputs; not read where ``needsMembers`` is true.
  ///   - members: log-probabilities of every draw, shape (draws, examples, classes); not read where ``needsMembers`` is
  ///     false.
  /// - Returns: one number for each example, in nat; nil where what is read was not given.
  public func values(_ prediction: Prediction?, members: Tensor?) -> [Double]? {
    guard needsMembers else {
      return prediction.map { seen in (0..<seen.count).map { Self.entropy(seen.logProbabilities[row: $0]) } }
    }
    guard let view = members.map(MemberView.init) else { return nil }
    return self == .expectedEntropy ? view.expectedEntropies : view.mutualInformations
  }
}

// MARK: - The gradient with respect to the logits of one draw

extension UncertaintyScore {
  /// What multiplies log p_k of the draw itself in S · ∂score/∂p_k; beside it stands ``shared(_:)``.
  public var ownSlope: Double {
    switch self {
    case .predictiveEntropy: 0
    case .expectedEntropy: -1
    case .mutualInformation: 1
    }
  }

  /// The part of S · ∂score/∂p_k that is the same for all draws, up to a constant that a softmax does not feel:
  /// −log p̄_k, or 0. (With the entropies' derivatives −(1 + log p̄_k)/S and −(1 + log p_k)/S.)
  public func shared(_ logPredictive: some Sequence<Double>) -> [Double] {
    logPredictive.map { self == .expectedEntropy ? 0 : -$0 }
  }

  /// S · ∂score/∂z_j of one draw, p_j Σ_k p_k (a_j − a_k) with a_k = ``ownSlope`` · log p_k + shared_k: for mutual
  /// information p_j (log(p_j/p̄_j) − KL(p ‖ p̄)). In differences, since a certain draw would cancel it to zero; and the
  /// products, of which all can lie below the smallest double, relative to the largest.
  ///
  /// - Parameters:
  ///   - logProbabilities: of the draw, one for each class.
  ///   - shared: of all draws, one for each class.
  /// - Returns: numbers of order 1 and the natural logarithm of their factor.
  public func logitGradient(_ logProbabilities: [Double], shared: [Double]) -> (values: [Double], logFactor: Double) {
    let classes = logProbabilities.indices
    func pairs(_ j: Int) -> [Int] {
      classes.filter { $0 != j && logProbabilities[j] > -.infinity && logProbabilities[$0] > -.infinity }
    }
    let products = classes.flatMap { j in pairs(j).map { logProbabilities[j] + logProbabilities[$0] } }
    guard let factor = products.max() else { return ([Double](repeating: 0, count: classes.count), 0) }
    let values = classes.map { j in
      pairs(j).reduce(0) { sum, k in
        let difference = ownSlope * (logProbabilities[j] - logProbabilities[k]) + shared[j] - shared[k]
        return sum + exp(logProbabilities[j] + logProbabilities[k] - factor) * difference
      }
    }
    return (values, factor)
  }
}

// MARK: - Entropies

extension UncertaintyScore {
  /// −Σ p log p in nat, from log-probabilities; a probability of 0 contributes 0.
  ///
  /// The term of a class that is more probable than all others together is −(1 − q) log(1 − q), q the probability of
  /// the others: its own logarithm, near 0, has the rounding of the logits, which of a certain prediction would be more
  /// than the entropy.
  public static func entropy(_ logProbabilities: some Sequence<Double>) -> Double {
    let values = Array(logProbabilities)
    let top = values.indices.first { values[$0] > -ln2 }
    var (sum, others) = (0.0, 0.0)
    for index in values.indices where index != top && values[index] != -.infinity {
      sum -= exp(values[index]) * values[index]
      others += exp(values[index])
    }
    guard let top else { return sum }
    return others < 1 ? sum - (1 - others) * log1p(-others) : sum - exp(values[top]) * values[top]
  }

  /// The Kullback–Leibler divergence Σ p log(p/q) in nat, from log-probabilities whose sums of probabilities agree.
  ///
  /// Term by term p·r − p + q with r = log(p/q), which is never negative, instead of p·r, whose terms cancel when
  /// p ≈ q. Near r = 0 the term itself cancels, so there it is p·(r²/2 − r³/6 + …) = p·(e⁻ʳ − 1 + r).
  static func divergence(_ p: some Sequence<Double>, from q: some Sequence<Double>) -> Double {
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
}

/// Log-probabilities of the draws at some inputs, and of their mean.
private struct MemberView {
  let members: Tensor
  let draws: Int
  let examples: Int
  let classes: Int

  init(_ members: Tensor) {
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
      (0..<draws).reduce(0) { $0 + UncertaintyScore.entropy(row($1, example)) } / Double(draws)
    }
  }

  /// Mean over draws of the divergence from the mean, for each example.
  var mutualInformations: [Double] {
    (0..<examples).map { example in
      let mean = logMean(example)
      return (0..<draws).reduce(0) { $0 + UncertaintyScore.divergence(row($1, example), from: mean) } / Double(draws)
    }
  }
}
