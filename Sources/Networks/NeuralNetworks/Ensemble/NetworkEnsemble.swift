public import ComputeKernels
import Dispatch
import Foundation
public import RobustnessCore
import Synchronization

/// The draws of a posterior over the weights of one network, packed for speed and streamed when they do not fit in
/// memory.
///
/// Products run in float32 (or bfloat16 for gradients); losses, their gradients with respect to the logits, and sums
/// over draws run in `Double` in the log domain, and every gradient row carries an exponent, so nothing underflows.
/// Results do not depend on `threads`, on the number of examples in a call, or on `memoryLimit`, bit for bit.
public final class NetworkEnsemble: PosteriorEnsemble {
  /// How an ensemble computes.
  public struct Configuration: Sendable {
    /// Precision of the products of gradients. bfloat16 needs a processor that has it, and predictions and decisions
    /// are float32 then. float64 runs on the portable kernels.
    public var precision: Precision
    /// Arithmetic of losses and gradients.
    public var arithmetic: Arithmetic
    /// Number of worker threads.
    public var threads: Int
    /// Bytes that the process may take; nil for no limit. Draws that do not fit are read again for every pass.
    public var memoryLimit: Int?
    /// oneDNN, or the portable kernels.
    public var library: KernelLibrary
    /// The box that inputs live in; bounds the activations.
    public var inputBounds: ClosedRange<Double>
    /// Bytes for packed draws, for tests that must not depend on what else the process holds; nil leaves it to
    /// `memoryLimit`.
    var packedBytes: Int?

    /// Float32 on all cores that the process may use, without a memory limit.
    public init(
      precision: Precision = .float32, arithmetic: Arithmetic = .logDomain, threads: Int? = nil,
      memoryLimit: Int? = nil,
      library: KernelLibrary = .preferred, inputBounds: ClosedRange<Double> = 0...1
    ) {
      self.precision = precision
      self.arithmetic = arithmetic
      self.threads = threads ?? ProcessorAllowance.current.threads
      self.memoryLimit = memoryLimit
      self.library = library
      self.inputBounds = inputBounds
    }
  }

  private let source: any WeightSource
  let configuration: Configuration
  let values: BlockEngine
  let gradients: BlockEngine
  /// Networks whose activations are stages of their own, for straight-through gradients; made when first asked for.
  private let wide = Mutex<BlockEngine?>(nil)
  private let inputMagnitude: Double
  /// Whether the results of products are looked at, because no bound says that nothing overflows.
  private let checksFiniteness: Bool
  /// One pass at a time: a pass uses all workers by itself.
  let passes = Mutex(())

  /// An ensemble over `source`; draws are read and packed at the first pass.
  ///
  /// - Throws: `CoreError` or `KernelError` when the configuration cannot run here.
  public init(_ source: any WeightSource, configuration: Configuration = Configuration()) throws {
    guard source.drawCount > 0 else { throw CoreError("a posterior needs at least one draw") }
    guard configuration.threads > 0 else { throw CoreError("at least one thread is needed") }
    if configuration.precision == .float64 {
      guard configuration.arithmetic == .logDomain else {
        throw CoreError("naive-float32 arithmetic runs in float32 only")
      }
    }
    if configuration.precision == .bfloat16 {
      guard configuration.arithmetic == .logDomain else {
        throw CoreError("naive-float32 arithmetic runs in float32 only")
      }
      guard CompiledNetwork.supportsBFloat16(source.architecture) else {
        throw CoreError(
          "bfloat16 needs a dense last layer without an activation, with a unit for each class; use --precision float32"
        )
      }
    }
    self.source = source
    self.configuration = configuration
    let bounds = configuration.inputBounds
    var magnitude = max(abs(bounds.lowerBound), abs(bounds.upperBound))
    if let layer = source.architecture.layers.first?.kind as? Normalize {
      magnitude = zip(layer.mean, layer.scale).map { (magnitude + abs($0)) / abs($1) }.max() ?? magnitude
    }
    inputMagnitude = magnitude
    let mixed = configuration.precision == .bfloat16
    // Set aside: sums of a pass, the oracle's and the attack's own arrays, compiled kernels, chunks that the file's
    // library keeps.
    let budget = configuration.memoryLimit.map { limit in
      (limit - Self.residentBytes() - (84 << 20)) / (mixed ? 2 : 1)
    }
    let isUnbounded = try configuration.precision != .float64 && Self.isUnbounded(source, magnitude)
    let isScaled = configuration.arithmetic == .logDomain
    checksFiniteness = isUnbounded
    func engine(_ precision: Precision, backward: Bool) throws -> BlockEngine {
      let library = precision == .float64 ? .portable : configuration.library
      return try BlockEngine(
        source, precision: precision, library: library, backward: backward,
        threads: WorkerTeam.useful(configuration.threads), budget: budget, packedBytes: configuration.packedBytes,
        inputMagnitude: magnitude,
        compile: {
          try CompiledNetwork(
            source.architecture, rows: $0, precision: precision, library: library, checksFiniteness: isUnbounded)
        },
        parts: { rows in
          guard isScaled else { return nil }
          return try CompiledNetwork.parts(
            source, rows: rows, precision: precision, library: library, fusesActivations: true,
            checksFiniteness: isUnbounded)
        })
    }
    gradients = try engine(configuration.precision, backward: true)
    values = mixed ? try engine(.float32, backward: false) : gradients
  }

