import Foundation
import RobustnessCore

/// Runs chains of a sampler as the training harness does.
struct SamplerRunner<S: PosteriorSampler>: Sendable {
  var options: [String: String]

  /// Steps after which a warm-up of unknown length is taken for endless.
  static var patience: Int { 100_000 }

  func sampler() throws -> S { try S(S.Options(assignments: options)) }

  func random(seed: UInt64, chain: Int) -> RandomStreams {
    RandomStreams(seed: seed, purpose: "conformance/\(S.name)/chain/\(chain)")
  }

  func target(_ problem: SamplerProblem) throws -> S.Target {
    guard let target = problem.density as? S.Target else { throw Finding("it does not draw from \(problem.name)") }
    return target
  }

  /// A draw is one finite number for each parameter.
  func requireDraw(_ draw: [Float], _ problem: SamplerProblem, _ place: String) throws {
    guard draw.count == problem.density.dimension else {
      throw Finding(
        "with \(problem.name) the draw \(place) has \(draw.count) numbers for \(problem.density.dimension) parameters")
    }
    if let index = draw.firstIndex(where: { !$0.isFinite }) {
      throw Finding("with \(problem.name) parameter \(index) is \(draw[index]) \(place)")
    }
  }

  /// One step, with what is recorded of it.
  func step(
    _ state: inout S.State, of problem: SamplerProblem, sampler: S, random: RandomStreams
  ) throws -> SamplerRun<S>.Step {
    let warmup = sampler.warmup(of: state)
    let (next, info) = try sampler.step(state, of: target(problem), random: random)
    state = next
    return SamplerRun.Step(warmup: warmup, position: sampler.draw(of: state), statistics: info.statistics)
  }

  /// One chain through its warm-up, and `draws` draws.
  ///
  /// - Parameters:
  ///   - sampler: One that several chains share; one of its own where nil.
  ///   - start: Where it begins; where the harness would let it begin, where nil.
  ///   - stepLimit: Steps after which it stops, wherever it is.
  ///   - saves: Whether states are saved: after 0, 1, 2, 4, 8, … steps, around the end of the warm-up, and after the
  ///     last draw but three.
  ///   - beforeStep: Is called before each step.
  func run(
    _ problem: SamplerProblem, sampler shared: S? = nil, seed: UInt64 = 1, chain: Int = 0, start: [Float]? = nil,
    draws: Int, stepLimit: Int = .max, saves: Bool = false, beforeStep: () -> Void = {}
  ) throws -> SamplerRun<S> {
    let sampler = try shared ?? sampler()
    let random = random(seed: seed, chain: chain)
    let start = try start ?? problem.start(S.defaultStart, seed: seed, chain: chain)
    var state = try sampler.initialState(of: target(problem), at: start, chain: chain, random: random)
    let first = sampler.draw(of: state)
    try requireDraw(first, problem, "before the first step")
    var steps: [SamplerRun<S>.Step] = []
    var saved: [Int: Data] = [:]
    var previous: S.State?
    var drawn = 0
    while drawn < draws, steps.count < stepLimit {
      let isWarm = sampler.warmup(of: state) == nil
      if saves {
        let isPowerOfTwo = steps.count & (steps.count - 1) == 0
        if isPowerOfTwo || (isWarm && [0, 1, draws - 3].contains(drawn)) {
          saved[steps.count] = try S.save(state)
        }
        if isWarm, drawn == 0, let previous { saved[steps.count - 1] = try S.save(previous) }
        previous = state
      }
      beforeStep()
      steps.append(try step(&state, of: problem, sampler: sampler, random: random))
      try requireDraw(steps[steps.count - 1].position, problem, "after \(steps.count) steps")
      if isWarm { drawn += 1 }
      guard isWarm || steps.count <= Self.patience else {
        throw Finding("with \(problem.name) its warm-up is not over after \(Self.patience) steps")
      }
    }
    return SamplerRun(start: first, steps: steps, state: state, saved: saved)
  }
}
