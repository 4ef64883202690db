#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A number with its 95 % interval.
public struct Estimate: Sendable, Hashable, Codable {
  /// The number.
  public var value: Double
  /// Lower end of the 95 % interval, where one is known.
  public var low: Double?
  /// Upper end of the 95 % interval, where one is known.
  public var high: Double?
  /// Unit, for instance "fraction" or "nat".
  public var unit: String
  /// Number of examples that it rests on.
  public var count: Int

  /// An estimate.
  public init(value: Double, low: Double? = nil, high: Double? = nil, unit: String, count: Int) {
    self.value = value
    self.low = low
    self.high = high
    self.unit = unit
    self.count = count
  }

  /// The fraction `successes / count` with its Wilson score interval (Wilson 1927), which holds its level near 0 and 1
  /// and for small counts, where the normal approximation does not.
  ///
  /// - Parameter distinct: How many of them are distinct, where copies are no further evidence: the interval is that of
  ///   so many.
  public static func proportion(
    _ successes: Int, of count: Int, distinct: Int? = nil, unit: String = "fraction"
  ) -> Estimate {
    guard count > 0 else { return Estimate(value: .nan, unit: unit, count: 0) }
    let z = 1.959963984540054
    let n = Double(distinct ?? count)
    let p = Double(successes) / Double(count)
    let centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    // At the ends the bound is 0 or 1 exactly; rounding would leave 10⁻¹⁷.
    let low = successes == 0 ? 0 : centre - half
    let high = successes == count ? 1 : centre + half
    return Estimate(value: p, low: max(0, low), high: min(1, high), unit: unit, count: count)
  }

  /// The mean of one number for each example, with the interval of the normal approximation (± 1.96 standard errors).
  ///
  /// - Parameters:
  ///   - values: one number for each example. Without any the mean is NaN; one alone has no interval.
  ///   - unit: what the numbers are measured in, for instance "nat".
  ///   - bounds: what the mean can be at all; the interval is cut there. A mean that is not finite has no interval.
  public static func mean(
    of values: [Double], unit: String, within bounds: ClosedRange<Double> = -.infinity...(.infinity)
  ) -> Estimate {
    let n = Double(values.count)
    guard n > 0 else { return Estimate(value: .nan, unit: unit, count: 0) }
    let mean = values.reduce(0, +) / n
    guard n > 1, mean.isFinite else { return Estimate(value: mean, unit: unit, count: values.count) }
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
    let half = 1.959963984540054 * (variance / n).squareRoot()
    let low = max(bounds.lowerBound, mean - half)
    let high = min(bounds.upperBound, mean + half)
    return Estimate(value: mean, low: low, high: high, unit: unit, count: values.count)
  }
}

/// Two rates on the same examples, compared pair by pair.
public struct PairedComparison: Sendable, Hashable, Codable {
  /// First rate minus second rate.
  public var difference: Double
  /// Lower end of the 95 % interval (Agresti and Min 2005: Wald's interval after half an observation is added to each
  /// cell).
  public var low: Double
  /// Upper end of the 95 % interval.
  public var high: Double
  /// Exact two-sided McNemar p-value: under equality the discordant pairs are a fair coin.
  public var pValue: Double

  /// Compares two yes-no outcomes of the same examples.
  public init(_ first: [Bool], _ second: [Bool]) {
    precondition(first.count == second.count)
    let onlyFirst = zip(first, second).count { $0 && !$1 }
    let onlySecond = zip(first, second).count { !$0 && $1 }
    let n = Double(first.count)
    difference = n > 0 ? Double(onlyFirst - onlySecond) / n : .nan
    // Agresti and Min (Statistics in Medicine 2005): half an observation in each of the four cells.
    let b = Double(onlyFirst) + 0.5
    let c = Double(onlySecond) + 0.5
    let total = n + 2
    let centre = (b - c) / total
    let half = 1.959963984540054 * ((b + c) - (b - c) * (b - c) / total).squareRoot() / total
    low = max(-1, centre - half)
    high = min(1, centre + half)
    pValue = Self.exactMcNemar(onlyFirst, onlySecond)
  }

  /// P(at most min(b, c) heads or at least max(b, c)) of b + c fair tosses, summed in the log domain.
  static func exactMcNemar(_ b: Int, _ c: Int) -> Double {
    let n = b + c
    guard n > 0, b != c else { return 1 }
    var tail = RunningLogSumExp()
    for k in 0...min(b, c) {
      tail.add(lgamma(Double(n) + 1) - lgamma(Double(k) + 1) - lgamma(Double(n - k) + 1) - Double(n) * ln2)
    }
    return min(1, 2 * exp(tail.value))
  }
}
