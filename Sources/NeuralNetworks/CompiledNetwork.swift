internal import CComputeKernels
internal import ComputeKernels

/// An architecture lowered to kernels for blocks of a fixed number of rows, in one precision.
///
/// ReLU and leaky ReLU are fused into the product, since their derivative can be read off the output. tanh and the
/// logistic function are stages of their own, because their derivative comes from the pre-activation: 1 − tanh² rounds
/// to zero in float32 beyond |a| = 9. An increasing activation commutes with max-pooling, so behind a convolution it is
/// applied to (and differentiated on) the pooled values: a quarter of the elements, and no ties between saturated
/// values.
final class CompiledNetwork: Sendable {
  enum Kernel: Sendable {
    case linear(LinearKernel)
    case convolution(ConvolutionKernel)
  }

  enum Stage: Sendable {
    /// A product with the weights and bias of parameter pair `layer`.
    case product(Kernel, layer: Int)
    case pool(MaxPoolKernel, workspace: Int)
    /// Backward only: the derivative of a fused activation, or (slope 1) nothing but the rescaling of rows.
    case mask(slope: Float)
    /// ReLU and leaky ReLU that are not fused, for the derivatives that need the pre-activation.
    case rectify(slope: Float)
    case saturating(logistic: Bool)
    /// From the layout of a convolution or pool to plain rows.
    case flatten(forward: Reorder?, backward: Reorder?)
  }

  /// Where the parameters of one layer lie in a draw, and how large they are once packed.
  struct Layer: Sendable {
    let name: String
    let weightOffset: Int
    let biasOffset: Int
    let outputs: Int
    let columns: Int
    let forwardBytes: Int
    let backwardBytes: Int
    /// Largest magnitude of the activation's output when bounded (tanh, logistic), else nil.
    let bound: Double?
  }

  let architecture: Architecture
  let rows: Int
  let precision: Precision
  let library: KernelLibrary
  let stages: [Stage]
  let layers: [Layer]
  /// Layout of the value that enters each stage; the last entry is that of the logits.
  let layouts: [ActivationLayout]
  let poolWorkspaceBytes: [Int]
  /// Whether the first product is dense and reads the input itself: then its input gradient adds up in the product.
  let accumulatesInputGradient: Bool
  /// For other networks: from the layout of the input's gradient to plain rows.
  let inputGradientReorder: Reorder?
  let inputGradientLayout: ActivationLayout

  /// Precision of logits and of sums of input gradients.
  var wide: Precision { precision == .float64 ? .float64 : .float32 }

  /// - Parameter fusesActivations: Whether products apply ReLU themselves. Straight-through gradients need what enters
  ///   it.
  init(
    _ architecture: Architecture, rows: Int, precision: Precision, library: KernelLibrary,
    fusesActivations: Bool = true
  ) throws {
    var builder = Builder(
      architecture, rows: rows, precision: precision, library: library, fusesActivations: fusesActivations)
    try builder.build()
    self.architecture = architecture
    self.rows = rows
    self.precision = precision
    self.library = library
    stages = builder.stages
    layers = builder.layers
    layouts = builder.layouts
    poolWorkspaceBytes = builder.poolWorkspaceBytes
    accumulatesInputGradient = builder.accumulates
    inputGradientLayout = builder.inputGradientLayout
    let wide: Precision = precision == .float64 ? .float64 : .float32
    inputGradientReorder =
      builder.accumulates
      ? nil
      : try Reorder.make(
        from: builder.inputGradientLayout,
        to: .plain(rows: rows, shape: architecture.inputShape, precision: wide, library: library), library: library)
  }

