/// Products of matrices: with weights, or of two values.
enum MatrixOperators: Operator {
  static let types = ["Gemm", "MatMul"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    [call.node.type == "Gemm" ? try gemm(&call) : try product(&call)]
  }

  /// alpha A B + beta C of two matrices.
  private static func gemm(_ call: inout OperatorCall) throws -> Value {
    let alpha = try call.float("alpha", default: 1)
    let beta = try call.float("beta", default: 1)
    let isTransposed = try call.integer("transB", default: 0) != 0
    guard try call.integer("transA", default: 0) == 0 else {
      throw call.refusal("transposes what goes through the network (transA)")
    }
    let shape = try call.shape(0)
    guard shape.extents.count == 2, shape.batchAxis == 0 else {
      throw call.refusal("is a product of inputs of shape \(shape.extents)")
    }
    let given = try call.constant(1, "its weights")
    guard given.isReal, given.shape.count == 2 else { throw call.refusal("has weights of shape \(given.shape)") }
    var weight = isTransposed ? given : given.transposed([1, 0])
    guard weight.shape[1] == shape.extents[1] else {
      throw call.refusal("has weights of shape \(given.shape) for \(shape.extents[1]) inputs")
    }
    if alpha != 1 { weight = weight.mapped { $0 * alpha } ?? weight }
    let units = weight.shape[0]
    let result = RowShape([shape.extents[0], units], outer: shape.outer)
    var bias: Constant?
    if !call[2].isAbsent, beta != 0 {
      let constant = try call.constant(2, "its bias")
      guard Constant.broadcastShape(constant.shape, [1, units]) == [1, units] else {
        throw call.refusal("has a bias of shape \(constant.shape) for \(units) outputs")
      }
      bias = constant.broadcast(to: constant.shape.count < 2 ? [units] : [1, units]).reshaped([units])
      if beta != 1 { bias = bias?.mapped { $0 * beta } }
    }
    return call.append(DenseRows(weight: weight, bias: bias), [call[0]], result)
  }

  private static func product(_ call: inout OperatorCall) throws -> Value {
    switch (call[0], call[1]) {
    case (.rows(let id), .constant(let given)):
      let shape = call.graph[id].shape
      let rank = shape.extents.count
      guard given.isReal, given.shape.count == 2, rank >= 2, shape.extents[rank - 1] == given.shape[0],
        shape.batchAxis != rank - 1
      else { throw call.refusal("multiplies shapes \(shape.extents) and \(given.shape)") }
      var result = shape
      result.extents[rank - 1] = given.shape[1]
      return call.append(DenseRows(weight: given.transposed([1, 0]), bias: nil), [call[0]], result)
    case (.rows(let first), .rows(let second)):
      let (a, b) = (call.graph[first].shape, call.graph[second].shape)
      let rank = a.extents.count
      guard rank >= 3, b.extents.count == rank, a.batchAxis == b.batchAxis, a.outer == b.outer, a.batchAxis < rank - 2,
        a.extents.dropLast(2) == b.extents.dropLast(2), a.extents[rank - 1] == b.extents[rank - 2]
      else { throw call.refusal("multiplies shapes \(a.extents) and \(b.extents)") }
      var result = a
      result.extents[rank - 1] = b.extents[rank - 1]
      return call.append(MatrixProductRows(), [call[0], call[1]], result)
    case (.constant(let given), .rows(let id)):
      let shape = call.graph[id].shape
      guard given.isReal, given.shape.count == 2, shape.extents.count == 3, shape.batchAxis == 0, !shape.isMerged,
        shape.extents[1] == given.shape[1]
      else { throw call.refusal("multiplies shapes \(given.shape) and \(shape.extents)") }
      // W x is (xᵀ Wᵀ)ᵀ.
      let flipped = call.append(
        TransposeRows(axes: [1, 0]), [call[1]], RowShape([1, shape.extents[2], shape.extents[1]]))
      let product = call.append(
        DenseRows(weight: given, bias: nil), [flipped], RowShape([1, shape.extents[2], given.shape[0]]))
      return call.append(TransposeRows(axes: [1, 0]), [product], RowShape([1, given.shape[0], shape.extents[2]]))
    case (.constant(let a), .constant(let b)): return .constant(try multiplied(a, b, call))
    default: throw call.refusal("has no inputs that it could take")
    }
  }

  private static func multiplied(_ a: Constant, _ b: Constant, _ call: OperatorCall) throws -> Constant {
    guard a.shape.count == 2, b.shape.count == 2, a.shape[1] == b.shape[0], let x = a.reals, let y = b.reals,
      a.shape[0].multipliedReportingOverflow(by: b.shape[1]).partialValue <= 1 << 22, a.shape[1] <= 1 << 12
    else { throw call.refusal("multiplies constants of \(a.shape) and \(b.shape), which is not read") }
    let (rows, inner, columns) = (a.shape[0], a.shape[1], b.shape[1])
    try call.checkSize([rows, columns])
    let values = (0..<rows * columns).map { index in
      (0..<inner).reduce(0.0) { $0 + x[index / columns * inner + $1] * y[$1 * columns + index % columns] }
    }
    return Constant(
      shape: [rows, columns], values: .floats(values.map(Float.init)), origins: a.origins.union(b.origins))
  }
}

/// A product with weights over the last dimension.
struct DenseRows: ProductRows {
  /// (units, inputs).
  var weight: Constant
  var bias: Constant?

  func with(bias: Constant?, factors: Constant?) -> Self {
    DenseRows(weight: factors.map { weight.scaledRows(by: $0) } ?? weight, bias: bias)
  }

  func perOutput(_ aligned: Constant, _ example: [Int]) -> Constant? {
    aligned.isPerLast(of: example) ? aligned.reshaped([weight.shape[0]]) : nil
  }

  func plan(_ node: RowNode, _ graph: RowGraph) throws -> LayerPlan? {
    guard let input = node.inputs[0].rowID else { return nil }
    let (own, shape, name) = (self, node.shape.example, node.name)
    return LayerPlan([input]) { builder, values in
      var members = [("units", "\(own.weight.shape[0])"), ("activation", "\"identity\"")]
      if own.bias == nil { members.append(("bias", "false")) }
      if shape.count > 1 { members.append(("over_last_axis", "true")) }
      return builder.append(
        "dense", members, values, [("weight", own.weight)] + (own.bias.map { [("bias", $0)] } ?? []), shape: shape,
        hint: name)
    }
  }
}

/// Matrix by matrix, of two values.
struct MatrixProductRows: RowOperation {
  func plan(_ node: RowNode, _ graph: RowGraph) throws -> LayerPlan? {
    guard let a = node.inputs[0].rowID, let b = node.inputs[1].rowID else { return nil }
    let (shape, name) = (node.shape.example, node.name)
    // A transpose of the last two dimensions is a setting of the layer.
    if let transpose = graph[b].operation as? TransposeRows, let inner = graph[b].inputs[0].rowID {
      let rank = transpose.axes.count
      if rank >= 2, transpose.axes == Array(0..<rank - 2) + [rank - 1, rank - 2] {
        return LayerPlan([a, inner]) { builder, values in
          builder.append("matmul", [("transpose_second", "true")], values, shape: shape, hint: name)
        }
      }
    }
    return LayerPlan([a, b]) { builder, values in
      builder.append("matmul", [], values, shape: shape, hint: name)
    }
  }
}
