public import RobustnessCore

/// Repeated steps along an accumulated gradient (Dong et al., CVPR 2018, Algorithm 1): the momentum iterative fast
/// gradient sign method.
///
/// m⁰ = 0, mᵗ⁺¹ = μ·mᵗ + g/mean|g| with g = ∇ₓ J(xᵗ), and xᵗ⁺¹ = Π(xᵗ + α·u(mᵗ⁺¹)), where u(m) = sign(m) for L∞ and
/// m/‖m‖₂ for L2 (their Eqs. 6, 7 and 9), and J is the objective of the run. Every example takes every step, unless
/// `early-stop` says otherwise.
public struct MomentumIterativeMethod: Attack {
  /// Options of the attack.
  public struct Options: PluginOptions {
    /// Number of steps, each one gradient.
    public var steps = 15
    /// Length of a step, in the units of the inputs.
    public var step: Double?
    /// Length of a step as a multiple of ε. Not together with `step`.
    public var relativeStep: Double?
    /// μ, the weight of what was accumulated; 0 is projected gradient descent.
    public var decay = 1.0
    /// Whether the run starts from a random point of the ball rather than from the input.
    public var randomStart = false
    /// Which point of the run is returned.
    public var keep = IterateSelection.best
    /// Whether an example that has reached the goal is asked about no more. Its point is then returned.
    public var earlyStop = false

    /// The defaults.
    public init() {}

    /// What an option without a value is.
    public static let describedDefaults = ["step": "2.5·ε/steps", "relative-step": "2.5/steps"]

    /// The same options with the length of the step filled in.
    public func resolved(for norm: Norm) throws -> Options {
      var options = self
      if step == nil { options.relativeStep = relativeStep ?? 2.5 / Double(max(1, steps)) }
      return options
    }
  }

  /// `mifgsm`
  public static let name = "mifgsm"
  /// One line for `--list-attacks`.
  public static let summary = "repeated steps along an accumulated gradient: projected gradient descent with momentum"

  private let options: Options

  /// The attack.
  ///
  /// - Throws: `CoreError` when an option is negative or not finite, or when both `step` and `relative-step` are given.
  public init(_ options: Options) throws {
    guard options.steps >= 0 else { throw CoreError("mifgsm: steps must not be negative, not \(options.steps)") }
    for (name, value) in [
      ("step", options.step), ("relative-step", options.relativeStep), ("decay", options.decay),
    ] {
      guard let value else { continue }
      guard value.isFinite, value >= 0 else { throw CoreError("mifgsm: \(name) must be a number ≥ 0, not \(value)") }
    }
    if options.step != nil, options.relativeStep != nil {
      throw CoreError("mifgsm: step and relative-step both set the length of a step; give one of them")
    }
    self.options = options
  }

  /// The points kept, shape of `examples.inputs`: `steps` gradient queries, and one value query for the end where it is
  /// compared.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    let options = try options.resolved(for: threat.norm)
    let length = options.step.map(StepLength.absolute) ?? .relative(options.relativeStep ?? 0)
    var rows = Array(0..<examples.count)
    var origins = examples.inputs
    var points = options.randomStart ? threat.randomStart(around: examples, random: random) : examples.inputs
    var momentum = Tensor(zeros: points.shape)
    var best = BestPoints(fallback: examples.inputs)
    for _ in 0..<options.steps {
      var ascent = try oracle.ascent(points, of: rows, objective: nil)
      if options.keep == .best || options.earlyStop {
        best.consider(points, of: rows, values: ascent.values, successes: ascent.successes)
      }
      if options.earlyStop, ascent.successes.contains(true) {
        let open = rows.indices.filter { !ascent.successes[$0] }
        rows = open.map { rows[$0] }
        if rows.isEmpty { return best.points }
        (points, momentum, origins) = (points.rows(open), momentum.rows(open), origins.rows(open))
        ascent.gradient = ascent.gradient.rows(open)
      }
      // What may not change must not count in the mean either.
      threat.restrict(&ascent.gradient.values)
      momentum.scale(by: options.decay)
      momentum.add(ascent.gradient.unitMeanMagnitude)
      threat.step(&points, along: momentum, by: length)
      threat.project(&points, around: origins)
    }
    if options.keep == .last, !options.earlyStop { return points }
    let end = try oracle.values(points, of: rows, objective: nil)
    if options.keep == .last {
      var last = best.points
      last.replaceRows(rows, with: points)
      return last
    }
    best.consider(points, of: rows, values: end.values, successes: end.successes)
    return best.points
  }
}
