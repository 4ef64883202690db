import Dispatch

/// How well some quantities have converged: R-hat, effective sample sizes and Monte Carlo errors over all of them.
///
/// NaN where nothing is defined. Quantities that do not vary, are not finite, or have fewer than four draws a chain
/// have no diagnostics; they are counted, and never taken for converged.
public struct ConvergenceSummary: Sendable, Hashable, Codable {
  /// Number of quantities that were looked at.
  public var quantityCount: Int
  /// Number of quantities that there are; more than were looked at when these are a sample.
  public var population: Int
  /// Number of quantities, of those looked at, whose R-hat is not defined.
  public var undefinedCount: Int
  /// The largest R-hat.
  @ExtendedNumber public var largestRHat: Double
  /// The ninth decile of R-hat over the quantities, which is what is judged.
  @ExtendedNumber public var ninthDecileRHat: Double
  /// The smallest effective sample size of the bulk.
  @ExtendedNumber public var smallestBulkESS: Double
  /// The median effective sample size of the bulk.
  @ExtendedNumber public var medianBulkESS: Double
  /// The smallest effective sample size of the tails.
  @ExtendedNumber public var smallestTailESS: Double
  /// The median effective sample size of the tails.
  @ExtendedNumber public var medianTailESS: Double
  /// The largest Monte Carlo standard error of a mean, in the unit of the quantities; for log-probabilities that of the
  /// probability.
  @ExtendedNumber public var largestMonteCarloError: Double

  /// Summarises `count` quantities.
  ///
  /// - Parameters:
  ///   - population: Number of quantities that these are a sample of.
  ///   - quantity: Chains × draws of one quantity.
  ///   - estimand: What the Monte Carlo error is about, where it is another function of the same draws.
  init(
    count: Int, population: Int, quantity: @Sendable (Int) -> [[Double]],
    estimand: (@Sendable ([[Double]]) -> [[Double]])? = nil
  ) {
    var results = [Result](repeating: Result(), count: count)
    results.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let slots = buffer
      // Every quantity has a slot of its own, so that threads do not matter.
      DispatchQueue.concurrentPerform(iterations: count) { index in
        slots[index] = Result(quantity(index), estimand)
      }
    }
    quantityCount = count
    self.population = population
    let rHats = RHatSummary(rHats: results.map(\.rHat))
    undefinedCount = rHats.undefinedCount
    largestRHat = rHats.largest
    ninthDecileRHat = rHats.ninthDecile
    let bulk = Self.defined(results.map(\.bulk))
    smallestBulkESS = bulk.first ?? .nan
    medianBulkESS = Self.median(bulk)
    let tail = Self.defined(results.map(\.tail))
    smallestTailESS = tail.first ?? .nan
    medianTailESS = Self.median(tail)
    largestMonteCarloError = Self.defined(results.map(\.error)).last ?? .nan
  }

  /// For draws that are independent by construction: no chain to converge, and the Monte Carlo error is
  /// √(variance/draws).
  init(independentDraws quantities: [[Double]]) {
    quantityCount = quantities.count
    population = quantities.count
    undefinedCount = quantities.count
    largestRHat = .nan
    ninthDecileRHat = .nan
    smallestBulkESS = .nan
    medianBulkESS = .nan
    smallestTailESS = .nan
    medianTailESS = .nan
    let errors = quantities.map { draws in
      areInformative([draws], minimumDraws: 2) ? (variance(draws) / Double(draws.count)).squareRoot() : .nan
    }
    largestMonteCarloError = Self.defined(errors).last ?? .nan
  }

  /// The smaller of the smallest effective sample sizes of bulk and tails; NaN when neither is defined.
  public var smallestESS: Double {
    Self.defined([smallestBulkESS, smallestTailESS]).first ?? .nan
  }

  private static func defined(_ values: [Double]) -> [Double] { values.filter { !$0.isNaN }.sorted() }

  private static func median(_ sorted: [Double]) -> Double {
    sorted.count > 1 ? Diagnostics.quantile(sorted, 0.5) : sorted.first ?? .nan
  }

  private struct Result {
    var rHat = Double.nan
    var bulk = Double.nan
    var tail = Double.nan
    var error = Double.nan

    init() {}

    init(_ chains: [[Double]], _ estimand: (([[Double]]) -> [[Double]])?) {
      rHat = RHat(chains).value
      bulk = EffectiveSampleSize.bulk(chains)
      tail = EffectiveSampleSize.tail(chains)
      error = MonteCarloError.mean(estimand?(chains) ?? chains)
    }
  }
}
