import Foundation
import NeuralNetworks
import RobustnessCore

// One sampler for each rule, broken in the way that the rule is there to find.

struct UnpronounceableWalk: Walk {
  typealias Target = any LogDensity
  static let name = "My Sampler!"
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
}

/// Draws from something that no run offers.
struct FairCoin: PosteriorSampler {
  static let name = "fair-coin"
  typealias Target = Bool
  init(_ options: NoOptions) {}
  func initialState(of target: Bool, at start: [Float], chain: Int, random: RandomStreams) throws -> Int { 0 }
  func step(_ state: Int, of target: Bool, random: RandomStreams) throws -> (state: Int, info: WalkInfo) {
    (state + 1, WalkInfo(logDensity: 0, acceptanceRate: 1))
  }
  func warmup(of state: Int) -> WarmupProgress? { nil }
  func draw(of state: Int) -> [Float] { [Float(state)] }
}

struct FromZero: Walk {
  typealias Target = any LogDensity
  static let name = "from-zero"
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
  func initialState(
    of target: any LogDensity, at start: [Float], chain: Int, random: RandomStreams
  ) throws -> WalkState {
    let zero = start.map { _ in Float(0) }
    return WalkState(position: zero, value: try target.value(at: zero))
  }
}

struct HundredAtMost: Walk {
  typealias Target = any LogDensity
  static let name = "hundred-at-most"
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
  func draw(of state: WalkState) -> [Float] { Array(state.position.prefix(100)) }
}

struct Tardy: Walk {
  typealias Target = any LogDensity
  static let name = "tardy"
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
  func warmup(of state: WalkState) -> WarmupProgress? {
    state.steps < options.warmup + 10 ? WarmupProgress(done: state.steps, total: options.warmup) : nil
  }
}

struct DensityOfTheProposal: Walk {
  typealias Target = any LogDensity
  static let name = "density-of-the-proposal"
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
  func step(_ state: WalkState, of target: any LogDensity, random: RandomStreams) throws -> (
    state: WalkState, info: WalkInfo
  ) {
    let (next, info, proposed) = try walk(state, of: target, random: random)
    return (next, WalkInfo(logDensity: proposed.total, acceptanceRate: info.acceptanceRate))
  }
}

struct SystemNoiseWalk: Walk {
  typealias Target = any LogDensity
  static let name = "system-noise"
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
  func noise(_ state: WalkState, _ target: any LogDensity, _ random: RandomStreams) -> [Double] {
    RandomStreams(seed: UInt64.random(in: 0...UInt64.max), purpose: "luck").stream(example: 0).normalsOnce(
      state.position.count)
  }
}

extension RandomStream {
  fileprivate func normalsOnce(_ count: Int) -> [Double] {
    var stream = self
    return stream.normals(count)
  }
}

struct OwnSeed: Walk {
  typealias Target = any LogDensity
  static let name = "own-seed"
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
  func step(_ state: WalkState, of target: any LogDensity, random: RandomStreams) throws -> (
    state: WalkState, info: WalkInfo
  ) {
    let (next, info, _) = try walk(state, of: target, random: RandomStreams(seed: 42, purpose: "own-seed"))
    return (next, info)
  }
}

/// Does not save what its warm-up found.
struct Forgetful: PosteriorSampler {
  typealias Target = any LogDensity
  struct State: Codable, Sendable {
    var walk: WalkState
    init(walk: WalkState) { self.walk = walk }
    init(from decoder: any Decoder) throws { walk = try WalkState(from: decoder) }
    func encode(to encoder: any Encoder) throws {
      var copy = walk
      copy.scale = 0.5
      try copy.encode(to: encoder)
    }
  }

  static let name = "forgetful"
  private let sound: SoundWalk
  init(_ options: WalkOptions) { sound = SoundWalk(options) }
  func initialState(of target: any LogDensity, at start: [Float], chain: Int, random: RandomStreams) throws -> State {
    State(walk: try sound.initialState(of: target, at: start, chain: chain, random: random))
  }
  func step(_ state: State, of target: any LogDensity, random: RandomStreams) throws -> (state: State, info: WalkInfo) {
    let (walk, info) = try sound.step(state.walk, of: target, random: random)
    return (State(walk: walk), info)
  }
  func warmup(of state: State) -> WarmupProgress? { sound.warmup(of: state.walk) }
  func draw(of state: State) -> [Float] { state.walk.position }
}

