/// A softmax of what a mask hides in part: −∞, or the least number of float32, is added or put in its place.
///
/// Parameters are finite, and −10³⁰ hides as well: no score lifts it, and exp of it is 0.
/// The weights are the same numbers, as long as scores are below 10²⁹ and something is left in every row.
enum MaskedSoftmax: Pattern {
  /// What is as low as that is hidden, whatever the scores are.
  static let hidden = -1e30

  /// Whether a tensor is nothing but a mask, and so no parameter: all numbers are 0 or hide something.
  static func isMask(_ floats: [Float]) -> Bool {
    floats.contains { Double($0) <= hidden } && floats.allSatisfy { $0 == 0 || Double($0) <= hidden }
  }

  static func plan(_ id: Int, _ graph: RowGraph) throws -> LayerPlan? {
    guard let softmax = graph[id].operation as? SoftmaxRows, !softmax.isLogarithm, let input = graph.input(id) else {
      return nil
    }
    let shape = graph[id].shape.example
    var current = input
    var mask: Constant?
    var steps = 0
    while steps < RowGraph.chainLimit, let (inner, own) = try step(current, graph) {
      mask = mask.flatMap { Constant.combined(.add, $0, own) } ?? own
      current = inner
      steps += 1
    }
    guard let mask = mask?.broadcast(to: shape), let numbers = mask.reals else { return nil }
    try check(numbers, shape, softmax.axis, graph[id])
    let name = graph[id].name
    let bounded = Constant(
      shape: shape, values: .floats(numbers.map { Float(max($0, hidden)) }), origins: mask.origins)
    return LayerPlan([current]) { builder, values in
      let masked = builder.shifted(values[0], by: bounded, hint: name)
      return softmax.layers(masked, &builder, hint: name)
    }
  }

  /// A mask that is added to a value, or put in its place, where it hides something.
  private static func step(_ id: Int, _ graph: RowGraph) throws -> (inner: Int, mask: Constant)? {
    let node = graph[id]
    if let (inner, constant) = graph.constantSide(id, .add) {
      guard graph[inner].shape.example == node.shape.example, constant.reals?.contains(where: { $0 <= hidden }) == true
      else { return nil }
      return (inner, try node.aligned(constant))
    }
    guard let choice = node.operation as? ChoiceRows, let inner = graph.input(id),
      let constant = node.inputs[1].constant,
      constant.reals?.allSatisfy({ $0 <= hidden }) == true
    else { return nil }
    // What is kept gets 0, and 0 · ∞ would be no number.
    let fill = try node.aligned(constant)
    guard let shape = Constant.broadcastShape(fill.shape, choice.keep.shape),
      let keeps = choice.keep.broadcast(to: shape).reals, let numbers = fill.broadcast(to: shape).reals
    else { return nil }
    return (
      inner,
      Constant(
        shape: shape, values: .doubles(zip(keeps, numbers).map { $0 != 0 ? 0 : $1 }),
        origins: choice.keep.origins.union(fill.origins))
    )
  }

  /// Where all of a row is hidden, −∞ makes no numbers, and others lose what they differ by.
  private static func check(_ numbers: [Double], _ shape: [Int], _ axis: Int, _ node: RowNode) throws {
    guard !numbers.contains(where: { $0.isNaN || $0 == .infinity }) else {
      throw ImportError("\(node.title) has a mask that is +∞ or no number somewhere")
    }
    let inner = shape[(axis + 1)...].reduce(1, *)
    for start in numbers.indices where start / inner % shape[axis] == 0 {
      let row = (0..<shape[axis]).map { numbers[start + $0 * inner] }
      guard row.allSatisfy({ $0 <= hidden }) else { continue }
      guard row.allSatisfy({ $0 == row[0] && $0.isFinite }) else {
        throw ImportError("\(node.title) has a mask that hides all of a row, whose weights are then no numbers")
      }
    }
  }
}
