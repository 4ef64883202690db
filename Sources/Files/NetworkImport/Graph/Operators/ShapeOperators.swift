/// The same numbers in another shape or order.
enum ShapeOperators: Operator {
  static let types = ["Identity", "Dropout", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    switch call.node.type {
    case "Identity": return [call[0]]
    case "Dropout":
      call.ignore("ratio", "seed")
      if !call[2].isAbsent, let training = call[2].scalar, training != 0 {
        throw call.refusal("drops out at random, in training: export the network as it predicts (model.eval())")
      }
      return [call[0]]
    case "Transpose": return [try transposed(&call)]
    default: return [try reshaped(&call)]
    }
  }

  // MARK: - Shapes

  private static func reshaped(_ call: inout OperatorCall) throws -> Value {
    let old: [SymbolicInteger]
    switch call[0] {
    case .constant(let constant): old = constant.shape.map { SymbolicInteger($0) }
    case .rows(let id): old = call.graph[id].shape.symbolic(batch: call.graph.batch)
    case .indices(let indices): old = indices.shape.symbolic(batch: call.graph.batch)
    case .absent: throw call.refusal("has no input")
    }
    let target = try target(old, &call)
    switch call[0] {
    case .constant(let constant):
      let sizes = target.compactMap(\.fixed)
      guard sizes.count == target.count, sizes.reduce(1, *) == constant.count else {
        throw call.refusal("makes the shape \(sizes) of \(constant.shape)")
      }
      return .constant(constant.reshaped(sizes))
    case .rows(let id):
      guard let shape = call.graph[id].shape.reshaped(to: target, batch: call.graph.batch) else {
        throw call.refusal(
          "mixes the examples of a batch, or has a shape for a certain number of them: export the network with the first dimension dynamic"
        )
      }
      return call.append(ReshapeRows(), [call[0]], shape)
    case .indices(var indices):
      guard let shape = indices.shape.reshaped(to: target, batch: call.graph.batch) else {
        throw call.refusal("mixes the examples of a batch")
      }
      indices.shape = shape
      return .indices(indices)
    case .absent: throw call.refusal("has no input")
    }
  }

  private static func target(_ old: [SymbolicInteger], _ call: inout OperatorCall) throws -> [SymbolicInteger] {
    switch call.node.type {
    case "Reshape":
      let allowsZero = try call.integer("allowzero", default: 0) != 0
      return try resolved(call.symbolicIntegers(1, "a shape"), old, allowsZero, call)
    case "Flatten":
      let given = try call.integer("axis", default: 1)
      let axis = given == old.count ? given : try call.axis(given, rank: old.count)
      return [try product(old[..<axis], call), try product(old[axis...], call)]
    case "Squeeze":
      let axes = try call.axes(input: 1, since: 13, rank: old.count) ?? old.indices.filter { old[$0].fixed == 1 }
      guard axes.allSatisfy({ old[$0].equals(SymbolicInteger(1)) != false }) else {
        throw call.refusal("removes an axis that has more than one element")
      }
      guard axes.allSatisfy({ old[$0].fixed != nil }) else { throw call.refusal("removes the examples of a batch") }
      return old.indices.filter { !axes.contains($0) }.map { old[$0] }
    default:
      let given = call.opset >= 13 ? try call.integers(1, "axes") : try call.integers("axes") ?? []
      let rank = old.count + given.count
      let axes = Set(try given.map { try call.axis($0, rank: rank) })
      guard axes.count == given.count else { throw call.refusal("names an axis twice") }
      var rest = old[...]
      return (0..<rank).map { axes.contains($0) ? SymbolicInteger(1) : rest.removeFirst() }
    }
  }

  private static func product(_ sizes: ArraySlice<SymbolicInteger>, _ call: OperatorCall) throws -> SymbolicInteger {
    try sizes.reduce(SymbolicInteger(1)) { result, size in
      guard let next = result.multiplied(by: size) else { throw call.refusal("has sizes whose product overflows") }
      return next
    }
  }

  /// A shape with 0 (as before) and −1 (whatever is left) replaced.
  private static func resolved(
    _ given: [SymbolicInteger], _ old: [SymbolicInteger], _ allowsZero: Bool, _ call: OperatorCall
  ) throws -> [SymbolicInteger] {
    var result = given
    var open: Int?
    for (index, size) in given.enumerated() {
      if size.fixed == 0, !allowsZero {
        guard old.indices.contains(index) else { throw call.refusal("keeps an axis that its input does not have") }
        result[index] = old[index]
      } else if size.fixed == -1 {
        guard open == nil else { throw call.refusal("leaves two sizes open") }
        open = index
      }
    }
    guard let open else { return result }
    result[open] = SymbolicInteger(1)
    guard let left = try product(old[...], call).divided(by: try product(result[...], call)) else {
      throw call.refusal("has a size that no number of examples makes whole")
    }
    result[open] = left
    return result
  }

  // MARK: - Orders

  private static func transposed(_ call: inout OperatorCall) throws -> Value {
    func axes(_ rank: Int) throws -> [Int] {
      let axes = try call.integers("perm") ?? Array((0..<rank).reversed())
      guard axes.sorted() == Array(0..<rank) else { throw call.refusal("has axes \(axes) for \(rank) dimensions") }
      return axes
    }
    switch call[0] {
    case .constant(let constant): return .constant(constant.transposed(try axes(constant.shape.count)))
    case .rows(let id):
      let shape = call.graph[id].shape
      let axes = try axes(shape.extents.count)
      guard let batchAxis = axes.firstIndex(of: shape.batchAxis) else { throw call.refusal("loses the batch") }
      let result = RowShape(axes.map { shape.extents[$0] }, batchAxis: batchAxis, outer: shape.outer)
      return call.append(TransposeRows(axes: axes.flatMap { shape.exampleAxes($0) }), [call[0]], result)
    default: throw call.refusal("has no input that it could take")
    }
  }
}

/// The same numbers in another shape.
struct ReshapeRows: RowOperation {
  func plan(_ node: RowNode, _ graph: RowGraph) -> LayerPlan? {
    guard let input = node.inputs[0].rowID else { return nil }
    let (shape, name) = (node.shape.example, node.name)
    return LayerPlan([input]) { builder, values in builder.reshaped(values[0], to: shape, hint: name) }
  }
}

/// The dimensions of an example in another order.
struct TransposeRows: RowOperation {
  let axes: [Int]

  func plan(_ node: RowNode, _ graph: RowGraph) -> LayerPlan? {
    guard let input = node.inputs[0].rowID else { return nil }
    let (axes, name) = (axes, node.name)
    return LayerPlan([input]) { builder, values in builder.transposed(values[0], axes, hint: name) }
  }
}
