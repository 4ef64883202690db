import Foundation
public import RobustnessCore

/// Hamiltonian Monte Carlo with trajectories of a given length (Duane et al. 1987; Neal 2011, §3).
///
/// A transition draws momenta p ~ N(0, M), follows the trajectory for L leapfrog steps, and accepts its end with
/// probability min(1, exp(−ΔH)), H(q, p) = −log π(q) + ½ pᵀM⁻¹p. A rejected proposal repeats the position. Energies are
/// `Double`, differenced term by term; L gradients are computed for each proposal, since that of the start is kept.
public struct HamiltonianMonteCarlo: PosteriorSampler {
  /// Any density with a gradient.
  public typealias Target = any LogDensity

  /// `hmc`
  public static let name = "hmc"
  /// One line for `--list-samplers`.
  public static let summary = "Hamiltonian Monte Carlo on the full data, with exact Metropolis correction"
  /// The Metropolis correction leaves the density itself.
  public static let exactness: Exactness? = .exact
  /// A proposal whose energy is this much higher, or not finite, is called divergent.
  public static let divergenceThreshold = 1000.0

  let options: Options
  let schedule: WarmupSchedule

  /// The sampler.
  ///
  /// - Throws: `CoreError` when options are out of range or contradict each other.
  public init(_ options: Options) throws {
    try Self.check(options)
    self.options = options
    schedule = WarmupSchedule(count: options.warmup)
  }

  /// Where a chain is.
  public struct State: Codable, Sendable {
    /// The position, which is the draw.
    public internal(set) var position: [Float]
    /// The log-density there.
    public internal(set) var value: LogDensityValue
    /// Transitions made.
    public internal(set) var transitions = 0
    /// ε of the next transition, before jitter.
    public internal(set) var stepSize: Double
    /// The diagonal of M⁻¹; nil for the identity, or where it is the prior's.
    public internal(set) var inverseMass: [Double]?
    var averaging: DualAveraging?
    var variance: RunningVariance?
    /// Not saved: computed again where it is missing.
    var gradient: [Double]?

    private enum CodingKeys: String, CodingKey {
      case position, value, transitions, stepSize, inverseMass, averaging, variance
    }
  }

  /// What a transition was.
  public struct Info: SamplerInfo, Hashable {
    /// log π of the position that was kept.
    public var logDensity: Double
    /// H of the position that was kept, with its momenta: those of the start after a rejection.
    public var energy: Double
    /// H of the proposal minus H of the start.
    public var energyError: Double
    /// min(1, exp(−ΔH)); 0 where ΔH is not a number.
    public var acceptanceRate: Double
    /// ε, with jitter.
    public var stepSize: Double
    /// Leapfrog steps taken.
    public var steps: Int
    /// Whether ΔH was above 1000 or not a number.
    public var isDiverging: Bool
    /// Whether the proposal was accepted.
    public var isAccepted: Bool

    /// Under ArviZ's names.
    public var statistics: [(name: String, value: Double)] {
      [
        ("lp", logDensity), ("energy", energy), ("acceptance_rate", acceptanceRate), ("step_size", stepSize),
        ("n_steps", Double(steps)), ("diverging", isDiverging ? 1 : 0), ("energy_error", energyError),
      ]
    }
  }

  // MARK: - A chain

  /// The state at `start`. A step size that adapts begins where a single step is accepted with probability 0.8.
  ///
  /// - Throws: `CoreError` when the density is not finite at the start.
  public func initialState(
    of target: any LogDensity, at start: [Float], chain: Int, random: RandomStreams
  ) throws -> State {
    precondition(start.count == target.dimension)
    let (value, gradient) = try Self.evaluate(target, start)
    guard value.total.isFinite else {
      throw CoreError("hmc: the log-density at the start of chain \(chain + 1) is \(value.total); start elsewhere")
    }
    var state = State(position: start, value: value, stepSize: options.stepSize ?? 1, gradient: gradient)
    if options.massMatrix == .prior, target.priorDeviations == nil {
      throw CoreError("hmc: mass-matrix=prior needs a density that knows its prior; use identity or diagonal")
    }
    if options.stepSize == nil {
      let unit = options.massMatrix == .prior ? 1 : target.priorDeviations?.max() ?? 1
      state.stepSize = try reasonableStepSize(
        state, gradient, from: 0.1 * unit, target, random.streams(for: "step-size"))
      state.averaging = DualAveraging(stepSize: state.stepSize, target: options.targetAcceptance)
    }
    return state
  }

