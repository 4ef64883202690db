public import RobustnessCore

public struct Momentum: Attack {
  public struct Options: PluginOptions {
    public var steps = 15
    public var decay = 1.0
    public init() {}
  }
  public static let name = "momentum"
  public static let summary = "steps along an accumulated gradient"
  let options: Options
  public init(_ options: Options) throws {
    guard options.steps > 0 else { throw CoreError("steps must be positive, not \(options.steps)") }
    self.options = options
  }
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
