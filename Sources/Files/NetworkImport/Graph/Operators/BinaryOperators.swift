/// Operators of two inputs or more, number by number.
enum BinaryOperators: Operator {
  static let types = ["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    let kind = BinaryKind(rawValue: call.node.type) ?? .add
    guard var result = call.inputs.first else { throw call.refusal("has no inputs") }
    guard call.inputs.count >= 2 || ["Max", "Min", "Sum"].contains(call.node.type) else {
      throw call.refusal("has one input, not two")
    }
    for other in call.inputs.dropFirst() { result = try combined(kind, result, other, &call) }
    return [result]
  }

  private static func combined(
    _ kind: BinaryKind, _ a: Value, _ b: Value, _ call: inout OperatorCall
  ) throws -> Value {
    switch (a, b) {
    case (.constant(let x), .constant(let y)):
      guard let shape = Constant.broadcastShape(x.shape, y.shape) else {
        throw call.refusal("has inputs of \(x.shape) and \(y.shape)")
      }
      try call.checkSize(shape)
      guard let result = Constant.combined(kind, x, y) else {
        throw call.refusal("computes with the number of examples in a way that is not read")
      }
      return .constant(result)
    case (.indices(let indices), .constant(let constant)), (.constant(let constant), .indices(let indices)):
      guard let result = indices.combined(kind, constant) else {
        throw call.refusal("computes with the number of each example in a way that is not read")
      }
      return .indices(result)
    case (.rows(let id), .constant(let constant)):
      return call.append(BinaryRows(kind: kind), [a, b], try shape(call.graph[id].shape, constant, call))
    case (.constant(let constant), .rows(let id)):
      return call.append(BinaryRows(kind: kind), [a, b], try shape(call.graph[id].shape, constant, call))
    case (.rows(let first), .rows(let second)):
      return call.append(
        BinaryRows(kind: kind), [a, b], try shape(call.graph[first].shape, call.graph[second].shape, call))
    default: throw call.refusal("has inputs that it cannot take")
    }
  }

  /// The shape of rows with a constant that is repeated for every example.
  private static func shape(_ rows: RowShape, _ constant: Constant, _ call: OperatorCall) throws -> RowShape {
    guard constant.isReal else { throw call.refusal("takes whole numbers") }
    let rank = max(rows.extents.count, constant.shape.count)
    let axis = rows.batchAxis + rank - rows.extents.count
    let other = Constant.padded(constant.shape, to: rank)
    guard other[axis] == 1 else {
      throw call.refusal("takes a constant of shape \(constant.shape) with other numbers for each example")
    }
    guard let shape = Constant.broadcastShape(Constant.padded(rows.extents, to: rank), other) else {
      throw call.refusal("takes shapes \(rows.extents) and \(constant.shape), which do not fit")
    }
    return RowShape(shape, batchAxis: axis, outer: rows.outer)
  }

  private static func shape(_ a: RowShape, _ b: RowShape, _ call: OperatorCall) throws -> RowShape {
    let rank = max(a.extents.count, b.extents.count)
    let axis = a.batchAxis + rank - a.extents.count
    guard axis == b.batchAxis + rank - b.extents.count, a.extents[a.batchAxis] == b.extents[b.batchAxis],
      a.outer == b.outer,
      let shape = Constant.broadcastShape(Constant.padded(a.extents, to: rank), Constant.padded(b.extents, to: rank))
    else {
      throw call.refusal("takes shapes \(a.extents) and \(b.extents) that do not fit, or examples in different places")
    }
    return RowShape(shape, batchAxis: axis, outer: a.outer)
  }
}

/// Two values, number by number; one of them may be a constant.
struct BinaryRows: RowOperation {
  let kind: BinaryKind

  func plan(_ node: RowNode, _ graph: RowGraph) throws -> LayerPlan? {
    if let a = node.inputs[0].rowID, let b = node.inputs[1].rowID { return try plan(a, b, node, graph) }
    if let a = node.inputs[0].rowID, let constant = node.inputs[1].constant {
      return try plan(a, constant, isReversed: false, node, graph)
    }
    guard let b = node.inputs[1].rowID, let constant = node.inputs[0].constant else { return nil }
    return try plan(b, constant, isReversed: true, node, graph)
  }

  // MARK: - Two values

  private func plan(_ a: Int, _ b: Int, _ node: RowNode, _ graph: RowGraph) throws -> LayerPlan? {
    let shape = node.shape.example
    let (left, right) = (graph[a].shape.example, graph[b].shape.example)
    let name = node.name
    let (from, to) = ([graph[a].shape, graph[b].shape], node.shape)
    func whole(_ values: [LayerValue], _ builder: inout LayerBuilder) -> [LayerValue] {
      zip(values, from).map { value, own in
        value.shape == shape ? value : builder.repeated(value, from: own, to: to, hint: name)
      }
    }
    switch kind {
    case .add, .subtract:
      let isDifference = kind == .subtract
      return LayerPlan([a, b]) { builder, values in
        let both = whole(values, &builder)
        let second = isDifference ? builder.rescaled(both[1], factor: -1, shift: 0) : both[1]
        return builder.append("add", [], [both[0], second], shape: shape, hint: name)
      }
    case .multiply:
      // The second may have one number a channel.
      func isGate(_ gate: [Int]) -> Bool { gate.first == shape.first && gate.dropFirst().allSatisfy { $0 == 1 } }
      let order =
        left == shape && (right == shape || isGate(right)) ? [a, b] : right == shape && isGate(left) ? [b, a] : []
      guard !order.isEmpty else {
        return LayerPlan([a, b]) { builder, values in
          builder.append("multiply", [], whole(values, &builder), shape: shape, hint: name)
        }
      }
      return LayerPlan(order) { builder, values in
        builder.append("multiply", [], values, shape: shape, hint: name)
      }
    default: return nil
    }
  }

