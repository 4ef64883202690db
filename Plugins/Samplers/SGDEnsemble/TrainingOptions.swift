public import RobustnessCore

/// Options of networks that are trained by an optimiser.
public struct TrainingOptions: PluginOptions, Hashable {
  /// The optimiser.
  public enum Optimizer: String, Sendable, Hashable, Codable, CaseIterable {
    /// Adam with its authors' constants.
    case adam
    /// Gradient descent with momentum.
    case sgd
  }

  /// What is added to the cross-entropy.
  public enum Regularization: String, Sendable, Hashable, Codable, CaseIterable {
    /// −log p(w)/N: the minimum is the maximum a posteriori.
    case prior
    /// Nothing: the minimum is the maximum likelihood.
    case none
  }

  /// How the learning rate changes.
  public enum Schedule: String, Sendable, Hashable, Codable, CaseIterable {
    /// Always the same.
    case constant
    /// To zero along half a cosine.
    case cosine
    /// Multiplied by `decay` after every `decay-epochs`.
    case step
  }

  /// The optimiser.
  public var optimizer = Optimizer.adam
  /// Learning rate, for the mean loss of a batch.
  public var learningRate = 0.001
  /// Momentum of `sgd`.
  public var momentum = 0.9
  /// Examples of a step; the last batch of an epoch may be smaller.
  public var batchSize = 128
  /// Passes through the data.
  public var epochs = 10
  /// What is added to the cross-entropy.
  public var regularization = Regularization.prior
  /// How the learning rate changes.
  public var schedule = Schedule.constant
  /// Factor of the schedule `step`.
  public var decay = 0.1
  /// Epochs between two factors of the schedule `step`.
  public var decayEpochs = 10

  /// The defaults.
  public init() {}

  /// - Throws: `CoreError` with the first option that makes no sense.
  func check() throws {
    for (value, name) in [(batchSize, "batch-size"), (epochs, "epochs"), (decayEpochs, "decay-epochs")]
    where value < 1 { throw CoreError("option '\(name)' must be at least 1, not \(value)") }
    guard learningRate > 0, learningRate.isFinite else {
      throw CoreError("option 'learning-rate' must be positive, not \(learningRate)")
    }
    guard (0..<1).contains(momentum) else {
      throw CoreError("option 'momentum' must be at least 0 and less than 1, not \(momentum)")
    }
    guard decay > 0, decay <= 1 else {
      throw CoreError("option 'decay' must be more than 0 and at most 1, not \(decay)")
    }
  }
}
