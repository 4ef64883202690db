internal import ComputeKernels

/// The mean over windows. Windows that do not fit are left out.
package struct AveragePool: LayerKind {
  package let window: Window
  /// Whether a window at the border is divided by its size (PyTorch's default), or by the elements that lie in the
  /// image (ONNX, TensorFlow).
  package let countsPadding: Bool

  package static var type: String { "average_pool2d" }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(Window.keys.union(["count_include_padding"]))
    window = try Window(fields, stride: nil, hasDilation: false)
    // Libraries disagree on the default, so there is none where it matters.
    let matters = window.padding != [0, 0, 0, 0]
    if matters, !fields.has("count_include_padding") {
      throw fields.error("count_include_padding", "is missing; with padding, true or false makes another network")
    }
    countsPadding = matters ? try fields.boolean("count_include_padding", default: true) : true
  }

  package var members: [(key: String, json: String)] {
    window.members(strideHasDefault: false)
      + (window.padding == [0, 0, 0, 0] ? [] : [("count_include_padding", "\(countsPadding)")])
  }

  package var words: String? { "average pool \(window.words)" }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    let positions = try window.positions(inputs[0], place, isPool: true)
    return LayerTrace([inputs[0][0]] + positions)
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    PoolRows(shape: node.inputShapes[0], output: node.shape, window: window, mean: countsPadding)
  }

  package func lower(_ node: NetworkGraph.Node, into lowering: inout Lowering) throws -> Lowering.Value {
    try AveragePoolStage.append(
      window.extent, window.steps, window.sides, countsPadding: countsPadding, shape: node.shape, to: &lowering)
  }
}

/// The mean over all positions of each channel.
package struct GlobalAveragePool: LayerKind {
  package static var type: String { "global_average_pool2d" }

  package init(_ fields: LayerFields) throws(ArchitectureError) { try fields.allowOnly([]) }

  package var words: String? { "global average" }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    LayerTrace([try place.image(inputs[0])[0]])
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    let shape = node.inputShapes[0]
    let positions = shape[1] * shape[2]
    return MeanRows(places: Array(0..<shape[0] * positions), count: positions)
  }

  package func lower(_ node: NetworkGraph.Node, into lowering: inout Lowering) throws -> Lowering.Value {
    let shape = node.inputShapes[0]
    let pooled = try AveragePoolStage.append(
      ImageExtent(height: shape[1], width: shape[2]), ImageExtent(1), .none, countsPadding: true,
      shape: [shape[0], 1, 1], to: &lowering)
    return try lowering.reshaped(pooled, to: node.shape)
  }
}

/// A mean over windows.
struct AveragePoolStage: Stage {
  let kernel: AveragePoolKernel

  var implementations: KernelImplementations? { kernel.implementations }
  var title: String { ".average" }

  static func append(
    _ kernel: ImageExtent, _ stride: ImageExtent, _ padding: ImagePadding, countsPadding: Bool, shape: [Int],
    to lowering: inout Lowering
  ) throws -> Lowering.Value {
    let operand = lowering.operands[0]
    let kernel = try AveragePoolKernel(
      after: lowering.layout(operand), kernel: kernel, stride: stride, padding: padding, countsPadding: countsPadding,
      library: lowering.library)
    let input = try lowering.value(operand, in: kernel.source)
    return lowering.append(AveragePoolStage(kernel: kernel), [input], shape: shape, layout: kernel.destination)
  }

  func forward(_ pass: StagePass) throws {
    try kernel.forward(pass.input(), into: pass.result, worker: pass.worker)
  }

  func backward(_ pass: StagePass) throws {
    guard let target = pass.target() else { return }
    try kernel.backward(pass.incoming, into: target.gradient, worker: pass.worker)
  }
}
