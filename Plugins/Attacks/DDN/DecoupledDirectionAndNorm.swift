public import RobustnessCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The smallest perturbation in L2 by steps that turn, on a sphere that shrinks where the goal is reached and grows
/// where it is not (Rony et al., CVPR 2019, Algorithm 1): decoupled direction and norm.
///
/// δ ← δ + αₖ·g/‖g‖₂ with g = ∇J, ε ← (1 ∓ γ)·ε, δ ← ε·δ/‖δ‖₂, clipped to the box. J is the objective of the run.
public struct DecoupledDirectionAndNorm: Attack {
  /// Options of the attack.
  public struct Options: PluginOptions {
    /// Number of steps, each one gradient.
    public var steps = 100
    /// γ: the part by which the sphere shrinks or grows in a step.
    public var gamma = 0.05
    /// Radius of the first sphere, in the units of the inputs.
    public var initialNorm: Double?
    /// α: length of the first step, in the units of the inputs; it falls to a hundredth along a cosine.
    public var step: Double?

    /// The defaults.
    public init() {}

    /// What an option without a value is.
    public static let describedDefaults = [
      "initial-norm": "the width of the box, at most 8·ε", "step": "the same as initial-norm",
    ]
    /// What each option is for.
    public static let help = [
      "steps": "number of gradients",
      "gamma": "part by which the sphere shrinks or grows in a step",
      "initial-norm": "radius of the first sphere, in the units of the inputs",
      "step": "length of the first step, in the units of the inputs",
    ]
  }

  /// `ddn`
  public static let name = "ddn"
  /// One line for `--list-attacks`.
  public static let summary = "the smallest L2 perturbation: steps that turn, on a sphere that shrinks and grows"
  /// L2, whatever ε is.
  public static let capabilities = AttackCapabilities(norms: [.l2], search: .smallestPerturbation)

  private let options: Options

  /// The attack.
  ///
  /// - Throws: `CoreError` when a number makes no sense.
  public init(_ options: Options) throws {
    guard options.steps >= 0 else { throw CoreError("ddn: steps must not be negative, not \(options.steps)") }
    guard options.gamma > 0, options.gamma < 1 else {
      throw CoreError("ddn: gamma is a part of the norm and must lie between 0 and 1, not \(options.gamma)")
    }
    for (name, value) in [("initial-norm", options.initialNorm), ("step", options.step)] {
      guard let value else { continue }
      guard value.isFinite, value > 0 else { throw CoreError("ddn: \(name) must be a number > 0, not \(value)") }
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
    // Lengths are those of a box of width 1, made as wide as this one; where ε is far smaller than the box, the search
    // begins near it, or it would spend its steps on the way there.
    let width = threat.epsilon > 0 ? min(threat.boxWidth, 8 * threat.epsilon) : threat.boxWidth
    let radius = options.initialNorm ?? width
    let firstStep = options.step ?? radius
    let largest = threat.largestPerturbations(of: examples.inputs)
    var norms = largest.map { min($0, radius) }
    var points = examples.inputs
    var change = Tensor(zeros: points.shape)
    for step in 0..<options.steps {
      let ascent = try oracle.ascent(points, of: rows, objective: nil)
      smallest.consider(points, of: rows, successes: ascent.successes)
      var direction = ascent.gradient.values
      threat.restrict(&direction)
      turnWhereFlat(&direction, examples, within: threat, random, step: step)
      let cosine = (1 + cos(Double.pi * Double(step) / Double(options.steps))) / 2
      change.stepAlongUnitVector(of: direction, by: firstStep * (0.01 + 0.99 * cosine))
      for row in rows {
        norms[row] = min(norms[row] * (ascent.successes[row] ? 1 - options.gamma : 1 + options.gamma), largest[row])
      }
      change.scaleRows(by: zip(norms, change.rowNorms).map { $1 > 0 ? $0 / $1 : 0 })
      points = threat.points(from: examples.inputs, changedBy: &change)
    }
    smallest.consider(points, of: rows, successes: try oracle.successes(points, of: rows))
    return smallest.pointsWithinBall()
  }

  /// A random direction where the gradient is exactly zero.
  private func turnWhereFlat(
    _ direction: inout Tensor, _ examples: Examples, within threat: ThreatModel, _ random: RandomStreams, step: Int
  ) {
    let flat = direction.rowMaximumMagnitudes.enumerated().filter { $1 == 0 }.map(\.offset)
    guard !flat.isEmpty else { return }
    let draws = flat.flatMap { row -> [Double] in
      var stream = random.stream(example: examples.identifiers[row], step: step)
      return stream.normals(direction.rowSize)
    }
    var turned = Tensor(shape: [flat.count] + direction.rowShape, elements: draws)
    threat.restrict(&turned)
    direction.replaceRows(flat, with: turned)
  }
}
