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
    let (shape, name) = (node.shape.example, node.name)
    let last = shape.count - 1
    var order = Array(shape.indices)
    order.swapAt(axis, last)
    let isLast = axis == last
    return LayerPlan([input]) { [order] builder, values in
      let turned = isLast ? values[0] : builder.transposed(values[0], order, hint: name)
      let result = builder.append("softmax", [], [turned], shape: turned.shape, hint: name)
      return isLast ? result : builder.transposed(result, order, hint: name)
    }
  }
}
