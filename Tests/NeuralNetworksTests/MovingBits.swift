import RobustnessCore

@testable import ComputeKernels
@testable import NeuralNetworks

/// Whether a row is computed otherwise: by the number of rows of the block and the row's place in it, as a library does
/// that changes its code with the shape.
typealias MovingRule = @Sendable (_ rows: Int, _ place: Int) -> Bool

/// A linear layer that adds its products one by one in float32, in the order of the inputs, or, where the rule says so,
/// the second half before the first. Operands and results are in the layer's own precision, bfloat16 or float32.
struct ReorderedLinear: LinearImplementation {
  let base: LinearKernel
  let forwardDestination: Precision
  let backwardDestination: Precision
  let accumulates: Bool
  let forwardMoves: MovingRule
  let backwardMoves: MovingRule

  var implementations: KernelImplementations { .portable }
  var forwardWeightBytes: Int { 4 * base.inputs * base.outputs }
  var backwardWeightBytes: Int { forwardWeightBytes }

  func packsLike(_ other: any LinearImplementation) -> Bool { other is ReorderedLinear }

  func pack(
    _ weights: ParameterSource, forward: UnsafeMutableRawPointer?, backward: UnsafeMutableRawPointer?,
    worker: KernelWorker
  ) throws {
    let plain = try weights.float32()
    for target in [forward, backward].compactMap(\.self) {
      let packed = target.assumingMemoryBound(to: Float.self)
      for index in 0..<base.inputs * base.outputs { packed[index] = rounded(plain[index], base.precision) }
    }
  }

  func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: ParameterSource, into y: UnsafeMutableRawPointer,
    worker: KernelWorker
  ) throws {
    let (weights, bias) = (weights.assumingMemoryBound(to: Float.self), try bias.float32())
    for row in 0..<base.rows {
      for unit in 0..<base.outputs {
        let sum = sum(base.inputs, isMoved: forwardMoves(base.rows, row)) { k in
          number(x, row * base.inputs + k, base.precision) * weights[unit * base.inputs + k]
        }
        store(sum + bias[unit], y, row * base.outputs + unit, forwardDestination)
      }
    }
  }

  func backwardToInput(
    _ dy: UnsafeRawPointer, weights: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    let weights = weights.assumingMemoryBound(to: Float.self)
    for row in 0..<base.rows {
      for input in 0..<base.inputs {
        let sum = sum(base.outputs, isMoved: backwardMoves(base.rows, row)) { unit in
          number(dy, row * base.outputs + unit, base.precision) * weights[unit * base.inputs + input]
        }
        let index = row * base.inputs + input
        store(accumulates ? number(dx, index, .float32) + sum : sum, dx, index, backwardDestination)
      }
    }
  }

  func backwardToWeights(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into dW: ParameterDestination, worker: KernelWorker
  ) throws {
    throw KernelError("only attacks are tested with this layer")
  }

  private func sum(_ count: Int, isMoved: Bool, _ term: (Int) -> Float) -> Float {
    let half = count / 2
    let order = isMoved ? Array(half..<count) + Array(0..<half) : Array(0..<count)
    return order.reduce(Float(0)) { $0 + term($1) }
  }

  private func number(_ base: UnsafeRawPointer, _ index: Int, _ precision: Precision) -> Float {
    precision == .bfloat16
      ? Float(bitPattern: UInt32(base.load(fromByteOffset: 2 * index, as: UInt16.self)) << 16)
      : base.load(fromByteOffset: 4 * index, as: Float.self)
  }

  private func store(_ x: Float, _ base: UnsafeMutableRawPointer, _ index: Int, _ precision: Precision) {
    guard precision == .bfloat16 else { return base.storeBytes(of: x, toByteOffset: 4 * index, as: Float.self) }
    withUnsafePointer(to: x) {
      BFloat16.convert($0, count: 1, into: base.assumingMemoryBound(to: UInt16.self) + index)
    }
  }

  private func rounded(_ x: Float, _ precision: Precision) -> Float {
    guard precision == .bfloat16 else { return x }
    var half: UInt16 = 0
    withUnsafePointer(to: x) { BFloat16.convert($0, count: 1, into: &half) }
    return Float(bitPattern: UInt32(half) << 16)
  }
}

/// A convolution in float32 whose results' last bits are flipped where the rule says so.
struct MovingConvolution: ConvolutionImplementation {
  let base: ConvolutionKernel
  let forwardMoves: MovingRule
  let backwardMoves: MovingRule

  var implementations: KernelImplementations { base.implementations }
  var source: ActivationLayout { base.source }
  var destination: ActivationLayout { base.destination }
  var forwardWeightBytes: Int { base.forwardWeightBytes }
  var backwardWeightBytes: Int { base.backwardWeightBytes }

  func pack(
    _ weights: ParameterSource, forward: UnsafeMutableRawPointer?, backward: UnsafeMutableRawPointer?,
    worker: KernelWorker
  ) throws {
    try base.implementation.pack(weights, forward: forward, backward: backward, worker: worker)
  }

  func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: ParameterSource, adding residual: UnsafeRawPointer?,
    into y: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    try base.implementation.forward(x, weights: weights, bias: bias, adding: residual, into: y, worker: worker)
    move(y, destination, forwardMoves)
  }

  func backwardToInput(
    _ dy: UnsafeRawPointer, weights: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    try base.implementation.backwardToInput(dy, weights: weights, into: dx, worker: worker)
    move(dx, source, backwardMoves)
  }

  func backwardToWeights(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into dW: ParameterDestination,
    biasGradient: ParameterDestination?, worker: KernelWorker
  ) throws {
    throw KernelError("only attacks are tested with this layer")
  }

  private func move(_ numbers: UnsafeMutableRawPointer, _ layout: ActivationLayout, _ rule: MovingRule) {
    let bits = numbers.assumingMemoryBound(to: UInt32.self)
    for row in 0..<layout.rows where rule(layout.rows, row) {
      for element in 0..<layout.elementsPerRow { bits[row * layout.elementsPerRow + element] ^= 1 }
    }
  }
}

extension CompiledNetwork {
  /// The network with the product of layer `planted` (from 0) computed otherwise.
  func moving(_ planted: Int, forward: @escaping MovingRule, backward: @escaping MovingRule) -> CompiledNetwork {
    var stages = nodes.map(\.stage)
    let (index, product) = products[planted]
    switch product.kernel {
    case .linear(let kernel):
      let moving = ReorderedLinear(
        base: kernel, forwardDestination: layouts[nodes[index].output].precision,
        backwardDestination: product.addsToSum ? .float32 : layouts[nodes[index].inputs[0]].precision,
        accumulates: product.addsToSum, forwardMoves: forward, backwardMoves: backward)
      stages[index] = product.replacing(.linear(LinearKernel(kernel, by: moving)))
    case .convolution(let kernel):
      let moving = MovingConvolution(base: kernel, forwardMoves: forward, backwardMoves: backward)
      stages[index] = product.replacing(.convolution(ConvolutionKernel(by: moving)))
    }
    return CompiledNetwork(self, stages: stages)
  }
}
