/// Scaled dot-product attention, as one operator since opset 23: products, a mask, a softmax.
enum AttentionOperators: Operator {
  static let types = ["Attention"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    let isCausal = try call.integer("is_causal", default: 0) != 0
    let softcap = try call.float("softcap", default: 0)
    let given = try call.float("scale", default: 0)
    let (queryHeads, keyHeads) = (
      try call.integer("q_num_heads", default: 0), try call.integer("kv_num_heads", default: 0)
    )
    // What the second and further outputs are, which nobody takes here; and a precision that rounds, not computes.
    call.ignore("qk_matmul_output_mode", "softmax_precision")
    guard call.node.outputs.dropFirst().allSatisfy(\.isEmpty), (4...6).allSatisfy({ call[$0].isAbsent }) else {
      throw call.refusal("keeps keys and values of earlier calls, or gives its scores, which is not read")
    }
    let isFlat = try call.shape(0).extents.count == 3
    let query = try heads(0, queryHeads, &call)
    var (key, value) = (try heads(1, keyHeads, &call), try heads(2, keyHeads, &call))
    let count = call.graph[query].shape.extents[1]
    (key, value) = (try repeated(key, to: count, &call), try repeated(value, to: count, &call))
    let (q, k, v) = (call.graph[query].shape.extents, call.graph[key].shape.extents, call.graph[value].shape.extents)
    guard q[3] == k[3], k[1] == q[1], v[1] == q[1], k[2] == v[2] else {
      throw call.refusal("has queries, keys and values of shapes \(q), \(k) and \(v)")
    }
    let turned = call.append(TransposeRows(axes: [0, 2, 1]), [.rows(key)], RowShape([1, k[1], k[3], k[2]]))
    let shape = RowShape([1, q[1], q[2], k[2]])
    var scores = call.append(MatrixProductRows(), [.rows(query), turned], shape)
    let scale = given == 0 ? 1 / Double(q[3]).squareRoot() : Decimal32.meant(given)
    scores = rescaled(scores, scale, shape, &call)
    if softcap != 0 {
      scores = rescaled(scores, 1 / softcap, shape, &call)
      scores = call.append(ActivationRows(.tanh), [scores], shape)
      scores = rescaled(scores, softcap, shape, &call)
    }
    if let mask = try mask(isCausal, shape, &call) {
      scores = call.append(BinaryRows(kind: .add), [scores, .constant(mask)], shape)
    }
    let weights = call.append(SoftmaxRows(axis: 2, isLogarithm: false), [scores], shape)
    let result = RowShape([1, q[1], q[2], v[3]])
    let values = call.append(MatrixProductRows(), [weights, .rows(value)], result)
    guard isFlat else { return [values] }
    let back = call.append(TransposeRows(axes: [1, 0, 2]), [values], RowShape([1, q[2], q[1], v[3]]))
    return [call.append(ReshapeRows(), [back], RowShape([1, q[2], q[1] * v[3]]))]
  }

  private static func rescaled(_ value: Value, _ factor: Double, _ shape: RowShape, _ call: inout OperatorCall) -> Value
  {
    call.append(
      BinaryRows(kind: .multiply), [value, .constant(Constant(shape: [], values: .doubles([factor])))], shape)
  }

  /// (batch, heads, tokens, size), of an input that may have the heads behind each other in its last dimension.
  private static func heads(_ index: Int, _ count: Int, _ call: inout OperatorCall) throws -> Int {
    let shape = try call.shape(index)
    guard shape.batchAxis == 0, !shape.isMerged, let id = call[index].rowID else {
      throw call.refusal("takes inputs of shape \(shape.extents)")
    }
    if shape.extents.count == 4 { return id }
    guard shape.extents.count == 3, count >= 1, shape.extents[2] % count == 0 else {
      throw call.refusal("takes inputs of shape \(shape.extents) in \(count) heads")
    }
    let (tokens, size) = (shape.extents[1], shape.extents[2] / count)
    let split = call.append(ReshapeRows(), [call[index]], RowShape([1, tokens, count, size]))
    let turned = call.append(TransposeRows(axes: [1, 0, 2]), [split], RowShape([1, count, tokens, size]))
    return turned.rowID ?? id
  }

  /// Keys or values of fewer heads, each for several queries.
  private static func repeated(_ id: Int, to count: Int, _ call: inout OperatorCall) throws -> Int {
    let own = call.graph[id].shape.extents[1]
    guard own != count else { return id }
    guard own >= 1, count % own == 0 else { throw call.refusal("has \(count) heads of queries for \(own) of keys") }
    let indices = (0..<count).map { $0 / (count / own) }
    return try GatherOperators.elements(.rows(id), axis: 1, indices, &call).rowID ?? id
  }

  /// What is added to the scores: −∞ where something is hidden.
  private static func mask(_ isCausal: Bool, _ shape: RowShape, _ call: inout OperatorCall) throws -> Constant? {
    var mask: Constant?
    if !call[3].isAbsent {
      let given = try call.constant(3, "a mask")
      guard Constant.broadcastShape(given.shape, shape.extents) == shape.extents else {
        throw call.refusal("has a mask of shape \(given.shape) for scores of \(shape.extents)")
      }
      mask = given
      if let truths = given.integers {
        mask?.values = .floats(truths.map { $0.constant != 0 ? 0 : -.infinity })
      }
    }
    guard isCausal else { return mask }
    let (rows, columns) = (shape.extents[2], shape.extents[3])
    try call.checkSize([rows, columns])
    let triangle = Constant(
      shape: [rows, columns],
      values: .floats((0..<rows * columns).map { $0 % columns <= $0 / columns ? 0 : -.infinity }))
    return mask.flatMap { Constant.combined(.add, $0, triangle) } ?? triangle
  }
}
