import ComputeKernels

/// The operands of a convolution, and what a kernel makes of them; everything in C order.
struct ConvolutionProblem {
  var rows: Int
  var shape: [Int]
  var filters: Int
  var size: Int
  var x: [Float]
  var weights: [Float]
  var bias: [Float]
  var dy: [Float]
  var activation = FusedActivation.none
  var plainSource = false

  init(rows: Int, shape: [Int], filters: Int, size: Int, seed: UInt64 = 2) {
    var numbers = Numbers(seed: seed)
    self.rows = rows
    self.shape = shape
    self.filters = filters
    self.size = size
    x = numbers.array(rows * shape.reduce(1, *))
    weights = numbers.array(filters * shape[0] * size * size)
    bias = numbers.array(filters)
    dy = numbers.array(rows * filters * (shape[1] - size + 1) * (shape[2] - size + 1))
  }

  struct Results {
    var y: [Double]
    var dx: [Double]
    var dW: [Double]
    var db: [Double]
  }

  /// What dW and db hold before the kernels add to them.
  static let before: Float = 0.5

  func kernel(_ precision: Precision, _ library: KernelLibrary) throws -> ConvolutionKernel {
    try ConvolutionKernel(
      rows: rows, inputShape: shape, filters: filters, kernelSize: size, precision: precision, activation: activation,
      plainSource: plainSource, library: library)
  }

  func results(_ precision: Precision, _ library: KernelLibrary) throws -> Results {
    let kernel = try kernel(precision, library)
    let worker = try KernelWorker(library)
    let forwardWeights = AlignedMemory(bytes: kernel.forwardWeightBytes)
    let backwardWeights = AlignedMemory(bytes: kernel.backwardWeightBytes)
    try kernel.pack(weights, forward: forwardWeights.base, backward: backwardWeights.base, worker: worker)
    let x = try blocked(self.x, kernel.source, library, worker)
    let dy = try blocked(self.dy, kernel.destinationGradient, library, worker)
    let y = AlignedMemory(bytes: kernel.destination.bytes)
    let dx = AlignedMemory(bytes: kernel.sourceGradient.bytes)
    try kernel.forward(x.base, weights: forwardWeights.base, bias: bias, into: y.base, worker: worker)
    try kernel.backwardToInput(dy.base, weights: backwardWeights.base, into: dx.base, worker: worker)
    let parameters: Precision = precision == .float64 ? .float64 : .float32
    let dW = AlignedMemory(weights.map { _ in Self.before }, as: parameters)
    let db = AlignedMemory(bias.map { _ in Self.before }, as: parameters)
    if precision == .float64 {
      try kernel.backwardToWeights(
        x.base, dy.base, into: dW.base.assumingMemoryBound(to: Double.self),
        biasGradient: db.base.assumingMemoryBound(to: Double.self), worker: worker)
    } else {
      try kernel.backwardToWeights(
        x.base, dy.base, into: dW.base.assumingMemoryBound(to: Float.self),
        biasGradient: db.base.assumingMemoryBound(to: Float.self), worker: worker)
    }
    return Results(
      y: try plain(y, kernel.destination, library, worker), dx: try plain(dx, kernel.sourceGradient, library, worker),
      dW: dW.numbers(weights.count, as: parameters), db: db.numbers(bias.count, as: parameters))
  }
}

/// Numbers in C order, brought into a layout.
func blocked(
  _ values: [Float], _ layout: ActivationLayout, _ library: KernelLibrary, _ worker: KernelWorker
) throws -> AlignedMemory {
  let array = AlignedMemory(values, as: layout.precision)
  let plain = try ActivationLayout.plain(
    rows: layout.rows, shape: layout.shape, precision: layout.precision, library: library)
  guard let reorder = try Reorder.make(from: plain, to: layout, library: library) else { return array }
  let result = AlignedMemory(bytes: layout.bytes)
  try reorder.run(array.base, into: result.base, worker: worker)
  return result
}

/// The numbers of an activation, in C order.
func plain(
  _ memory: AlignedMemory, _ layout: ActivationLayout, _ library: KernelLibrary, _ worker: KernelWorker
) throws -> [Double] {
  let count = layout.rows * layout.shape.reduce(1, *)
  let plain = try ActivationLayout.plain(
    rows: layout.rows, shape: layout.shape, precision: layout.precision, library: library)
  guard let reorder = try Reorder.make(from: layout, to: plain, library: library) else {
    return memory.numbers(count, as: layout.precision)
  }
  let result = AlignedMemory(bytes: plain.bytes)
  try reorder.run(memory.base, into: result.base, worker: worker)
  return result.numbers(count, as: layout.precision)
}