  /// Whether the bound on activations that follows from the weights, which grows with every layer, comes near the end of
  /// float32. A few draws say it; one that is larger than they are is refused when it is packed.
  private static func isUnbounded(_ source: any WeightSource, _ magnitude: Double) throws -> Bool {
    // A bound needs some layers to grow so large, but for weights that are refused anyway.
    guard source.architecture.layers.count(where: { $0.kind is any ProductKind }) > 6 else { return false }
    let network = try CompiledNetwork(source.architecture, rows: 1, precision: .float64, library: .portable)
    var parameters = [Float](repeating: 0, count: source.architecture.parameterCount)
    for draw in evenlySpaced(4, of: source.drawCount) {
      try parameters.withUnsafeMutableBufferPointer { try source.read(draw: draw, into: $0) }
      let largest = parameters.withUnsafeBufferPointer {
        network.largestActivation($0.baseAddress!, inputMagnitude: magnitude)
      }
      if !(largest < 1e25) { return true }
    }
    return false
  }

  /// Shape of one input.
  public var inputShape: [Int] { source.architecture.inputShape }
  /// Number of classes.
  public var classCount: Int { source.architecture.classCount }
  /// Number of draws.
  public var drawCount: Int { source.drawCount }
  /// Yes: networks have layers with activations.
  public var hasWideDerivatives: Bool { true }

  /// Which code computes the products of predictions and of gradients, for many examples and for few.
  public var kernelUses: [KernelUse] {
    var uses = gradients.kernelUses([.forward, .toInput])
    if values !== gradients { uses = values.kernelUses([.forward]) + uses }
    return uses
  }

  /// Fraction of the inputs of tanh and logistic layers beyond |a| = 9, over a few of `inputs` and draws; 0 for
  /// networks without such layers.
  ///
  /// There 1 − tanh² is below float32's rounding, and what is left of the derivative, 4e^{−2|a|}, has the relative
  /// error 2·δa: in float32, with |a| of a hundred, some 10⁻⁵, which is enough to turn an attack's path. Such networks
  /// are better run in float64.
  public func saturatedFraction(_ inputs: Tensor, draws: Int = 4) throws -> Double {
    let chosen = Set((0..<draws).map { $0 * drawCount / draws }).sorted()
    let fractions = try chosen.compactMap { try member($0).saturatedFraction(inputs) }
    return fractions.isEmpty ? 0 : fractions.reduce(0, +) / Double(fractions.count)
  }

  /// The largest magnitude of a logit, over a few of `inputs` and draws.
  ///
  /// The weights of the draws in the predictive's gradient are exponentials of logits: float32's relative error of some
  /// 10⁻⁶ becomes that error times the logit. From some thousands on, networks are better run in float64.
  public func largestLogit(_ inputs: Tensor, draws: Int = 4) throws -> Double {
    let chosen = Set((0..<draws).map { $0 * drawCount / draws }).sorted()
    return try chosen.map { try member($0).logits(inputs).elements.reduce(0) { max($0, abs($1)) } }.max() ?? 0
  }

