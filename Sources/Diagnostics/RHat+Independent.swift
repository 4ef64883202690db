import RobustnessCore
import Synchronization

extension RHat {
  /// What the ninth decile of R-hat is for independent draws of this number, from simulations: chains that are as
  /// good as can be show as much. In short chains that is more than 1.01, and says nothing against them: 1.05 for four
  /// chains of 22 draws, 1.01 for four of 100.
  ///
  /// R-hat is of ranks, so that it does not matter of which distribution they are.
  ///
  /// - Returns: 1 from 250 draws on, where it lies below 1.01 for any number of chains.
  static func ofIndependentDraws(chains: Int, drawsPerChain: Int) -> Double {
    simulation(chains, drawsPerChain)?.ninthDecile ?? 1
  }

  /// What one in two hundred R-hats of independent draws exceeds: 1.28 for four chains of 10 draws, 1.18 for four of
  /// 15, where one in six and one in seventeen are above 1.1. No failure of convergence can be told from less.
  ///
  /// A quantile, since the largest of so many simulations is a matter of chance. It is that of one quantity. In function
  /// space the ninth decile over inputs is judged, which is the same where all predictions depend on one quantity and
  /// varies less where they depend on many; where they depend on two, it exceeds this in one of thirty.
  ///
  /// - Returns: 1 from 60 draws on, of a single chain from 100 on, where it lies below 1.1.
  static func rarelyExceededByIndependentDraws(chains: Int, drawsPerChain: Int) -> Double {
    guard isShort(chains, drawsPerChain) else { return 1 }
    return simulation(chains, drawsPerChain)?.quantile(0.995) ?? 1
  }

  /// Whether independent draws come near 1.1.
  private static func isShort(_ chains: Int, _ draws: Int) -> Bool { draws < (chains == 1 ? 100 : 60) }

  private static func simulation(_ chains: Int, _ drawsPerChain: Int) -> RHatSummary? {
    guard chains > 0, (minimumDraws..<250).contains(drawsPerChain) else { return nil }
    let key = [chains, drawsPerChain]
    if let found = known.withLock({ $0[key] }) { return found }
    // The quantile needs many; of many chains it varies little, and each simulation takes long.
    let count = isShort(chains, drawsPerChain) ? max(500, min(2000, 500_000 / (chains * drawsPerChain))) : 500
    let streams = RandomStreams(seed: 0, purpose: "r-hat/independent")
    let simulated = (0..<count).map { number in
      var stream = streams.stream(example: number)
      let draws = stream.uniforms(chains * drawsPerChain)
      return RHat((0..<chains).map { Array(draws[$0 * drawsPerChain..<($0 + 1) * drawsPerChain]) }).value
    }
    let found = RHatSummary(rHats: simulated)
    known.withLock { $0[key] = found }
    return found
  }

  private static let known = Mutex<[[Int]: RHatSummary]>([:])
}
