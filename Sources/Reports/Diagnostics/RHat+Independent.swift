import Foundation
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

  /// What one in two hundred R-hats of a quantity exceeds where the draws are independent: 1.28 for four chains of 10
  /// draws, 1.18 for four of 15, where one in six and one in seventeen are above 1.1. No failure of convergence can be
  /// told from less. A quantile, since the largest of so many simulations is a matter of chance.
  ///
  /// - Returns: 1 from 60 draws on, of a single chain from 100 on, where it lies below 1.1.
  static func rarelyExceededByIndependentDraws(chains: Int, drawsPerChain: Int) -> Double {
    guard isShort(chains, drawsPerChain) else { return 1 }
    return simulation(chains, drawsPerChain)?.quantile(0.995) ?? 1
  }

  /// The same of the ninth decile of R-hat over inputs, where predictions depend on two quantities, at every input in a
  /// direction of its own: 1.32 for four chains of 10 draws.
  ///
  /// Two are the worst. Where predictions at all inputs depend on one quantity, the ninth decile is its R-hat; where they
  /// depend on many, R-hats at different inputs have little to do with each other, and their ninth decile hardly varies.
  /// Two quantities leave as much to chance as one, and a tenth of their combinations to choose from.
  ///
  /// - Returns: 1 from 60 draws on, of a single chain from 100 on.
  static func rarelyExceededInFunctionSpace(chains: Int, drawsPerChain: Int) -> Double {
    guard isShort(chains, drawsPerChain), chains > 0, drawsPerChain >= minimumDraws else { return 1 }
    // Of more chains it is less, and takes long.
    let chains = min(chains, 8)
    let key = [chains, drawsPerChain]
    if let found = knownOfFunctions.withLock({ $0[key] }) { return found }
    let size = chains * drawsPerChain
    let directions = (0..<20).map { Double.pi * Double($0) / 20 }.map { (cos($0), sin($0)) }
    let streams = RandomStreams(seed: 0, purpose: "r-hat/functions")
    let simulated = (0..<max(250, min(2000, 80_000 / size))).map { number in
      var stream = streams.stream(example: number)
      let (first, second) = (stream.normals(size), stream.normals(size))
      let predictions = directions.map { x, y in
        (0..<chains).map { chain in
          (chain * drawsPerChain..<(chain + 1) * drawsPerChain).map { x * first[$0] + y * second[$0] }
        }
      }
      return RHatSummary(predictions).ninthDecile
    }
    let found = RHatSummary(rHats: simulated).quantile(0.995)
    knownOfFunctions.withLock { $0[key] = found }
    return found
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
  private static let knownOfFunctions = Mutex<[[Int]: Double]>([:])
}
