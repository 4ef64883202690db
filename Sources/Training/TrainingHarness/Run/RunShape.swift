import PosteriorFiles
import RobustnessCore
import Shell

/// How many chains and draws a run has, which depends on what the sampler's draws mean.
struct RunShape: Codable, Hashable, Sendable {
  var chains: Int
  /// In each chain.
  var draws: Int
  var kind: String
  /// What the sampler promises; nil where it promises nothing, and in journals of versions that did not record it.
  var exactness: String?

  var posteriorKind: PosteriorKind? { PosteriorKind(rawValue: kind) }

  /// - Throws: `UsageError` for an option that has no meaning for the sampler.
  init(_ options: RunOptions, _ sampler: String, _ yield: SamplerYield, _ exactness: Exactness?) throws {
    func refuse(_ given: Int?, _ option: String, _ advice: String) throws {
      if given != nil { throw UsageError("\(sampler) does not take --\(option): \(advice)") }
    }
    let kind: PosteriorKind
    switch yield {
    case .markovChain:
      try refuse(options.members, "members", "its chains are --chains, with --draws each")
      (chains, draws, kind) = (options.chains ?? 4, options.draws ?? 250, .mcmc)
    case .independentDraws:
      try refuse(options.members, "members", "it gives --draws independent draws")
      if let chains = options.chains, chains != 1 {
        throw UsageError("\(sampler) gives independent draws, which are one chain: leave out --chains")
      }
      (chains, draws, kind) = (1, options.draws ?? 100, .variational)
    case .network:
      try refuse(options.members, "members", "it trains one network; ensembles have samplers of their own")
      try refuse(options.chains, "chains", "it trains one network")
      try refuse(options.draws, "draws", "it trains one network")
      (chains, draws, kind) = (1, 1, .single)
    case .networks, .resampledNetworks:
      try refuse(options.chains, "chains", "its networks are --members")
      try refuse(options.draws, "draws", "its networks are --members, of one draw each")
      (chains, draws) = (options.members ?? 10, 1)
      kind = chains == 1 && yield == .networks ? .single : yield == .networks ? .ensemble : .bootstrap
    }
    self.kind = kind.rawValue
    self.exactness = exactness?.rawValue
  }
}