  /// Whether, in a few draws, all weights of a layer are below float32's normal range.
  func hasSubnormalLayer() throws -> Bool {
    var parameters = [Float](repeating: 0, count: source.architecture.parameterCount)
    return try evenlySpaced(4, of: drawCount).contains { draw in
      try parameters.withUnsafeMutableBufferPointer {
        try source.read(draw: draw, into: $0)
        return source.architecture.firstSubnormalWeight(UnsafeBufferPointer($0)) != nil
      }
    }
  }

  /// Floating-point operations of one example forward through one draw.
  public var operationsPerExample: Double { source.architecture.operationsPerExample }

  /// One draw, in `Double`.
  public func member(_ draw: Int) throws -> Network {
    var failure: (any Error)?
    let count = source.architecture.parameterCount
    let parameters = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      do {
        try source.read(draw: draw, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
        initialized = count
      } catch {
        failure = error
        initialized = 0
      }
    }
    if let failure { throw failure }
    return try Network(architecture: source.architecture, parameters: parameters)
  }

  /// The same draws in `Double`, one after the other, by the portable kernels and the plain statement of the
  /// objectives: slow, and the reference.
  public var reference: ReferenceEnsemble { ReferenceEnsemble(self) }

  /// Log-probabilities of every selected draw, shape (draws, examples, classes).
  public func memberLogProbabilities(_ inputs: Tensor, draws: DrawSelection) throws -> Tensor {
    try members(inputs, draws, .logProbabilities)
  }

  /// Logits of every selected draw, shape (draws, examples, classes).
  public func memberLogits(_ inputs: Tensor, draws: DrawSelection) throws -> Tensor {
    try members(inputs, draws, .logits)
  }

  private func members(_ inputs: Tensor, _ draws: DrawSelection, _ output: MemberOutput) throws -> Tensor {
    let indices = try checked(inputs, draws)
    let labels = [Int](repeating: 0, count: inputs.rowCount)
    return try passes.withLock { _ in
      let request = BlockEngine.Request(prediction: false, members: output)
      let sums = try values.run(inputs, labels: labels, draws: indices, request)
      let count = indices.count * inputs.rowCount * classCount
      return Tensor(
        shape: [indices.count, inputs.rowCount, classCount],
        elements: Array(UnsafeBufferPointer(start: sums.members, count: count)))
    }
  }

  /// The posterior predictive and the votes, in float32 products.
  public func predict(_ inputs: Tensor, draws: DrawSelection) throws -> Prediction {
    let indices = try checked(inputs, draws)
    let labels = [Int](repeating: 0, count: inputs.rowCount)
    return try passes.withLock { _ in
      let sums = try values.run(inputs, labels: labels, draws: indices, BlockEngine.Request())
      return values.finish(sums, objective: .predictive, labels: labels).prediction
    }
  }

  /// Reads and packs the selected draws, so that the first pass does not have to; nothing when they do not all fit in
  /// memory.
  public func prepare(draws: DrawSelection) throws {
    try passes.withLock { _ in
      let indices = draws.indices(of: drawCount)
      try values.prepare(indices)
      if gradients !== values { try gradients.prepare(indices) }
    }
  }

  /// Value of an objective for the labels of `examples`, and the prediction, in float32 products.
  public func loss(_ examples: Examples, objective: Objective, draws: DrawSelection) throws -> Loss {
    let indices = try checked(examples.inputs, draws)
    try check(examples.labels, objective)
    let labels = examples.labels
    return try passes.withLock { _ in
      let isNaive = configuration.arithmetic == .naiveFloat32
      let request = BlockEngine.Request(naiveMean: isNaive)
      let sums = try values.run(examples.inputs, labels: labels, draws: indices, request)
      let result = values.finish(sums, objective: objective, labels: labels)
      guard isNaive else { return Loss(logLosses: result.logLosses, prediction: result.prediction) }
      let losses = NaiveLosses(
        FirstPass(sums, objective: objective, labels: labels), sums, objective: objective, classes: classCount)
      return Loss(
        logLosses: labels.indices.map { losses.logLoss(row: $0, label: labels[$0]) }, prediction: result.prediction)
    }
  }

