public import RobustnessCore

/// Steps to the nearest face of the linearised decision boundary until the decision changes (Moosavi-Dezfooli et al.,
/// CVPR 2016, Algorithm 2).
///
/// r ← r + (|f_k|/‖w_k‖∗ + 10⁻⁴) · u(w_k) for the rival k with the smallest |f_k|/‖w_k‖∗, where f_k = log p̄_k − log
/// p̄_y, w_k its gradient, u(w) = w/‖w‖₂ for L2 and sign(w) for L∞; the point is x⁰ + (1 + overshoot)·r, clipped to the
/// box. y is the label.
public struct DeepFool: Attack {
  /// Options of the attack.
  public struct Options: PluginOptions {
    /// The largest number of steps.
    public var steps = 50
    /// By which part of the perturbation the point lies beyond the boundary.
    public var overshoot = 0.02
    /// Number of rival classes, the most probable ones at the input, whose planes are looked at.
    public var candidates = 9

    /// The defaults.
    public init() {}

    /// What each option is for.
    public static let help = [
      "steps": "the largest number of steps",
      "overshoot": "by which part of the perturbation the point lies beyond the boundary",
      "candidates": "number of rival classes that are looked at, the most probable ones; one gradient each",
    ]
  }

  /// `deepfool`
  public static let name = "deepfool"
  /// One line for `--list-attacks`.
  public static let summary = "steps to the nearest face of the linearised boundary until the decision changes"
  /// L2 and L∞, whatever ε is.
  public static let capabilities = AttackCapabilities(norms: [.l2, .linf], search: .smallestPerturbation)

  private let options: Options

  /// The attack.
  ///
  /// - Throws: `CoreError` when a number makes no sense.
  public init(_ options: Options) throws {
    guard options.steps >= 0 else { throw CoreError("deepfool: steps must not be negative, not \(options.steps)") }
    guard options.overshoot.isFinite, options.overshoot >= 0 else {
      throw CoreError("deepfool: overshoot must be a number ≥ 0, not \(options.overshoot)")
    }
    guard options.candidates > 0 else {
      throw CoreError("deepfool: candidates must be at least 1, not \(options.candidates)")
    }
    self.options = options
  }

  /// The perturbations found, those outside the ball brought onto it; shape of `examples.inputs`. For every step of an
  /// example that stands a gradient for the label and one for each rival, one in all where a target is aimed at; one
  /// forward pass at the end.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var rows = Array(0..<examples.count)
    var smallest = SmallestPerturbations(examples, within: threat)
    let rivals =
      threat.goal == .untargeted
      ? try oracle.rivals(at: examples.inputs, of: rows, awayFrom: examples.labels, limit: options.candidates) : []
    let largest = threat.largestPerturbations(of: examples.inputs)
    // Where the box cuts steps off, they come ever closer to the boundary and never cross it: the authors' program adds
    // 10⁻⁴ to each, for inputs in [0, 1].
    let surplus = 1e-4 * min(threat.boxWidth, 8 * threat.epsilon)
    var points = examples.inputs
    var path = Tensor(zeros: points.shape)
    for _ in 0..<options.steps {
      let planes =
        threat.goal == .untargeted
        ? try oracle.nearestPlanes(
          at: points, of: rows, awayFrom: rows.map { examples.labels[$0] }, to: rows.map { rivals[$0] }, within: threat)
        : try oracle.targetPlanes(at: points, of: rows, within: threat)
      smallest.consider(points, of: rows, successes: planes.successes)
      let standing = rows.indices.filter { !planes.successes[$0] }
      if standing.isEmpty { return smallest.pointsWithinBall() }
      // No perturbation is larger than what the box allows; where a gradient vanishes the plane can be farther than any
      // number.
      let lengths = zip(planes.distances(in: threat.norm), rows).map { min($0 + surplus, largest[$1]) }
      switch threat.norm {
      case .linf: path.stepAlongSign(of: planes.normals, by: lengths)
      case .l2: path.stepAlongUnitVector(of: planes.normals, by: lengths)
      }
      if standing.count < rows.count {
        path = path.rows(standing)
        rows = standing.map { rows[$0] }
      }
      var change = path
      change.scale(by: 1 + options.overshoot)
      points = threat.points(from: examples.inputs.rows(rows), changedBy: &change)
    }
    smallest.consider(points, of: rows, successes: try oracle.successes(points, of: rows))
    return smallest.pointsWithinBall()
  }
}