/// What a scratch array kept between calls amounts to: whoever comes last has written it.
struct SharedScratchWalk: Walk {
  typealias Target = any LogDensity
  static let name = "shared-scratch"
  private final class Scratch: @unchecked Sendable {
    private let lock = NSLock()
    private var users = 0
    func enter() { lock.withLock { users += 1 } }
    func leave() { lock.withLock { users -= 1 } }
    var isShared: Bool { lock.withLock { users > 1 } }
  }
  private let scratch = Scratch()
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
  func step(_ state: WalkState, of target: any LogDensity, random: RandomStreams) throws -> (
    state: WalkState, info: WalkInfo
  ) {
    scratch.enter()
    defer { scratch.leave() }
    let (next, info, _) = try walk(state, of: target, random: random)
    guard scratch.isShared else { return (next, info) }
    var other = state
    other.steps += 1
    return (other, WalkInfo(logDensity: state.value.total, acceptanceRate: 0))
  }
}

struct ByThreads: Walk {
  typealias Target = BayesianNetwork
  static let name = "by-threads"
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
  func density(_ target: BayesianNetwork) -> any LogDensity { target }
  func noise(_ state: WalkState, _ target: BayesianNetwork, _ random: RandomStreams) -> [Double] {
    random.stream(example: state.steps, restart: 2, step: target.configuration.threads).normalsOnce(
      state.position.count)
  }
}

struct AcceptsNaN: Walk {
  typealias Target = any LogDensity
  static let name = "accepts-nan"
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
  func accepts(logRatio: Double, uniform: Double) -> Bool { !(logRatio <= log(uniform)) }
}

/// Gradient descent that looks at no loss.
struct BlindDescent: PosteriorSampler {
  struct State: Codable, Sendable {
    var weights: [Float]
    var epoch = 0
  }
  struct Info: SamplerInfo {
    var statistics: [(name: String, value: Double)] { [] }
  }

  static let name = "blind-descent"
  static var yield: SamplerYield { .network }
  static var defaultStart: SamplerStart { .own }
  init(_ options: NoOptions) {}
  func initialState(of target: BayesianNetwork, at start: [Float], chain: Int, random: RandomStreams) throws -> State {
    var stream = random.stream(example: 0)
    return State(weights: start.isEmpty ? target.architecture.initialWeights(&stream) : start)
  }
  func step(_ state: State, of target: BayesianNetwork, random: RandomStreams) throws -> (state: State, info: Info) {
    var state = state
    let gradient = try target.gradient(at: state.weights)
    let rate = 0.5 / Double(target.examples.count)
    for index in gradient.indices { state.weights[index] += Float(rate * gradient[index]) }
    state.epoch += 1
    return (state, Info())
  }
  func warmup(of state: State) -> WarmupProgress? {
    state.epoch < 20 ? WarmupProgress(done: state.epoch, total: 20) : nil
  }
  func draw(of state: State) -> [Float] { state.weights }
}

struct ClaimsIndependence: Walk {
  typealias Target = any LogDensity
  static let name = "claims-independence"
  static var yield: SamplerYield { .independentDraws }
  static var defaultStart: SamplerStart { .prior }
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
}

/// Independent draws around zero, as wide as the prior.
protocol PriorAround: PosteriorSampler where Target == any LogDensity, State == PriorState {}

struct PriorState: Codable, Sendable {
  var position: [Float]
  var scale: [Float]
  var steps = 0
}

