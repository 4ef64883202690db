internal import CComputeKernels
internal import ComputeKernels
public import RobustnessCore

/// One network with given weights, computed in `Double` by the portable kernels: one draw of a posterior as a `Model`.
///
/// This is the reference that packed ensembles are checked against, and the `Member` of `NetworkEnsemble`. For speed
/// use the ensemble.
public struct Network: Model {
  /// The layers.
  public let architecture: Architecture
  /// The parameters one after the other, in the order of `architecture.parameters`.
  public let parameters: [Float]

  /// A network with its weights.
  ///
  /// - Throws: `CoreError` when the number of parameters is not that of the architecture.
  public init(architecture: Architecture, parameters: [Float]) throws {
    guard parameters.count == architecture.parameterCount else {
      throw CoreError("the architecture has \(architecture.parameterCount) parameters, not \(parameters.count)")
    }
    self.architecture = architecture
    self.parameters = parameters
  }

  /// Shape of one input.
  public var inputShape: [Int] { architecture.inputShape }
  /// Number of classes.
  public var classCount: Int { architecture.classCount }

  /// Logits, shape (examples, classes).
  public func logits(_ inputs: Tensor) throws -> Tensor {
    try withForwardPass(inputs, backward: false) { network, _, space in
      let count = inputs.rowCount * classCount
      let logits = UnsafeBufferPointer(
        start: space.logits.assumingMemoryBound(to: Double.self), count: count)
      return Tensor(shape: [inputs.rowCount, classCount], elements: Array(logits))
    }
  }

  /// Gradient with respect to the inputs of Σ logitGradient · logits, with an exponent for each row.
  public func inputGradient(_ inputs: Tensor, logitGradient: Tensor) throws -> ScaledGradient {
    try inputGradient(inputs, logitGradient: logitGradient, derivative: .exact)
  }

  /// The same with other derivatives of the activations.
  public func inputGradient(
    _ inputs: Tensor, logitGradient: Tensor, derivative: ActivationDerivative
  ) throws -> ScaledGradient {
    precondition(logitGradient.shape == [inputs.rowCount, classCount], "one logit gradient for each input and class")
    return try withForwardPass(inputs, backward: true, fusesActivations: derivative == .exact) { network, draw, space in
      let size = inputs.rowSize
      let rows = inputs.rowCount
      space.logitGradient.copyMemory(from: logitGradient.elements, byteCount: 8 * rows * classCount)
      for row in 0..<rows { space.logitExponents[row] = 0 }
      if network.accumulatesInputGradient { space.clearPart(inputSize: size, wide: network.wide) }
      try network.backward(draw, space, arithmetic: derivative == .exact ? .scaled : .straightThrough)
      let (values, own) = network.inputGradient(space)
      var elements = Array(UnsafeBufferPointer(start: values.assumingMemoryBound(to: Double.self), count: rows * size))
      var exponents = (0..<rows).map { own[$0] }
      let factors = [Double](repeating: 0, count: rows)
      let scale = Normalization(architecture)?.scale
      ckn_finish_rows(&elements, &exponents, factors, scale?.base.assumingMemoryBound(to: Double.self), rows, size)
      return ScaledGradient(values: Tensor(shape: inputs.shape, elements: elements), exponents: exponents.map(Int.init))
    }
  }

  /// Fraction of the inputs of tanh and logistic layers beyond |a| = 9; nil without such layers.
  func saturatedFraction(_ inputs: Tensor) throws -> Double? {
    try withForwardPass(inputs, backward: false) { network, _, space in
      var beyond = 0
      var total = 0
      for node in network.nodes where node.stage is SaturatingStage {
        let value = node.inputs[0]
        let count = network.layouts[value].elementsPerRow * inputs.rowCount
        let a = UnsafeBufferPointer(start: space.values[value].base.assumingMemoryBound(to: Double.self), count: count)
        beyond += a.count { abs($0) > 9 }
        total += count
      }
      return total > 0 ? Double(beyond) / Double(total) : nil
    }
  }

  private func withForwardPass<Result>(
    _ inputs: Tensor, backward: Bool, fusesActivations: Bool = true,
    _ body: (CompiledNetwork, PackedDraw, Workspace) throws -> Result
  ) throws -> Result {
    precondition(inputs.rowShape == inputShape, "inputs of shape \(inputs.rowShape), the network takes \(inputShape)")
    let network = try CompiledNetwork(
      architecture, rows: inputs.rowCount, precision: .float64, library: .portable, fusesActivations: fusesActivations)
    let space = try Workspace(network, backward: backward)
    let (offsets, bytes) = network.packing(backward: backward)
    let memory = AlignedMemory(bytes: bytes)
    let draw = PackedDraw(base: memory.base, offsets: offsets)
    try parameters.withUnsafeBufferPointer {
      try network.pack($0.baseAddress!, into: draw, backward: backward, worker: space.worker)
    }
    inputs.elements.withUnsafeBufferPointer {
      space.load(
        $0.baseAddress!, labels: [], rows: inputs.rowCount, network: network, normalization: Normalization(architecture)
      )
    }
    try network.forward(draw, space)
    return try withExtendedLifetime(memory) { try body(network, draw, space) }
  }
}
