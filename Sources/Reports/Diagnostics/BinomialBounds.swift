#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Exact bounds on a probability from independent trials (Clopper and Pearson 1934), one-sided.
public enum BinomialBounds {
  /// A number that lies below the probability in at least a fraction `level` of all experiments with `count` trials.
  ///
  /// For n of n it is (1 − level)^{1/n}.
  public static func lower(_ successes: Int, of count: Int, level: Double) -> Double {
    guard successes > 0 else { return 0 }
    return betaQuantile(1 - level, Double(successes), Double(count - successes + 1))
  }

  /// A number that lies above it.
  public static func upper(_ successes: Int, of count: Int, level: Double) -> Double {
    guard successes < count else { return 1 }
    return betaQuantile(level, Double(successes + 1), Double(count - successes))
  }
}

/// How many independent draws estimate a probability to ±θ with probability 1 − γ, decided as they come: the scheme of
/// Jegourel, Sun and Dong (2017) by which Cardelli et al. (IJCAI 2019) estimate the probability that a network drawn
/// from the posterior is robust.
///
/// Massart's bound (1990) needs less than Hoeffding's where the probability is near 0 or 1, and takes an interval [a, b]
/// that holds it with probability 1 − α for what it does not know. It bounds each tail; a statement on both sides takes
/// a factor 2 in the logarithm, ln(2/(γ − α)), which published code leaves out.
public struct SequentialProbability: Sendable {
  /// Half-width of the statement.
  public let precision: Double
  /// Probability that it may be wrong.
  public let risk: Double
  /// The part of `risk` that the interval may use.
  public let intervalRisk: Double
  /// Draws so far.
  public private(set) var count = 0
  /// Successes among them.
  public private(set) var successes = 0

  /// An estimate without draws.
  ///
  /// - Parameters:
  ///   - precision: θ, above 0.
  ///   - risk: γ, between 0 and 1.
  ///   - intervalRisk: α, below γ; two thirds of it by default.
  public init(precision: Double, risk: Double, intervalRisk: Double? = nil) {
    let alpha = intervalRisk ?? risk * 2 / 3
    precondition(precision > 0 && precision < 1 && risk > 0 && risk < 1 && alpha > 0 && alpha < risk)
    self.precision = precision
    self.risk = risk
    self.intervalRisk = alpha
  }

  /// Adds a draw.
  public mutating func add(_ success: Bool) {
    count += 1
    if success { successes += 1 }
  }

  /// The fraction so far.
  public var estimate: Double { count > 0 ? Double(successes) / Double(count) : .nan }

  /// Whether the draws suffice.
  public var isFinished: Bool { count >= needed }

  /// How many draws suffice, as far as is known now: never more than Hoeffding's ⌈ln(2/γ)/2θ²⌉.
  public var needed: Int {
    let hoeffding = Int((log(2 / risk) / (2 * precision * precision)).rounded(.up))
    guard count > 0 else { return hoeffding }
    let half = 1 - intervalRisk / 2
    let interval =
      BinomialBounds.lower(successes, of: count, level: half)...BinomialBounds.upper(successes, of: count, level: half)
    guard let massart = Self.massart(precision, risk: risk - intervalRisk, interval) else { return hoeffding }
    return min(hoeffding, massart)
  }

  /// Draws after which both tails of Massart's bound together are below `risk`, for every probability in an interval;
  /// nil where one half is among them.
  static func massart(_ theta: Double, risk: Double, _ interval: ClosedRange<Double>) -> Int? {
    let (a, b) = (interval.lowerBound, interval.upperBound)
    let product: Double
    if b < 0.5 {
      product = (3 * b + theta) * (3 * (1 - b) - theta)
    } else if a >= 0.5 {
      product = (3 * (1 - a) + theta) * (3 * a - theta)
    } else {
      return nil
    }
    return Int((2 / (9 * theta * theta) * log(2 / risk) * product).rounded(.up))
  }
}
