public import RobustnessCore

extension ProjectedGradientDescent {
  /// Which point of a run is returned.
  public enum Keep: String, Codable, Sendable, CaseIterable {
    /// The best over start, iterates and end of every run: success under the decision first, then the larger value.
    case best
    /// The end of the run; of several runs, the best end.
    case last
  }

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
    public var keep: Keep?
    /// How a point is brought back into ball and box; it matters for L2 only.
    public var projection: Projection?
    /// Whose defaults are meant.
    public var preset = Preset.paper

    /// The defaults.
    public init() {}

    /// What an option without a value is, for help.
    public static let describedDefaults = [
      "steps": "15; foolbox 40 (L2: 50), torchattacks 10, art 100, cleverhans must be given",
      "step": "not set; torchattacks 2/255 (L2: 0.2), art 0.1, cleverhans must be given",
      "relative-step": "2.5/steps; foolbox 0.01/0.3 (L2: 0.025)",
      "random-start": "true; art false",
      "keep": "best; last for foolbox, torchattacks, art and cleverhans",
      "projection": "exact; foolbox and torchattacks sequential, art and cleverhans box-first",
    ]
  }
}
