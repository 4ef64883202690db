public import RobustnessCore

/// Random points of the ball: the floor that a gradient attack has to beat.
///
/// The best of several draws is kept, success under the decision first, then the larger value. A gradient attack that is weaker than this is not
/// evidence of robustness (Carlini et al. 2019, *On Evaluating Adversarial Robustness*).
public struct RandomPerturbation: Attack {
  /// Options of the attack.
  public struct Options: PluginOptions {
    /// Where the points come from.
    public enum Distribution: String, Codable, Sendable, CaseIterable {
      /// Each feature ±ε; for L2 the vector of signs scaled to length ε.
      case signs
      /// Uniform in the ball.
      case uniform
    }

    /// Where the points come from; corners by default, which are the far ends of the ball.
    public var distribution = Distribution.signs
    /// Number of points for each example.
    public var draws = 10

    /// The defaults.
    public init() {}
  }

  /// `random`
  public static let name = "random"
  /// One line for `--list-attacks`.
  public static let summary = "the best of a few random points of the ball"
  /// Log-probabilities only.
  public static let capabilities = AttackCapabilities(access: .scores)

  private let options: Options

  /// The attack.
  ///
  /// - Throws: `CoreError` when `draws` is not positive.
  public init(_ options: Options) throws {
    guard options.draws > 0 else { throw CoreError("random: draws must be at least 1, not \(options.draws)") }
    self.options = options
  }

  /// The best of the draws, shape of `examples.inputs`. As many value queries as draws, no gradient.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    let distribution: BallDistribution = options.distribution == .signs ? .signs : .uniform
    let rows = Array(0..<examples.count)
    var best = BestPoints(fallback: examples.inputs)
    for draw in 0..<options.draws {
      var points = threat.randomPerturbations(
        distribution, shape: examples.inputs.shape, identifiers: examples.identifiers, restart: draw, random: random)
      points.add(examples.inputs)
      threat.project(&points, around: examples.inputs)
      let answer = try oracle.values(points, of: rows, objective: nil)
      best.consider(points, values: answer.values, successes: answer.successes)
    }
    return best.points
  }
}
