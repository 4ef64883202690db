import RobustnessCore
import Synchronization

extension RHat {
  /// What the ninth decile of R-hat is for independent draws of this number, from 500 simulations: chains that are as
  /// good as can be show as much. In short chains that is more than 1.01, and says nothing against them: 1.05 for four
  /// chains of 22 draws, 1.01 for four of 100.
  ///
  /// R-hat is of ranks, so that it does not matter of which distribution they are.
  ///
  /// - Returns: 1 from 250 draws on, where it lies below 1.01 for any number of chains.
  static func ofIndependentDraws(chains: Int, drawsPerChain: Int) -> Double {
    simulation(chains, drawsPerChain)?.ninthDecile ?? 1
  }

  /// The largest of the same 500: what independent draws hardly exceed. Four chains of 15 independent draws have an
  /// R-hat above 1.1 once in seventeen times; no failure of convergence can be told from it.
  ///
  /// - Returns: 1 from 250 draws on.
  static func largestOfIndependentDraws(chains: Int, drawsPerChain: Int) -> Double {
    simulation(chains, drawsPerChain)?.largest ?? 1
  }

  private static func simulation(_ chains: Int, _ drawsPerChain: Int) -> RHatSummary? {
    guard chains > 0, (minimumDraws..<250).contains(drawsPerChain) else { return nil }
    let key = [chains, drawsPerChain]
    if let found = known.withLock({ $0[key] }) { return found }
    let streams = RandomStreams(seed: 0, purpose: "r-hat/independent")
    let simulated = (0..<500).map { number in
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
