public import RobustnessCore

/// Repeated steps along the gradient, each brought back into ball and box (Madry et al., ICLR 2018, §2.1).
///
/// x⁰ is the input or a random point of the ball; xᵗ⁺¹ = Π(xᵗ + α·u(∇ₓ J(xᵗ))), where u(g) = sign(g) for L∞ and g/‖g‖₂
/// for L2, and J is the objective of the run. Every example takes every step: nothing stops early, so that `steps`
/// means the same for all of them.
public struct ProjectedGradientDescent: Attack {
  /// `pgd`
  public static let name = "pgd"
  /// One line for `--list-attacks`.
  public static let summary = "repeated projected steps along the sign of the gradient (L2: along the gradient)"

  private let options: Options

  /// The attack.
  ///
  /// - Throws: `CoreError` when an option is negative or not finite, when both `step` and `relative-step` are given, or
  ///   when the preset needs an option that is missing.
  public init(_ options: Options) throws {
    for norm in Self.capabilities.norms { _ = try Schedule(options, norm: norm) }
    self.options = options
  }

  /// The points kept, shape of `examples.inputs`. Each run makes `steps` gradient queries, and one value query for its
  /// end where ends are compared.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    let schedule = try Schedule(options, norm: threat.norm)
    let rows = Array(0..<examples.count)
    var best = BestPoints(fallback: examples.inputs)
    for restart in 0..<schedule.restarts {
      var points = examples.inputs
      if let distribution = schedule.start {
        points = threat.randomStart(around: examples, restart: restart, distribution: distribution, random: random)
      }
      for _ in 0..<schedule.steps {
        let ascent = try oracle.ascent(points, of: rows, objective: nil)
        if schedule.keep == .best { best.consider(points, values: ascent.values, successes: ascent.successes) }
        threat.step(&points, along: ascent.gradient.values, by: schedule.step)
        threat.project(&points, around: examples.inputs, by: schedule.projection)
      }
      if schedule.keep == .last, schedule.restarts == 1 { return points }
      let end = try oracle.values(points, of: rows, objective: nil)
      best.consider(points, values: end.values, successes: end.successes)
    }
    return best.points
  }
}
