public import RobustnessCore

extension ProjectedGradientDescent {
  /// Options of the attack. What has no value is decided by `preset`.
  public struct Options: PluginOptions {
    /// Number of steps, each one gradient.
    public var steps: Int?
    /// Length of a step, in the units of the inputs.
    public var step: Double?
    /// Length of a step as a multiple of ε. Not together with `step`.
    public var relativeStep: Double?
    /// Number of runs, each from a start of its own.
    public var restarts = 1
    /// Whether a run starts from a random point of the ball rather than from the input.
    public var randomStart: Bool?
    /// Which point is returned.
    public var keep: IterateSelection?
    /// How a point is brought back into ball and box; it matters for L2 only.
    public var projection: Projection?
    /// Whose defaults are meant.
    public var preset = Preset.paper

    /// The defaults.
    public init() {}

    /// What an option without a value is under the preset `paper`; `resolved` tells it for the others.
    public static let describedDefaults = [
      "steps": "15", "step": "2.5·ε/steps", "relative-step": "2.5/steps", "random-start": "true", "keep": "best",
      "projection": "exact",
    ]

    /// The same options with the preset's defaults filled in. The distribution of random starts stays with the preset.
    public func resolved(for norm: Norm) throws -> Options {
      let schedule = try Schedule(self, norm: norm)
      var options = self
      options.steps = schedule.steps
      switch schedule.step {
      case .absolute(let length): options.step = length
      case .relative(let multiple): options.relativeStep = multiple
      }
      options.randomStart = schedule.start != nil
      options.keep = schedule.keep
      options.projection = schedule.projection
      return options
    }
  }
}