  private func check(_ labels: [Int], _ objective: Objective) throws {
    try objective.check(classes: classCount)
    guard classCount > 1 else { throw CoreError("a loss needs at least two classes") }
    guard labels.allSatisfy({ (0..<classCount).contains($0) }) else {
      throw CoreError("a label lies outside the \(classCount) classes")
    }
  }

  /// Value, input gradient and prediction for the labels of `examples`. In bfloat16 the gradient, and for the
  /// objectives that need one pass also value and prediction, are those of bfloat16 products.
  public func lossAndGradient(_ examples: Examples, objective: Objective, draws: DrawSelection) throws
    -> LossAndGradient
  {
    let indices = try checked(examples.inputs, draws)
    try check(examples.labels, objective)
    return try passes.withLock { _ in
      configuration.arithmetic == .naiveFloat32
        ? try naive(examples, objective, indices) : try scaled(examples, objective, indices)
    }
  }

  /// The same with wide derivatives of the activations. Value and prediction are those of the network, in the precision
  /// of predictions.
  public func lossAndGradient(
    _ examples: Examples, objective: Objective, draws: DrawSelection, derivative: ActivationDerivative
  ) throws -> LossAndGradient {
    guard derivative == .straightThrough else {
      return try lossAndGradient(examples, objective: objective, draws: draws)
    }
    guard configuration.arithmetic == .logDomain else {
      throw CoreError("straight-through gradients are computed in the log domain, not in naive-float32")
    }
    let indices = try checked(examples.inputs, draws)
    try check(examples.labels, objective)
    return try passes.withLock { _ in
      try scaled(examples, objective, indices, try wideEngine(), .straightThrough)
    }
  }

  private func wideEngine() throws -> BlockEngine {
    try wide.withLock { engine in
      if let engine { return engine }
      let precision = configuration.precision
      let library = precision == .float64 ? .portable : configuration.library
      let budget = configuration.memoryLimit.map { $0 - Self.residentBytes() - (32 << 20) }
      let made = try BlockEngine(
        source, precision: precision, library: library, backward: true,
        threads: WorkerTeam.useful(configuration.threads), budget: budget, packedBytes: configuration.packedBytes,
        inputMagnitude: inputMagnitude,
        compile: { [source, checksFiniteness] in
          try CompiledNetwork(
            source.architecture, rows: $0, precision: precision, library: library, fusesActivations: false,
            checksFiniteness: checksFiniteness)
        },
        parts: { [source, checksFiniteness] in
          try CompiledNetwork.parts(
            source, rows: $0, precision: precision, library: library, fusesActivations: false,
            checksFiniteness: checksFiniteness)
        })
      engine = made
      return made
    }
  }

  private func scaled(
    _ examples: Examples, _ objective: Objective, _ draws: [Int], _ engine: BlockEngine? = nil,
    _ arithmetic: DerivativeArithmetic = .scaled
  ) throws -> LossAndGradient {
    let gradients = engine ?? gradients
    let inputs = examples.inputs
    let labels = examples.labels
    var request = BlockEngine.Request(gradient: objective, arithmetic: arithmetic)
    var finished: (prediction: Prediction, logLosses: [Double], logFactors: [Double])?
    // Products that do not apply ReLU themselves may round otherwise: decisions come from those that do.
    if objective.needsFirstPass || arithmetic == .straightThrough {
      let first = try values.run(inputs, labels: labels, draws: draws, BlockEngine.Request())
      finished = values.finish(first, objective: objective, labels: labels)
      request.firstPass = FirstPass(first, objective: objective, labels: labels)
      request.prediction = false
    }
    let sums = try gradients.run(inputs, labels: labels, draws: draws, request)
    let result = finished ?? gradients.finish(sums, objective: objective, labels: labels)
    return LossAndGradient(
      logLosses: result.logLosses,
      gradient: gradients.gradient(sums, logFactors: result.logFactors, shape: inputs.shape),
      prediction: result.prediction)
  }

