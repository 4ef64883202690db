public import NeuralNetworks
public import RobustnessCore

/// A bootstrap ensemble: `bootstrap`.
///
/// Breiman, *Bagging predictors*, Machine Learning 24 (1996): every chain trains on as many examples as there are,
/// drawn with replacement, from random weights of its own.
public struct BootstrapEnsemble: PosteriorSampler {
  /// `bootstrap`.
  public static let name = "bootstrap"
  /// One line.
  public static let summary = "networks trained on examples drawn with replacement (Breiman 1996)"
  /// Networks trained on resampled data.
  public static let yield = SamplerYield.resampledNetworks
  /// Every network begins at random weights of its own.
  public static let defaultStart = SamplerStart.own

  private let training: NetworkTraining

  /// A sampler with checked options.
  ///
  /// - Throws: `CoreError` when the options make no sense.
  public init(_ options: TrainingOptions = TrainingOptions()) throws {
    training = try NetworkTraining(options, resamples: true)
  }

  /// At `start`, or at random weights of this chain when that is empty.
  public func initialState(
    of target: BayesianNetwork, at start: [Float], chain: Int, random: RandomStreams
  ) throws -> TrainedNetwork {
    try training.initialState(of: target, at: start, chain: chain, random: random)
  }

  /// One epoch, or the draw; any step after it repeats the draw.
  public func step(
    _ state: TrainedNetwork, of target: BayesianNetwork, random: RandomStreams
  ) throws -> (state: TrainedNetwork, info: TrainingInfo) {
    let next = try training.step(state, of: target, random: random)
    return (next, TrainingInfo(loss: next.loss!))
  }

  /// Epochs done.
  public func warmup(of state: TrainedNetwork) -> WarmupProgress? { training.warmup(of: state) }

  /// The network.
  public func draw(of state: TrainedNetwork) -> [Float] { state.parameters }

  /// Positions of the examples that a chain trains on, with repetitions.
  public func examples(of target: BayesianNetwork, random: RandomStreams) -> [Int64] {
    training.examples(of: target, random: random)
  }
}