  /// One transition.
  public func step(
    _ state: State, of target: any LogDensity, random: RandomStreams
  ) throws -> (state: State, info: Info) {
    var state = state
    let gradient = try state.gradient ?? Self.evaluate(target, state.position).gradient
    let inverseMass = inverseMass(state, target)
    var momenta = random.stream(example: state.transitions)
    let momentum = Self.momentum(&momenta, dimension: state.position.count, inverseMass: inverseMass)
    var uniform = random.stream(example: state.transitions, restart: 1)
    let uniforms = uniform.uniforms(2)
    let stepSize = state.stepSize * (1 + options.jitter * (2 * uniforms[0] - 1))
    let steps = leapfrogSteps(stepSize: state.stepSize, target)

    let start = state.position.map(Double.init)
    var end = Leapfrog(position: start, momentum: momentum, gradient: gradient)
    try end.advance(target, steps: steps, stepSize: stepSize, inverseMass: inverseMass, rounding: true)
    let ratio = Self.logRatio(target, end, start, state.value)
    let kinetic = end.kineticDifference(from: momentum, inverseMass: inverseMass)
    let error = end.hasDiverged ? Double.infinity : kinetic - ratio
    let acceptance = error.isNaN ? 0 : min(1, exp(-error))
    let isAccepted = uniforms[1] < acceptance
    let startEnergy = Leapfrog.kineticEnergy(momentum, inverseMass: inverseMass) - state.value.total

    state.gradient = isAccepted ? end.gradient : gradient
    if isAccepted {
      state.position = end.position.map(Float.init)
      state.value = end.value!
    }
    let info = Info(
      logDensity: state.value.total, energy: isAccepted ? startEnergy + error : startEnergy, energyError: error,
      acceptanceRate: acceptance, stepSize: stepSize, steps: steps,
      isDiverging: !(error <= Self.divergenceThreshold), isAccepted: isAccepted)
    if state.transitions < options.warmup { try adapt(&state, acceptance, target, random) }
    state.transitions += 1
    return (state, info)
  }

  /// Until the warm-up's last transition.
  public func warmup(of state: State) -> WarmupProgress? {
    state.transitions < options.warmup ? WarmupProgress(done: state.transitions, total: options.warmup) : nil
  }

  /// The position.
  public func draw(of state: State) -> [Float] { state.position }

  // MARK: - Parts of a transition

  private func inverseMass(_ state: State, _ target: any LogDensity) -> [Double]? {
    options.massMatrix == .prior ? target.priorDeviations?.map { $0 * $0 } : state.inverseMass
  }

  /// L: as given, or τ/ε rounded up, at least 1.
  private func leapfrogSteps(stepSize: Double, _ target: any LogDensity) -> Int {
    if let steps = options.leapfrogSteps { return steps }
    let unit = options.massMatrix == .identity ? target.priorDeviations?.max() ?? 1 : 1
    let length = options.trajectoryLength ?? .pi / 2 * unit
    return Int(min(Double(options.maxLeapfrogSteps), max(1, (length / stepSize).rounded(.up))))
  }

  static func evaluate(
    _ target: some LogDensity, _ position: [Float]
  ) throws -> (value: LogDensityValue, gradient: [Double]) {
    var gradient = [Double](repeating: 0, count: position.count)
    let value = try position.map(Double.init).withUnsafeBufferPointer { position in
      try gradient.withUnsafeMutableBufferPointer { try target.evaluate(position, gradient: $0) }
    }
    return (value, gradient)
  }

  static func momentum(_ stream: inout RandomStream, dimension: Int, inverseMass: [Double]?) -> [Double] {
    var momentum = stream.normals(dimension)
    if let inverseMass {
      for i in momentum.indices { momentum[i] /= inverseMass[i].squareRoot() }
    }
    return momentum
  }

  static func logRatio(
    _ target: some LogDensity, _ end: Leapfrog, _ start: [Double], _ value: LogDensityValue
  ) -> Double {
    guard let new = end.value else { return -.infinity }
    return end.position.withUnsafeBufferPointer { position in
      start.withUnsafeBufferPointer { start in
        target.logRatio(
          of: LocatedValue(position: position, value: new), to: LocatedValue(position: start, value: value))
      }
    }
  }
}
