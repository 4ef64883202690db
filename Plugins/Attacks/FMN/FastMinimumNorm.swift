public import RobustnessCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The smallest perturbation by projected gradient steps in a ball whose radius follows the boundary (Pintor et al.,
/// NeurIPS 2021, Algorithm 1): fast minimum norm.
///
/// Until the goal was reached, ε is the distance of the boundary as the margin's gradient sees it, ‖δ‖ + |L|/‖∇L‖∗;
/// then it shrinks by γₖ where the goal is reached and grows by γₖ where it is not. δ ← Π(δ + αₖ·g/‖g‖₂), clipped to
/// the box. L is the margin max log p̄_k − log p̄_y.
public struct FastMinimumNorm: Attack {
  /// Options of the attack.
  public struct Options: PluginOptions {
    /// Number of steps, each one gradient.
    public var steps = 100
    /// γ₀: the part by which the ball shrinks or grows in the first step; it falls to 0.001 along a cosine.
    public var gamma = 0.05
    /// α₀: length of the first step in L2, in the units of the inputs; it falls to a hundredth along a cosine.
    public var step: Double?

    /// How a point is brought back into ball and box; it matters for L2 only. With `sequential` and `box-first` the box
    /// takes length away that the ball had left, and where it takes much the radius stops short of the boundary.
    public var projection = Projection.exact

    /// The defaults.
    public init() {}

    /// What an option without a value is.
    public static let describedDefaults = ["step": "the width of the box, at most 8·ε"]
    /// What each option is for.
    public static let help = [
      "steps": "number of gradients",
      "gamma": "part by which the ball shrinks or grows in the first step",
      "step": "length of the first step in L2, in the units of the inputs",
      "projection": "in L2: exact, sequential (ball, then box) or box-first",
    ]
  }

  /// `fmn`
  public static let name = "fmn"
  /// One line for `--list-attacks`.
  public static let summary = "the smallest perturbation: gradient steps in a ball whose radius follows the boundary"
  /// L∞ and L2, whatever ε is.
  public static let capabilities = AttackCapabilities(search: .smallestPerturbation)

  private let options: Options
  /// γ at the end.
  private static let lastGamma = 0.001

  /// The attack.
  ///
  /// - Throws: `CoreError` when a number makes no sense.
  public init(_ options: Options) throws {
    guard options.steps >= 0 else { throw CoreError("fmn: steps must not be negative, not \(options.steps)") }
    guard options.gamma > 0, options.gamma < 1 else {
      throw CoreError("fmn: gamma is a part of the radius and must lie between 0 and 1, not \(options.gamma)")
    }
    if let step = options.step {
      guard step.isFinite, step > 0 else { throw CoreError("fmn: step must be a number > 0, not \(step)") }
    }
    self.options = options
  }

  /// The smallest perturbations found, those outside the ball brought onto it; shape of `examples.inputs`. `steps`
  /// gradients and one forward pass for each example.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    let rows = Array(0..<examples.count)
    var smallest = SmallestPerturbations(examples, within: threat)
    // A length of a box of width 1, made as wide as this one; where ε is far smaller than the box, steps of the box's
    // width would jump from one side of the ball to the other until the end.
    let width = threat.epsilon > 0 ? min(threat.boxWidth, 8 * threat.epsilon) : threat.boxWidth
    let firstStep = options.step ?? width
    let largest = threat.largestPerturbations(of: examples.inputs)
    var radii = [Double](repeating: .infinity, count: examples.count)
    var points = examples.inputs
    for step in 0..<options.steps {
      let cosine = (1 + cos(Double.pi * Double(step) / Double(options.steps))) / 2
      let gamma = Self.lastGamma + (options.gamma - Self.lastGamma) * cosine
      let ascent = try oracle.ascent(points, of: rows, objective: .margin)
      smallest.consider(points, of: rows, successes: ascent.successes)
      let norms = threat.distances(points, from: examples.inputs)
      let slopes = threat.log2DualNorms(of: ascent.gradient)
      for row in rows {
        if ascent.successes[row] {
          radii[row] = min(radii[row] * (1 - gamma), smallest.distances[row])
        } else if smallest.distances[row] < .infinity {
          radii[row] *= 1 + gamma
        } else {
          // A hundred-thousandth farther: where the margin is linear the estimate is exact, and rounding can leave the
          // point on the boundary for good.
          radii[row] = (norms[row] + exp2(log2(abs(ascent.values[row])) - slopes[row])) * (1 + 1e-5)
        }
        // A margin of zero on a flat place is 0/0.
        radii[row] = radii[row].isNaN ? largest[row] : min(radii[row], largest[row])
      }
      var direction = ascent.gradient.values
      threat.restrict(&direction)
      points.stepAlongUnitVector(of: direction, by: firstStep * (0.01 + 0.99 * cosine))
      threat.project(&points, around: examples.inputs, radii: radii, by: options.projection)
    }
    smallest.consider(points, of: rows, successes: try oracle.successes(points, of: rows))
    return smallest.pointsWithinBall()
  }
}
