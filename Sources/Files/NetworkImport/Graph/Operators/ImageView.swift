/// What a window goes over, as an image: a line (batch, channels, length) is one with a height of one.
struct ImageView {
  /// The image.
  let value: Value
  /// (batch, channels, height, width).
  let shape: RowShape
  private let isLine: Bool

  /// The first input of an operator; nil where it is neither an image nor a line.
  init?(_ call: inout OperatorCall) throws {
    let own = try call.shape(0)
    guard [3, 4].contains(own.extents.count), own.batchAxis == 0, !own.isMerged else { return nil }
    isLine = own.extents.count == 3
    shape = isLine ? RowShape([1, own.extents[1], 1, own.extents[2]]) : own
    value = isLine ? call.append(ReshapeRows(), [call[0]], shape) : call[0]
  }

  /// One number for each direction, from one for each that the operator knows.
  func sizes(_ given: [Int]) -> [Int] { isLine && given.count == 1 ? [1] + given : given }

  /// Pads at the beginnings and then at the ends.
  func pads(_ given: [Int]) -> [Int] { isLine && given.count == 2 ? [0, given[0], 0, given[1]] : given }

  /// Weights with a height.
  func kernel(_ weight: Constant) -> Constant {
    guard isLine, weight.shape.count == 3 else { return weight }
    return weight.reshaped([weight.shape[0], weight.shape[1], 1, weight.shape[2]])
  }

  /// What a window gives, as a line again.
  func back(_ result: Value, _ call: inout OperatorCall) -> Value {
    guard isLine, let extents = call.graph.node(result)?.shape.extents else { return result }
    return call.append(ReshapeRows(), [result], RowShape([1, extents[1], extents[3]]))
  }
}
