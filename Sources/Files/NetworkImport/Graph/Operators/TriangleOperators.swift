/// The upper or the lower triangle of matrices, with zeros elsewhere: masks of causal attention.
enum TriangleOperators: Operator {
  static let types = ["Trilu"]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    let isUpper = try call.integer("upper", default: 1) != 0
    let diagonal = call[1].isAbsent ? 0 : try call.integers(1, "a diagonal").first ?? 0
    guard abs(diagonal) < 1 << 31 else { throw call.refusal("has a diagonal \(diagonal)") }
    func isKept(_ row: Int, _ column: Int) -> Bool {
      isUpper ? column - row >= diagonal : column - row <= diagonal
    }
    switch call[0] {
    case .constant(let constant):
      guard constant.shape.count >= 2 else { throw call.refusal("takes a constant of shape \(constant.shape)") }
      let (rows, columns) = (constant.shape[constant.shape.count - 2], constant.shape[constant.shape.count - 1])
      let kept = (0..<constant.count).map { isKept($0 / max(1, columns) % max(1, rows), $0 % max(1, columns)) }
      var result = constant
      switch constant.values {
      case .floats(let values): result.values = .floats(zip(values, kept).map { $1 ? $0 : 0 })
      case .doubles(let values): result.values = .doubles(zip(values, kept).map { $1 ? $0 : 0 })
      case .integers(let values): result.values = .integers(zip(values, kept).map { $1 ? $0 : SymbolicInteger(0) })
      }
      return [.constant(result)]
    case .rows(let id):
      let shape = call.graph[id].shape
      let rank = shape.extents.count
      guard rank >= 3, shape.batchAxis < rank - 2 else { throw call.refusal("takes inputs of shape \(shape.extents)") }
      let (rows, columns) = (shape.extents[rank - 2], shape.extents[rank - 1])
      try call.checkSize([rows, columns])
      let keep = Constant(
        shape: [rows, columns],
        values: .floats((0..<rows * columns).map { isKept($0 / columns, $0 % columns) ? 1 : 0 }))
      return [call.append(BinaryRows(kind: .multiply), [call[0], .constant(keep)], shape)]
    default: throw call.refusal("has no input that it could take")
    }
  }
}
