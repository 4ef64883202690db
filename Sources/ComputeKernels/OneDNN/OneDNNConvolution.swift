internal import CComputeKernels
internal import COneDNN

/// Three convolutions of oneDNN. Activations lie as the forward one likes them; where a gradient's primitive prefers
/// another layout (the input gradient of a single-channel image does), it is converted in the worker's memory.
struct OneDNNConvolution: ConvolutionImplementation {
  let source: ActivationLayout
  let destination: ActivationLayout
  private let filters: Int
  private let forward: OneDNNPrimitive
  private let toInput: OneDNNPrimitive
  private let toWeights: OneDNNPrimitive
  private let packForward: OneDNNPrimitive
  private let packBackward: OneDNNPrimitive
  private let addWeightGradient: OneDNNPrimitive
  private let toInputReadsGradient: Conversion?
  private let toInputWritesGradient: Conversion?
  private let toWeightsReadsImages: Conversion?
  private let toWeightsReadsGradient: Conversion?

  init(_ geometry: ConvolutionGeometry, precision: Precision, activation: FusedActivation, plainSource: Bool) throws {
    let shape = geometry.inputShape
    var c = cdnn_convolution(
      batch: Int64(geometry.rows), channels: Int64(shape[0]), height: Int64(shape[1]), width: Int64(shape[2]),
      filters: Int64(geometry.filters), kernel: Int64(geometry.kernelSize), type: precision.oneDNNType,
      activation: activation.oneDNN, slope: Float(activation.slope), plain_source: plainSource)
    let name = "a \(precision) convolution of \(shape) with \(geometry.filters) filters of size \(geometry.kernelSize)"
    let forward = try OneDNNPrimitive(name) { cdnn_convolution_forward_create($0, &c) }
    let toInput = try OneDNNPrimitive("the input gradient of \(name)") {
      cdnn_convolution_to_input_create($0, &c, forward.raw)
    }
    let toWeights = try OneDNNPrimitive("the weight gradient of \(name)") {
      cdnn_convolution_to_weights_create($0, &c, forward.raw)
    }
    packForward = try OneDNNPrimitive("packed filters") { cdnn_pack_create($0, forward.raw, CDNN_WEIGHTS, false) }
    packBackward = try OneDNNPrimitive("packed filters") { cdnn_pack_create($0, toInput.raw, CDNN_WEIGHTS, false) }
    addWeightGradient = try OneDNNPrimitive("unpacked filter gradients") {
      cdnn_unpack_adding_create($0, toWeights.raw, CDNN_WEIGHTS)
    }
    source = try ActivationLayout(
      of: forward, CDNN_SOURCE, rows: geometry.rows, shape: shape, precision: precision)
    destination = try ActivationLayout(
      of: forward, CDNN_DESTINATION, rows: geometry.rows, shape: geometry.outputShape, precision: precision)
    toInputReadsGradient = try Conversion(from: forward, CDNN_DESTINATION, to: toInput, CDNN_SOURCE)
    toInputWritesGradient = try Conversion(from: toInput, CDNN_DESTINATION, to: forward, CDNN_SOURCE)
    toWeightsReadsImages = try Conversion(from: forward, CDNN_SOURCE, to: toWeights, CDNN_SOURCE)
    toWeightsReadsGradient = try Conversion(from: forward, CDNN_DESTINATION, to: toWeights, CDNN_DESTINATION)
    filters = geometry.filters
    self.forward = forward
    self.toInput = toInput
    self.toWeights = toWeights
  }

  var implementations: KernelImplementations {
    KernelImplementations(
      forward: forward.implementation, toInput: toInput.implementation, toWeights: toWeights.implementation)
  }

  var forwardWeightBytes: Int { forward.bytes(CDNN_WEIGHTS) }
  var backwardWeightBytes: Int { toInput.bytes(CDNN_WEIGHTS) }

  func pack(
    _ weights: ParameterSource, forward: UnsafeMutableRawPointer?, backward: UnsafeMutableRawPointer?,
    worker: KernelWorker
  ) throws {
    let weights = try weights.float32()
    if let forward { try packForward.run(worker, source: weights, into: forward) }
    if let backward { try packBackward.run(worker, source: weights, into: backward) }
  }

  func forward(
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: ParameterSource, into y: UnsafeMutableRawPointer,
    worker: KernelWorker
  ) throws {
    try forward.run(worker, source: x, weights: weights, bias: bias.float32(), into: y)
  }

  func backwardToInput(
    _ dy: UnsafeRawPointer, weights: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    let gradient = try toInputReadsGradient?.converted(dy, in: .destination, worker) ?? dy
    guard let conversion = toInputWritesGradient else {
      return try toInput.run(worker, source: gradient, weights: weights, into: dx)
    }
    let blocked = worker.room(for: .source, bytes: toInput.bytes(CDNN_DESTINATION))
    try toInput.run(worker, source: gradient, weights: weights, into: blocked)
    try conversion.primitive.run(worker, source: blocked, into: dx)
  }

  func backwardToWeights(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into dW: ParameterDestination,
    biasGradient: ParameterDestination?, worker: KernelWorker
  ) throws {
    let dW = try dW.float32()
    let db = try biasGradient?.float32()
    let images = try toWeightsReadsImages?.converted(x, in: .source, worker) ?? x
    let gradient = try toWeightsReadsGradient?.converted(dy, in: .destination, worker) ?? dy
    // The primitive overwrites: its result is made in the worker's memory and added from there.
    let weightGradient = worker.room(for: .weights, bytes: toWeights.bytes(CDNN_WEIGHTS))
    let biasGradient = worker.room(for: .bias, bytes: toWeights.bytes(CDNN_BIAS))
    try toWeights.run(
      worker, source: images, weights: weightGradient, bias: biasGradient,
      into: UnsafeMutableRawPointer(mutating: gradient))
    try addWeightGradient.run(worker, source: weightGradient, into: dW)
    if let db { portable_add_f32(db, biasGradient.bound(), filters) }
  }
}

/// A reorder between what two primitives want, where they differ.
private struct Conversion: Sendable {
  let primitive: OneDNNPrimitive

  init?(from: OneDNNPrimitive, _ slot: cdnn_slot, to: OneDNNPrimitive, _ other: cdnn_slot) throws {
    let (old, new) = (try OneDNNLayout(of: from, slot), try OneDNNLayout(of: to, other))
    if old == new { return nil }
    primitive = try OneDNNPrimitive("a reorder of images") { cdnn_reorder_create($0, old.raw, new.raw) }
  }

  func converted(
    _ x: UnsafeRawPointer, in room: KernelWorker.Room, _ worker: KernelWorker
  ) throws -> UnsafeRawPointer {
    let result = worker.room(for: room, bytes: primitive.bytes(CDNN_DESTINATION))
    try primitive.run(worker, source: x, into: result)
    return UnsafeRawPointer(result)
  }
}
