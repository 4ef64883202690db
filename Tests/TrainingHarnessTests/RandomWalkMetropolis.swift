import Foundation
import RobustnessCore

/// The simplest sampler with everything that a run must keep: a warm-up that adapts, a state with arrays, rejections
/// that repeat a draw.
struct RandomWalkMetropolis: PosteriorSampler {
  struct Options: PluginOptions {
    var warmup = 6
    var stepSize = 0.3
    var careful = false
    static let help = ["step-size": "standard deviation of a proposal"]
  }

  struct State: Codable, Sendable {
    var position: [Double]
    var logDensity: Double
    var stepSize: Float
    var steps = 0
  }

  struct Info: SamplerInfo {
    var lp: Double
    var acceptance: Double
    var statistics: [(name: String, value: Double)] { [("lp", lp), ("acceptance_rate", acceptance)] }
  }

  typealias Target = any LogDensity

  static let name = "walk"
  static let summary = "random-walk Metropolis"
  static let exactness: Exactness? = .exact
  let options: Options

  init(_ options: Options) throws {
    guard options.stepSize > 0 else { throw CoreError("walk: step-size is \(options.stepSize); it must be positive") }
    self.options = options
  }

  func initialState(
    of target: any LogDensity, at start: [Float], chain: Int, random: RandomStreams
  ) throws -> State {
    let position = start.map(Double.init)
    return State(
      position: position, logDensity: try Self.logDensity(target, position), stepSize: Float(options.stepSize))
  }

  static func logDensity(_ target: any LogDensity, _ position: [Double]) throws -> Double {
    try position.withUnsafeBufferPointer { try target.evaluate($0, gradient: nil).total }
  }

  func step(_ state: State, of target: any LogDensity, random: RandomStreams) throws -> (state: State, info: Info) {
    var state = state
    var stream = random.stream(example: state.steps)
    let normals = stream.normals(state.position.count)
    let proposal = zip(state.position, normals).map { Double(Float($0 + Double(state.stepSize) * $1)) }
    let logDensity = try Self.logDensity(target, proposal)
    let acceptance = min(1, exp(logDensity - state.logDensity))
    if stream.uniforms(1)[0] < acceptance {
      state.position = proposal
      state.logDensity = logDensity
    }
    if state.steps < options.warmup { state.stepSize *= Float(exp(acceptance - 0.4)) }
    state.steps += 1
    return (state, Info(lp: state.logDensity, acceptance: acceptance))
  }

  func warmup(of state: State) -> WarmupProgress? {
    state.steps < options.warmup ? WarmupProgress(done: state.steps, total: options.warmup) : nil
  }

  func draw(of state: State) -> [Float] { state.position.map { Float($0) } }
}

/// Draws from a Gaussian that it knows from the beginning.
struct KnownGaussian: PosteriorSampler {
  typealias Options = NoOptions
  typealias Info = RandomWalkMetropolis.Info
  typealias Target = any LogDensity

  struct State: Codable, Sendable {
    var gaussian: GaussianApproximation
    var draw: [Float]
    var steps = 0
  }

  static let name = "gaussian"
  static let yield = SamplerYield.independentDraws

  init(_ options: NoOptions) throws {}

  func initialState(
    of target: any LogDensity, at start: [Float], chain: Int, random: RandomStreams
  ) throws -> State {
    State(gaussian: GaussianApproximation(mean: start, scale: start.map { _ in 0.1 }), draw: start)
  }

  func step(_ state: State, of target: any LogDensity, random: RandomStreams) throws -> (state: State, info: Info) {
    var state = state
    var stream = random.stream(example: state.steps)
    let normals = stream.normals(state.draw.count)
    state.draw = zip(state.gaussian.mean, normals).map { $0 + 0.1 * Float($1) }
    state.steps += 1
    return (state, Info(lp: 0, acceptance: 1))
  }

  func warmup(of state: State) -> WarmupProgress? { nil }
  func draw(of state: State) -> [Float] { state.draw }
  func gaussian(of state: State) -> GaussianApproximation? { state.gaussian }
}

/// Members of an ensemble: wherever they start.
struct Standstill: PosteriorSampler {
  typealias Options = NoOptions
  typealias Info = RandomWalkMetropolis.Info
  typealias Target = any LogDensity
  typealias State = [Float]

  static let name = "standstill"
  static let yield = SamplerYield.networks

  init(_ options: NoOptions) throws {}

  func initialState(of target: any LogDensity, at start: [Float], chain: Int, random: RandomStreams) -> [Float] {
    start
  }
  func step(_ state: [Float], of target: any LogDensity, random: RandomStreams) -> (state: [Float], info: Info) {
    (state, Info(lp: 0, acceptance: 1))
  }
  func warmup(of state: [Float]) -> WarmupProgress? { nil }
  func draw(of state: [Float]) -> [Float] { state }
}