  private func naive(_ examples: Examples, _ objective: Objective, _ draws: [Int]) throws -> LossAndGradient {
    let inputs = examples.inputs
    let labels = examples.labels
    let first = try values.run(inputs, labels: labels, draws: draws, BlockEngine.Request(naiveMean: true))
    let prediction = values.finish(first, objective: .predictive, labels: labels).prediction
    let pass = FirstPass(first, objective: objective, labels: labels)
    let sums = try gradients.run(
      inputs, labels: labels, draws: draws,
      BlockEngine.Request(prediction: false, gradient: objective, firstPass: pass, arithmetic: .naive))
    let losses = NaiveLosses(pass, first, objective: objective, classes: classCount)
    let zeros = [Double](repeating: 0, count: labels.count)
    return LossAndGradient(
      logLosses: labels.indices.map { losses.logLoss(row: $0, label: labels[$0]) },
      gradient: gradients.gradient(sums, logFactors: zeros, shape: inputs.shape, naive: true), prediction: prediction)
  }

  func checked(_ inputs: Tensor, _ draws: DrawSelection) throws -> [Int] {
    guard inputs.rowShape == inputShape else {
      throw CoreError("inputs have the shape \(inputs.rowShape); the network takes \(inputShape)")
    }
    let indices = draws.indices(of: drawCount)
    guard !indices.isEmpty, indices.allSatisfy({ (0..<drawCount).contains($0) }) else {
      throw CoreError("draws must be among 0 to \(drawCount - 1), and at least one")
    }
    return indices
  }

  /// Memory that the process takes now, in bytes; 0 where the system does not say.
  public static func residentBytes() -> Int {
    #if os(Linux)
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * sysconf(Int32(_SC_PAGESIZE))
    #else
    var usage = rusage()
    return getrusage(RUSAGE_SELF, &usage) == 0 ? Int(usage.ru_maxrss) : 0
    #endif
  }
}

/// Losses as float32 computes them: −log of the mean probability, which is 0 once it rounds to 1.
private struct NaiveLosses {
  let pass: FirstPass
  let sums: PassSums
  let objective: Objective
  let classes: Int

  init(_ pass: FirstPass, _ sums: PassSums, objective: Objective, classes: Int) {
    self.pass = pass
    self.sums = sums
    self.objective = objective
    self.classes = classes
  }

  func logLoss(row: Int, label: Int) -> Double {
    let mean = UnsafeBufferPointer(start: pass.naiveMean(row: row), count: classes)
    switch objective {
    case .expectedLoss: return log(Double(sums.naive[sums.examples * classes + row] / Float(sums.draws)))
    case .predictive: return log(Double(-logf(mean[label])))
    case .meanLogit, .doubleSoftmax:
      let top = mean.max() ?? 0
      let total = mean.reduce(0) { $0 + expf($1 - top) }
      return log(Double((top + logf(total)) - mean[label]))
    case .margin:
      let rival = mean.enumerated().filter { $0.offset != label }.map(\.element).max() ?? 0
      // Both probabilities can have underflown; then float32 knows nothing about the margin.
      let margin = Double(logf(rival) - logf(mean[label]))
      return margin.isNaN ? 0 : margin
    case .probabilityMargin:
      return Double((mean.enumerated().filter { $0.offset != label }.map(\.element).max() ?? 0) - mean[label])
    case .dlr:
      let sorted = mean.sorted(by: >).map { logf($0) }
      let rival = mean.enumerated().filter { $0.offset != label }.map(\.element).max() ?? 0
      let ratio = Double((logf(rival) - logf(mean[label])) / (sorted[0] - sorted[2]))
      return ratio.isNaN ? 0 : ratio
    }
  }
}

/// An ensemble in `Double` over its members, without packing, by the default implementations of `PosteriorEnsemble`.
public struct ReferenceEnsemble: PosteriorEnsemble {
  private let ensemble: NetworkEnsemble

  init(_ ensemble: NetworkEnsemble) { self.ensemble = ensemble }

  /// Shape of one input.
  public var inputShape: [Int] { ensemble.inputShape }
  /// Number of classes.
  public var classCount: Int { ensemble.classCount }
  /// Number of draws.
  public var drawCount: Int { ensemble.drawCount }
  /// Yes: networks have layers with activations.
  public var hasWideDerivatives: Bool { true }
  /// One draw, in `Double`.
  public func member(_ draw: Int) throws -> Network { try ensemble.member(draw) }
}
