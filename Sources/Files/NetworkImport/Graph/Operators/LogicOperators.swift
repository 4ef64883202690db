/// Comparisons and choices. Exporters compute shapes with them; of what goes through the network they are parts of
/// patterns only.
enum LogicOperators: Operator {
  static let types = [
    "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Not", "Where", "Mod",
  ]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    if let value = ofRows(&call) { return [value] }
    switch call.node.type {
    case "Not":
      let operand = try integers(0, call)
      return [.constant(with(operand, operand.1.map { SymbolicInteger($0 == SymbolicInteger(0) ? 1 : 0) }))]
    case "Where": return [.constant(try chosen(&call))]
    default:
      call.ignore("fmod")
      return [.constant(try compared(&call))]
    }
  }

  /// A comparison with a number, or a choice by one, of what goes through the network.
  private static func ofRows(_ call: inout OperatorCall) -> Value? {
    guard let node = call.inputs.lazy.compactMap({ [graph = call.graph] in graph.node($0) }).first else { return nil }
    let isChoice = call.node.type == "Where" && call.inputs.allSatisfy { $0.rowID != nil }
    let isComparison = call.node.type == "Greater" && call[0].rowID != nil && call[1].scalar != nil
    guard isChoice || isComparison else { return nil }
    return call.append(LogicRows(type: call.node.type), call.inputs, node.shape)
  }

  private static func integers(_ index: Int, _ call: OperatorCall) throws -> (Constant, [SymbolicInteger]) {
    let constant = try call.constant(index, "a comparison")
    guard let integers = constant.integers else { throw call.refusal("compares numbers that are no whole ones") }
    return (constant, integers)
  }

  private static func with(_ operand: (Constant, [SymbolicInteger]), _ values: [SymbolicInteger]) -> Constant {
    Constant(shape: operand.0.shape, values: .integers(values), origins: operand.0.origins)
  }

  private static func compared(_ call: inout OperatorCall) throws -> Constant {
    let (a, b) = (try integers(0, call), try integers(1, call))
    guard let shape = Constant.broadcastShape(a.0.shape, b.0.shape) else {
      throw call.refusal("has inputs that do not fit")
    }
    try call.checkSize(shape)
    let left = Places.broadcast(a.0.shape, to: shape).map { a.1[$0] }
    let right = Places.broadcast(b.0.shape, to: shape).map { b.1[$0] }
    let values = try zip(left, right).map { x, y in
      guard let value = result(call.node.type, x, y) else {
        throw call.refusal("depends on the number of examples")
      }
      return SymbolicInteger(value)
    }
    return Constant(shape: shape, values: .integers(values), origins: a.0.origins.union(b.0.origins))
  }

  private static func result(_ type: String, _ x: SymbolicInteger, _ y: SymbolicInteger) -> Int? {
    if type == "Equal" { return x.equals(y).map { $0 ? 1 : 0 } }
    guard let x = x.fixed, let y = y.fixed else { return nil }
    switch type {
    case "Less": return x < y ? 1 : 0
    case "LessOrEqual": return x <= y ? 1 : 0
    case "Greater": return x > y ? 1 : 0
    case "GreaterOrEqual": return x >= y ? 1 : 0
    case "And": return x != 0 && y != 0 ? 1 : 0
    case "Or": return x != 0 || y != 0 ? 1 : 0
    // The sign of the divisor.
    case "Mod": return (-1 << 40...1 << 40).contains(x) && (1..<1 << 40).contains(y) ? ((x % y) + y) % y : nil
    default: return nil
    }
  }

  private static func chosen(_ call: inout OperatorCall) throws -> Constant {
    let condition = try integers(0, call)
    let (a, b) = (try call.constant(1, "a choice"), try call.constant(2, "a choice"))
    guard let inner = Constant.broadcastShape(a.shape, b.shape),
      let shape = Constant.broadcastShape(inner, condition.0.shape)
    else { throw call.refusal("has inputs that do not fit") }
    try call.checkSize(shape)
    guard let truths = condition.0.broadcast(to: shape).integers, !truths.contains(where: { $0.fixed == nil }) else {
      throw call.refusal("depends on the number of examples")
    }
    let (left, right) = (a.broadcast(to: shape), b.broadcast(to: shape))
    let origins = a.origins.union(b.origins)
    if let x = left.integers, let y = right.integers {
      let values = truths.indices.map { truths[$0].constant != 0 ? x[$0] : y[$0] }
      return Constant(shape: shape, values: .integers(values), origins: origins)
    }
    guard let x = left.floats, let y = right.floats else {
      throw call.refusal("chooses among numbers of several kinds")
    }
    return Constant(
      shape: shape, values: .floats(truths.indices.map { truths[$0].constant != 0 ? x[$0] : y[$0] }), origins: origins)
  }
}

/// A comparison or a choice, which no layer computes.
struct LogicRows: RowOperation {
  let type: String
}
