import Foundation
import RobustnessCore

// Sound samplers, of which the broken ones are variations.

struct WalkOptions: PluginOptions {
  var warmup = 200
}

struct WalkState: Codable, Sendable {
  var position: [Float]
  var value: LogDensityValue
  var scale = 0.5
  var steps = 0
}

struct WalkInfo: SamplerInfo {
  var logDensity: Double
  var acceptanceRate: Double
  var statistics: [(name: String, value: Double)] { [("lp", logDensity), ("acceptance_rate", acceptanceRate)] }
}

extension LogDensity {
  func value(at position: [Float]) throws -> LogDensityValue {
    try position.map(Double.init).withUnsafeBufferPointer { try evaluate($0, gradient: nil) }
  }

  func gradient(at position: [Float]) throws -> [Double] {
    var gradient = [Double](repeating: 0, count: dimension)
    try position.map(Double.init).withUnsafeBufferPointer { position in
      try gradient.withUnsafeMutableBufferPointer { _ = try evaluate(position, gradient: $0) }
    }
    return gradient
  }
}

/// Random-walk Metropolis in parts that can be broken one at a time.
protocol Walk: PosteriorSampler where State == WalkState, Info == WalkInfo, Options == WalkOptions {
  var options: WalkOptions { get }
  static var adapts: Bool { get }
  func density(_ target: Target) -> any LogDensity
  func noise(_ state: WalkState, _ target: Target, _ random: RandomStreams) -> [Double]
  func accepts(logRatio: Double, uniform: Double) -> Bool
}

extension Walk {
  static var adapts: Bool { true }

  func noise(_ state: WalkState, _ target: Target, _ random: RandomStreams) -> [Double] {
    var stream = random.stream(example: state.steps)
    return stream.normals(state.position.count)
  }

  func accepts(logRatio: Double, uniform: Double) -> Bool { log(uniform) < logRatio }

  func initialState(of target: Target, at start: [Float], chain: Int, random: RandomStreams) throws -> WalkState {
    WalkState(position: start, value: try density(target).value(at: start))
  }

  func walk(_ state: WalkState, of target: Target, random: RandomStreams) throws -> (
    state: WalkState, info: WalkInfo, proposed: LogDensityValue
  ) {
    let density = density(target)
    let proposal = zip(state.position, noise(state, target, random)).map { Float(Double($0) + state.scale * $1) }
    let value = try density.value(at: proposal)
    let logRatio = value.total - state.value.total
    var uniform = random.stream(example: state.steps, restart: 1)
    let acceptance = logRatio.isNaN ? 0 : min(1, exp(logRatio))
    var next = state
    if accepts(logRatio: logRatio, uniform: uniform.uniforms(1)[0]) { (next.position, next.value) = (proposal, value) }
    if Self.adapts, state.steps < options.warmup {
      next.scale *= exp((acceptance - 0.3) / pow(Double(state.steps + 1), 0.6))
    }
    next.steps += 1
    return (next, WalkInfo(logDensity: next.value.total, acceptanceRate: acceptance), value)
  }

  func step(_ state: WalkState, of target: Target, random: RandomStreams) throws -> (state: WalkState, info: WalkInfo) {
    let (state, info, _) = try walk(state, of: target, random: random)
    return (state, info)
  }

  func warmup(of state: WalkState) -> WarmupProgress? {
    state.steps < options.warmup ? WarmupProgress(done: state.steps, total: options.warmup) : nil
  }

  func draw(of state: WalkState) -> [Float] { state.position }
}

extension Walk where Target == any LogDensity {
  func density(_ target: any LogDensity) -> any LogDensity { target }
}

struct SoundWalk: Walk {
  static let name = "sound-walk"
  let options: WalkOptions
  init(_ options: WalkOptions) { self.options = options }
  typealias Target = any LogDensity
}
