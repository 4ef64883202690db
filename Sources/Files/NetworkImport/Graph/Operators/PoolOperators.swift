/// Maxima and means over windows of an image.
enum PoolOperators: Operator {
  static let types = ["MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    // Over tokens it is the mean of each, which tf2onnx writes so.
    if call.node.type == "GlobalAveragePool", call.inputs[0].rowID != nil, case let line = try call.shape(0),
      line.extents.count == 3
    {
      let operation = ReductionRows(type: "ReduceMean", axes: [1])
      return [call.append(operation, [call.inputs[0]], RowShape([line.extents[0], line.extents[1], 1]))]
    }
    guard let image = try ImageView(&call) else {
      throw call.refusal(
        "pools inputs of shape \(try call.shape(0).extents), and there are layers for images (batch, channels, height, width) and for lines (batch, channels, length) only"
      )
    }
    let shape = image.shape
    if call.node.type.hasPrefix("Global") {
      let operation = ReductionRows(
        type: call.node.type == "GlobalMaxPool" ? "ReduceMax" : "ReduceMean", axes: [1, 2])
      return [image.back(call.append(operation, [image.value], RowShape([1, shape.extents[1], 1, 1])), &call)]
    }
    guard let kernel = try call.integers("kernel_shape") else { throw call.refusal("has no attribute kernel_shape") }
    var window = try WindowSettings(&call, image, kernel: image.sizes(kernel))
    guard window.dilation == [1, 1] else {
      throw call.refusal("has a window with holes (dilations), and there is no layer for it")
    }
    let isMaximum = call.node.type == "MaxPool"
    var countsPadding = true
    if isMaximum {
      call.ignore("storage_order")
    } else {
      countsPadding = try call.integer("count_include_pad", default: 0) != 0
    }
    if try call.integer("ceil_mode", default: 0) != 0 { try widen(&window, isMaximum, call) }
    let positions = try window.positions(call)
    let result = call.append(
      PoolRows(window: window, isMaximum: isMaximum, countsPadding: countsPadding), [image.value],
      RowShape([1, shape.extents[1]] + positions))
    return [image.back(result, &call)]
  }

  /// `ceil_mode` has a further window where one begins inside: padding at the end makes room for it.
  private static func widen(_ window: inout WindowSettings, _ isMaximum: Bool, _ call: OperatorCall) throws {
    for axis in 0..<2 {
      let (before, after) = (window.padding[2 * axis], window.padding[2 * axis + 1])
      let left = window.image[axis] + before + after - window.kernel[axis]
      guard left >= 0, left % window.stride[axis] != 0 else { continue }
      let start = (left / window.stride[axis] + 1) * window.stride[axis]
      guard start < window.image[axis] + before else { continue }
      guard isMaximum else {
        throw call.refusal("has windows that reach over the end (ceil_mode), and there is no layer for their means")
      }
      window.padding[2 * axis + 1] = start + window.kernel[axis] - window.image[axis] - before
    }
  }
}

/// Maxima or means over windows.
struct PoolRows: RowOperation {
  let window: WindowSettings
  let isMaximum: Bool
  let countsPadding: Bool

  func plan(_ node: RowNode, _ graph: RowGraph) -> LayerPlan? {
    guard let input = node.inputs[0].rowID else { return nil }
    let (own, shape, name) = (self, node.shape.example, node.name)
    return LayerPlan([input]) { builder, values in
      var members = own.window.members(strideHasDefault: false)
      if !own.isMaximum, own.window.padding != [0, 0, 0, 0] {
        members.append(("count_include_padding", "\(own.countsPadding)"))
      }
      return builder.append(
        own.isMaximum ? "max_pool2d" : "average_pool2d", members, values, shape: shape, hint: name)
    }
  }
}
