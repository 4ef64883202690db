public import RobustnessCore

/// Random points of the ball: the floor that a gradient attack has to beat.
///
/// The best of several draws is kept, success under the decision first, then the larger value. A gradient attack that
/// is weaker than this is not evidence of robustness (Carlini et al. 2019, *On Evaluating Adversarial Robustness*).
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

  /// Points asked about at once: a query passes over all draws of the posterior, whether for one point or for this
  /// many.
  private static let pointsPerQuery = 250

  /// The best of the draws, shape of `examples.inputs`. As many value queries for each example as draws, no gradient.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    let distribution: BallDistribution = options.distribution == .signs ? .signs : .uniform
    let count = examples.count
    let rows = Array(0..<count)
    var best = BestPoints(fallback: examples.inputs)
    let together = max(1, Self.pointsPerQuery / max(1, count))
    for first in stride(from: 0, to: options.draws, by: together) {
      let draws = first..<min(first + together, options.draws)
      let points = draws.map { draw in
        var points = threat.randomPerturbations(
          distribution, shape: examples.inputs.shape, identifiers: examples.identifiers, restart: draw, random: random)
        points.add(examples.inputs)
        threat.project(&points, around: examples.inputs)
        return points
      }
      let stacked = Tensor(
        shape: [draws.count * count] + examples.inputs.rowShape, elements: points.flatMap(\.elements))
      let answer = try oracle.values(stacked, of: draws.flatMap { _ in rows }, objective: nil)
      for (position, points) in points.enumerated() {
        let part = position * count..<(position + 1) * count
        best.consider(points, values: Array(answer.values[part]), successes: Array(answer.successes[part]))
      }
    }
    return best.points
  }
}
