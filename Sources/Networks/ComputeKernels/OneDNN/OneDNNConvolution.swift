internal import CComputeKernels
internal import COneDNN

/// Three convolutions of oneDNN. Activations lie as the forward one likes them, or in C order where that is asked for;
/// where a primitive prefers another layout (the input gradient of a single-channel image does), it is converted in the
/// worker's memory.
struct OneDNNConvolution: ConvolutionImplementation {
  let source: ActivationLayout
  let destination: ActivationLayout
  private let filters: Int
  private let forward: OneDNNPrimitive
  /// Adds the residual where `forward` does not.
  private let addition: OneDNNPrimitive?
  private let toInput: OneDNNPrimitive
  private let toWeights: OneDNNPrimitive
  private let packForward: OneDNNPrimitive
  private let packBackward: OneDNNPrimitive
  private let addWeightGradient: OneDNNPrimitive
  private let forwardReadsImages: Conversion?
  private let toInputReadsGradient: Conversion?
  private let toInputWritesGradient: Conversion?
  private let toWeightsReadsImages: Conversion?
  private let toWeightsReadsGradient: Conversion?

  init(
    _ geometry: ConvolutionGeometry, precision: Precision, activation: FusedActivation, addsResidual: Bool,
    plainSource: Bool
  ) throws {
    let shape = geometry.inputShape
    var sizes = cdnn_convolution(
      batch: Int64(geometry.rows), channels: Int64(shape[0]), height: Int64(shape[1]), width: Int64(shape[2]),
      filters: Int64(geometry.filters), groups: Int64(geometry.groups), windows: geometry.windows.oneDNN,
      type: precision.oneDNNType, activation: activation.oneDNN, parameter: activation.oneDNNParameter,
      plain_source: plainSource, adds_residual: addsResidual)
    let name = "\(geometry) in \(precision)"
    let asked = try Self.primitive(name, sizes) { cdnn_convolution_forward_create($0, $1) }
    // Generic code takes many times as long for a residual as an addition of its own does.
    let addsLater = addsResidual && asked.isGeneric
    if addsLater {
      sizes.adds_residual = false
      sizes.activation = CDNN_IDENTITY
    }
    let forward =
      addsLater ? try Self.primitive(name, sizes) { cdnn_convolution_forward_create($0, $1) } : asked
    let toInput = try Self.primitive("the input gradient of \(name)", sizes) {
      cdnn_convolution_to_input_create($0, $1, forward.raw)
    }
    let toWeights = try Self.primitive("the weight gradient of \(name)", sizes) {
      cdnn_convolution_to_weights_create($0, $1, forward.raw)
    }
    packForward = try OneDNNPrimitive("packed filters") { cdnn_pack_create($0, forward.raw, CDNN_WEIGHTS, false) }
    packBackward = try OneDNNPrimitive("packed filters") { cdnn_pack_create($0, toInput.raw, CDNN_WEIGHTS, false) }
    addWeightGradient = try OneDNNPrimitive("unpacked filter gradients") {
      cdnn_unpack_adding_create($0, toWeights.raw, CDNN_WEIGHTS)
    }
    source =
      plainSource
      ? try .plain(rows: geometry.rows, shape: shape, precision: precision, library: .oneDNN)
      : try ActivationLayout(of: forward, CDNN_SOURCE, rows: geometry.rows, shape: shape, precision: precision)
    destination = try ActivationLayout(
      of: forward, CDNN_DESTINATION, rows: geometry.rows, shape: geometry.outputShape, precision: precision)
    let images = try source.oneDNNDescription(shape: shape)
    let results = try destination.oneDNNDescription(shape: geometry.outputShape)
    forwardReadsImages = try Conversion(from: images, to: OneDNNLayout(of: forward, CDNN_SOURCE))
    toInputReadsGradient = try Conversion(from: results, to: OneDNNLayout(of: toInput, CDNN_SOURCE))
    toInputWritesGradient = try Conversion(from: OneDNNLayout(of: toInput, CDNN_DESTINATION), to: images)
    toWeightsReadsImages = try Conversion(from: images, to: OneDNNLayout(of: toWeights, CDNN_SOURCE))
    toWeightsReadsGradient = try Conversion(from: results, to: OneDNNLayout(of: toWeights, CDNN_DESTINATION))
    if addsLater {
      addition = try OneDNNPrimitive("the residual of \(name)") {
        cdnn_addition_create($0, activation.oneDNN, activation.oneDNNParameter, results.raw)
      }
    } else {
      addition = nil
      guard try !addsResidual || OneDNNLayout(of: forward, CDNN_RESIDUAL) == results else {
        throw KernelError("oneDNN's \(forward.implementation) wants a residual that lies otherwise than its result")
      }
    }
    filters = geometry.filters
    self.forward = forward
    self.toInput = toInput
    self.toWeights = toWeights
  }

  /// The primitive. In groups (depthwise ones above all) oneDNN has only generic code for images in C order, many times
  /// slower than that for images as it likes them; then they are converted, if that helps.
  private static func primitive(
    _ name: String, _ sizes: cdnn_convolution,
    _ create: (UnsafeMutablePointer<OpaquePointer?>, UnsafePointer<cdnn_convolution>) -> Int32
  ) throws -> OneDNNPrimitive {
    var sizes = sizes
    let asked = try OneDNNPrimitive(name) { create($0, &sizes) }
    guard sizes.plain_source, sizes.groups > 1, asked.isGeneric else { return asked }
    sizes.plain_source = false
    let liked = try OneDNNPrimitive(name) { create($0, &sizes) }
    return liked.isGeneric ? asked : liked
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
    _ x: UnsafeRawPointer, weights: UnsafeRawPointer, bias: ParameterSource, adding residual: UnsafeRawPointer?,
    into y: UnsafeMutableRawPointer, worker: KernelWorker
  ) throws {
    let images = try forwardReadsImages?.converted(x, in: .source, worker) ?? x
    try forward.run(
      worker, source: images, weights: weights, bias: bias.float32(), into: y,
      residual: addition == nil ? residual : nil)
    if let addition, let residual { try addition.run(worker, source: y, into: y, residual: residual) }
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

/// A reorder between two layouts, where they differ.
private struct Conversion: Sendable {
  let primitive: OneDNNPrimitive

  init?(from old: OneDNNLayout, to new: OneDNNLayout) throws {
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
