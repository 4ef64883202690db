/// x k + (β − m k) with k = γ/√(σ² + ε), as TensorFlow writes layer, group and instance normalisation: the same as
/// γ (x − m)/√(σ² + ε) + β.
enum ExpandedNormalization: Pattern {
  static func plan(_ id: Int, _ graph: RowGraph) throws -> LayerPlan? {
    guard let binary = graph[id].operation as? BinaryRows, binary.kind == .add, let a = graph.input(id, 0),
      let b = graph.input(id, 1)
    else { return nil }
    for (product, rest) in [(a, b), (b, a)] {
      guard let (left, right) = graph.factors(product) else { continue }
      for (x, scale) in [(left, right), (right, left)] {
        guard let normalized = normalized(x, scale, graph), let shift = shift(rest, normalized, scale, graph),
          graph[id].shape.example == graph[x].shape.example
        else { continue }
        let affine = Normalization.Affine(
          factor: try normalized.factor.map { try graph[id].aligned($0) },
          shift: try shift.constant.map { try graph[id].aligned($0) }, threshold: nil)
        return try Normalization.layer(normalized.core, affine, graph[id].shape.example, graph[id])
      }
    }
    return nil
  }

  private struct Normalized {
    let core: Normalization.Core
    let factor: Constant?
  }

  /// What is normalised if a factor is γ/√(σ² + ε) of x.
  private static func normalized(_ x: Int, _ scale: Int, _ graph: RowGraph) -> Normalized? {
    let (root, factor) = graph.constantSide(scale, .multiply).map { ($0.id, $0.constant) } ?? (scale, nil)
    guard let variance = Normalization.inverseRoot(root, graph),
      let core = Normalization.core(centred: x, variance: variance, graph)
    else { return nil }
    return Normalized(core: core, factor: factor)
  }

  /// β of β − m k; nothing of −m k alone; nil of anything else.
  private static func shift(
    _ id: Int, _ normalized: Normalized, _ scale: Int, _ graph: RowGraph
  ) -> (constant: Constant?, Void)? {
    if let (inner, constant) = graph.constantSide(id, .add), isMean(inner, -1, normalized, scale, graph) {
      return (constant, ())
    }
    if let binary = graph[id].operation as? BinaryRows, binary.kind == .subtract,
      let constant = graph[id].inputs[0].constant, let inner = graph.input(id, 1),
      isMean(inner, 1, normalized, scale, graph)
    {
      return (constant, ())
    }
    return isMean(id, -1, normalized, scale, graph) ? (nil, ()) : nil
  }

  /// Whether a value is the mean of what is normalised, times a sign, times the factor.
  private static func isMean(
    _ id: Int, _ sign: Double, _ normalized: Normalized, _ scale: Int, _ graph: RowGraph
  ) -> Bool {
    guard let (a, b) = graph.factors(id) else { return false }
    return [(a, b), (b, a)].contains { mean, factor in
      let view = graph.affine(mean)
      guard factor == scale, view.factor == sign, view.shift == 0,
        let reduction = graph[view.base].operation as? ReductionRows
      else { return false }
      return reduction.type == "ReduceMean" && reduction.axes == normalized.core.axes
        && graph.input(view.base) == normalized.core.input
    }
  }
}
