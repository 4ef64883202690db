internal import CComputeKernels
public import ComputeKernels
import Foundation
public import RobustnessCore

/// The posterior over the weights of a network: a Gaussian prior, and the categorical likelihood of labelled examples.
///
/// log p(w | D) = (Σ_i log softmax(f(x_i, w))_{y_i} + log p(w)) / T up to a constant, with temperature T (1: the
/// Bayesian posterior).
///
/// The products run in the configured precision, with weights rounded to it; losses, sums over examples, prior and
/// position are `Double`. With bfloat16 products the gradient is approximate and the value is not: it comes from a pass
/// of its own in float32. Results do not depend on the number of threads. One caller at a time is served; chains that
/// run at once have a network each, which share their examples.
///
/// `Sendable` without a check: everything that changes does so under the lock that every public call takes.
public final class BayesianNetwork: LogDensity, @unchecked Sendable {
  /// How it is computed.
  public struct Configuration: Sendable, Hashable {
    /// Precision of the products: float32, bfloat16 for gradients, or float64 as a reference.
    public var precision: Precision
    /// Threads to compute with.
    public var threads: Int
    /// Where the products come from.
    public var library: KernelLibrary
    /// T: likelihood and prior are raised to the power 1/T.
    public var temperature: Double

    /// Float32, one thread, the best library, temperature 1.
    public init(
      precision: Precision = .float32, threads: Int = 1, library: KernelLibrary = .preferred, temperature: Double = 1
    ) {
      self.precision = precision
      self.threads = threads
      self.library = library
      self.temperature = temperature
    }
  }

  /// The network.
  public let architecture: Architecture
  /// The distribution of the weights before any data.
  public let prior: GaussianPrior
  /// What was observed.
  public let examples: TrainingExamples
  /// How it is computed.
  public let configuration: Configuration

  private let lock = NSLock()
  private var gradientEngine: GradientEngine?
  private var valueEngine: GradientEngine?
  /// One for each size of mini-batch: an epoch has at most two.
  private var batchEngines: [WorkPlan: GradientEngine] = [:]
  private var variational: VariationalNetwork?
  private let rounded: AlignedMemory
  static let keptEngines = 4

  /// A posterior.
  ///
  /// - Throws: `CoreError` when examples, prior and architecture do not fit each other.
  public init(
    architecture: Architecture, prior: GaussianPrior, examples: TrainingExamples, configuration: Configuration = .init()
  ) throws {
    guard examples.inputShape == architecture.inputShape else {
      throw CoreError("inputs have shape \(examples.inputShape), the architecture takes \(architecture.inputShape)")
    }
    if let label = examples.labels.first(where: { !(0..<architecture.classCount).contains(Int($0)) }) {
      throw CoreError("a label is \(label); the architecture has \(architecture.classCount) classes, from 0")
    }
    if let layer = architecture.layers.first(where: { $0.kind is BatchNorm }) {
      throw CoreError(
        "the layer \(layer.name ?? "batch_norm") normalises by statistics of training data, which no sampler here makes; use group_norm or filter_response_norm"
      )
    }
    guard prior.dimension == architecture.parameterCount else {
      throw CoreError("the prior has \(prior.dimension) parameters, the architecture \(architecture.parameterCount)")
    }
    guard configuration.temperature > 0, configuration.temperature.isFinite else {
      throw CoreError("the temperature \(configuration.temperature) must be positive and finite")
    }
    if configuration.precision == .bfloat16, !CompiledNetwork.supportsBFloat16(architecture) {
      throw CoreError("bfloat16 products need a last layer without an activation; use float32")
    }
    self.architecture = architecture
    self.prior = prior
    self.examples = examples
    self.configuration = configuration
    rounded = AlignedMemory(bytes: configuration.precision == .float64 ? 64 : 4 * architecture.parameterCount)
  }

  /// Number of weights and biases.
  public var dimension: Int { architecture.parameterCount }

  /// The prior's standard deviations, widened by the root of the temperature.
  public var priorDeviations: [Double]? {
    let factor = configuration.temperature.squareRoot()
    return prior.deviationOfEach.map { $0 * factor }
  }

  /// The log-posterior up to a constant, and its gradient.
  public func evaluate(
    _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>?
  ) throws -> LogDensityValue {
    try lock.withLock {
      guard let parameters = round(position) else { return diverged(gradient) }
      let destination = gradient.map { GradientEngine.Destination.double($0.baseAddress!) }
      var logLikelihood = 0.0
      if gradient != nil {
        logLikelihood = try engine(&gradientEngine, configuration.precision, backward: true).run(
          parameters, examples, indices: nil, gradient: destination)
      }
      if gradient == nil || configuration.precision == .bfloat16 {
        let precision: Precision = configuration.precision == .float64 ? .float64 : .float32
        logLikelihood = try engine(&valueEngine, precision, backward: false).run(
          parameters, examples, indices: nil, gradient: nil)
      }
      return finish(logLikelihood, position, gradient)
    }
  }

