/// What makes constants: tensors in the graph itself, shapes of what goes through it, sequences, conversions.
enum ConstantOperators: Operator {
  static let types = ["Constant", "ConstantOfShape", "Shape", "Size", "Range", "Cast", "CastLike"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    switch call.node.type {
    case "Constant":
      for name in ["value", "value_float", "value_int", "value_floats", "value_ints"] {
        if let constant = try call.tensor(name) { return [.constant(constant)] }
      }
      throw call.refusal("holds nothing that is read: a text, or a sparse tensor")
    case "ConstantOfShape": return [try filled(&call)]
    case "Shape": return [try shape(&call)]
    case "Size":
      guard case .constant(let constant) = call[0] else {
        throw call.refusal("counts the elements of what goes through the network")
      }
      return [.constant(Constant(shape: [], values: .integers([SymbolicInteger(constant.count)])))]
    case "Range": return [try range(&call)]
    default: return [try cast(&call)]
    }
  }

  private static func filled(_ call: inout OperatorCall) throws -> Value {
    let value = try call.tensor("value") ?? Constant(shape: [1], values: .floats([0]))
    guard value.count == 1 else { throw call.refusal("has \(value.count) numbers to fill a tensor with") }
    return try ExpandOperators.expanded(
      value.reshaped([]), to: try call.symbolicIntegers(0, "a shape"), &call)
  }

  private static func shape(_ call: inout OperatorCall) throws -> Value {
    let whole: [SymbolicInteger]
    switch call[0] {
    case .constant(let constant): whole = constant.shape.map { SymbolicInteger($0) }
    case .rows(let id): whole = call.graph[id].shape.symbolic(batch: call.graph.batch)
    case .indices(let indices): whole = indices.shape.symbolic(batch: call.graph.batch)
    case .absent: throw call.refusal("has no input")
    }
    func bound(_ value: Int) -> Int { min(max(value < 0 ? value + whole.count : value, 0), whole.count) }
    let start = bound(try call.integer("start", default: 0))
    let end = bound(try call.integer("end", default: whole.count))
    return .constant(Constant(integers: start < end ? Array(whole[start..<end]) : []))
  }

  private static func range(_ call: inout OperatorCall) throws -> Value {
    let ends = try (0..<3).map { index in
      guard let number = try call.symbolicIntegers(index, "a range").first else { throw call.refusal("has no range") }
      return number
    }
    // 0, 1, … for the examples of a batch: the number of each.
    if ends[0].fixed == 0, ends[1].constant == 0, ends[1].batches == 1, ends[2].fixed == 1 {
      return .indices(BatchIndices(shape: RowShape([1]), multiple: 1, offsets: [0]))
    }
    guard let start = ends[0].fixed, let stop = ends[1].fixed, let step = ends[2].fixed, step != 0,
      [start, stop, step].allSatisfy({ (-1 << 40...1 << 40).contains($0) })
    else { throw call.refusal("has a range that depends on the number of examples") }
    let count = max(0, step > 0 ? (stop - start + step - 1) / step : (start - stop - step - 1) / -step)
    try call.checkSize([count])
    if call.graph.batch == count, count > 1, start == 0, step == 1 {
      throw call.refusal("numbers the examples of a batch of \(count): export the network for any number of them")
    }
    return .constant(Constant(integers: (0..<count).map { SymbolicInteger(start + $0 * step) }))
  }

  private static func cast(_ call: inout OperatorCall) throws -> Value {
    let type: ONNXTensor.Element?
    if call.node.type == "CastLike" {
      guard case .constant(let like) = call[1] else { return call[0] }
      type = like.isReal ? .float32 : .int64
    } else {
      type = ONNXTensor.Element(rawValue: try call.integer("to"))
      call.ignore("saturate", "round_mode")
    }
    guard let type else { throw call.refusal("converts to a type that is not read") }
    switch call[0] {
    case .constant(let constant): return .constant(try converted(constant, to: type, call))
    case .rows(let id):
      guard type.isFloating else { throw call.refusal("makes whole numbers of what goes through the network") }
      guard type == .float32 || type == .float64 else {
        throw call.refusal("computes in half precision from there on: export the network in float32")
      }
      // Bytes of an image are read as their value divided by 255; the graph has their value.
      guard call.graph.operation(call[0], ByteInput.self) != nil else { return call[0] }
      return call.append(
        BinaryRows(kind: .multiply),
        [call[0], .constant(Constant(shape: [], values: .doubles([255])))], call.graph[id].shape)
    case .indices: return call[0]
    case .absent: throw call.refusal("has no input")
    }
  }

  private static func converted(
    _ constant: Constant, to type: ONNXTensor.Element, _ call: OperatorCall
  ) throws -> Constant {
    var result = constant
    switch type {
    case .float32, .float16, .bfloat16, .float64:
      guard let reals = constant.reals else { throw call.refusal("makes a fraction of the number of examples") }
      if type == .float64 {
        result.values = .doubles(reals)
      } else if type == .float32 {
        result.values = .floats(constant.floats ?? reals.map(Float.init))
      } else {
        throw call.refusal("rounds to half precision: export the network in float32")
      }
    case .bool:
      if let reals = constant.reals {
        result.values = .integers(reals.map { SymbolicInteger($0 == 0 ? 0 : 1) })
      }
    default:
      guard constant.isReal, let reals = constant.reals else { return constant }
      guard reals.allSatisfy({ abs($0) < 0x1p53 }) else {
        throw call.refusal("makes whole numbers of what is beyond them")
      }
      result.values = .integers(reals.map { SymbolicInteger(Int($0)) })
    }
    return result
  }
}

/// An input of bytes, before anything makes numbers of them.
struct ByteInput: RowOperation {
  func plan(_ node: RowNode, _ graph: RowGraph) -> LayerPlan? {
    LayerPlan([]) { builder, _ in builder.input }
  }
}