extension PriorAround {
  static var yield: SamplerYield { .independentDraws }
  func initialState(of target: any LogDensity, at start: [Float], chain: Int, random: RandomStreams) throws -> State {
    PriorState(position: start, scale: (target.priorDeviations ?? start.map { _ in 1 }).map { Float($0) })
  }
  func step(_ state: State, of target: any LogDensity, random: RandomStreams) throws -> (state: State, info: WalkInfo) {
    var stream = random.stream(example: state.steps)
    var state = state
    state.position = zip(state.scale, stream.normals(state.scale.count)).map { $0 * Float($1) }
    state.steps += 1
    return (state, WalkInfo(logDensity: try target.value(at: state.position).total, acceptanceRate: 1))
  }
  func warmup(of state: State) -> WarmupProgress? { nil }
  func draw(of state: State) -> [Float] { state.position }
}

/// Two thirds of each draw are the one before.
struct Lingering: PriorAround {
  static let name = "lingering"
  init(_ options: NoOptions) {}
  func step(_ state: State, of target: any LogDensity, random: RandomStreams) throws -> (state: State, info: WalkInfo) {
    var stream = random.stream(example: state.steps)
    var state = state
    for (index, normal) in stream.normals(state.scale.count).enumerated() {
      state.position[index] = 0.67 * state.position[index] + 0.74 * state.scale[index] * Float(normal)
    }
    state.steps += 1
    return (state, WalkInfo(logDensity: try target.value(at: state.position).total, acceptanceRate: 1))
  }
}

struct WrongGaussian: PriorAround {
  static let name = "wrong-gaussian"
  init(_ options: NoOptions) {}
  func gaussian(of state: State) -> GaussianApproximation? {
    GaussianApproximation(mean: state.scale.map { _ in 0 }, scale: state.scale.map { 1.5 * $0 })
  }
}

struct WithoutData: PriorAround {
  static let name = "without-data"
  init(_ options: NoOptions) {}
  func gaussian(of state: State) -> GaussianApproximation? {
    GaussianApproximation(mean: state.scale.map { _ in 0 }, scale: state.scale)
  }
}

/// Langevin dynamics without its accept step, at a step that is not small.
struct UnadjustedLangevin: Walk {
  typealias Target = any LogDensity
  static let name = "unadjusted-langevin"
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
  func step(_ state: WalkState, of target: any LogDensity, random: RandomStreams) throws -> (
    state: WalkState, info: WalkInfo
  ) {
    let step = 0.8
    let gradient = try target.gradient(at: state.position)
    guard gradient.allSatisfy(\.isFinite) else { throw CoreError("the gradient is not finite") }
    var next = state
    for (index, normal) in noise(state, target, random).enumerated() {
      next.position[index] += Float(step * step / 2 * gradient[index] + step * normal)
    }
    next.value = try target.value(at: next.position)
    next.steps += 1
    return (next, WalkInfo(logDensity: next.value.total, acceptanceRate: 1))
  }
}

/// Draws from the square root of the density.
struct Tempered: Walk {
  typealias Target = any LogDensity
  static let name = "tempered"
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
  func accepts(logRatio: Double, uniform: Double) -> Bool { log(uniform) < logRatio / 2 }
}

/// Sound, but it hardly moves.
struct Sluggish: Walk {
  typealias Target = any LogDensity
  static let name = "sluggish"
  static var adapts: Bool { false }
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
  func initialState(
    of target: any LogDensity, at start: [Float], chain: Int, random: RandomStreams
  ) throws -> WalkState {
    WalkState(position: start, value: try target.value(at: start), scale: 0.01)
  }
}

/// Hands out the weights that it was to train.
struct Untrained: PosteriorSampler {
  struct State: Codable, Sendable { var weights: [Float] }
  static let name = "untrained"
  static var yield: SamplerYield { .networks }
  static var defaultStart: SamplerStart { .own }
  init(_ options: NoOptions) {}
  func initialState(of target: BayesianNetwork, at start: [Float], chain: Int, random: RandomStreams) throws -> State {
    var stream = random.stream(example: 0)
    return State(weights: start.isEmpty ? target.architecture.initialWeights(&stream) : start)
  }
  func step(_ state: State, of target: BayesianNetwork, random: RandomStreams) throws -> (
    state: State, info: BlindDescent.Info
  ) { (state, BlindDescent.Info()) }
  func warmup(of state: State) -> WarmupProgress? { nil }
  func draw(of state: State) -> [Float] { state.weights }
}