  /// The same network with other kernels in some of its stages.
  init(_ other: CompiledNetwork, stages: [Stage]) {
    precondition(stages.count == other.stages.count)
    architecture = other.architecture
    rows = other.rows
    precision = other.precision
    library = other.library
    self.stages = stages
    let kernels = stages.compactMap { if case .product(let kernel, _) = $0 { kernel } else { nil } }
    layers = zip(other.layers, kernels).map { layer, kernel in
      let (forward, backward) =
        switch kernel {
        case .linear(let kernel): (kernel.forwardWeightBytes, kernel.backwardWeightBytes)
        case .convolution(let kernel): (kernel.forwardWeightBytes, kernel.backwardWeightBytes)
        }
      return Layer(
        name: layer.name, weightOffset: layer.weightOffset, biasOffset: layer.biasOffset, outputs: layer.outputs,
        columns: layer.columns, forwardBytes: forward, backwardBytes: backward, bound: layer.bound)
    }
    layouts = other.layouts
    poolWorkspaceBytes = other.poolWorkspaceBytes
    accumulatesInputGradient = other.accumulatesInputGradient
    inputGradientReorder = other.inputGradientReorder
    inputGradientLayout = other.inputGradientLayout
  }

  /// Whether draws packed for `other` serve this network as well.
  func packsLike(_ other: CompiledNetwork) -> Bool {
    guard stages.count == other.stages.count, packing(backward: true).bytes == other.packing(backward: true).bytes
    else {
      return false
    }
    return zip(stages, other.stages).allSatisfy { stage, otherStage in
      guard case .product(let kernel, _) = stage else { return true }
      guard case .linear(let linear) = kernel, case .product(.linear(let otherLinear), _) = otherStage else {
        return false
      }
      return linear.packsLike(otherLinear)
    }
  }

  /// Whether bfloat16 products can run this architecture: the logits must come straight out of the last product.
  static func supportsBFloat16(_ architecture: Architecture) -> Bool {
    guard case .dense(_, _, .identity)? = architecture.layers.last else { return false }
    return true
  }
}

extension Architecture.Activation {
  var isSaturating: Bool { self == .tanh || self == .sigmoid }

  var fused: FusedActivation {
    switch self {
    case .relu: .relu
    case .leakyReLU: .leakyReLU(slope: 0.01)
    case .tanh, .sigmoid, .identity: .none
    }
  }

  /// The slope below zero of the derivative that `mask` applies.
  var slope: Float {
    switch self {
    case .relu: 0
    case .leakyReLU: 0.01
    case .tanh, .sigmoid, .identity: 1
    }
  }
}

/// Lowers layer by layer, keeping track of shape and layout.
private struct Builder {
  let architecture: Architecture
  let rows: Int
  let precision: Precision
  let library: KernelLibrary
  let fusesActivations: Bool
  var stages: [CompiledNetwork.Stage] = []
  var layers: [CompiledNetwork.Layer] = []
  var layouts: [ActivationLayout] = []
  var poolWorkspaceBytes: [Int] = []
  var accumulates = false
  var inputGradientLayout: ActivationLayout!
  private var parameterOffset = 0

  init(
    _ architecture: Architecture, rows: Int, precision: Precision, library: KernelLibrary, fusesActivations: Bool
  ) {
    self.fusesActivations = fusesActivations
    self.architecture = architecture
    self.rows = rows
    self.precision = precision
    self.library = library
  }

  private var wide: Precision { precision == .float64 ? .float64 : .float32 }

  private func plain(_ shape: [Int], _ precision: Precision) throws -> ActivationLayout {
    try .plain(rows: rows, shape: shape, precision: precision, library: library)
  }

  mutating func build() throws {
    layouts = [try plain(architecture.inputShape, precision)]
    inputGradientLayout = layouts[0]
    var shape = architecture.inputShape
    /// An activation that waits until a following pool has run.
    var pending: Architecture.Activation?
    for (index, layer) in architecture.layers.enumerated() {
      let isLast = index == architecture.layers.count - 1
      if case .maxPool = layer {} else { try settle(&pending) }
      switch layer {
      case .normalize:
        break  // applied in double when a block is loaded
      case .flatten:
        shape = [shape.reduce(1, *)]
        try flatten(to: shape)
      case .dense(_, let units, let activation):
        try addLinear(inputs: shape[0], units: units, activation: activation, isLast: isLast)
        shape = [units]
        pending = activation
      case .convolution(_, let filters, let kernelSize, let activation):
        try addConvolution(shape: shape, filters: filters, kernelSize: kernelSize, activation: activation)
        shape = architecture.layerShapes[index]
        pending = activation
      case .maxPool(let kernelSize, let stride):
        let kernel = try MaxPoolKernel(after: layouts.last!, kernelSize: kernelSize, stride: stride, library: library)
        if stages.isEmpty { inputGradientLayout = kernel.source }
        stages.append(.pool(kernel, workspace: poolWorkspaceBytes.count))
        poolWorkspaceBytes.append(kernel.workspaceBytes)
        layouts.append(kernel.destination)
        shape = architecture.layerShapes[index]
      }
    }
    // The logits are not rescaled: their gradient comes normalised, and in the precision of the operands.
    if pending != .identity { try settle(&pending) }
  }

