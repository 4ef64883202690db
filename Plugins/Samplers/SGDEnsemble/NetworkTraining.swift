import NeuralNetworks
public import RobustnessCore

/// A network on its way, or trained.
public struct TrainedNetwork: Codable, Sendable {
  /// Number of the chain, which is the network's in an ensemble.
  public let chain: Int
  /// Weights and biases.
  public internal(set) var parameters: [Float]
  /// Epochs done.
  public internal(set) var epoch = 0
  /// Mean cross-entropy over the batches of the last epoch, while the weights moved; nil before the first epoch.
  public internal(set) var loss: Double?

  /// The one in use; nil once trained.
  var adam: Adam?
  var descent: MomentumDescent?
}

/// What an epoch tells about itself; a draw repeats what the last epoch told.
public struct TrainingInfo: SamplerInfo {
  /// Mean cross-entropy over the batches of the epoch.
  public let loss: Double

  /// `loss`.
  public var statistics: [(name: String, value: Double)] { [("loss", loss)] }
}

/// The epochs that all samplers of this folder have in common: warm-up steps are epochs, and the step after them gives
/// the draw.
struct NetworkTraining: Sendable {
  let options: TrainingOptions
  /// Whether the examples are drawn with replacement.
  let resamples: Bool

  init(_ options: TrainingOptions, resamples: Bool) throws {
    try options.check()
    self.options = options
    self.resamples = resamples
  }

  func initialState(of target: BayesianNetwork, at start: [Float], chain: Int, random: RandomStreams) throws
    -> TrainedNetwork
  {
    var stream = random.streams(for: "initial-weights").stream(example: 0)
    let parameters = start.isEmpty ? target.architecture.initialWeights(&stream) : start
    guard parameters.count == target.dimension else {
      throw CoreError("the start has \(parameters.count) parameters, the network \(target.dimension)")
    }
    var state = TrainedNetwork(chain: chain, parameters: parameters)
    switch options.optimizer {
    case .adam: state.adam = Adam(dimension: parameters.count)
    case .sgd: state.descent = MomentumDescent(dimension: parameters.count, momentum: options.momentum)
    }
    return state
  }

  /// The examples that a chain trains on.
  func examples(of target: BayesianNetwork, random: RandomStreams) -> [Int64] {
    let count = target.examples.count
    return resamples ? MiniBatchOrder.bootstrap(count: count, random: random) : (0..<Int64(count)).map { $0 }
  }

  /// One epoch; nothing once trained.
  func step(_ state: TrainedNetwork, of target: BayesianNetwork, random: RandomStreams) throws -> TrainedNetwork {
    guard state.epoch < options.epochs else { return state }
    var state = state
    let order = MiniBatchOrder(examples: examples(of: target, random: random), batchSize: options.batchSize)
    let batches = order.batches(epoch: state.epoch, random: random)
    let schedule: LearningRateSchedule =
      switch options.schedule {
      case .constant: .constant
      case .cosine: .cosine(steps: options.epochs * batches.count)
      case .step: .decay(factor: options.decay, period: options.decayEpochs * batches.count)
      }
    let penalized = options.regularization == .prior
    let threads = target.configuration.threads
    var loss = 0.0
    var gradient = [Float](repeating: 0, count: state.parameters.count)
    // Out of the state, so that the arrays have one owner and are changed in place.
    var (parameters, adam, descent) = (state.parameters, state.adam, state.descent)
    (state.parameters, state.adam, state.descent) = ([], nil, nil)
    for (index, batch) in batches.enumerated() {
      let rate = options.learningRate * schedule.factor(at: state.epoch * batches.count + index)
      let value = try parameters.withUnsafeMutableBufferPointer { parameters in
        try gradient.withUnsafeMutableBufferPointer { gradient in
          let value = try target.penalizedLoss(
            UnsafeBufferPointer(parameters), examples: batch, penalized: penalized, gradient: gradient)
          let gradient = UnsafeBufferPointer(gradient)
          adam?.update(parameters, gradient: gradient, rate: rate, threads: threads)
          descent?.update(parameters, gradient: gradient, rate: rate, threads: threads)
          return value
        }
      }
      guard value.loss.isFinite else {
        throw CoreError(
          "the loss is \(value.loss) in epoch \(state.epoch + 1), step \(index + 1): the optimisation diverged; use a learning rate below \(rate)"
        )
      }
      loss += value.loss * Double(batch.count) / Double(order.count)
    }
    state.epoch += 1
    state.loss = loss
    state.parameters = parameters
    if state.epoch < options.epochs { (state.adam, state.descent) = (adam, descent) }
    return state
  }

  func warmup(of state: TrainedNetwork) -> WarmupProgress? {
    state.epoch < options.epochs ? WarmupProgress(done: state.epoch, total: options.epochs) : nil
  }
}
