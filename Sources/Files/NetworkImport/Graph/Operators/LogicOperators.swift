/// Comparisons and choices. Exporters compute shapes with them; of what goes through the network they are parts of
/// patterns only.
enum LogicOperators: Operator {
  static let types = [
    "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Not", "Where", "Mod", "IsNaN",
  ]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    if let value = try ofRows(&call) { return [value] }
    switch call.node.type {
    case "Not":
      let operand = try integers(0, call)
      return [.constant(with(operand, operand.1.map { SymbolicInteger($0 == SymbolicInteger(0) ? 1 : 0) }))]
    case "Where": return [.constant(try chosen(&call))]
    case "IsNaN":
      let constant = try call.constant(0, "a test")
      guard let reals = constant.reals else { throw call.refusal("tests what is no number") }
      return [
        .constant(
          Constant(
            shape: constant.shape, values: .integers(reals.map { SymbolicInteger($0.isNaN ? 1 : 0) }),
            origins: constant.origins))
      ]
    default:
      call.ignore("fmod")
      return [.constant(try compared(&call))]
    }
  }

  /// A comparison with a number, or a choice by one, of what goes through the network.
  private static func ofRows(_ call: inout OperatorCall) throws -> Value? {
    if call.node.type == "Where", call[0].constant != nil, call[1].rowID != nil || call[2].rowID != nil {
      return try ChoiceRows.value(&call)
    }
    // Weights of attention are numbers, which some exporters test: where all are hidden there is no such network here.
    if call.node.type == "Where", let test = call.graph.operation(call[0], LogicRows.self), test.type == "IsNaN",
      let tested = call.graph.node(call[0])?.inputs[0].rowID, call[2].rowID == tested, call[1].constant != nil,
      call.graph[tested].operation is SoftmaxRows
    {
      return call[2]
    }
    guard let node = call.inputs.lazy.compactMap({ [graph = call.graph] in graph.node($0) }).first else { return nil }
    let isChoice = call.node.type == "Where" && call.inputs.allSatisfy { $0.rowID != nil }
    let isComparison = call.node.type == "Greater" && call[0].rowID != nil && call[1].scalar != nil
    let isTest = call.node.type == "IsNaN"
    guard isChoice || isComparison || isTest else { return nil }
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
    if let numbers = try comparedNumbers(call) { return numbers }
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

  /// A comparison of numbers that are no whole ones, such as a mask of 0 and 1; nil of whole ones.
  private static func comparedNumbers(_ call: OperatorCall) throws -> Constant? {
    let (a, b) = (try call.constant(0, "a comparison"), try call.constant(1, "a comparison"))
    guard a.isReal, b.isReal, let x = a.reals, let y = b.reals else { return nil }
    guard let shape = Constant.broadcastShape(a.shape, b.shape) else {
      throw call.refusal("has inputs that do not fit")
    }
    try call.checkSize(shape)
    let compare: (Double, Double) -> Bool
    switch call.node.type {
    case "Equal": compare = (==)
    case "Less": compare = (<)
    case "LessOrEqual": compare = (<=)
    case "Greater": compare = (>)
    case "GreaterOrEqual": compare = (>=)
    default: return nil
    }
    let values = zip(Places.broadcast(a.shape, to: shape), Places.broadcast(b.shape, to: shape)).map {
      SymbolicInteger(compare(x[$0], y[$1]) ? 1 : 0)
    }
    return Constant(
      shape: shape, values: .integers(values), origins: a.originsUnlessSetting.union(b.originsUnlessSetting))
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
    let origins = a.originsUnlessSetting.union(b.originsUnlessSetting).union(condition.0.origins)
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
