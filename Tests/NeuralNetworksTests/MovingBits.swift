import RobustnessCore

@testable import ComputeKernels
@testable import NeuralNetworks

/// A linear layer in float32 whose last bits move with the size of the block or with a row's place in it, as those of a
/// library do that changes its code with the shape.
struct MovingBits: LinearImplementation {
  /// Whether a row moves.
  typealias Rule = @Sendable (_ rows: Int, _ place: Int) -> Bool

  let base: LinearKernel
  let forwardMoves: Rule
  let backwardMoves: Rule

  var implementations: KernelImplementations { base.implementation.implementations }
  var forwardWeightBytes: Int { base.forwardWeightBytes }
  var backwardWeightBytes: Int { base.backwardWeightBytes }

  func packsLike(_ other: any LinearImplementation) -> Bool {
    guard let other = other as? MovingBits else { return false }
    return base.packsLike(other.base)
  }

  func pack(
    _ weights: ParameterSource, forward: UnsafeMutableRawPointer?, backward: UnsafeMutableRawPointer?,
    worker: KernelWorker
  ) throws {
    try base.implementation.pack(weights, forward: forward, backward: backward, worker: worker)
  }

  func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: ParameterSource, into y: UnsafeMutableRawPointer,
    worker: KernelWorker
  ) throws {
    try base.implementation.forward(x, weights: weights, bias: bias, into: y, worker: worker)
    move(y, base.outputs, forwardMoves)
  }

  func backwardToInput(
    _ dy: UnsafeRawPointer, weights: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    try base.implementation.backwardToInput(dy, weights: weights, into: dx, worker: worker)
    move(dx, base.inputs, backwardMoves)
  }

  func backwardToWeights(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into dW: ParameterDestination, worker: KernelWorker
  ) throws {
    try base.implementation.backwardToWeights(x, dy, into: dW, worker: worker)
  }

  /// Flips the last bit of every number of a row.
  private func move(_ numbers: UnsafeMutableRawPointer, _ columns: Int, _ rule: Rule) {
    let bits = numbers.assumingMemoryBound(to: UInt32.self)
    for row in 0..<base.rows where rule(base.rows, row) {
      for column in 0..<columns { bits[row * columns + column] ^= 1 }
    }
  }
}

extension CompiledNetwork {
  /// The network with such bits in its last layer.
  func moving(forward: @escaping MovingBits.Rule, backward: @escaping MovingBits.Rule) -> CompiledNetwork {
    let last = stages.lastIndex { if case .product(.linear, _) = $0 { true } else { false } }!
    var stages = stages
    if case .product(.linear(let kernel), let layer) = stages[last] {
      let planted = MovingBits(base: kernel, forwardMoves: forward, backwardMoves: backward)
      stages[last] = .product(.linear(LinearKernel(kernel, by: planted)), layer: layer)
    }
    return CompiledNetwork(self, stages: stages)
  }
}
