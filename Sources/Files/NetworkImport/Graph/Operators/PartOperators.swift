/// Parts of a tensor, and several behind each other.
enum PartOperators: Operator {
  static let types = ["Slice", "Split", "Concat"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    switch call.node.type {
    case "Slice": return [try slice(&call)]
    case "Split": return try split(&call)
    default: return [try concatenated(&call)]
    }
  }

  // MARK: - Slices

  private static func slice(_ call: inout OperatorCall) throws -> Value {
    let rank: Int
    switch call[0] {
    case .constant(let constant): rank = constant.shape.count
    case .rows(let id): rank = call.graph[id].shape.extents.count
    default: throw call.refusal("has no input that it could take")
    }
    let starts = try call.symbolicIntegers(1, "a start")
    let ends = try call.symbolicIntegers(2, "an end")
    let axes = try call[3].isAbsent ? Array(starts.indices) : call.integers(3, "axes")
    let steps = try call[4].isAbsent ? starts.map { _ in 1 } : call.integers(4, "steps")
    guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count else {
      throw call.refusal("has starts, ends, axes and steps of different numbers")
    }
    var result = call[0]
    for index in starts.indices {
      let axis = try call.axis(axes[index], rank: rank)
      result = try part(result, axis, starts[index], ends[index], steps[index], &call)
    }
    return result
  }

  private static func part(
    _ value: Value, _ axis: Int, _ start: SymbolicInteger, _ end: SymbolicInteger, _ step: Int,
    _ call: inout OperatorCall
  ) throws -> Value {
    let size: Int
    switch value {
    case .constant(let constant): size = constant.shape[axis]
    case .rows(let id):
      let shape = call.graph[id].shape
      if axis == shape.batchAxis {
        // All examples, as `x[:, 0]` writes it.
        let whole = call.graph.batch.map { $0 * shape.extents[axis] } ?? Int(Int32.max)
        let reachesEnd = end.fixed.map { $0 >= whole } ?? (end.batches >= shape.extents[axis])
        let isAll = start.fixed == 0 && step == 1 && reachesEnd
        guard isAll else { throw call.refusal("takes some of the examples of a batch") }
        return value
      }
      size = shape.extents[axis]
    default: throw call.refusal("has no input that it could take")
    }
    guard step != 0, let start = start.fixed, let end = end.fixed else {
      throw call.refusal("has a part that depends on the number of examples")
    }
    // A longer step takes no other elements.
    let step = min(max(step, -max(1, size)), max(1, size))
    let indices: [Int]
    if step > 0 {
      let first = min(max(start < 0 ? start &+ size : start, 0), size)
      let last = min(max(end < 0 ? end &+ size : end, 0), size)
      indices = Array(stride(from: first, to: last, by: step))
    } else {
      let first = min(max(start < 0 ? start &+ size : start, -1), size - 1)
      let last = min(max(end < 0 ? end &+ size : end, -1), size - 1)
      indices = Array(stride(from: first, to: last, by: step))
    }
    if case .constant(let constant) = value {
      var shape = constant.shape
      shape[axis] = indices.count
      return .constant(constant.gathered(Places.chosen(constant.shape, axis: axis, indices), shape: shape))
    }
    guard step > 0 else { return try GatherOperators.elements(value, axis: axis, indices, &call) }
    guard let first = indices.first, let last = indices.last else { throw call.refusal("takes an empty part") }
    return try part(value, axis, first, last + 1, step: step, &call)
  }

  /// A part of what goes through the network.
  static func part(
    _ value: Value, _ axis: Int, _ start: Int, _ stop: Int, step: Int = 1, _ call: inout OperatorCall
  ) throws -> Value {
    guard let node = call.graph.node(value) else { throw call.refusal("has no input that it could take") }
    var shape = node.shape
    guard start != 0 || stop != shape.extents[axis] || step != 1 else { return value }
    let own = try call.exampleAxis(axis, of: shape)
    shape.extents[axis] = (stop - start + step - 1) / step
    return call.append(SliceRows(axis: own, start: start, stop: stop, step: step), [value], shape)
  }

  // MARK: - Parts behind each other

  private static func split(_ call: inout OperatorCall) throws -> [Value] {
    let shape: [Int]
    switch call[0] {
    case .constant(let constant): shape = constant.shape
    case .rows(let id): shape = call.graph[id].shape.extents
    default: throw call.refusal("has no input that it could take")
    }
    let axis = try call.axis(try call.integer("axis", default: 0), rank: shape.count)
    let parts = call.node.outputs.count
    let count = try call.integer("num_outputs", default: parts)
    guard count == parts, parts >= 1 else { throw call.refusal("has \(parts) outputs, not \(count)") }
    let given = call.opset >= 13 ? (call[1].isAbsent ? nil : try call.integers(1, "sizes")) : try call.integers("split")
    let each = (shape[axis] + parts - 1) / parts
    let sizes = given ?? (0..<parts).map { max(0, min(each, shape[axis] - $0 * each)) }
    guard sizes.count == parts, sizes.allSatisfy({ (1...shape[axis]).contains($0) }), sizes.reduce(0, +) == shape[axis]
    else {
      throw call.refusal("splits \(shape[axis]) elements into \(sizes)")
    }
    var results: [Value] = []
    var start = 0
    for size in sizes {
      if case .constant(let constant) = call[0] {
        var own = shape
        own[axis] = size
        let places = Places.chosen(shape, axis: axis, Array(start..<start + size))
        results.append(.constant(constant.gathered(places, shape: own)))
      } else {
        results.append(try part(call[0], axis, start, start + size, &call))
      }
      start += size
    }
    return results
  }

