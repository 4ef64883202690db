public import NeuralNetworks
public import RobustnessCore

/// A deep ensemble: `ensemble`.
///
/// Lakshminarayanan, Pritzel and Blundell, *Simple and scalable predictive uncertainty estimation using deep
/// ensembles*, NIPS 2017, algorithm 1 without its adversarial training: every chain is a network with its own random
/// weights and its own order of the examples.
public struct DeepEnsemble: PosteriorSampler {
  /// `ensemble`.
  public static let name = "ensemble"
  /// One line.
  public static let summary =
    "networks trained from different random weights (Lakshminarayanan, Pritzel, Blundell 2017)"
  /// Networks trained on the same data.
  public static let yield = SamplerYield.networks
  // No `exactness`: its networks are optima, and no promise about a distribution is made that one could hold them to.
  /// Every network begins at random weights of its own.
  public static let defaultStart = SamplerStart.own

  private let training: NetworkTraining

  /// A sampler with checked options.
  ///
  /// - Throws: `CoreError` when the options make no sense.
  public init(_ options: TrainingOptions = TrainingOptions()) throws {
    training = try NetworkTraining(options, resamples: false)
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
}
