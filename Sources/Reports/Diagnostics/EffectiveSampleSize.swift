#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How many independent draws the chains are worth (Vehtari et al. 2021; Geyer 1992), as Stan and ArviZ compute it.
///
/// Every function takes chains × draws of one quantity, splits the chains in halves, and returns NaN for fewer than
/// four draws a chain, for values that are not finite and for a constant. Antithetic chains can be worth more than
/// their draws, up to S·log₁₀S for S draws.
///
/// - Precondition: every chain has the same number of draws.
public enum EffectiveSampleSize {
  /// For estimates of location: of the rank-normalised draws.
  public static func bulk(_ chains: [[Double]]) -> Double {
    areInformative(chains) ? ofChains(rankNormalized(splitInHalves(chains))) : .nan
  }

  /// For estimates of the tails: the smaller of those of the 5 % and the 95 % quantile. NaN when so many draws are
  /// equal that a tail is empty.
  public static func tail(_ chains: [[Double]]) -> Double {
    let low = quantile(chains, 0.05)
    let high = quantile(chains, 0.95)
    return low.isNaN || high.isNaN ? .nan : min(low, high)
  }

  /// For the mean: of the draws as they are.
  public static func mean(_ chains: [[Double]]) -> Double {
    areInformative(chains) ? ofChains(splitInHalves(chains)) : .nan
  }

  /// For a quantile: of whether each draw lies at or below it.
  public static func quantile(_ chains: [[Double]], _ probability: Double) -> Double {
    guard areInformative(chains) else { return .nan }
    let level = Diagnostics.quantile(chains.flatMap { $0 }.sorted(), probability)
    let below = splitInHalves(chains).map { $0.map { $0 <= level ? 1.0 : 0 } }
    return areInformative(below, minimumDraws: 2) ? ofChains(below) : .nan
  }

  /// S/τ with τ the integrated autocorrelation time of the chains as given.
  static func ofChains(_ chains: [[Double]]) -> Double {
    let draws = chains[0].count
    let n = Double(draws)
    let centred = chains.map { chain in
      let centre = Diagnostics.mean(chain)
      return chain.map { $0 - centre }
    }
    /// Mean over chains of the autocovariance at a lag, each with denominator n.
    func autocovariance(_ lag: Int) -> Double {
      let sums = centred.map { chain in
        chain.withUnsafeBufferPointer { x in
          var sum = 0.0
          for i in 0..<draws - lag { sum += x[i] * x[i + lag] }
          return sum / n
        }
      }
      return Diagnostics.mean(sums)
    }
    let within = autocovariance(0) * n / (n - 1)
    var pooled = within * (n - 1) / n
    if chains.count > 1 { pooled += variance(chains.map(Diagnostics.mean)) }
    func autocorrelation(_ lag: Int) -> Double { 1 - (within - autocovariance(lag)) / pooled }

    let total = Double(chains.count) * n
    let time = autocorrelationTime(draws, autocorrelation)
    return total / max(time, 1 / log10(total))
  }

  /// −1 + 2 Σ ρ over Geyer's initial monotone sequence: sums of neighbouring pairs, as long as they are positive, each
  /// at most the one before.
  private static func autocorrelationTime(_ draws: Int, _ autocorrelation: (Int) -> Double) -> Double {
    var even = 1.0
    var odd = draws > 1 ? autocorrelation(1) : 0
    var rho = [even, odd]
    var lag = 1
    while lag < draws - 3, even + odd > 0 {
      even = autocorrelation(lag + 1)
      odd = autocorrelation(lag + 2)
      rho += even + odd >= 0 ? [even, odd] : [0, 0]
      lag += 2
    }
    let last = lag - 2
    // The even term of the first pair that is not positive still counts, once: it lowers the variance for antithetic
    // chains.
    if even > 0, last + 1 >= 0 { rho[last + 1] = even }
    var pair = 1
    while pair <= last - 2 {
      let before = rho[pair - 1] + rho[pair]
      if rho[pair + 1] + rho[pair + 2] > before {
        rho[pair + 1] = before / 2
        rho[pair + 2] = before / 2
      }
      pair += 2
    }
    let whole = rho.prefix(max(0, last + 1)).reduce(0, +)
    let half = last + 1 < rho.count && last + 1 >= 0 ? rho[last + 1] : 0
    return -1 + 2 * whole + half
  }
}
