internal import CComputeKernels

/// A linear layer of the portable kernels. Weights are packed transposed for the forward pass, and copied for the other:
/// in both directions the product then reads them row by row.
struct PortableLinear<Scalar: PortableScalar>: LinearImplementation {
  let rows: Int
  let inputs: Int
  let outputs: Int
  let activation: FusedActivation
  let accumulates: Bool

  var implementations: KernelImplementations { .portable }

  /// A copy serves any number of rows.
  func packsLike(_ other: any LinearImplementation) -> Bool { other is Self }

  var forwardWeightBytes: Int { outputs * inputs * Scalar.precision.bytes }
  var backwardWeightBytes: Int { forwardWeightBytes }

  func pack(
    _ weights: ParameterSource, forward: UnsafeMutableRawPointer?, backward: UnsafeMutableRawPointer?,
    worker: KernelWorker
  ) throws {
    let weights = try Scalar.parameters(weights, count: outputs * inputs, in: .weights, worker)
    if let forward { Scalar.transpose(weights, into: forward.bound(), outputs, inputs) }
    backward?.copyMemory(from: weights, byteCount: backwardWeightBytes)
  }

  func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: ParameterSource, into y: UnsafeMutableRawPointer,
    worker: KernelWorker
  ) throws {
    let bias = try Scalar.parameters(bias, count: outputs, in: .bias, worker)
    Scalar.productForward(y.bound(), x.bound(), weights.bound(), bias, rows, inputs, outputs)
    Scalar.activate(y.bound(), count: rows * outputs, activation)
  }

  func backwardToInput(
    _ dy: UnsafeRawPointer, weights: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    Scalar.productToInput(dx.bound(), dy.bound(), weights.bound(), rows, inputs, outputs, accumulates: accumulates)
  }

  func backwardToWeights(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into dW: ParameterDestination, worker: KernelWorker
  ) throws {
    try Scalar.adding(to: dW, count: outputs * inputs, in: .weights, worker) {
      Scalar.productToWeights($0, x.bound(), dy.bound(), rows, inputs, outputs)
    }
  }
}
