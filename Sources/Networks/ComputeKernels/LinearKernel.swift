/// A fully connected layer for blocks of a fixed number of rows: y = activation(x Wᵀ + b), and its two gradients.
///
/// x is (rows, inputs), W (outputs, inputs), y (rows, outputs), all in C order. The weights are packed once for each
/// direction and used many times.
///
/// The bits of a row of y and of dx are a function of that row of x or dy, of its place in the block, and of the
/// kernel: neither the other rows, nor the worker, nor the thread, nor earlier calls change them. Nothing more is
/// promised. A kernel for another number of rows may add in another order, and so may one kernel in the last rows of a
/// block: oneDNN chooses code by shape and processor. `implementations` says which code it chose; whoever mixes sizes
/// or places compares first.
public final class LinearKernel: Sendable {
  /// Number of examples of a block.
  public let rows: Int
  /// Features of x.
  public let inputs: Int
  /// Features of y.
  public let outputs: Int
  /// Format of x, of the packed W and of dy.
  public let precision: Precision
  let implementation: any LinearImplementation

  /// - Parameters:
  ///   - precision: format of the operands x, W and dy. The bias is always float32 (or Double, see below).
  ///   - forwardDestination: format of y.
  ///   - backwardDestination: format of dx. With float32 or float64 operands both are that; with bfloat16 ones each may
  ///     be bfloat16 or float32.
  ///   - activation: fused into `forward`; the gradients are those of the linear map alone.
  ///   - accumulatesInputGradient: `backwardToInput` adds to dx, which then is not bfloat16.
  /// - Throws: `KernelError` for a combination that the library does not have.
  public init(
    rows: Int, inputs: Int, outputs: Int, precision: Precision, forwardDestination: Precision,
    backwardDestination: Precision, activation: FusedActivation, accumulatesInputGradient: Bool, library: KernelLibrary
  ) throws {
    let name = "a linear layer \(inputs) → \(outputs) on \(rows) rows"
    guard rows > 0, inputs > 0, outputs > 0 else { throw KernelError("\(name): sizes must be positive") }
    try activation.check(for: name)
    for (destination, what) in [(forwardDestination, "result"), (backwardDestination, "input gradient")] {
      guard destination == precision || (precision == .bfloat16 && destination == .float32) else {
        throw KernelError("\(name) with \(precision) operands cannot have a \(destination) \(what)")
      }
    }
    guard !(accumulatesInputGradient && backwardDestination == .bfloat16) else {
      throw KernelError("\(name) cannot add to a bfloat16 input gradient: each addition would round; use float32")
    }
    self.rows = rows
    self.inputs = inputs
    self.outputs = outputs
    self.precision = precision
    switch try library.serving(precision, for: name) {
    case .oneDNN:
      implementation = try OneDNNLinear(
        rows: rows, inputs: inputs, outputs: outputs, precision: precision, forwardDestination: forwardDestination,
        backwardDestination: backwardDestination, activation: activation, accumulates: accumulatesInputGradient)
    case .portable:
      func make<Scalar: PortableScalar>(_: Scalar.Type) -> any LinearImplementation {
        PortableLinear<Scalar>(
          rows: rows, inputs: inputs, outputs: outputs, activation: activation, accumulates: accumulatesInputGradient)
      }
      implementation = precision == .float64 ? make(Double.self) : make(Float.self)
    }
  }

  /// The same layer computed by something else.
  init(_ other: LinearKernel, by implementation: any LinearImplementation) {
    rows = other.rows
    inputs = other.inputs
    outputs = other.outputs
    precision = other.precision
    self.implementation = implementation
  }

  /// What computes it.
  public var implementations: KernelImplementations { implementation.implementations }

  /// Whether weights packed for `other` serve this kernel as well: the same layer for another number of rows mostly
  /// does.
  public func packsLike(_ other: LinearKernel) -> Bool {
    inputs == other.inputs && outputs == other.outputs && precision == other.precision
      && implementation.packsLike(other.implementation)
  }

  /// Bytes of the weights as `forward` wants them.
  public var forwardWeightBytes: Int { implementation.forwardWeightBytes }

  /// Bytes of the weights as `backwardToInput` wants them.
  public var backwardWeightBytes: Int { implementation.backwardWeightBytes }

  /// Converts and permutes weights (outputs, inputs) in C order into either packed form, or both.
  public func pack(
    _ weights: UnsafePointer<Float>, forward: UnsafeMutableRawPointer?, backward: UnsafeMutableRawPointer?,
    worker: KernelWorker
  ) throws {
    try implementation.pack(.float(weights), forward: forward, backward: backward, worker: worker)
  }

  /// The same from double-precision weights, for a kernel in float64.
  public func pack(
    _ weights: UnsafePointer<Double>, forward: UnsafeMutableRawPointer?, backward: UnsafeMutableRawPointer?,
    worker: KernelWorker
  ) throws {
    try implementation.pack(.double(weights), forward: forward, backward: backward, worker: worker)
  }

  /// y = activation(x Wᵀ + b): x (rows, inputs), b (outputs), y (rows, outputs).
  public func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Float>, into y: UnsafeMutableRawPointer,
    worker: KernelWorker
  ) throws {
    try implementation.forward(x, weights: weights, bias: .float(bias), into: y, worker: worker)
  }

  /// The same with a double-precision bias, for a kernel in float64.
  public func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Double>, into y: UnsafeMutableRawPointer,
    worker: KernelWorker
  ) throws {
    try implementation.forward(x, weights: weights, bias: .double(bias), into: y, worker: worker)
  }

  /// dx = dy W, or dx += dy W: dy (rows, outputs) is the gradient before the activation, dx (rows, inputs).
  public func backwardToInput(
    _ dy: UnsafeRawPointer, weights: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    try implementation.backwardToInput(dy, weights: weights, into: dx, worker: worker)
  }

  /// dW += dyᵀ x, (outputs, inputs) in C order.
  public func backwardToWeights(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into dW: UnsafeMutablePointer<Float>, worker: KernelWorker
  ) throws {
    try implementation.backwardToWeights(x, dy, into: .float(dW), worker: worker)
  }

  /// The same into a double-precision sum, for a kernel in float64.
  public func backwardToWeights(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into dW: UnsafeMutablePointer<Double>, worker: KernelWorker
  ) throws {
    try implementation.backwardToWeights(x, dy, into: .double(dW), worker: worker)
  }
}

/// What a library provides for a linear layer.
protocol LinearImplementation: Sendable {
  var implementations: KernelImplementations { get }
  func packsLike(_ other: any LinearImplementation) -> Bool
  var forwardWeightBytes: Int { get }
  var backwardWeightBytes: Int { get }
  func pack(
    _ weights: ParameterSource, forward: UnsafeMutableRawPointer?, backward: UnsafeMutableRawPointer?,
    worker: KernelWorker
  ) throws
  func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: ParameterSource, into y: UnsafeMutableRawPointer,
    worker: KernelWorker
  ) throws
  func backwardToInput(
    _ dy: UnsafeRawPointer, weights: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws
  func backwardToWeights(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into dW: ParameterDestination, worker: KernelWorker
  ) throws
}
