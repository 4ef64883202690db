/// exp(x) over its sum, along one dimension.
enum SoftmaxOperators: Operator {
  static let types = ["Softmax", "LogSoftmax"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    let shape = try call.shape(0)
    let rank = shape.extents.count
    let isOld = call.opset < 13
    let axis = try call.axis(try call.integer("axis", default: isOld ? 1 : -1), rank: rank)
    // Before opset 13 all dimensions from the axis on were one.
    if isOld, shape.extents[(axis + 1)...].contains(where: { $0 != 1 }) {
      throw call.refusal("goes over several dimensions at once, as it did before opset 13: export with a later one")
    }
    let own = try call.exampleAxis(axis, of: shape)
    return [call.append(SoftmaxRows(axis: own, isLogarithm: call.node.type == "LogSoftmax"), [call[0]], shape)]
  }
}

/// Softmax along one dimension of an example.
struct SoftmaxRows: RowOperation {
  let axis: Int
  let isLogarithm: Bool

  func plan(_ node: RowNode, _ graph: RowGraph) throws -> LayerPlan? {
    guard let input = node.inputs[0].rowID, !isLogarithm else { return nil }
    let name = node.name
    return LayerPlan([input]) { builder, values in layers(values[0], &builder, hint: name) }
  }

  /// The layer, which goes along the last dimension, with that put last and back.
  func layers(_ value: LayerValue, _ builder: inout LayerBuilder, hint: String) -> LayerValue {
    let last = value.shape.count - 1
    var order = Array(value.shape.indices)
    order.swapAt(axis, last)
    let isLast = axis == last
    let turned = isLast ? value : builder.transposed(value, order, hint: hint)
    let result = builder.append("softmax", [], [turned], shape: turned.shape, hint: hint)
    return isLast ? result : builder.transposed(result, order, hint: hint)
  }
}
