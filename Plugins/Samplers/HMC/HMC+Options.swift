import Foundation
public import RobustnessCore

extension HamiltonianMonteCarlo {
  /// What the momenta's variances are.
  public enum MassMatrix: String, Codable, Sendable, CaseIterable {
    /// One for every parameter.
    case identity
    /// The inverse of the prior's variances: steps are then in units of the prior's standard deviations.
    case prior
    /// The inverse of variances estimated during the warm-up, in Stan's windows.
    case diagonal
  }

  /// Options of the sampler.
  public struct Options: PluginOptions {
    /// Transitions before the first draw, during which the step size (and the masses) adapt.
    public var warmup = 200
    /// ε of a leapfrog step. Without a value it adapts to `targetAcceptance`.
    public var stepSize: Double?
    /// L. Without a value it follows from the trajectory's length.
    public var leapfrogSteps: Int?
    /// τ = ε·L. Without a value (π/2)·σ with the prior's largest standard deviation, or π/2 where masses are the
    /// prior's or estimated. Not together with `leapfrogSteps`.
    public var trajectoryLength: Double?
    /// The most steps of a trajectory whose number of steps follows from its length.
    public var maxLeapfrogSteps = 100
    /// δ: the mean acceptance probability that an adapting step size aims at.
    public var targetAcceptance = 0.8
    /// What the momenta's variances are.
    public var massMatrix = MassMatrix.identity
    /// j: each trajectory's step size is multiplied by a number uniform in [1 − j, 1 + j], so that no trajectory has
    /// the length of a period.
    public var jitter = 0.1

    /// The defaults.
    public init() {}

    /// What happens without a value.
    public static var describedDefaults: [String: String] {
      ["step-size": "adapts", "leapfrog-steps": "τ/ε", "trajectory-length": "(π/2)·σ"]
    }

    /// What the options are.
    public static var help: [String: String] {
      [
        "warmup": "transitions before the first draw, during which step size and masses adapt",
        "step-size": "length ε of a leapfrog step",
        "leapfrog-steps": "steps L of a trajectory, each one gradient over all examples",
        "trajectory-length": "τ = ε·L; σ is the prior's largest standard deviation",
        "max-leapfrog-steps": "bound of an L that follows from the trajectory's length",
        "target-acceptance": "mean acceptance probability that an adapting step size aims at",
        "mass-matrix": "identity, prior (inverse of the prior's variances) or diagonal (estimated in the warm-up)",
        "jitter": "each trajectory's step size is multiplied by a number uniform in 1 ± this",
      ]
    }
  }

  static func check(_ options: Options) throws {
    func positive(_ value: Double?, _ name: String) throws {
      guard let value else { return }
      guard value > 0, value.isFinite else {
        throw CoreError("hmc: \(name) is \(value); it must be positive and finite")
      }
    }
    try positive(options.stepSize, "step-size")
    try positive(options.trajectoryLength, "trajectory-length")
    guard options.warmup >= 0 else { throw CoreError("hmc: warmup is \(options.warmup); it cannot be negative") }
    if let steps = options.leapfrogSteps, steps < 1 {
      throw CoreError("hmc: leapfrog-steps is \(steps); a trajectory has at least one step")
    }
    guard options.maxLeapfrogSteps >= 1 else {
      throw CoreError("hmc: max-leapfrog-steps is \(options.maxLeapfrogSteps); a trajectory has at least one step")
    }
    guard options.leapfrogSteps == nil || options.trajectoryLength == nil else {
      throw CoreError("hmc: leapfrog-steps and trajectory-length say the same thing twice; give one of them")
    }
    guard options.targetAcceptance > 0, options.targetAcceptance < 1 else {
      throw CoreError("hmc: target-acceptance is \(options.targetAcceptance); it must lie between 0 and 1")
    }
    guard (0..<1).contains(options.jitter) else {
      throw CoreError("hmc: jitter is \(options.jitter); it must be at least 0 and less than 1")
    }
    guard options.warmup > 0 || options.stepSize != nil else {
      throw CoreError("hmc: without a warm-up there is nothing to find the step size with; give step-size, or warmup")
    }
  }
}
