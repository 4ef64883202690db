internal import CComputeKernels

/// A convolution of the portable kernels: one product per image and group, of the filters with the matrix of its
/// patches.
struct PortableConvolution<Scalar: PortableScalar>: ConvolutionImplementation {
  let source: ActivationLayout
  let destination: ActivationLayout
  private let geometry: ConvolutionGeometry
  private let activation: FusedActivation

  init(_ geometry: ConvolutionGeometry, activation: FusedActivation) throws {
    self.geometry = geometry
    self.activation = activation
    source = try .plain(
      rows: geometry.rows, shape: geometry.inputShape, precision: Scalar.precision, library: .portable)
    destination = try .plain(
      rows: geometry.rows, shape: geometry.outputShape, precision: Scalar.precision, library: .portable)
  }

  var implementations: KernelImplementations { .portable }
  var forwardWeightBytes: Int { geometry.weightCount * Scalar.precision.bytes }
  var backwardWeightBytes: Int { forwardWeightBytes }

  private var sizes: portable_convolution {
    let (vertical, horizontal) = geometry.axes
    return portable_convolution(
      rows: geometry.rows, channels: geometry.inputShape[0], filters: geometry.filters, groups: geometry.groups,
      vertical: vertical.portable, horizontal: horizontal.portable)
  }

  private func patches(_ worker: KernelWorker) -> UnsafeMutablePointer<Scalar> {
    let count = withUnsafePointer(to: sizes) { portable_convolution_scratch($0) }
    return worker.room(for: .patches, bytes: count * Scalar.precision.bytes).bound()
  }

  func pack(
    _ weights: ParameterSource, forward: UnsafeMutableRawPointer?, backward: UnsafeMutableRawPointer?,
    worker: KernelWorker
  ) throws {
    let weights = try Scalar.parameters(weights, count: geometry.weightCount, in: .weights, worker)
    forward?.copyMemory(from: weights, byteCount: forwardWeightBytes)
    backward?.copyMemory(from: weights, byteCount: backwardWeightBytes)
  }

  func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: ParameterSource, adding residual: UnsafeRawPointer?,
    into y: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    let bias = try Scalar.parameters(bias, count: geometry.filters, in: .bias, worker)
    Scalar.convolutionForward(y.bound(), x.bound(), weights.bound(), bias, patches(worker), sizes)
    let count = geometry.rows * geometry.outputShape.reduce(1, *)
    if let residual { Scalar.addResidual(residual.bound(), to: y.bound(), count: count) }
    Scalar.activate(y.bound(), count: count, activation)
  }

  func backwardToInput(
    _ dy: UnsafeRawPointer, weights: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    Scalar.convolutionToInput(dx.bound(), dy.bound(), weights.bound(), patches(worker), sizes)
  }

  func backwardToWeights(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into dW: ParameterDestination,
    biasGradient: ParameterDestination?, worker: KernelWorker
  ) throws {
    func run(_ dW: UnsafeMutablePointer<Scalar>, _ db: UnsafeMutablePointer<Scalar>?) {
      Scalar.convolutionToWeights(dW, db, x.bound(), dy.bound(), patches(worker), sizes)
    }
    try Scalar.adding(to: dW, count: geometry.weightCount, in: .weights, worker) { dW in
      guard let biasGradient else { return run(dW, nil) }
      try Scalar.adding(to: biasGradient, count: geometry.filters, in: .bias, worker) { run(dW, $0) }
    }
  }
}
