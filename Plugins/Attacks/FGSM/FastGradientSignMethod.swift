public import RobustnessCore

/// One step of length ε from the input along the gradient (Goodfellow, Shlens and Szegedy, ICLR 2015, §4).
///
/// x′ = Π(x + ε·u(∇ₓ J(x))), where u(g) = sign(g) for L∞ and g/‖g‖₂ for L2, J is the objective of the run, and Π brings
/// the step back into the box. An example whose gradient is exactly zero stays where it is.
public struct FastGradientSignMethod: Attack {
  /// `fgsm`
  public static let name = "fgsm"
  /// One line for `--list-attacks`.
  public static let summary = "one step of ε along the sign of the gradient (L2: along the gradient)"

  /// The attack; it has no options.
  public init(_ options: NoOptions) throws {}

  /// The points after one step, shape of `examples.inputs`. One gradient query.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var points = examples.inputs
    threat.step(&points, along: try oracle.ascent(points).gradient.values, by: .relative(1))
    threat.project(&points, around: examples.inputs)
    return points
  }
}
