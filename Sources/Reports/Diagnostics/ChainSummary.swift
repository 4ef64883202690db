/// What is counted and averaged over the draws of one chain, or of all chains. Nil or NaN where nothing was recorded.
public struct ChainSummary: Sendable, Hashable, Codable {
  /// Number of draws.
  public var drawCount: Int
  /// Number of different draws: a rejected proposal repeats one.
  public var distinctDrawCount: Int?
  /// Number of draws whose trajectory diverged (`diverging`).
  public var divergenceCount: Int?
  /// Number of draws whose energy error exceeds 10 nat in magnitude or is not a number (`energy_error`).
  public var largeEnergyErrorCount: Int?
  /// Mean probability of acceptance (`acceptance_rate`).
  @ExtendedNumber public var meanAcceptanceRate: Double
  /// Mean step size (`step_size`).
  @ExtendedNumber public var meanStepSize: Double
  /// Mean number of leapfrog steps (`n_steps`).
  @ExtendedNumber public var meanStepCount: Double
  /// Estimated Bayesian fraction of missing information (from `energy`); of all chains, the smallest.
  @ExtendedNumber public var energyFraction: Double

  /// Beyond this error of the energy, in nat, a proposal is as good as never accepted (e⁻¹⁰).
  public static let largeEnergyError = 10.0

  init(_ statistics: [String: [Double]], drawCount: Int, hashes: [[BitHash]], energyFraction: Double) {
    self.drawCount = drawCount
    distinctDrawCount = hashes.map { Set($0).count }.min()
    divergenceCount = statistics["diverging"]?.count { $0 != 0 }
    // Not below 10, rather than above: NaN counts.
    largeEnergyErrorCount = statistics["energy_error"]?.count { !(abs($0) <= Self.largeEnergyError) }
    meanAcceptanceRate = statistics["acceptance_rate"].map(mean) ?? .nan
    meanStepSize = statistics["step_size"].map(mean) ?? .nan
    meanStepCount = statistics["n_steps"].map(mean) ?? .nan
    self.energyFraction = energyFraction
  }

  /// One summary for each chain, and one for all.
  ///
  /// - Parameter hashes: Lists of one hash for each draw; draws are distinct when they are in every list.
  static func all(_ posterior: DiagnosedPosterior, hashes: [[BitHash]]) -> (chains: [ChainSummary], all: ChainSummary) {
    let energies = posterior.statistics["energy"].map(posterior.chains)
    let split = posterior.statistics.mapValues(posterior.chains)
    let splitHashes = hashes.map(posterior.chains)
    let chains = (0..<posterior.chainCount).map { chain in
      ChainSummary(
        split.mapValues { $0[chain] }, drawCount: posterior.drawsPerChain, hashes: splitHashes.map { $0[chain] },
        energyFraction: energies.map { bayesianFractionOfMissingInformation($0[chain]) } ?? .nan)
    }
    let smallest = chains.map(\.energyFraction).filter { !$0.isNaN }.min() ?? .nan
    let all = ChainSummary(
      posterior.statistics, drawCount: posterior.drawCount, hashes: hashes, energyFraction: smallest)
    return (chains, all)
  }
}
