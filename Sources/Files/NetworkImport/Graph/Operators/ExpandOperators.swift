/// Repeating along dimensions of size 1: a class token for every example, a norm for every number under it.
enum ExpandOperators: Operator {
  static let types = ["Expand", "Tile"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    let sizes = try call.symbolicIntegers(1, "a shape")
    switch call[0] {
    case .constant(let constant):
      guard call.node.type == "Expand" else { return [try tiled(constant, sizes, &call)] }
      return [try expanded(constant, to: sizes, &call)]
    case .rows(let id):
      // Nothing to do where every size is there already.
      let shape = call.graph[id].shape
      let own = shape.symbolic(batch: call.graph.batch)
      let one = SymbolicInteger(1)
      let isSame =
        call.node.type == "Tile"
        ? sizes.allSatisfy { $0 == one }
        : sizes.count <= own.count && zip(sizes.reversed(), own.reversed()).allSatisfy { $0 == one || $0 == $1 }
      if isSame { return [call[0]] }
      guard call.node.type == "Expand", let larger = repeated(shape, to: sizes, call.graph.batch) else {
        throw call.refusal("repeats what goes through the network in a way that there is no layer for")
      }
      return [call.append(RepeatRows(), [call[0]], larger)]
    default: throw call.refusal("has no input that it could take")
    }
  }

  /// A larger shape of what goes through the network, with more elements where it has one; nil where the examples would
  /// be repeated.
  private static func repeated(_ shape: RowShape, to sizes: [SymbolicInteger], _ batch: Int?) -> RowShape? {
    let rank = max(sizes.count, shape.extents.count)
    let axis = shape.batchAxis + rank - shape.extents.count
    let asked = [SymbolicInteger](repeating: SymbolicInteger(1), count: rank - sizes.count) + sizes
    var result = RowShape(Constant.padded(shape.extents, to: rank), batchAxis: axis, outer: shape.outer)
    let own = result.symbolic(batch: batch)
    for index in 0..<rank where asked[index] != SymbolicInteger(1) && asked[index] != own[index] {
      guard index != axis, result.extents[index] == 1, let size = asked[index].fixed, size >= 1 else { return nil }
      result.extents[index] = size
    }
    return result
  }

  /// A constant in a larger shape, which may have the batch as a dimension.
  static func expanded(_ constant: Constant, to sizes: [SymbolicInteger], _ call: inout OperatorCall) throws -> Value {
    let rank = max(sizes.count, constant.shape.count)
    let own = Constant.padded(constant.shape, to: rank)
    let asked = [SymbolicInteger](repeating: SymbolicInteger(1), count: rank - sizes.count) + sizes
    var shape: [Int] = []
    var batchAxis: Int?
    for (axis, size) in asked.enumerated() {
      if let fixed = size.fixed {
        guard fixed == 1 || own[axis] == 1 || fixed == own[axis] else {
          throw call.refusal("makes \(fixed) elements of \(own[axis])")
        }
        shape.append(fixed == 1 ? own[axis] : fixed)
      } else {
        guard size.constant == 0, size.batches == 1, own[axis] == 1, batchAxis == nil else {
          throw call.refusal("has a shape that depends on the number of examples in a way that is not read")
        }
        batchAxis = axis
        shape.append(1)
      }
    }
    try call.checkSize(shape)
    var whole = constant.broadcast(to: shape)
    whole.origins = constant.originsUnlessSetting
    guard let batchAxis else { return .constant(whole) }
    let rows = RowShape(shape, batchAxis: batchAxis)
    return call.append(ParameterRows(value: whole.reshaped(rows.example)), [], rows)
  }

  private static func tiled(
    _ constant: Constant, _ repeats: [SymbolicInteger], _ call: inout OperatorCall
  ) throws -> Value {
    guard repeats.count == constant.shape.count else { throw call.refusal("has \(repeats.count) repeats") }
    // Only what is of size 1 is repeated like that in the networks that are read.
    let sizes = try zip(repeats, constant.shape).map { count, size in
      guard count.fixed == 1 || size == 1 else { throw call.refusal("repeats a constant of shape \(constant.shape)") }
      return count.fixed == 1 ? SymbolicInteger(size) : count
    }
    return try expanded(constant, to: sizes, &call)
  }
}

/// The same numbers several times, along dimensions of size 1.
struct RepeatRows: RowOperation {
  func plan(_ node: RowNode, _ graph: RowGraph) -> LayerPlan? {
    guard let input = node.inputs[0].rowID else { return nil }
    let (before, after, name) = (graph[input].shape, node.shape, node.name)
    return LayerPlan([input]) { builder, values in
      builder.repeated(values[0], from: before, to: after, hint: name)
    }
  }
}

/// A constant that is the same for every example, as a value that others take.
struct ParameterRows: RowOperation {
  let value: Constant

  func plan(_ node: RowNode, _ graph: RowGraph) -> LayerPlan? {
    let (value, name) = (value, node.name)
    return LayerPlan([]) { builder, _ in builder.parameter(value, hint: name) }
  }
}
