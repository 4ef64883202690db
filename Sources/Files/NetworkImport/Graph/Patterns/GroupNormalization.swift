/// Group normalisation as exporters write it: channels in groups become one dimension by a reshape, which is normalised
/// and brought back, with a γ and a β for each channel behind it.
enum GroupNormalization: Pattern {
  static func plan(_ id: Int, _ graph: RowGraph) throws -> LayerPlan? {
    var current = id
    var (shift, factor): (Constant?, Constant?) = (nil, nil)
    if let (inner, constant) = graph.constantSide(current, .add) { (current, shift) = (inner, constant) }
    if let (inner, constant) = graph.constantSide(current, .multiply) { (current, factor) = (inner, constant) }
    let shape = graph[id].shape.example
    guard graph[current].operation is ReshapeRows, let inside = graph.input(current), shape.count >= 2 else {
      return nil
    }
    var core = inside
    var (groupShift, groupFactor): (Constant?, Constant?) = (nil, nil)
    if let (inner, constant) = graph.constantSide(core, .add) { (core, groupShift) = (inner, constant) }
    if let (inner, constant) = graph.constantSide(core, .multiply) { (core, groupFactor) = (inner, constant) }
    guard let normal = Normalization.standardized(core, graph), normal.isCentred else { return nil }
    let grouped = graph[core].shape.example
    guard let groups = grouped.first, normal.axes == Array(1..<grouped.count), grouped.count >= 2,
      shape[0] % groups == 0, graph[current].shape.example == shape, graph[normal.input].operation is ReshapeRows,
      let input = graph.input(normal.input), graph[input].shape.example == shape
    else { return nil }
    let own = [try factor.map { try graph[id].aligned($0) }, try shift.map { try graph[id].aligned($0) }]
    let inner = [
      try groupFactor.map { try graph[inside].aligned($0) }, try groupShift.map { try graph[inside].aligned($0) },
    ]
    guard own.allSatisfy({ $0?.isPerChannelOrOne(of: shape) ?? true }),
      inner.allSatisfy({ $0?.isPerChannelOrOne(of: grouped) ?? true })
    else { return nil }
    let channels = shape[0]
    func spread(_ constant: Constant?) -> Constant? {
      constant.map { constant in
        let each = constant.perChannel(groups)
        return each.gathered((0..<channels).map { $0 / (channels / groups) }, shape: [channels])
      }
    }
    let (gamma, beta) = (own[0]?.perChannel(channels), own[1]?.perChannel(channels))
    let weight = product(gamma, spread(inner[0]))
    // γ (γ' n + β') + β, with γ' and β' of the groups.
    let bias = sum(spread(inner[1]).flatMap { product(gamma, $0) }, beta)
    let isAffine = gamma != nil || beta != nil || weight != nil
    let (epsilon, name) = (normal.epsilon, graph[id].name)
    return LayerPlan([input]) { builder, values in
      builder.append(
        "group_norm",
        [("groups", "\(groups)"), ("eps", epsilon.description)] + (isAffine ? [] : [("affine", "false")]), values,
        isAffine
          ? [
            ("weight", weight ?? Constant.ones.perChannel(channels)),
            ("bias", bias ?? Constant.zeros.perChannel(channels)),
          ] : [], shape: shape, hint: name)
    }
  }

  private static func product(_ a: Constant?, _ b: Constant?) -> Constant? {
    guard let a, let b else { return a ?? b }
    return Constant.combined(.multiply, a, b)
  }

  private static func sum(_ a: Constant?, _ b: Constant?) -> Constant? {
    guard let a, let b else { return a ?? b }
    return Constant.combined(.add, a, b)
  }
}
