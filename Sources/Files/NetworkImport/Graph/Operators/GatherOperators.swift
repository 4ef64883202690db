/// Elements of a tensor by their places, in any order.
enum GatherOperators: Operator {
  static let types = ["Gather", "GatherND"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    [call.node.type == "Gather" ? try gather(&call) : try gatherSlices(&call)]
  }

  private static func gather(_ call: inout OperatorCall) throws -> Value {
    let given = try call.integer("axis", default: 0)
    switch (call[0], call[1]) {
    case (.constant(let data), .constant(let places)):
      guard let integers = places.integers else { throw call.refusal("has places that are no whole numbers") }
      let axis = try call.axis(given, rank: data.shape.count)
      let indices = try integers.map { integer in
        guard let fixed = integer.fixed else { throw call.refusal("has places that depend on the number of examples") }
        return try call.axis(fixed, rank: data.shape[axis])
      }
      let shape = Array(data.shape[..<axis]) + places.shape + Array(data.shape[(axis + 1)...])
      try call.checkSize(shape)
      return .constant(data.gathered(Places.chosen(data.shape, axis: axis, indices), shape: shape))
    case (.rows(let id), .constant(let places)):
      let shape = call.graph[id].shape
      let axis = try call.axis(given, rank: shape.extents.count)
      if let view = view(shape, places, call.graph) { return call.append(ReshapeRows(), [call[0]], view) }
      guard axis != shape.batchAxis else { throw call.refusal("takes some of the examples of a batch") }
      guard let integers = places.integers, !integers.isEmpty, places.shape.count <= 1 else {
        throw call.refusal("takes elements in a way that there is no layer for")
      }
      let indices = try integers.map { integer in
        guard let fixed = integer.fixed else { throw call.refusal("has places that depend on the number of examples") }
        return try call.axis(fixed, rank: shape.extents[axis])
      }
      let part = try elements(call[0], axis: axis, indices, &call)
      guard places.shape.isEmpty, let node = call.graph.node(part) else { return part }
      var result = node.shape
      result.extents.remove(at: axis)
      if axis < result.batchAxis { result.batchAxis -= 1 }
      return call.append(ReshapeRows(), [part], result)
    case (.rows(let id), .indices(let indices)):
      let shape = call.graph[id].shape
      // All numbers of all examples in one row, of which each example takes its own again.
      guard given == 0, shape.extents.count == 1, shape.outer == 1, shape.extents[0] == indices.multiple,
        indices.offsets == Array(0..<indices.multiple)
      else { throw call.refusal("takes elements of other examples, or in another order; there is no layer for it") }
      return call.append(ReshapeRows(), [call[0]], indices.shape)
    default: throw call.refusal("looks up places that come from the network's input; there is no layer for it")
    }
  }

  /// Elements along an axis of what goes through the network, in any order: parts of what follows each other, behind each
  /// other.
  static func elements(
    _ value: Value, axis: Int, _ indices: [Int], _ call: inout OperatorCall
  ) throws -> Value {
    guard let shape = call.graph.node(value)?.shape, !indices.isEmpty else { throw call.refusal("takes an empty part") }
    var runs: [(start: Int, count: Int, step: Int)] = []
    for index in indices {
      if let last = runs.last {
        let step = last.count == 1 ? index - last.start : last.step
        if step > 0, index == last.start + last.count * step {
          runs[runs.count - 1].count += 1
          runs[runs.count - 1].step = step
          continue
        }
      }
      runs.append((index, 1, 1))
    }
    guard runs.count <= partLimit else {
      throw call.refusal(
        "takes \(indices.count) elements in an order of \(runs.count) parts, and \(partLimit) parts are read at most")
    }
    let parts = try runs.map { run in
      try PartOperators.part(value, axis, run.start, run.start + (run.count - 1) * run.step + 1, step: run.step, &call)
    }
    guard parts.count > 1 else { return parts[0] }
    var result = shape
    result.extents[axis] = indices.count
    return call.append(ConcatenationRows(axis: try call.exampleAxis(axis, of: shape)), parts, result)
  }

  /// So many parts are put behind each other.
  private static let partLimit = 256

  /// GatherND with an index alone for each slice, as PyTorch writes `x[:, [2, 0, 1]]`.
  private static func gatherSlices(_ call: inout OperatorCall) throws -> Value {
    let places = try call.constant(1, "places")
    guard try call.integer("batch_dims", default: 0) == 0, places.shape.count == 2, places.shape[1] == 1,
      let integers = places.integers, !integers.isEmpty
    else { throw call.refusal("takes elements in a way that there is no layer for") }
    let size: Int
    switch call[0] {
    case .constant(let constant): size = constant.shape.first ?? 0
    case .rows(let id): size = call.graph[id].shape.extents[0]
    default: throw call.refusal("has no input that it could take")
    }
    let indices = try integers.map { integer in
      guard let fixed = integer.fixed else { throw call.refusal("has places that depend on the number of examples") }
      return try call.axis(fixed, rank: size)
    }
    if let constant = call[0].constant {
      let shape = [indices.count] + constant.shape.dropFirst()
      try call.checkSize(shape)
      return .constant(constant.gathered(Places.chosen(constant.shape, axis: 0, indices), shape: shape))
    }
    guard try call.shape(0).batchAxis != 0 else { throw call.refusal("takes some of the examples of a batch") }
    return try elements(call[0], axis: 0, indices, &call)
  }

  /// The shape of a view of all numbers in one row, of a graph for a single example: what ``BatchIndices`` are of one for
  /// any number.
  private static func view(_ shape: RowShape, _ places: Constant, _ graph: RowGraph) -> RowShape? {
    guard graph.batch == 1, shape.extents.count == 1, places.shape.first == 1,
      places.integers == (0..<shape.count).map({ SymbolicInteger($0) })
    else { return nil }
    return RowShape(places.shape)
  }
}