  // MARK: - Several

  private static func concatenated(_ call: inout OperatorCall) throws -> Value {
    let given = try call.integer("axis")
    let constants = call.inputs.compactMap(\.constant)
    if constants.count == call.inputs.count { return .constant(try joined(constants, given, call)) }
    guard let first = call.inputs.lazy.compactMap({ [graph = call.graph] in graph.node($0)?.shape }).first else {
      throw call.refusal("has no inputs that it could take")
    }
    let axis = try call.axis(given, rank: first.extents.count)
    let inputs = try call.inputs.map { try repeated($0, like: first, &call) }
    let shapes = inputs.compactMap { call.graph.node($0)?.shape }
    guard shapes.count == inputs.count else { throw call.refusal("has no inputs that it could take") }
    let own = try call.exampleAxis(axis, of: first)
    var result = first
    result.extents[axis] = 0
    for shape in shapes {
      var other = shape
      guard other.extents.count == first.extents.count else { throw call.refusal("has inputs of different ranks") }
      result.extents[axis] += other.extents[axis]
      other.extents[axis] = first.extents[axis]
      guard other == first else { throw call.refusal("has inputs of shapes \(first.extents) and \(shape.extents)") }
    }
    guard shapes.count > 1 else { return call[0] }
    return call.append(ConcatenationRows(axis: own), inputs, result)
  }

  /// A constant beside what goes through the network, which a graph for a single example need not repeat.
  private static func repeated(_ value: Value, like shape: RowShape, _ call: inout OperatorCall) throws -> Value {
    guard let constant = value.constant else { return value }
    guard call.graph.batch == 1, constant.isReal, !shape.isMerged, constant.shape.count == shape.extents.count,
      constant.shape[shape.batchAxis] == 1
    else {
      throw call.refusal("puts a constant beside what goes through the network without repeating it for every example")
    }
    let rows = RowShape(constant.shape, batchAxis: shape.batchAxis)
    return call.append(ParameterRows(value: constant.reshaped(rows.example)), [], rows)
  }

  private static func joined(_ constants: [Constant], _ given: Int, _ call: OperatorCall) throws -> Constant {
    let axis = try call.axis(given, rank: constants[0].shape.count)
    var shape = constants[0].shape
    shape[axis] = 0
    for constant in constants {
      guard constant.shape.count == shape.count else { throw call.refusal("has inputs of different ranks") }
      for (index, size) in constant.shape.enumerated() where index != axis && size != shape[index] {
        throw call.refusal("has inputs whose shapes do not fit")
      }
      shape[axis] += constant.shape[axis]
    }
    try call.checkSize(shape)
    let outer = shape[..<axis].reduce(1, *)
    func interleaved<T>(_ parts: [[T]]) -> [T] {
      (0..<outer).flatMap { block in
        parts.flatMap { part in part[block * (part.count / outer)..<(block + 1) * (part.count / outer)] }
      }
    }
    let origins = constants.reduce(into: Origins()) { $0.formUnion($1.origins) }
    let integers = constants.compactMap(\.integers)
    if integers.count == constants.count {
      return Constant(shape: shape, values: .integers(outer == 0 ? [] : interleaved(integers)), origins: origins)
    }
    let reals = constants.compactMap(\.floats)
    guard reals.count == constants.count, outer > 0 else { throw call.refusal("has inputs of different kinds") }
    return Constant(shape: shape, values: .floats(interleaved(reals)), origins: origins)
  }
}

/// A part along one dimension of an example.
struct SliceRows: RowOperation {
  let axis: Int
  let start: Int
  let stop: Int
  let step: Int

  func plan(_ node: RowNode, _ graph: RowGraph) -> LayerPlan? {
    guard let input = node.inputs[0].rowID else { return nil }
    let (shape, name) = (node.shape.example, node.name)
    return LayerPlan([input]) { [self] builder, values in
      builder.append(
        "slice",
        [("axis", "\(axis)"), ("start", "\(start)"), ("stop", "\(stop)")] + (step == 1 ? [] : [("step", "\(step)")]),
        values, shape: shape, hint: name)
    }
  }
}

/// Several values behind each other.
struct ConcatenationRows: RowOperation {
  let axis: Int

  func plan(_ node: RowNode, _ graph: RowGraph) -> LayerPlan? {
    let inputs = node.inputs.compactMap(\.rowID)
    guard inputs.count == node.inputs.count else { return nil }
    let (axis, shape, name) = (axis, node.shape.example, node.name)
    return LayerPlan(inputs) { builder, values in
      builder.append("concat", axis == 0 ? [] : [("axis", "\(axis)")], values, shape: shape, hint: name)
    }
  }
}
