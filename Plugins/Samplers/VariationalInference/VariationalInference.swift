import Foundation
public import NeuralNetworks
public import RobustnessCore

/// Mean-field Gaussian variational inference: `vi`.
///
/// Warm-up steps are epochs of stochastic ascent of the evidence lower bound; every further step is an independent draw
/// from the Gaussian that was fitted. Formulas, options and papers: this folder's README.
public struct VariationalInference: PosteriorSampler {
  /// The options with all their defaults.
  public typealias Options = VariationalInferenceOptions
  /// The posterior of a network.
  public typealias Target = BayesianNetwork
  /// The distribution, and the optimiser's memory.
  public typealias State = VariationalState

  /// What an epoch or a draw tells about itself.
  public struct Info: SamplerInfo {
    /// Estimate of the ELBO in the last epoch.
    public let elbo: Double
    /// Adam's step in the last epoch; 0 for draws.
    public let learningRate: Double

    /// `elbo`.
    public var statistics: [(name: String, value: Double)] { [("elbo", elbo)] }
  }

  /// `vi`.
  public static let name = "vi"
  /// One line.
  public static let summary = "mean-field Gaussian variational inference (Kingma, Salimans, Welling 2015)"
  /// Independent draws from the Gaussian.
  public static let yield = SamplerYield.independentDraws
  /// Draws of another distribution in the posterior's place.
  public static let exactness: Exactness? = .approximate
  /// Means start at small random weights.
  public static let defaultStart = SamplerStart.own
  /// Reductions of the learning rate before a plateau ends the run.
  static let reductions = 3
  /// What each multiplies it by.
  static let reduction = 0.3

  private let options: Options

  /// A sampler with checked options.
  ///
  /// - Throws: `CoreError` when the options make no sense.
  public init(_ options: Options = Options()) throws {
    try options.check()
    self.options = options
  }

  /// The means are `start` (a MAP estimate, say) or, when that is empty, small random weights; every standard deviation
  /// is `initial-scale`.
  public func initialState(
    of target: BayesianNetwork, at start: [Float], chain: Int, random: RandomStreams
  ) throws -> VariationalState {
    _ = try target.variationalNetwork()
    var stream = random.streams(for: "initial-weights").stream(example: 0)
    let means = start.isEmpty ? target.architecture.initialWeights(&stream) : start
    guard means.count == target.dimension else {
      throw CoreError("the start has \(means.count) parameters, the network \(target.dimension)")
    }
    let order = order(of: target)
    let scales = [Float](repeating: Float(log(options.initialScale)), count: means.count)
    return VariationalState(
      chain: chain, distribution: means + scales, optimizer: Adam(dimension: 2 * means.count),
      plateau: PlateauDetector(window: options.patience ?? max(5, (1000 + order.batchCount - 1) / order.batchCount)))
  }

  /// One epoch, or one draw.
  public func step(
    _ state: VariationalState, of target: BayesianNetwork, random: RandomStreams
  ) throws -> (state: VariationalState, info: Info) {
    var state = state
    guard state.isFitted else {
      let rate = try ascend(&state, target, random)
      settle(&state)
      return (state, Info(elbo: state.elbo!, learningRate: rate))
    }
    var stream = random.streams(for: "variational-draws").stream(example: state.draws)
    let count = state.dimension
    let normals = stream.normals(count)
    state.draw = (0..<count).map { state.distribution[$0] + scale(state, $0) * Float(normals[$0]) }
    state.draws += 1
    return (state, Info(elbo: state.elbo!, learningRate: 0))
  }

  /// Epochs done; how many there will be is known for the schedules with a number of epochs.
  public func warmup(of state: VariationalState) -> WarmupProgress? {
    state.isFitted
      ? nil : WarmupProgress(done: state.epoch, total: options.effectiveSchedule == .plateau ? nil : options.epochs)
  }

  /// The last draw; the means before the first.
  public func draw(of state: VariationalState) -> [Float] {
    state.draw.isEmpty ? Array(state.distribution[..<state.dimension]) : state.draw
  }

  /// Means and standard deviations.
  public func gaussian(of state: VariationalState) -> GaussianApproximation? {
    let count = state.dimension
    return GaussianApproximation(
      mean: Array(state.distribution[..<count]), scale: (0..<count).map { scale(state, $0) })
  }

  // MARK: - Parts