  // MARK: - A value and a constant

  private func plan(
    _ input: Int, _ constant: Constant, isReversed: Bool, _ node: RowNode, _ graph: RowGraph
  ) throws -> LayerPlan? {
    let name = node.name
    let shape = node.shape.example
    let own = graph[input].shape
    guard own.example == shape else {
      // First repeated to the shape of the constant, then as any other.
      let same = RowGraph.one(of: node.shape)
      guard let plan = try self.plan(0, constant, isReversed: isReversed, node, same) else { return nil }
      let to = node.shape
      return LayerPlan(plan.inputs.map { _ in input }) { builder, values in
        let larger = builder.repeated(values[0], from: own, to: to, hint: name)
        return try plan.make(&builder, values.map { _ in larger })
      }
    }
    if let number = constant.scalar {
      switch kind {
      case .add: return Self.rescaled(input, 1, number)
      case .subtract: return isReversed ? Self.rescaled(input, -1, number) : Self.rescaled(input, 1, -number)
      case .multiply where number != 0: return Self.rescaled(input, number, 0)
      case .divide where !isReversed && number != 0: return Self.rescaled(input, 1 / number, 0)
      case .power where !isReversed && number == 2:
        return LayerPlan([input, input]) { builder, values in
          builder.append("multiply", [], values, shape: shape, hint: name)
        }
      case .power where !isReversed && number == 1: return LayerPlan([input]) { _, values in values[0] }
      case .maximum where number == 0:
        return LayerPlan([input]) { builder, values in
          builder.append("relu", [], values, shape: shape, hint: name)
        }
      case .maximum where number.isFinite, .minimum where number.isFinite:
        let bound = Decimal32.meant(number)
        let (low, high) = kind == .maximum ? (bound, Double.infinity) : (-Double.infinity, bound)
        return LayerPlan([input]) { builder, values in
          builder.clipped(values[0], low: low, high: high, hint: name)
        }
      default: return nil
      }
    }
    let aligned = try node.aligned(constant)
    switch kind {
    case .multiply: return Self.scaled(input, aligned, shape, name)
    case .divide where !isReversed:
      guard let inverse = aligned.mapped({ 1 / $0 }) else { return nil }
      return Self.scaled(input, inverse, shape, name)
    case .add: return Self.shifted(input, aligned, shape, name)
    case .subtract:
      if isReversed {
        return LayerPlan([input]) { builder, values in
          builder.shifted(builder.rescaled(values[0], factor: -1, shift: 0), by: aligned, hint: name)
        }
      }
      guard let negative = aligned.mapped({ -$0 }) else { return nil }
      return Self.shifted(input, negative, shape, name)
    default: return nil
    }
  }

  private static func rescaled(_ input: Int, _ factor: Double, _ shift: Double) -> LayerPlan {
    LayerPlan([input]) { builder, values in builder.rescaled(values[0], factor: factor, shift: shift) }
  }

  private static func scaled(_ input: Int, _ factor: Constant, _ shape: [Int], _ name: String) -> LayerPlan {
    LayerPlan([input]) { builder, values in builder.multiplied(values[0], by: factor, hint: name) }
  }

  private static func shifted(_ input: Int, _ shift: Constant, _ shape: [Int], _ name: String) -> LayerPlan {
    LayerPlan([input]) { builder, values in builder.shifted(values[0], by: shift, hint: name) }
  }
}

extension RowNode {
  /// A constant input as it lies on one example of the result: as many dimensions, some of size 1.
  func aligned(_ constant: Constant) throws -> Constant {
    guard let sizes = shape.aligned(Constant.padded(constant.shape, to: shape.extents.count)) else {
      throw ImportError("\(title) takes a constant of shape \(constant.shape) that does not fit")
    }
    return constant.reshaped(sizes)
  }
}

extension Constant {
  /// Whether it has one number for each channel, the first dimension, and is the same everywhere else.
  func isPerChannel(of example: [Int]) -> Bool {
    shape.count == example.count && shape[0] == example[0] && shape.dropFirst().allSatisfy { $0 == 1 }
  }

  /// Whether it has one number for each place along the last dimension, and is the same everywhere else.
  func isPerLast(of example: [Int]) -> Bool {
    shape.count == example.count && shape.last == example.last && shape.dropLast().allSatisfy { $0 == 1 }
  }
}
