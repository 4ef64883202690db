/// What goes through the network at some places, and something else at the others, by a constant: `masked_fill`,
/// `where`.
struct ChoiceRows: RowOperation {
  /// 1 where the first input stays, 0 elsewhere; as it lies on an example.
  let keep: Constant

  /// A choice by a constant.
  static func value(_ call: inout OperatorCall) throws -> Value {
    let condition = try call.constant(0, "a condition")
    guard let truths = condition.integers, !truths.contains(where: { $0.fixed == nil }) else {
      throw call.refusal("chooses by what is neither true nor false")
    }
    let isFirst = call[1].rowID != nil
    let (rows, other) = isFirst ? (call[1], call[2]) : (call[2], call[1])
    guard let shape = call.graph.node(rows)?.shape else { throw call.refusal("has no inputs that it could take") }
    if let constant = other.constant {
      guard constant.isReal, Constant.broadcastShape(constant.shape, shape.extents) == shape.extents else {
        throw call.refusal("repeats what goes through the network to the shape of a constant; there is no layer for it")
      }
    } else {
      guard call.graph.node(other)?.shape == shape else {
        throw call.refusal("chooses among values of different shapes, and there is no layer for it")
      }
    }
    let keep = Constant(
      shape: condition.shape, values: .floats(truths.map { ($0.constant != 0) == isFirst ? 1 : 0 }),
      origins: condition.origins)
    guard Constant.broadcastShape(keep.shape, shape.extents) == shape.extents,
      let sizes = shape.aligned(Constant.padded(keep.shape, to: shape.extents.count))
    else { throw call.refusal("chooses by a constant of shape \(keep.shape) among numbers of \(shape.extents)") }
    var fill = other
    if var constant = other.constant {
      constant.origins = constant.originsUnlessSetting
      fill = .constant(constant)
    }
    if truths.allSatisfy({ ($0.constant != 0) == isFirst }) { return rows }
    return call.append(ChoiceRows(keep: keep.reshaped(sizes)), [rows, fill], shape)
  }

  /// 1 where the second input is taken.
  var others: Constant { keep.mapped { 1 - $0 } ?? keep }

  /// x m + y (1 − m) with m of 0 and 1, which rounds nothing.
  func plan(_ node: RowNode, _ graph: RowGraph) throws -> LayerPlan? {
    guard let input = node.inputs[0].rowID else { return nil }
    let (keep, others, shape, name) = (keep, others, node.shape.example, node.name)
    guard let constant = node.inputs[1].constant else {
      guard let other = node.inputs[1].rowID else { return nil }
      return LayerPlan([input, other]) { builder, values in
        let first = builder.multiplied(values[0], by: keep, hint: name)
        let second = builder.multiplied(values[1], by: others, hint: name)
        return builder.append("add", [], [first, second], shape: shape, hint: name)
      }
    }
    guard constant.reals?.allSatisfy(\.isFinite) == true else {
      throw ImportError(
        "\(node.title) puts an infinite number into what goes through the network, which is read directly before a softmax only"
      )
    }
    guard let filled = Constant.combined(.multiply, others, try node.aligned(constant)) else { return nil }
    return LayerPlan([input]) { builder, values in
      let kept = builder.multiplied(values[0], by: keep, hint: name)
      guard filled.reals?.contains(where: { $0 != 0 }) == true else { return kept }
      return builder.shifted(kept, by: filled, hint: name)
    }
  }
}
