import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import Shell

/// Where the chains of a run begin.
enum ChainStarts: Sendable {
  case prior
  case own
  case map(MaximumPosterior)
  /// Draws of a file, of which chain c takes number c, and begins again with the first when there are no more.
  case draws([[Float]])

  /// The start of a chain: a function of the seed and the chain, whichever sampler follows.
  func start(
    of chain: Int, _ network: BayesianNetwork, seed: Int, didStep: (_ done: Int, _ logDensity: Double) throws -> Void
  ) throws -> [Float] {
    var stream = RandomStreams(seed: UInt64(seed), purpose: "train/start").stream(example: chain)
    switch self {
    case .prior: return network.priorDraw(&stream)
    case .own: return []
    case .map(let search):
      return try search.climb(network, from: MaximumPosterior.beginning(network, &stream), didStep: didStep)
    case .draws(let draws): return draws[chain % draws.count]
    }
  }

  /// The draws that a file offers to so many chains.
  ///
  /// - Throws: `PosteriorFileError` for a file that is refused, `BadDataError` for another network.
  static func draws(
    of path: String, chains: Int, architecture: Architecture, probe: ProbeCommand?
  ) throws -> (draws: [[Float]], sha256: String) {
    let file = try PosteriorFile.open(path, probe: probe)
    guard file.architecture == architecture else {
      throw BadDataError(
        "--start \(path) holds \(file.architecture.summary); this run's network is \(architecture.summary)")
    }
    try OwnAnswers.check(file, as: "--start \(path)")
    // One draw of every chain first: the start of a chain says more than its neighbour.
    let order = (0..<min(chains, file.drawCount)).map { index in
      index % file.chainCount * file.drawsPerChain + file.drawsPerChain - 1 - index / file.chainCount
    }
    let draws = try order.map { draw in
      var weights = [Float](repeating: 0, count: architecture.parameterCount)
      try weights.withUnsafeMutableBufferPointer { try file.read(draw: draw, into: $0) }
      return weights
    }
    return (draws, file.posteriorSHA256)
  }
}
