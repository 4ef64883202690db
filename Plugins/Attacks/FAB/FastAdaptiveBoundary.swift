public import RobustnessCore

/// The smallest perturbation by steps to the linearised decision boundary that lean toward the input (Croce and Hein,
/// ICML 2020, Algorithm 1): the fast adaptive boundary attack.
///
/// With d₁ and d₂ the smallest changes of xᵏ and of the input x⁰ that reach the nearest plane π and stay in the box:
/// xᵏ⁺¹ = (1 − α)·(xᵏ + η·d₁) + α·(x⁰ + η·d₂), α = min(‖d₁‖/(‖d₁‖ + ‖d₂‖), α_max). From a point that reaches the goal
/// the run goes back toward the input, x⁰ + β·(xᵏ − x⁰).
public struct FastAdaptiveBoundary: Attack {
  /// Options of the attack.
  public struct Options: PluginOptions {
    /// Number of steps of one run.
    public var iterations = 100
    /// Number of runs; the first begins at the input, the others at a random point.
    public var restarts = 1
    /// α_max: the largest weight of the input.
    public var alpha = 0.1
    /// η: how far beyond the plane a step goes.
    public var eta = 1.05
    /// β: what is left of the perturbation when a run goes back toward the input.
    public var beta = 0.9
    /// Number of rival classes, the most probable ones at the input, whose planes are looked at; all when nil.
    public var candidates: Int?

    /// The defaults.
    public init() {}

    /// What an option without a value is.
    public static let describedDefaults = ["candidates": "every other class"]
    /// What each option is for.
    public static let help = [
      "iterations": "steps of one run",
      "restarts": "number of runs; the first begins at the input, the others at random points",
      "alpha": "the largest weight of the input in a step",
      "eta": "how far beyond the boundary's plane a step goes",
      "beta": "what is left of the perturbation when a run goes back toward the input",
      "candidates": "number of rival classes that are looked at, the most probable ones; one gradient each",
    ]
  }

  /// `fab`
  public static let name = "fab"
  /// One line for `--list-attacks`.
  public static let summary = "the smallest perturbation: steps to the linearised boundary that lean toward the input"
  /// L∞ and L2, whatever ε is.
  public static let capabilities = AttackCapabilities(search: .smallestPerturbation)

  private let options: Options

  /// The attack.
  ///
  /// - Throws: `CoreError` when a number makes no sense.
  public init(_ options: Options) throws {
    guard options.iterations >= 0 else {
      throw CoreError("fab: iterations must not be negative, not \(options.iterations)")
    }
    guard options.restarts > 0 else {
      throw CoreError("fab: restarts is the number of runs and must be at least 1, not \(options.restarts)")
    }
    for (name, value) in [("alpha", options.alpha), ("beta", options.beta)] {
      guard value.isFinite, (0...1).contains(value) else {
        throw CoreError("fab: \(name) is a part of a whole and must lie in [0, 1], not \(value)")
      }
    }
    guard options.eta.isFinite, options.eta >= 1 else {
      throw CoreError("fab: eta must be at least 1, or no step reaches the boundary, not \(options.eta)")
    }
    if let candidates = options.candidates, candidates < 1 {
      throw CoreError("fab: candidates must be at least 1, not \(candidates)")
    }
    self.options = options
  }

  /// The smallest perturbations found, those outside the ball brought onto it; shape of `examples.inputs`. For every
  /// step and example one forward pass, and a gradient for the label and one for each rival; one in all where a target
  /// is aimed at.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    let rows = Array(0..<examples.count)
    var smallest = SmallestPerturbations(examples, within: threat)
    let rivals =
      threat.goal == .untargeted
      ? try oracle.rivals(at: examples.inputs, of: rows, awayFrom: examples.labels, limit: options.candidates) : []
    for restart in 0..<options.restarts {
      var change = Tensor(zeros: examples.inputs.shape)
      if restart > 0 {
        change = start(examples, smallest.distances, within: threat, random, restart: restart)
      }
      var points = threat.points(from: examples.inputs, changedBy: &change)
      for _ in 0..<options.iterations {
        let planes =
          threat.goal == .untargeted
          ? try oracle.nearestPlanes(at: points, of: rows, awayFrom: examples.labels, to: rivals, within: threat)
          : try oracle.targetPlanes(at: points, of: rows, within: threat)
        smallest.consider(points, of: rows, successes: planes.successes)
        step(&change, at: points, to: planes, from: examples.inputs, within: threat)
        points = threat.points(from: examples.inputs, changedBy: &change)
        let successes = try oracle.successes(points, of: rows)
        smallest.consider(points, of: rows, successes: successes)
        change.scaleRows(by: successes.map { $0 ? options.beta : 1 })
        points = threat.points(from: examples.inputs, changedBy: &change)
      }
    }
    return smallest.pointsWithinBall()
  }

  /// Algorithm 1, lines 5 to 8, of changes rather than points.
  private func step(
    _ change: inout Tensor, at points: Tensor, to planes: BoundaryPlanes, from inputs: Tensor,
    within threat: ThreatModel
  ) {
    let own = threat.smallestChanges(of: points, toward: planes.normals, gaps: planes.gaps)
    // The same plane seen from the input.
    let gaps = zip(planes.gaps, planes.normals.rowDots(change)).map { $0 + $1 }
    let direct = threat.smallestChanges(of: inputs, toward: planes.normals, gaps: gaps)
    let zero = Tensor(zeros: inputs.shape)
    let weights = zip(threat.distances(own, from: zero), threat.distances(direct, from: zero)).map { own, direct in
      own + direct > 0 ? min(own / (own + direct), options.alpha) : 0
    }
    change.scaleRows(by: weights.map { 1 - $0 })
    change.addRows(own, scaledBy: weights.map { options.eta * (1 - $0) })
    change.addRows(direct, scaledBy: weights.map { options.eta * $0 })
  }

  /// Random perturbations of half the radius, or of half the smallest perturbation found where that is smaller.
  private func start(
    _ examples: Examples, _ distances: [Double], within threat: ThreatModel, _ random: RandomStreams, restart: Int
  ) -> Tensor {
    var unit = threat
    unit.epsilon = 1
    unit.epsilonPerFeature = nil
    var draws = unit.randomPerturbations(
      .uniform, shape: examples.inputs.shape, identifiers: examples.identifiers, restart: restart, random: random)
    let zero = Tensor(zeros: draws.shape)
    let sizes = unit.distances(draws, from: zero)
    draws.scaleRows(
      by: zip(sizes, distances).map { size, found in size > 0 ? min(threat.epsilon, found) / 2 / size : 0 })
    return draws
  }
}