  /// The gradient alone: with bfloat16 products, without the pass for the value.
  public func differentiate(
    _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>
  ) throws {
    guard configuration.precision == .bfloat16 else {
      _ = try evaluate(position, gradient: gradient)
      return
    }
    try lock.withLock {
      guard let parameters = round(position) else {
        _ = diverged(gradient)
        return
      }
      let logLikelihood = try engine(&gradientEngine, .bfloat16, backward: true).run(
        parameters, examples, indices: nil, gradient: .double(gradient.baseAddress!))
      _ = finish(logLikelihood, position, gradient)
    }
  }

  /// The prior's terms are subtracted one by one.
  public func logRatio(of new: LocatedValue, to old: LocatedValue) -> Double {
    let likelihood = new.value.logLikelihood - old.value.logLikelihood
    guard likelihood.isFinite else { return likelihood }
    return likelihood
      + prior.logRatio(new.position.baseAddress!, old.position.baseAddress!) / configuration.temperature
  }

  /// Σ log-probabilities of the labels of some examples, without prior and temperature, and its gradient.
  ///
  /// - Parameters:
  ///   - parameters: One number for each weight and bias.
  ///   - indices: Positions of the examples; repetitions count.
  ///   - gradient: Is overwritten.
  /// - Throws: `CoreError` when the products are configured to run in float64.
  public func logLikelihood(
    _ parameters: UnsafeBufferPointer<Float>, examples indices: [Int64],
    gradient: UnsafeMutableBufferPointer<Float>?
  ) throws -> Double {
    precondition(parameters.count == dimension && !indices.isEmpty)
    guard configuration.precision != .float64 else {
      throw CoreError("mini-batches run in float32 or bfloat16, not in float64")
    }
    return try lock.withLock {
      let plan = WorkPlan(count: indices.count, architecture: architecture, precision: configuration.precision)
      if batchEngines[plan] == nil {
        if batchEngines.count >= Self.keptEngines { batchEngines.removeAll() }
        batchEngines[plan] = try GradientEngine(
          architecture, plan: plan, precision: configuration.precision, library: configuration.library,
          threads: configuration.threads, backward: true)
      }
      return try batchEngines[plan]!.run(
        .float(.init(parameters)), examples, indices: indices,
        gradient: gradient.map { .float($0.baseAddress!) })
    }
  }

  /// Which code computes the products of the gradient on all examples. Its blocks have one size, so one kernel for each
  /// product; mini-batches have blocks of their own size.
  ///
  /// - Throws: `KernelError` when they cannot run here.
  public func kernelUses() throws -> [KernelUse] {
    try lock.withLock { try engine(&gradientEngine, configuration.precision, backward: true).kernelUses }
  }

  /// The same posterior for distributions over its parameters; made at the first use and kept.
  ///
  /// - Throws: `CoreError` when the products are configured to run in float64.
  public func variationalNetwork() throws -> VariationalNetwork {
    try lock.withLock {
      if let variational { return variational }
      let made = try VariationalNetwork(
        architecture: architecture, prior: prior, examples: examples, configuration: configuration)
      variational = made
      return made
    }
  }

  /// A draw from the prior.
  public func priorDraw(_ stream: inout RandomStream) -> [Float] { prior.draw(&stream) }

  // MARK: - Parts

  private func engine(
    _ engine: inout GradientEngine?, _ precision: Precision, backward: Bool
  ) throws -> GradientEngine {
    if let engine { return engine }
    let made = try GradientEngine(
      architecture, plan: WorkPlan(count: examples.count, architecture: architecture, precision: precision),
      precision: precision, library: configuration.library, threads: configuration.threads, backward: backward)
    engine = made
    return made
  }

  /// The position in the format of the sums; nil when it left what that format can hold.
  private func round(_ position: UnsafeBufferPointer<Double>) -> ParameterPointer? {
    precondition(position.count == dimension)
    if configuration.precision == .float64 {
      return position.allSatisfy(\.isFinite) ? .double(.init(position)) : nil
    }
    let floats = rounded.base.assumingMemoryBound(to: Float.self)
    portable_narrow(floats, position.baseAddress!, dimension)
    return ckn_count_nonfinite(floats, dimension) == 0 ? .float(.init(floats)) : nil
  }

  private func diverged(_ gradient: UnsafeMutableBufferPointer<Double>?) -> LogDensityValue {
    gradient?.update(repeating: .nan)
    return LogDensityValue(logLikelihood: -.infinity, logPrior: -.infinity)
  }

  private func finish(
    _ logLikelihood: Double, _ position: UnsafeBufferPointer<Double>, _ gradient: UnsafeMutableBufferPointer<Double>?
  ) -> LogDensityValue {
    let factor = 1 / configuration.temperature
    let logPrior = prior.logDensity(position.baseAddress!, adding: gradient?.baseAddress, factor: factor)
    return LogDensityValue(logLikelihood: logLikelihood * factor, logPrior: logPrior * factor)
  }
}
