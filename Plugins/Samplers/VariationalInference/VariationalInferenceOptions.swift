public import NeuralNetworks
public import RobustnessCore

/// Options of mean-field variational inference.
public struct VariationalInferenceOptions: PluginOptions, Hashable {
  /// How the learning rate changes.
  public enum Schedule: String, Sendable, Hashable, Codable, CaseIterable {
    /// A tenth whenever the ELBO is flat; the third time ends the run.
    case plateau
    /// To zero along half a cosine, over `epochs`.
    case cosine
    /// Always the same, for `epochs`.
    case constant
  }

  /// How the expected log-likelihood is estimated; nil: `local-reparametrization`, and `shared-draw` for networks with
  /// convolutions, where only that is unbiased.
  public var estimator: VariationalNetwork.Estimator?
  /// Noise samples of every step.
  public var samples = 1
  /// Adam's step, in the units of means and of log σ.
  public var learningRate = 0.001
  /// nil: `plateau`, and `cosine` when `epochs` is given.
  public var schedule: Schedule?
  /// Examples of a step.
  public var batchSize = 128
  /// Passes through the data; nil: until the ELBO is flat.
  public var epochs: Int?
  /// Epochs after which `plateau` ends even if the ELBO still grows; nil: 100 · `patience`.
  public var maximumEpochs: Int?
  /// Epochs of a window whose mean ELBO is compared with that of the window before; nil: 5, or as many as 1,000 steps
  /// take.
  public var patience: Int?
  /// Every standard deviation at the start.
  public var initialScale = 0.01
  /// Whether the result is the mean of the iterates of the last window (of the last quarter of `constant`; `cosine`
  /// ends at rate zero and needs none).
  public var averaging = true

  /// The defaults.
  public init() {}

  /// What the options without a value of their own become.
  public static var describedDefaults: [String: String] {
    [
      "estimator": "local-reparametrization; shared-draw with convolutions",
      "schedule": "plateau; cosine when epochs is given", "epochs": "until the ELBO is flat",
      "maximum-epochs": "100·patience", "patience": "5, or as many as 1000 steps take",
    ]
  }

  /// The schedule with its default.
  public var effectiveSchedule: Schedule { schedule ?? (epochs == nil ? .plateau : .cosine) }

  /// - Throws: `CoreError` with the first option that makes no sense.
  func check() throws {
    func positive(_ value: Int?, _ name: String) throws {
      if let value, value < 1 { throw CoreError("option '\(name)' must be at least 1, not \(value)") }
    }
    try positive(samples, "samples")
    try positive(batchSize, "batch-size")
    try positive(epochs, "epochs")
    try positive(maximumEpochs, "maximum-epochs")
    if let patience, patience < 2 { throw CoreError("option 'patience' must be at least 2, not \(patience)") }
    for (value, name) in [(learningRate, "learning-rate"), (initialScale, "initial-scale")]
    where !(value > 0 && value.isFinite) {
      throw CoreError("option '\(name)' must be positive, not \(value)")
    }
    if effectiveSchedule != .plateau, epochs == nil {
      throw CoreError(
        "schedule=\(effectiveSchedule.rawValue) needs a number of epochs: give 'epochs', or schedule=plateau")
    }
    if effectiveSchedule == .plateau, epochs != nil, maximumEpochs != nil {
      throw CoreError("give 'epochs' or 'maximum-epochs', not both")
    }
  }
}
