public import RobustnessCore

/// Projected gradient descent whose step finds its own length (Croce and Hein, ICML 2020, Algorithm 1): Auto-PGD.
///
/// z = Π(xᵏ + ηᵏ·u(∇J(xᵏ))) and xᵏ⁺¹ = Π(xᵏ + a·(z − xᵏ) + (1 − a)·(xᵏ − xᵏ⁻¹)), with u(g) = sign(g) for L∞ and g/‖g‖₂
/// for L2. The step starts at 2ε; at checkpoints, where too few steps climbed or neither step nor best value changed
/// since the one before, it is halved and the run goes on from its best point. J is the objective of the run.
public struct AutoProjectedGradientDescent: Attack {
  /// Options of the attack.
  public struct Options: PluginOptions {
    /// Number of steps of one run, each one gradient.
    public var iterations = 100
    /// Number of runs, each from a random start of its own.
    public var restarts = 1
    /// ρ: a step is halved unless more than this part of the steps since the last checkpoint climbed.
    public var rho = 0.75
    /// a: the weight of the new step; 1 is a step without momentum.
    public var momentum = 0.75
    /// Whether a run starts from a random point on the border of the ball rather than from the input.
    public var randomStart = true
    /// Whether an example that reached its goal is not asked about again, in this run or in later ones.
    public var earlyStop = false
    /// How a point is brought back into ball and box; it matters for L2 only.
    public var projection = Projection.sequential

    /// The defaults.
    public init() {}

    /// What each option is for.
    public static let help = [
      "iterations": "steps of one run, each one gradient",
      "restarts": "number of runs",
      "rho": "a step is halved unless more than this part of the steps since the last checkpoint climbed",
      "momentum": "weight of the new step; 1 is without momentum",
      "random-start": "start on the border of the ball rather than at the input",
      "early-stop": "do not ask again about an example that reached its goal",
      "projection": "in L2: exact, sequential (ball, then box) or box-first",
    ]
  }

  /// `apgd`
  public static let name = "apgd"
  /// One line for `--list-attacks`.
  public static let summary = "projected gradient descent with momentum whose step is halved where it stops climbing"

  private let options: Options

  /// The attack.
  ///
  /// - Throws: `CoreError` when a number makes no sense.
  public init(_ options: Options) throws {
    guard options.iterations >= 0 else {
      throw CoreError("apgd: iterations must not be negative, not \(options.iterations)")
    }
    guard options.restarts > 0 else {
      throw CoreError("apgd: restarts is the number of runs and must be at least 1, not \(options.restarts)")
    }
    for (name, value) in [("rho", options.rho), ("momentum", options.momentum)] {
      guard value.isFinite, (0...1).contains(value) else {
        throw CoreError("apgd: \(name) is a part of a whole and must lie in [0, 1], not \(value)")
      }
    }
    self.options = options
  }

  /// The best points over all that was asked about, shape of `examples.inputs`: `iterations` gradients and one forward
  /// pass for every run and example, fewer with `early-stop`.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var best = BestPoints(fallback: examples.inputs)
    for restart in 0..<options.restarts {
      let rows = (0..<examples.count).filter { !options.earlyStop || !best.successes[$0] }
      if rows.isEmpty { break }
      let end = try climb(examples.subset(rows), rows, within: threat, &oracle, random, restart: restart)
      best.consider(end, of: rows)
    }
    return best.points
  }

  /// One run for some of the examples, whose positions are `rows`.
  private func climb(
    _ examples: Examples, _ rows: [Int], within threat: ThreatModel, _ oracle: inout some AttackOracle,
    _ random: RandomStreams, restart: Int
  ) throws -> BestPoints {
    let start =
      options.randomStart
      ? borderPoints(around: examples, within: threat, random: random, restart: restart) : examples.inputs
    var found = BestPoints(fallback: start)
    var climb = Climb(from: start, around: examples.inputs)
    /// Positions in `examples` of those that are still asked about.
    var active = Array(0..<examples.count)
    let checkpoints = Checkpoints(iterations: options.iterations)
    for iteration in 0..<options.iterations {
      let ascent = try oracle.ascent(climb.points, of: active.map { rows[$0] }, objective: nil)
      found.consider(climb.points, of: active, values: ascent.values, successes: ascent.successes)
      climb.observe(ascent.values, ascent.gradient.values)
      if let window = checkpoints.window(endingAt: iteration) {
        climb.check(window: window, rho: options.rho)
      }
      if options.earlyStop {
        let standing = active.indices.filter { !found.successes[active[$0]] }
        if standing.isEmpty { return found }
        if standing.count < active.count {
          climb.keep(standing)
          active = standing.map { active[$0] }
        }
      }
      climb.step(within: threat, momentum: iteration == 0 ? 1 : options.momentum, projection: options.projection)
    }
    let end = try oracle.values(climb.points, of: active.map { rows[$0] }, objective: nil)
    found.consider(climb.points, of: active, values: end.values, successes: end.successes)
    return found
  }

  /// Random points on the border of the ball, brought into the box: t/‖t‖ times ε with t uniform in the cube for L∞ and
  /// normal for L2. In L∞ one feature at least is moved by its whole radius.
  private func borderPoints(
    around examples: Examples, within threat: ThreatModel, random: RandomStreams, restart: Int
  ) -> Tensor {
    var unit = threat
    unit.epsilon = 1
    unit.epsilonPerFeature = nil
    var directions = unit.randomPerturbations(
      .uniform, shape: examples.inputs.shape, identifiers: examples.identifiers, restart: restart, random: random)
    var points = examples.inputs
    switch threat.norm {
    case .linf:
      directions.scaleRows(by: directions.rowMaximumMagnitudes.map { $0 > 0 ? 1 / $0 : 0 })
      points.add(directions, scaledBy: threat.epsilon, perFeature: threat.epsilonPerFeature)
    case .l2:
      threat.step(&points, along: directions, by: .relative(1))
    }
    threat.project(&points, around: examples.inputs, by: options.projection)
    return points
  }
}
