public import RobustnessCore

/// MI-FGSM: steps along the sum of the gradients seen so far (Dong et al., CVPR 2018, Algorithm 1).
public struct Momentum: Attack {
  public struct Options: PluginOptions {
    public var steps = 15
    public var decay = 1.0
    public init() {}
  }
  public static let name = "momentum"
  public static let summary = "steps along an accumulated gradient"
  let options: Options
  public init(_ options: Options) throws { self.options = options }

  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var points = examples.inputs
    var momentum = Tensor(zeros: points.shape)
    for _ in 0..<options.steps {
      momentum.scale(by: options.decay)
      momentum.add(try oracle.ascent(points).gradient.unitMeanMagnitude)
      threat.step(&points, along: momentum, by: .relative(2.5 / Double(options.steps)))
      threat.project(&points, around: examples.inputs)
    }
    return points
  }
}
