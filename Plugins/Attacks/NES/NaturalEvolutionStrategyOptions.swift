public import RobustnessCore

extension NaturalEvolutionStrategy {
  /// Options of the attack.
  public struct Options: PluginOptions {
    /// Number of points asked about for each example that stands.
    public var queries = 5000
    /// n, the number of points of one estimate: half of them, and as many opposite ones.
    public var samples = 50
    /// σ, the standard deviation of the points round the present one, in the units of the inputs.
    public var sigma = 0.001
    /// Length of the first steps, in the units of the inputs.
    public var step: Double?
    /// Length of the first steps as a multiple of ε. Not together with `step`.
    public var relativeStep: Double?
    /// μ, the weight of earlier estimates.
    public var momentum = 0.9
    /// Number of steps after which a value that has not grown halves the step.
    public var plateau = 5

    /// The defaults.
    public init() {}

    /// What an option without a value is.
    public static let describedDefaults = ["step": "0.2·ε", "relative-step": "0.2"]

    /// A line of help for each option.
    public static let help = [
      "queries": "points asked about for each example that stands", "samples": "points of one estimate of the gradient",
      "sigma": "standard deviation of these points, in the units of the inputs",
      "momentum": "weight of earlier estimates", "plateau": "steps without growth that halve the step",
    ]

    /// The same options with the length of the step filled in.
    public func resolved(for norm: Norm) throws -> Options {
      var options = self
      if step == nil { options.relativeStep = relativeStep ?? 0.2 }
      return options
    }

    /// The length of a step when `fraction` of the first one is left.
    func length(_ fraction: Double) -> StepLength {
      step.map { .absolute($0 * fraction) } ?? .relative((relativeStep ?? 0.2) * fraction)
    }

    func check() throws {
      guard queries > 0 else {
        throw CoreError("nes: queries is the number of points and must be at least 1, not \(queries)")
      }
      guard samples > 1, samples % 2 == 0 else {
        throw CoreError("nes: samples come in pairs and must be an even number from 2, not \(samples)")
      }
      guard sigma.isFinite, sigma > 0 else { throw CoreError("nes: sigma must be a number above 0, not \(sigma)") }
      guard momentum >= 0, momentum < 1 else {
        throw CoreError("nes: momentum must be at least 0 and below 1, not \(momentum)")
      }
      guard plateau > 1 else { throw CoreError("nes: plateau must be at least 2 steps, not \(plateau)") }
      for (name, value) in [("step", step), ("relative-step", relativeStep)] {
        guard let value else { continue }
        guard value.isFinite, value >= 0 else { throw CoreError("nes: \(name) must be a number ≥ 0, not \(value)") }
      }
      if step != nil, relativeStep != nil {
        throw CoreError("nes: step and relative-step both set the length of a step; give one of them")
      }
    }
  }
}
