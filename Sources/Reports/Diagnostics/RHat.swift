/// Rank-normalised split R-hat of one quantity (Vehtari, Gelman, Simpson, Carpenter and Bürkner, Bayesian Analysis
/// 2021, §4).
public struct RHat: Sendable, Hashable {
  /// Of the rank-normalised draws: do the chains agree on location?
  public let bulk: Double
  /// Of the rank-normalised distances from the median: do the chains agree on scale? NaN when all distances are equal.
  public let folded: Double

  /// The larger of the two; above 1.01 the chains have not mixed.
  public var value: Double { folded.isNaN ? bulk : max(bulk, folded) }

  /// R-hat of `chains`, each a list of draws of the same quantity; one chain is compared half against half.
  ///
  /// NaN for fewer than four draws a chain, for values that are not finite and for a constant; ∞ for chains that are
  /// each constant at different values.
  ///
  /// - Precondition: every chain has the same number of draws.
  public init(_ chains: [[Double]]) {
    guard areInformative(chains) else {
      bulk = .nan
      folded = .nan
      return
    }
    let halves = splitInHalves(chains)
    bulk = Self.ofChains(rankNormalized(halves))
    let median = quantile(halves.flatMap { $0 }.sorted(), 0.5)
    let distances = halves.map { $0.map { abs($0 - median) } }
    folded = areInformative(distances, minimumDraws: 2) ? Self.ofChains(rankNormalized(distances)) : .nan
  }

  /// √((B/W + n − 1)/n) with B = n·variance of the chains' means and W = mean of the chains' variances.
  private static func ofChains(_ chains: [[Double]]) -> Double {
    let n = Double(chains[0].count)
    let between = n * variance(chains.map(mean))
    let within = mean(chains.map(variance))
    return ((between / within + n - 1) / n).squareRoot()
  }
}
