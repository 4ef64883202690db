/// x over its Euclidean norm, or over a small number where that is less: `F.normalize`.
///
/// The layer is x/√(mean x² + ε), with the square of the small number, over the number of elements, as ε: the same to 10⁻¹⁶
/// where the norm is at least 10⁸ times the small number.
enum EuclideanNormalization: Pattern {
  /// The small number is no more than that, so that it changes nothing but what is nearly zero.
  private static let largestFloor = 1e-8

  static func plan(_ id: Int, _ graph: RowGraph) throws -> LayerPlan? {
    guard let binary = graph[id].operation as? BinaryRows, binary.kind == .divide, let input = graph.input(id, 0),
      var divisor = graph.input(id, 1), graph[input].shape == graph[id].shape
    else { return nil }
    if graph[divisor].operation is RepeatRows, let inner = graph.input(divisor) { divisor = inner }
    var floor = 1e-12
    if case .clip(let low, .infinity)? = graph.activation(divisor), let inner = graph.input(divisor) {
      (divisor, floor) = (inner, low)
    } else if let (inner, constant) = graph.constantSide(divisor, .maximum), let low = constant.scalar {
      (divisor, floor) = (inner, low)
    }
    guard let axes = norm(divisor, of: input, graph) else { return nil }
    guard floor > 0, floor <= largestFloor else {
      throw ImportError(
        "\(graph[id].title) divides by a norm of at least \(floor), and there is a layer for \(largestFloor) at most")
    }
    let shape = graph[id].shape.example
    let count = axes.reduce(1) { $0 * shape[$1] }
    let epsilon = floor * floor / Double(count)
    let order = shape.indices.filter { !axes.contains($0) } + axes
    let back = order.indices.map { index in order.firstIndex(of: index) ?? 0 }
    let name = graph[id].name
    return LayerPlan([input]) { builder, values in
      let turned = builder.transposed(values[0], order, hint: name)
      let normalized = builder.append(
        "rms_norm",
        [
          ("normalized_shape", builder.list(axes.map { shape[$0] })), ("eps", epsilon.description),
          ("affine", "false"),
        ], [turned], shape: turned.shape, hint: name)
      let scaled = builder.rescaled(normalized, factor: 1 / Double(count).squareRoot(), shift: 0)
      return builder.transposed(scaled, back, hint: name)
    }
  }

  /// The dimensions that a value is the norm over: by ReduceL2, or as the root of a sum of squares.
  private static func norm(_ id: Int, of input: Int, _ graph: RowGraph) -> [Int]? {
    if let reduction = graph[id].operation as? ReductionRows, reduction.type == "ReduceL2", graph.input(id) == input {
      return reduction.axes
    }
    guard let root = graph[id].operation as? UnaryRows, root.type == "Sqrt", let sum = graph.input(id),
      let reduction = graph[sum].operation as? ReductionRows, reduction.type == "ReduceSum",
      let squares = graph.input(sum)
    else { return nil }
    if let (a, b) = graph.factors(squares), a == b, a == input { return reduction.axes }
    guard let (inner, power) = graph.constantSide(squares, .power, reversible: false), power.scalar == 2,
      inner == input
    else { return nil }
    return reduction.axes
  }
}
