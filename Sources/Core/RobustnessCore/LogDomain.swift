// Scalar functions of the log domain. Each says which cancellation it avoids.
#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

let ln2 = 0.6931471805599453

/// log(1 + eˣ), without overflow for large x and without losing eˣ for very negative x.
public func softplus(_ x: Double) -> Double {
  x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))
}

/// log(log(1 + eˣ)). For x → −∞ the inner logarithm is eˣ, which underflows below −745; its logarithm is x − eˣ/2 + ….
public func logSoftplus(_ x: Double) -> Double {
  x < -37 ? x : log(softplus(x))
}

/// log Σ exp(values), −∞ for an empty sequence.
public func logSumExp(_ values: some Collection<Double>) -> Double {
  // `max` would lose a NaN or keep it, depending on where it stands.
  guard !values.contains(where: \.isNaN) else { return .nan }
  guard let top = values.max(), top > -.infinity else { return -.infinity }
  if top == .infinity { return .infinity }
  var sum = 0.0
  for value in values { sum += exp(value - top) }
  return top + log(sum)
}

/// log Σ exp of a stream of values, one at a time.
public struct RunningLogSumExp: Sendable {
  private var top = -Double.infinity
  private var sum = 0.0

  /// An empty sum, whose logarithm is −∞.
  public init() {}

  /// Adds exp(value).
  public mutating func add(_ value: Double) {
    if value <= top {
      if value > -.infinity { sum += exp(value - top) }
    } else {
      sum = top > -.infinity ? sum * exp(top - value) + 1 : 1
      top = value
    }
  }

  /// The logarithm of the sum so far.
  public var value: Double { top > -.infinity ? top + log(sum) : -.infinity }
}

/// log softmax of one row of logits.
public func logSoftmax(_ logits: some Collection<Double>) -> [Double] {
  let total = logSumExp(logits)
  return logits.map { $0 - total }
}

/// logsumexp of all entries but `label`, minus entry `label`: the log-odds of *not* being `label`. Cross-entropy is
/// `softplus` of it; LSE − z_y would cancel once p_y rounds to 1.
public func logOddsAgainst(_ label: Int, logits: some RandomAccessCollection<Double>) -> Double {
  var others = RunningLogSumExp()
  var own = -Double.infinity
  for (index, value) in logits.enumerated() {
    if index == label { own = value } else { others.add(value) }
  }
  return others.value - own
}
