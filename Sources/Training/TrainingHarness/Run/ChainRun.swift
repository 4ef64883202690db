import Foundation
import NeuralNetworks
import RobustnessCore
import Shell

/// What a chain needs of the run that it belongs to.
struct ChainSurroundings: Sendable {
  let files: JournalFiles
  let draws: Int
  let seed: Int
  let starts: ChainStarts
  let progress: TrainingProgress
  /// Throws when the run is to stop.
  let checkForStop: @Sendable () throws -> Void
  /// For tests: called after a step is complete; what it throws ends the run as a kill would, with nothing further
  /// written.
  let afterStep: (@Sendable (_ chain: Int, _ step: Int) throws -> Void)?
}

/// One chain from wherever it is to its last draw.
struct ChainRun<S: PosteriorSampler> {
  let sampler: S
  let chain: Int
  let surroundings: ChainSurroundings
  let network: BayesianNetwork

  func run() throws {
    let progress = surroundings.progress
    let journal = try ChainJournal<S.State>(surroundings.files, chain: chain)
    progress.begin(chain, draws: journal.drawCount, statistics: journal.records.logDensities)
    try surroundings.checkForStop()
    guard let target = network as? S.Target else {
      throw UsageError(
        "\(S.name) draws from \(S.Target.self); train offers a BayesianNetwork, which is an `any LogDensity`")
    }
    let random = RandomStreams(seed: UInt64(surroundings.seed), purpose: "train/\(S.name)/chain/\(chain)")
    try journal.beginWriting()
    var steps = journal.restored?.steps ?? 0
    var state: S.State
    if let restored = journal.restored {
      state = restored.state
    } else {
      let start = try surroundings.starts.start(of: chain, network, seed: surroundings.seed) { done, value in
        progress.search(chain, done: done, logDensity: value)
        try surroundings.checkForStop()
      }
      state = try sampler.initialState(of: target, at: start, chain: chain, random: random)
      try journal.save(state, steps: 0, isDue: true)
    }
    while journal.drawCount < surroundings.draws {
      do {
        try surroundings.checkForStop()
      } catch {
        try journal.synchronize(state, steps: steps)
        throw error
      }
      let warmup = sampler.warmup(of: state)
      let info: S.Info
      do {
        (state, info) = try sampler.step(state, of: target, random: random)
      } catch let error as CoreError {
        throw RunError("chain \(chain + 1), step \(steps + 1): \(error)")
      }
      steps += 1
      if warmup == nil {
        let draw = sampler.draw(of: state)
        try check(draw, number: journal.drawCount + 1)
        if journal.drawCount == 0, let gaussian = sampler.gaussian(of: state) {
          try surroundings.files.write(gaussian, to: surroundings.files.gaussian(chain))
        }
        try journal.append(draw, info.statistics)
      }
      try journal.save(state, steps: steps, isDue: warmup == nil)
      progress.didStep(chain, warmup: sampler.warmup(of: state), draws: journal.drawCount, info.statistics)
      try surroundings.afterStep?(chain, steps)
    }
    try journal.synchronize(state, steps: steps)
    progress.end(chain)
  }

  /// A draw that no file can hold is said at once, not after the last one.
  private func check(_ draw: [Float], number: Int) throws {
    precondition(draw.count == surroundings.files.parameterCount, "a draw holds every parameter")
    guard draw.allSatisfy(\.isFinite) else {
      throw RunError(
        "chain \(chain + 1): draw \(number) holds weights that are not finite. The sampler has diverged: "
          + "take smaller steps, or start elsewhere. Draws before it can be had with posterior publish")
    }
  }
}

extension ChainRecords {
  /// The log-densities of the draws so far, where the sampler records them.
  var logDensities: [Double] {
    guard let column = names?.firstIndex(of: "lp") else { return [] }
    return statistics.map { $0[column] }
  }
}
