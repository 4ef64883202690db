/// Rotary positions (Su et al. 2021), as one operator since opset 23: pairs of numbers are turned by an angle of their own.
enum RotaryOperators: Operator {
  static let types = ["RotaryEmbedding"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    let heads = try call.integer("num_heads", default: 0)
    let isInterleaved = try call.integer("interleaved", default: 0) != 0
    let part = try call.integer("rotary_embedding_dim", default: 0)
    let given = try call.shape(0)
    guard given.batchAxis == 0, !given.isMerged, [3, 4].contains(given.extents.count) else {
      throw call.refusal("takes inputs of shape \(given.extents)")
    }
    // (batch, tokens, heads, size) where the heads are behind each other, (batch, heads, tokens, size) else.
    let isFlat = given.extents.count == 3
    var (whole, shape) = (call[0], given)
    if isFlat {
      guard heads >= 1, given.extents[2] % heads == 0 else {
        throw call.refusal("takes inputs of shape \(given.extents) in \(heads) heads")
      }
      shape = RowShape([1, given.extents[1], heads, given.extents[2] / heads])
      whole = call.append(ReshapeRows(), [whole], shape)
    }
    let size = shape.extents[3]
    let turned = part == 0 ? size : part
    guard turned % 2 == 0, (2...size).contains(turned) else { throw call.refusal("turns \(turned) of \(size) numbers") }
    let tokens = shape.extents[isFlat ? 1 : 2]
    let (cosine, sine) = (
      try angles(1, tokens, turned / 2, isFlat: isFlat, &call), try angles(2, tokens, turned / 2, isFlat: isFlat, &call)
    )
    func indices(_ isSecond: Bool) -> [Int] {
      let offset = isSecond ? 1 : 0
      return (0..<turned / 2).map { isInterleaved ? 2 * $0 + offset : $0 + offset * (turned / 2) }
    }
    let first = try GatherOperators.elements(whole, axis: 3, indices(false), &call)
    let second = try GatherOperators.elements(whole, axis: 3, indices(true), &call)
    var half = shape
    half.extents[3] = turned / 2
    func product(_ value: Value, _ constant: Constant) -> Value {
      call.append(BinaryRows(kind: .multiply), [value, .constant(constant)], half)
    }
    let real = call.append(BinaryRows(kind: .subtract), [product(first, cosine), product(second, sine)], half)
    let imaginary = call.append(BinaryRows(kind: .add), [product(first, sine), product(second, cosine)], half)
    var both = half
    both.extents[3] = turned
    var result = call.append(ConcatenationRows(axis: 2), [real, imaginary], both)
    if isInterleaved {
      let order = (0..<turned).map { $0 % 2 * (turned / 2) + $0 / 2 }
      result = try GatherOperators.elements(result, axis: 3, order, &call)
    }
    if turned < size {
      let rest = try GatherOperators.elements(whole, axis: 3, Array(turned..<size), &call)
      result = call.append(ConcatenationRows(axis: 2), [result, rest], shape)
    }
    return [isFlat ? call.append(ReshapeRows(), [result], given) : result]
  }

  /// A constant, which may have been repeated for every example.
  private static func repeated(_ index: Int, _ what: String, _ call: OperatorCall) throws -> Constant {
    if let rows = call.graph.operation(call[index], ParameterRows.self) { return rows.value }
    return try call.constant(index, what)
  }

  /// Cosines or sines, a row for each token, as they lie on what is turned.
  private static func angles(
    _ index: Int, _ tokens: Int, _ count: Int, isFlat: Bool, _ call: inout OperatorCall
  ) throws -> Constant {
    var table = try repeated(index, "its angles", call)
    if !call[3].isAbsent {
      // A place in the table for each token, the same for all examples.
      let places = try repeated(3, "positions", call).integers?.compactMap(\.fixed) ?? []
      guard table.shape.count == 2, places.count == tokens, places.allSatisfy({ (0..<table.shape[0]).contains($0) })
      else { throw call.refusal("has positions that are not one of \(table.shape) for each of \(tokens) tokens") }
      table = table.gathered(Places.chosen(table.shape, axis: 0, places), shape: [tokens, table.shape[1]])
    }
    guard table.isReal, table.shape == [tokens, count] || table.shape == [1, tokens, count] else {
      throw call.refusal("has angles of shape \(table.shape) for \(tokens) tokens")
    }
    return table.reshaped(isFlat ? [1, tokens, 1, count] : [1, 1, tokens, count])
  }
}
