/// A convolution (cross-correlation) for blocks of a fixed number of images, and its two gradients:
/// y[f, i, j] = activation(b[f] + Σ w[f, c, u, v] · x[c, i·stride + u·dilation − top, j·stride + v·dilation − left]
/// (+ r[f, i, j])), with x = 0 outside of the image and c in the filter's group of channels.
///
/// Weights are (filters, channels / groups, kernel height, kernel width). Activations and their gradients lie as
/// `source` and `destination` say; `Reorder` converts. Kernels for images with one channel always have a plain source:
/// padding one channel to sixteen makes the input gradient three times slower.
public final class ConvolutionKernel: Sendable {
  /// Number of images of a block.
  public var rows: Int { source.rows }
  /// Whether `forward` adds a residual before the activation.
  public let addsResidual: Bool
  let implementation: any ConvolutionImplementation

  /// - Parameters:
  ///   - precision: format of images, packed weights and results; biases and parameter gradients are float32.
  ///   - activation: fused into `forward`; the gradients are those of the convolution alone.
  ///   - addsResidual: `forward` adds an array that lies like `destination`, before the activation.
  ///   - plainSource: images in C order, as a network's input is; else in the layout that is fastest.
  /// - Throws: `KernelError` for sizes that do not fit or a precision that the library does not have.
  public init(
    _ geometry: ConvolutionGeometry, precision: Precision, activation: FusedActivation, addsResidual: Bool = false,
    plainSource: Bool, library: KernelLibrary
  ) throws {
    let name = geometry.description
    try geometry.check(for: name)
    try activation.check(for: name)
    self.addsResidual = addsResidual
    switch try library.serving(precision, for: name) {
    case .oneDNN:
      implementation = try OneDNNConvolution(
        geometry, precision: precision, activation: activation, addsResidual: addsResidual,
        plainSource: plainSource || geometry.inputShape[0] == 1)
    case .portable where precision == .float64:
      implementation = try PortableConvolution<Double>(geometry, activation: activation)
    case .portable:
      implementation = try PortableConvolution<Float>(geometry, activation: activation)
    }
  }

  /// A valid convolution with square filters and stride 1.
  ///
  /// - Parameters:
  ///   - inputShape: (channels, height, width).
  ///   - precision: format of images, packed weights and results; biases and parameter gradients are float32.
  ///   - activation: fused into `forward`; the gradients are those of the convolution alone.
  ///   - plainSource: images in C order, as a network's input is; else in the layout that is fastest.
  /// - Throws: `KernelError` for sizes that do not fit or a precision that the library does not have.
  public convenience init(
    rows: Int, inputShape: [Int], filters: Int, kernelSize: Int, precision: Precision, activation: FusedActivation,
    plainSource: Bool, library: KernelLibrary
  ) throws {
    try self.init(
      ConvolutionGeometry(rows: rows, inputShape: inputShape, filters: filters, kernel: ImageExtent(kernelSize)),
      precision: precision, activation: activation, plainSource: plainSource, library: library)
  }

  /// A convolution computed by something else.
  init(by implementation: any ConvolutionImplementation, addsResidual: Bool = false) {
    self.implementation = implementation
    self.addsResidual = addsResidual
  }

  /// What computes it.
  public var implementations: KernelImplementations { implementation.implementations }

  /// Layout of x.
  public var source: ActivationLayout { implementation.source }

  /// Layout of y.
  public var destination: ActivationLayout { implementation.destination }

  /// Layout of dx: that of x.
  public var sourceGradient: ActivationLayout { implementation.source }

  /// Layout of dy: that of y.
  public var destinationGradient: ActivationLayout { implementation.destination }

  /// Bytes of the weights as `forward` wants them.
  public var forwardWeightBytes: Int { implementation.forwardWeightBytes }

  /// Bytes of the weights as `backwardToInput` wants them.
  public var backwardWeightBytes: Int { implementation.backwardWeightBytes }

  /// Converts and permutes weights (filters, channels / groups, kernel height, kernel width) in C order into either
  /// packed form, or both.
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

  /// y from x and the bias (filters), for a kernel that adds no residual.
  public func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Float>, into y: UnsafeMutableRawPointer,
    worker: KernelWorker
  ) throws {
    try forward(x, weights: weights, bias: .float(bias), adding: nil, into: y, worker: worker)
  }

  /// The same with a double-precision bias, for a kernel in float64.
  public func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Double>, into y: UnsafeMutableRawPointer,
    worker: KernelWorker
  ) throws {
    try forward(x, weights: weights, bias: .double(bias), adding: nil, into: y, worker: worker)
  }

  /// y from x, the bias (filters) and a residual that lies like y and does not overlap it, for a kernel that adds one.
  public func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Float>, adding residual: UnsafeRawPointer?,
    into y: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    try forward(x, weights: weights, bias: .float(bias), adding: residual, into: y, worker: worker)
  }

  /// The same with a double-precision bias, for a kernel in float64.
  public func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Double>, adding residual: UnsafeRawPointer?,
    into y: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    try forward(x, weights: weights, bias: .double(bias), adding: residual, into: y, worker: worker)
  }

  private func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: ParameterSource, adding residual: UnsafeRawPointer?,
    into y: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    guard (residual != nil) == addsResidual else {
      throw KernelError("a residual belongs to the convolutions that were made with `addsResidual`, and to no other")
    }
    try implementation.forward(x, weights: weights, bias: bias, adding: residual, into: y, worker: worker)
  }

  /// dx from dy, the gradient before the activation. dx is overwritten.
  public func backwardToInput(
    _ dy: UnsafeRawPointer, weights: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    try implementation.backwardToInput(dy, weights: weights, into: dx, worker: worker)
  }

  /// Adds the gradients of the weights (filters, channels / groups, kernel height, kernel width) and of the bias
  /// (filters), both in C order.
  public func backwardToWeights(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into dW: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?, worker: KernelWorker
  ) throws {
    try implementation.backwardToWeights(
      x, dy, into: .float(dW), biasGradient: biasGradient.map { .float($0) }, worker: worker)
  }

  /// The same into double-precision sums, for a kernel in float64.
  public func backwardToWeights(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into dW: UnsafeMutablePointer<Double>,
    biasGradient: UnsafeMutablePointer<Double>?, worker: KernelWorker
  ) throws {
    try implementation.backwardToWeights(
      x, dy, into: .double(dW), biasGradient: biasGradient.map { .double($0) }, worker: worker)
  }
}

/// What a library provides for a convolution.
protocol ConvolutionImplementation: Sendable {
  var implementations: KernelImplementations { get }
  var source: ActivationLayout { get }
  var destination: ActivationLayout { get }
  var forwardWeightBytes: Int { get }
  var backwardWeightBytes: Int { get }
  func pack(
    _ weights: ParameterSource, forward: UnsafeMutableRawPointer?, backward: UnsafeMutableRawPointer?,
    worker: KernelWorker
  ) throws
  func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: ParameterSource, adding residual: UnsafeRawPointer?,
    into y: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws
  func backwardToInput(
    _ dy: UnsafeRawPointer, weights: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws
  func backwardToWeights(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into dW: ParameterDestination,
    biasGradient: ParameterDestination?, worker: KernelWorker
  ) throws
}
