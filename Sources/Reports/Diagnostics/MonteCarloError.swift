/// Monte Carlo standard errors: how far an estimate from the chains may be from the posterior's (Vehtari et al. 2021,
/// §4.3), as ArviZ computes them.
///
/// Every function takes chains × draws of one quantity and returns the error in its unit, and NaN where the effective
/// sample size is NaN.
///
/// - Precondition: every chain has the same number of draws.
public enum MonteCarloError {
  /// Of the mean: standard deviation over √ESS.
  public static func mean(_ chains: [[Double]]) -> Double {
    let size = EffectiveSampleSize.mean(chains)
    return size.isNaN ? .nan : (variance(chains.flatMap { $0 }) / size).squareRoot()
  }

  /// Of the standard deviation, by the delta method from the fourth central moment: √((m₄ − m₂²)/ESS)/(2√m₂), with the
  /// ESS of (x − mean)².
  public static func standardDeviation(_ chains: [[Double]]) -> Double {
    guard areInformative(chains) else { return .nan }
    let centre = Diagnostics.mean(chains.flatMap { $0 })
    let squares = chains.map { $0.map { ($0 - centre) * ($0 - centre) } }
    let size = EffectiveSampleSize.mean(squares)
    let pool = squares.flatMap { $0 }
    let second = Diagnostics.mean(pool)
    let fourth = Diagnostics.mean(pool.map { $0 * $0 })
    return ((fourth - second * second) / size / second / 4).squareRoot()
  }

  /// Of a quantile: half the width of its central 68 % interval, whose ends are order statistics at the quantiles of a
  /// beta distribution.
  public static func quantile(_ chains: [[Double]], _ probability: Double) -> Double {
    let size = EffectiveSampleSize.quantile(chains, probability)
    guard !size.isNaN else { return .nan }
    let sorted = chains.flatMap { $0 }.sorted()
    let count = Double(sorted.count)
    let positions = [0.1586553, 0.8413447].map {
      betaQuantile($0, size * probability + 1, size * (1 - probability) + 1) * count - 1
    }
    let low = sorted[Int(max(positions[0], 0).rounded(.down))]
    let high = sorted[Int(min(positions[1], count - 1).rounded(.up))]
    return (high - low) / 2
  }
}
