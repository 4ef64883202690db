import ComputeKernels

/// The operands of a linear layer, and what a kernel makes of them.
struct LinearProblem {
  var rows: Int
  var inputs: Int
  var outputs: Int
  var x: [Float]
  var weights: [Float]
  var bias: [Float]
  var dy: [Float]
  var activation = FusedActivation.none
  var accumulates = false

  init(rows: Int, inputs: Int, outputs: Int, seed: UInt64 = 1) {
    var numbers = Numbers(seed: seed)
    self.rows = rows
    self.inputs = inputs
    self.outputs = outputs
    x = numbers.array(rows * inputs)
    weights = numbers.array(outputs * inputs)
    bias = numbers.array(outputs)
    dy = numbers.array(rows * outputs)
  }

  struct Results {
    var y: [Double]
    var dx: [Double]
    var dW: [Double]
  }

  /// What dx and dW hold before the kernels add to them.
  static let before: Float = 0.5

  func kernel(_ precision: Precision, _ library: KernelLibrary) throws -> LinearKernel {
    let destination: Precision = precision == .float64 ? .float64 : .float32
    return try LinearKernel(
      rows: rows, inputs: inputs, outputs: outputs, precision: precision, forwardDestination: destination,
      backwardDestination: destination, activation: activation, accumulatesInputGradient: accumulates,
      library: library)
  }

  func results(_ precision: Precision, _ library: KernelLibrary) throws -> Results {
    let kernel = try kernel(precision, library)
    let worker = try KernelWorker(library)
    let destination: Precision = precision == .float64 ? .float64 : .float32
    let forwardWeights = AlignedMemory(bytes: kernel.forwardWeightBytes)
    let backwardWeights = AlignedMemory(bytes: kernel.backwardWeightBytes)
    try kernel.pack(weights, forward: forwardWeights.base, backward: backwardWeights.base, worker: worker)
    let x = AlignedMemory(self.x, as: precision)
    let dy = AlignedMemory(self.dy, as: precision)
    let y = AlignedMemory(bytes: rows * outputs * destination.bytes)
    let dx = AlignedMemory(Array(repeating: accumulates ? Self.before : .nan, count: rows * inputs), as: destination)
    let dW = AlignedMemory(Array(repeating: Self.before, count: outputs * inputs), as: destination)
    try kernel.forward(x.base, weights: forwardWeights.base, bias: bias, into: y.base, worker: worker)
    try kernel.backwardToInput(dy.base, weights: backwardWeights.base, into: dx.base, worker: worker)
    if precision == .float64 {
      try kernel.backwardToWeights(
        x.base, dy.base, into: dW.base.assumingMemoryBound(to: Double.self), worker: worker)
    } else {
      try kernel.backwardToWeights(x.base, dy.base, into: dW.base.assumingMemoryBound(to: Float.self), worker: worker)
    }
    return Results(
      y: y.numbers(rows * outputs, as: destination), dx: dx.numbers(rows * inputs, as: destination),
      dW: dW.numbers(outputs * inputs, as: destination))
  }
}
