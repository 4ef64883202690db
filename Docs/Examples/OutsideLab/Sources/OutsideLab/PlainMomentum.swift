public import RobustnessCore

public struct PlainMomentum: Attack {
  public static let name = "plain-momentum"
  public init(_ options: NoOptions) throws {}

  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var points = examples.inputs
    var momentum = Tensor(zeros: points.shape)
    for _ in 0..<15 {
      momentum.add(try oracle.ascent(points).gradient.unitMeanMagnitude)
      threat.step(&points, along: momentum, by: .relative(2.5 / 15))
      threat.project(&points, around: examples.inputs)
    }
    return points
  }
}
