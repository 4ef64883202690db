import ComputeKernels
import Testing

/// The operands of a convolution, and what a kernel makes of them; everything in C order.
struct ConvolutionProblem {
  var geometry: ConvolutionGeometry
  var x: [Float]
  var weights: [Float]
  var bias: [Float]
  var dy: [Float]
  var activation = FusedActivation.none
  var plainSource = false
  /// Added before the activation, unless it is nil.
  var residual: [Float]?

  init(_ geometry: ConvolutionGeometry, seed: UInt64 = 2) {
    var numbers = Numbers(seed: seed)
    self.geometry = geometry
    x = numbers.array(geometry.rows * geometry.inputShape.reduce(1, *))
    weights = numbers.array(geometry.weightCount)
    bias = numbers.array(geometry.filters)
    dy = numbers.array(geometry.rows * geometry.outputShape.reduce(1, *))
  }

  init(rows: Int, shape: [Int], filters: Int, size: Int, seed: UInt64 = 2) {
    self.init(
      ConvolutionGeometry(rows: rows, inputShape: shape, filters: filters, kernel: ImageExtent(size)), seed: seed)
  }

  /// Some of the images.
  func rows(_ range: Range<Int>) -> ConvolutionProblem {
    var part = self
    let (inputs, outputs) = (x.count / geometry.rows, dy.count / geometry.rows)
    part.geometry.rows = range.count
    part.x = Array(x[range.lowerBound * inputs..<range.upperBound * inputs])
    part.dy = Array(dy[range.lowerBound * outputs..<range.upperBound * outputs])
    return part
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
      geometry, precision: precision, activation: activation, addsResidual: residual != nil, plainSource: plainSource,
      library: library)
  }

  func results(_ precision: Precision, _ library: KernelLibrary) throws -> Results {
    let kernel = try kernel(precision, library)
    let worker = try KernelWorker(library)
    let forwardWeights = AlignedMemory(bytes: kernel.forwardWeightBytes)
    let backwardWeights = AlignedMemory(bytes: kernel.backwardWeightBytes)
    try kernel.pack(weights, forward: forwardWeights.base, backward: backwardWeights.base, worker: worker)
    let x = try blocked(self.x, kernel.source, library, worker)
    let dy = try blocked(self.dy, kernel.destinationGradient, library, worker)
    let y = AlignedMemory(unwrittenBytes: kernel.destination.bytes)
    let dx = AlignedMemory(unwrittenBytes: kernel.sourceGradient.bytes)
    let residual = try residual.map { try blocked($0, kernel.destination, library, worker) }
    try kernel.forward(
      x.base, weights: forwardWeights.base, bias: bias, adding: residual?.base, into: y.base, worker: worker)
    try kernel.backwardToInput(dy.base, weights: backwardWeights.base, into: dx.base, worker: worker)
    #expect(hasZeroPadding(y, kernel.destination) && hasZeroPadding(dx, kernel.sourceGradient))
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

/// Whether the channels that fill up a layout hold zeros, on which whatever reads whole rows relies.
func hasZeroPadding(_ memory: AlignedMemory, _ layout: ActivationLayout) -> Bool {
  guard layout.paddedChannels > layout.shape[0], let block = layout.channelBlock else { return true }
  let numbers = memory.numbers(layout.rows * layout.elementsPerRow, as: layout.precision)
  return numbers.indices.allSatisfy {
    let element = $0 % layout.elementsPerRow
    let channel = element / (layout.positions * block) * block + element % block
    return channel < layout.shape[0] || numbers[$0] == 0
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
