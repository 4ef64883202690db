/// Means, sums and maxima over dimensions.
enum ReductionOperators: Operator {
  static let types = ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    // Sums have their axes as an input since 13, the others since 18.
    let since = call.node.type == "ReduceSum" ? 13 : 18
    let keeps = try call.integer("keepdims", default: 1) != 0
    let keepsAll = try call.integer("noop_with_empty_axes", default: 0) != 0
    switch call[0] {
    case .constant(let constant):
      let axes = try call.axes(input: 1, since: since, rank: constant.shape.count) ?? Array(constant.shape.indices)
      return [.constant(try reduced(constant, axes, keeps, call))]
    case .rows(let id):
      let shape = call.graph[id].shape
      guard let axes = try call.axes(input: 1, since: since, rank: shape.extents.count), !axes.isEmpty else {
        guard !keepsAll else { return [call[0]] }
        throw call.refusal("reduces over the examples of a batch")
      }
      let own = try axes.map { try call.exampleAxis($0, of: shape) }
      var kept = shape
      for axis in axes { kept.extents[axis] = 1 }
      let operation = ReductionRows(type: call.node.type, axes: own)
      let result = call.append(operation, [call[0]], kept)
      guard !keeps else { return [result] }
      let left = shape.extents.indices.filter { !axes.contains($0) }
      let batchAxis = left.firstIndex(of: shape.batchAxis) ?? 0
      return [
        call.append(
          ReshapeRows(), [result], RowShape(left.map { shape.extents[$0] }, batchAxis: batchAxis, outer: shape.outer))
      ]
    default: throw call.refusal("has no input that it could take")
    }
  }

  private static func reduced(
    _ constant: Constant, _ axes: [Int], _ keeps: Bool, _ call: OperatorCall
  ) throws -> Constant {
    guard constant.count > 0 else { throw call.refusal("reduces a constant without elements") }
    guard axes.count == constant.shape.count else { return try partlyReduced(constant, axes, keeps, call) }
    let shape = keeps ? constant.shape.map { _ in 1 } : []
    if let integers = constant.integers {
      let kind: BinaryKind? =
        switch call.node.type {
        case "ReduceProd": .multiply
        case "ReduceSum": .add
        case "ReduceMax": .maximum
        case "ReduceMin": .minimum
        default: nil
        }
      guard let kind else { throw call.refusal("takes the mean of whole numbers") }
      let result = try integers.dropFirst().reduce(integers[0]) { a, b in
        guard let value = kind.of(a, b) else { throw call.refusal("depends on the number of examples") }
        return value
      }
      return Constant(shape: shape, values: .integers([result]), origins: constant.origins)
    }
    guard let reals = constant.reals else { throw call.refusal("takes no numbers") }
    let value: Double =
      switch call.node.type {
      case "ReduceProd": reals.reduce(1, *)
      case "ReduceMax": reals.max() ?? 0
      case "ReduceMin": reals.min() ?? 0
      case "ReduceSum": reals.reduce(0, +)
      case "ReduceL2": reals.reduce(0) { $0 + $1 * $1 }.squareRoot()
      default: reals.reduce(0, +) / Double(reals.count)
      }
    return Constant(shape: shape, values: .floats([Float(value)]), origins: constant.origins)
  }

  /// A constant over some of its axes: row by row.
  private static func partlyReduced(
    _ constant: Constant, _ axes: [Int], _ keeps: Bool, _ call: OperatorCall
  ) throws -> Constant {
    let others = constant.shape.indices.filter { !axes.contains($0) }
    let turned = constant.transposed(others + axes)
    let length = axes.reduce(1) { $0 * constant.shape[$1] }
    let rows = try (0..<constant.count / length).map { row in
      try reduced(
        turned.gathered(Array(row * length..<(row + 1) * length), shape: [length]), [0], false, call)
    }
    let shape = constant.shape.indices.compactMap { axes.contains($0) ? (keeps ? 1 : nil) : constant.shape[$0] }
    let integers = rows.compactMap { $0.integers?.first }
    let values: Constant.Values =
      integers.count == rows.count ? .integers(integers) : .floats(rows.compactMap { $0.floats?.first })
    return Constant(shape: shape, values: values, origins: constant.origins)
  }
}

/// A reduction over dimensions of an example, which stay as dimensions of size 1.
struct ReductionRows: RowOperation {
  let type: String
  let axes: [Int]

  func plan(_ node: RowNode, _ graph: RowGraph) throws -> LayerPlan? {
    guard let input = node.inputs[0].rowID else { return nil }
    let (before, after, name) = (graph[input].shape.example, node.shape.example, node.name)
    let count = axes.reduce(1) { $0 * before[$1] }
    let isSpatial = before.count == 3 && axes == [1, 2]
    let (axes, type) = (axes, type)
    switch type {
    case "ReduceMean", "ReduceSum":
      guard axes.count < before.count || before.count == 3 else {
        throw ImportError("\(node.title) reduces an example to one number, and there is no layer for it")
      }
      return LayerPlan([input]) { builder, values in
        let left = before.indices.filter { !axes.contains($0) }.map { before[$0] }
        var value =
          isSpatial
          ? builder.append("global_average_pool2d", [], values, shape: [before[0]], hint: name)
          : builder.append("mean", [("axes", builder.list(axes))], values, shape: left, hint: name)
        if type == "ReduceSum" { value = builder.rescaled(value, factor: Double(count), shift: 0) }
        return builder.reshaped(value, to: after, hint: name)
      }
    case "ReduceMax" where isSpatial:
      return LayerPlan([input]) { builder, values in
        builder.append(
          "max_pool2d", [("kernel_size", "[\(before[1]),\(before[2])]"), ("stride", "1")], values,
          shape: [before[0], 1, 1], hint: name)
      }
    case "ReduceMax":
      // Any other dimensions, put last, are the positions of one window.
      return LayerPlan([input]) { builder, values in
        let others = before.indices.filter { !axes.contains($0) }
        let turned = builder.transposed(values[0], others + axes, hint: name)
        let rows = turned.shape.reduce(1, *) / count
        let image = builder.reshaped(turned, to: [rows, 1, count], hint: name)
        let most = builder.append(
          "max_pool2d", [("kernel_size", "[1,\(count)]"), ("stride", "1")], [image], shape: [rows, 1, 1], hint: name)
        return builder.reshaped(most, to: after, hint: name)
      }
    default: return nil
    }
  }
}
