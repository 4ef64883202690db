public import NeuralNetworks
public import RobustnessCore

/// One network, the deterministic baseline of the comparisons: `sgd`.
public struct SingleNetwork: PosteriorSampler {
  /// `sgd`.
  public static let name = "sgd"
  /// One line.
  public static let summary = "one network, trained by an optimiser: the deterministic baseline"
  /// One network.
  public static let yield = SamplerYield.network
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