  /// Emits the stage of a waiting activation.
  private mutating func settle(_ pending: inout Architecture.Activation?) throws {
    guard let activation = pending else { return }
    pending = nil
    if activation.isSaturating {
      stages.append(.saturating(logistic: activation == .sigmoid))
    } else if fusesActivations || activation == .identity {
      stages.append(.mask(slope: activation.slope))
    } else {
      stages.append(.rectify(slope: activation.slope))
    }
    layouts.append(layouts.last!)
  }

  private mutating func flatten(to shape: [Int]) throws {
    let from = layouts.last!
    guard !from.isPlain else { return }  // the same bytes under another shape
    let to = try plain(shape, from.precision)
    stages.append(
      .flatten(
        forward: try Reorder.make(from: from, to: to, library: library),
        backward: try Reorder.make(from: to, to: from, library: library)))
    layouts.append(to)
  }

  private mutating func addLinear(inputs: Int, units: Int, activation: Architecture.Activation, isLast: Bool) throws {
    let isFirst = stages.isEmpty
    accumulates = accumulates || (isFirst && precision != .float64)
    let kernel = try LinearKernel(
      rows: rows, inputs: inputs, outputs: units, precision: precision,
      forwardDestination: isLast ? wide : precision, backwardDestination: isFirst ? wide : precision,
      activation: fusesActivations ? activation.fused : .none,
      accumulatesInputGradient: isFirst && precision != .float64, library: library)
    if isFirst { inputGradientLayout = try plain([inputs], wide) }
    addLayer(
      kernel: .linear(kernel), outputs: units, columns: inputs, forward: kernel.forwardWeightBytes,
      backward: kernel.backwardWeightBytes, activation: activation)
    layouts.append(try plain([units], isLast ? wide : precision))
  }

  private mutating func addConvolution(
    shape: [Int], filters: Int, kernelSize: Int, activation: Architecture.Activation
  ) throws {
    let isFirst = stages.isEmpty
    let kernel = try ConvolutionKernel(
      rows: rows, inputShape: shape, filters: filters, kernelSize: kernelSize, precision: precision,
      activation: fusesActivations ? activation.fused : .none, plainSource: isFirst, library: library)
    if isFirst { inputGradientLayout = kernel.sourceGradient }
    if let reorder = try Reorder.make(from: layouts.last!, to: kernel.source, library: library) {
      stages.append(
        .flatten(
          forward: reorder,
          backward: try Reorder.make(from: kernel.sourceGradient, to: layouts.last!, library: library)))
      layouts.append(kernel.source)
    }
    addLayer(
      kernel: .convolution(kernel), outputs: filters, columns: shape[0] * kernelSize * kernelSize,
      forward: kernel.forwardWeightBytes, backward: kernel.backwardWeightBytes, activation: activation)
    layouts.append(kernel.destination)
  }

  private mutating func addLayer(
    kernel: CompiledNetwork.Kernel, outputs: Int, columns: Int, forward: Int, backward: Int,
    activation: Architecture.Activation
  ) {
    stages.append(.product(kernel, layer: layers.count))
    layers.append(
      CompiledNetwork.Layer(
        name: architecture.parameters[2 * layers.count].name, weightOffset: parameterOffset,
        biasOffset: parameterOffset + outputs * columns, outputs: outputs, columns: columns, forwardBytes: forward,
        backwardBytes: backward, bound: activation.isSaturating ? 1 : nil))
    parameterOffset += outputs * (columns + 1)
  }
}