  private func scale(_ state: VariationalState, _ index: Int) -> Float {
    Float(exp(Double(state.distribution[state.dimension + index])))
  }

  private func order(of target: BayesianNetwork) -> MiniBatchOrder {
    MiniBatchOrder(examples: (0..<Int64(target.examples.count)).map { $0 }, batchSize: options.batchSize)
  }

  /// One epoch of Adam on −ELBO; returns the learning rate of its last step.
  private func ascend(_ state: inout VariationalState, _ target: BayesianNetwork, _ random: RandomStreams) throws
    -> Double
  {
    let network = try target.variationalNetwork()
    let hasImages = target.architecture.hasConvolutions
    let estimator = options.estimator ?? (hasImages ? .sharedDraw : .localReparametrization)
    let order = order(of: target)
    let batches = order.batches(epoch: state.epoch, random: random)
    let noise = random.streams(for: "noise")
    let schedule: LearningRateSchedule =
      options.effectiveSchedule == .cosine ? .cosine(steps: options.epochs! * batches.count) : .constant
    var rate = 0.0
    var elbo = 0.0
    // Out of the state, so that the arrays have one owner and are changed in place.
    var optimizer = state.optimizer.take()!
    var gradient = [Float](repeating: 0, count: state.distribution.count)
    for (index, batch) in batches.enumerated() {
      rate =
        options.learningRate * pow(Self.reduction, Double(state.reductions))
        * schedule.factor(at: state.epoch * batches.count + index)
      let estimate = try state.distribution.withUnsafeMutableBufferPointer { distribution in
        try gradient.withUnsafeMutableBufferPointer { gradient in
          let estimate = try network.estimateBound(
            UnsafeBufferPointer(distribution), examples: batch, samples: options.samples, estimator: estimator,
            noise: noise.stream(example: state.epoch, step: index), gradient: gradient)
          optimizer.update(
            distribution, gradient: UnsafeBufferPointer(gradient), rate: rate, threads: target.configuration.threads)
          return estimate
        }
      }
      guard estimate.bound.isFinite else {
        throw CoreError(
          "the ELBO is \(estimate.bound) in epoch \(state.epoch + 1), step \(index + 1): the optimisation diverged; use a learning rate below \(rate)"
        )
      }
      elbo += estimate.bound * Double(batch.count) / Double(order.count)
    }
    state.optimizer = optimizer
    state.elbo = elbo
    state.epoch += 1
    return rate
  }

  /// What follows an epoch: the average, the learning rate, the end.
  private func settle(_ state: inout VariationalState) {
    switch options.effectiveSchedule {
    case .plateau:
      let limit = options.epochs ?? options.maximumEpochs ?? 100 * state.plateau.window
      if state.plateau.current.isEmpty { restartAverage(&state) }
      addToAverage(&state)
      let isFlat = state.plateau.add(state.elbo!)
      if isFlat || state.epoch >= limit { useAverage(&state) }
      if state.epoch >= limit || (isFlat && state.reductions == Self.reductions) {
        finish(&state)
      } else if isFlat {
        state.reductions += 1
        state.plateau.reset()
      }
    case .constant:
      if state.epoch > options.epochs! * 3 / 4 { addToAverage(&state) }
      if state.epoch >= options.epochs! {
        useAverage(&state)
        finish(&state)
      }
    case .cosine:
      if state.epoch >= options.epochs! { finish(&state) }
    }
  }

  private func restartAverage(_ state: inout VariationalState) {
    state.average = []
    state.averaged = 0
  }

  private func addToAverage(_ state: inout VariationalState) {
    guard options.averaging else { return }
    state.averaged += 1
    if state.averaged == 1 {
      state.average = state.distribution
      return
    }
    let weight = 1 / Float(state.averaged)
    let distribution = state.distribution
    state.average.withUnsafeMutableBufferPointer { average in
      for index in average.indices { average[index] += (distribution[index] - average[index]) * weight }
    }
  }

  private func useAverage(_ state: inout VariationalState) {
    if state.averaged > 0 { state.distribution = state.average }
    restartAverage(&state)
  }

  private func finish(_ state: inout VariationalState) {
    state.isFitted = true
    state.optimizer = nil
    state.plateau.reset()
  }
}

extension Optional {
  /// The value, leaving nothing.
  fileprivate mutating func take() -> Wrapped? {
    defer { self = nil }
    return self
  }
}
