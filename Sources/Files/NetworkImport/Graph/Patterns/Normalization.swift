/// x/√(mean x² + ε) and (x − m)/√(σ² + ε) with what is multiplied, added and compared behind them: layer, group,
/// instance, RMS and filter response normalisation.
enum Normalization: Pattern {
  static func plan(_ id: Int, _ graph: RowGraph) throws -> LayerPlan? {
    var current = id
    var threshold: Constant?
    if let (inner, constant) = graph.constantSide(current, .maximum) {
      (current, threshold) = (inner, constant)
    }
    var (shift, factor): (Constant?, Constant?) = (nil, nil)
    if let (inner, constant) = graph.constantSide(current, .add) { (current, shift) = (inner, constant) }
    if let (inner, constant) = graph.constantSide(current, .multiply) { (current, factor) = (inner, constant) }
    guard let core = standardized(current, graph) else { return nil }
    let node = graph[current]
    guard graph[id].shape.example == node.shape.example else { return nil }
    let affine = Affine(
      factor: try factor.map { try graph[id].aligned($0) }, shift: try shift.map { try graph[id].aligned($0) },
      threshold: try threshold.map { try graph[id].aligned($0) })
    return try layer(core, affine, graph[id].shape.example, graph[id])
  }

  /// What stands behind the normalised values.
  struct Affine {
    let factor: Constant?
    let shift: Constant?
    let threshold: Constant?
  }

  struct Core {
    let input: Int
    let axes: [Int]
    let epsilon: Double
    let isCentred: Bool
  }

  // MARK: - The normalised values

  static func standardized(_ id: Int, _ graph: RowGraph) -> Core? {
    if let operation = graph[id].operation as? StandardizationRows, let input = graph.input(id) {
      return Core(
        input: input, axes: operation.axes, epsilon: operation.epsilon, isCentred: operation.isCentred)
    }
    guard let binary = graph[id].operation as? BinaryRows, let a = graph.input(id, 0), let b = graph.input(id, 1) else {
      return nil
    }
    switch binary.kind {
    case .divide: return root(b, graph).flatMap { core(numerator: a, variance: $0, graph) }
    case .multiply:
      for (x, y) in [(a, b), (b, a)] {
        if let variance = inverseRoot(y, graph), let core = core(numerator: x, variance: variance, graph) {
          return core
        }
      }
      return nil
    default: return nil
    }
  }

  /// What a root is taken of.
  private static func root(_ id: Int, _ graph: RowGraph) -> Int? {
    if let unary = graph[id].operation as? UnaryRows, unary.type == "Sqrt" { return graph.input(id) }
    guard let (inner, power) = graph.constantSide(id, .power, reversible: false), power.scalar == 0.5 else {
      return nil
    }
    return inner
  }

  /// What a root is taken of that divides.
  static func inverseRoot(_ id: Int, _ graph: RowGraph) -> Int? {
    if let unary = graph[id].operation as? UnaryRows, unary.type == "Reciprocal" {
      return graph.input(id).flatMap { root($0, graph) }
    }
    // 1 divided by it.
    if let binary = graph[id].operation as? BinaryRows, binary.kind == .divide, graph[id].inputs[0].scalar == 1 {
      return graph.input(id, 1).flatMap { root($0, graph) }
    }
    guard let (inner, power) = graph.constantSide(id, .power, reversible: false), power.scalar == -0.5 else {
      return nil
    }
    return inner
  }

  private static func core(numerator: Int, variance: Int, _ graph: RowGraph) -> Core? {
    guard let (mean, epsilon, x) = squares(variance, graph) else { return nil }
    if let centred = centred(numerator, mean.axes, graph) {
      guard x == numerator || self.centred(x, mean.axes, graph) == centred else { return nil }
      return Core(input: centred, axes: mean.axes, epsilon: epsilon, isCentred: true)
    }
    return x == numerator ? Core(input: x, axes: mean.axes, epsilon: epsilon, isCentred: false) : nil
  }

  /// The same where a value meets its own deviation without its mean.
  static func core(centred input: Int, variance: Int, _ graph: RowGraph) -> Core? {
    guard let (mean, epsilon, x) = squares(variance, graph), centred(x, mean.axes, graph) == input else { return nil }
    return Core(input: input, axes: mean.axes, epsilon: epsilon, isCentred: true)
  }

  /// The mean of squares behind σ² + ε, ε, and what is squared.
  private static func squares(_ variance: Int, _ graph: RowGraph) -> (mean: ReductionRows, epsilon: Double, of: Int)? {
    let view = graph.affine(variance)
    guard view.factor == 1, view.shift > 0, let mean = graph[view.base].operation as? ReductionRows,
      mean.type == "ReduceMean", let squares = graph.input(view.base), let x = squared(squares, graph)
    else { return nil }
    return (mean, Decimal32.meant(view.shift), x)
  }

  private static func squared(_ id: Int, _ graph: RowGraph) -> Int? {
    if let (a, b) = graph.factors(id), a == b { return a }
    guard let (inner, power) = graph.constantSide(id, .power, reversible: false), power.scalar == 2 else { return nil }
    return inner
  }

  /// x of x − mean x.
  private static func centred(_ id: Int, _ axes: [Int], _ graph: RowGraph) -> Int? {
    guard let binary = graph[id].operation as? BinaryRows, binary.kind == .subtract, let x = graph.input(id, 0),
      let mean = graph.input(id, 1), let reduction = graph[mean].operation as? ReductionRows,
      reduction.type == "ReduceMean", reduction.axes == axes, graph.input(mean) == x
    else { return nil }
    return x
  }

  // MARK: - Layers

  static func layer(_ core: Core, _ affine: Affine, _ shape: [Int], _ node: RowNode) throws -> LayerPlan? {
    let isTrailing = core.axes == Array(shape.count - core.axes.count..<shape.count)
    if !core.isCentred {
      if shape.count == 3, core.axes == [1, 2] { return filterResponse(core, affine, shape, node) }
      guard isTrailing, affine.threshold == nil, affine.shift == nil else { return nil }
      return overLast(core, affine, shape, node, type: "rms_norm")
    }
    guard affine.threshold == nil else { return nil }
    if shape.count >= 2, core.axes == Array(1..<shape.count), isPerChannel(affine, shape) {
      return group(core, affine, shape, node, groups: shape[0])
    }
    if core.axes.count == shape.count, shape.count >= 2, affine.factor != nil, isPerChannel(affine, shape) {
      return group(core, affine, shape, node, groups: 1)
    }
    if isTrailing { return overLast(core, affine, shape, node, type: "layer_norm") }
    // Over the channels of an image, at each position: the channels go last, and back.
    guard shape.count == 3, core.axes == [0], isPerChannel(affine, shape) else { return nil }
    let channels = [shape[0]]
    return LayerPlan([core.input]) { builder, values in
      let turned = builder.transposed(values[0], [1, 2, 0], hint: node.name)
      let result = builder.append(
        "layer_norm",
        [("normalized_shape", builder.list(channels)), ("eps", core.epsilon.description)]
          + (affine.isEmpty ? [("affine", "false")] : []),
        [turned], affine.parameters(channels), shape: turned.shape, hint: node.name)
      return builder.transposed(result, [2, 0, 1], hint: node.name)
    }
  }

  private static func isPerChannel(_ affine: Affine, _ shape: [Int]) -> Bool {
    [affine.factor, affine.shift, affine.threshold].allSatisfy { $0?.isPerChannelOrOne(of: shape) ?? true }
  }

  private static func filterResponse(_ core: Core, _ affine: Affine, _ shape: [Int], _ node: RowNode) -> LayerPlan? {
    guard isPerChannel(affine, shape) else { return nil }
    let channels = [shape[0]]
    return LayerPlan([core.input]) { builder, values in
      var parameters = affine.parameters(channels)
      if parameters.isEmpty { parameters = Affine(factor: .ones, shift: nil, threshold: nil).parameters(channels) }
      if let threshold = affine.threshold { parameters.append(("tau", threshold.perChannel(shape[0]))) }
      return builder.append(
        "filter_response_norm",
        [("eps", core.epsilon.description)] + (affine.threshold == nil ? [("threshold", "false")] : []), values,
        parameters, shape: shape, hint: node.name)
    }
  }

  private static func group(
    _ core: Core, _ affine: Affine, _ shape: [Int], _ node: RowNode, groups: Int
  ) -> LayerPlan {
    LayerPlan([core.input]) { builder, values in
      builder.append(
        "group_norm",
        [("groups", "\(groups)"), ("eps", core.epsilon.description)] + (affine.isEmpty ? [("affine", "false")] : []),
        values, affine.parameters([shape[0]]), shape: shape, hint: node.name)
    }
  }

  private static func overLast(
    _ core: Core, _ affine: Affine, _ shape: [Int], _ node: RowNode, type: String
  ) -> LayerPlan? {
    let normalized = core.axes.map { shape[$0] }
    func fits(_ constant: Constant?) -> Bool {
      guard let constant else { return true }
      return constant.shape.dropLast(normalized.count).allSatisfy { $0 == 1 }
        && constant.shape.count == shape.count
        || constant.count == 1
    }
    guard fits(affine.factor), fits(affine.shift) else { return nil }
    return LayerPlan([core.input]) { builder, values in
      func broadcast(_ constant: Constant) -> Constant {
        let own =
          constant.count == 1
          ? constant.reshaped([]) : constant.reshaped(Array(constant.shape.suffix(normalized.count)))
        return own.broadcast(to: normalized)
      }
      var parameters: [(String, Constant)] = []
      if !affine.isEmpty {
        parameters.append(("weight", broadcast(affine.factor ?? .ones)))
        if type == "layer_norm" { parameters.append(("bias", broadcast(affine.shift ?? .zeros))) }
      }
      return builder.append(
        type,
        [("normalized_shape", builder.list(normalized)), ("eps", core.epsilon.description)]
          + (affine.isEmpty ? [("affine", "false")] : []), values, parameters, shape: shape, hint: node.name)
    }
  }
}

extension Normalization.Affine {
  var isEmpty: Bool { factor == nil && shift == nil }

  /// γ and β, one number a channel each; none where there is neither.
  func parameters(_ channels: [Int]) -> [(String, Constant)] {
    guard !isEmpty else { return [] }
    return [
      ("weight", (factor ?? .ones).perChannel(channels[0])), ("bias", (shift ?? .zeros).perChannel(channels[0])),
    ]
  }
}

extension Constant {
  static let ones = Constant(shape: [1], values: .floats([1]))
  static let zeros = Constant(shape: [1], values: .floats([0]))

  func isPerChannelOrOne(of shape: [Int]) -> Bool { count == 1 || isPerChannel(of: shape) }

  /// So many numbers: its own, or its only one for each.
  func perChannel(_ channels: Int) -> Constant {
    count == 1 ? reshaped([1]).broadcast(to: [channels]) : reshaped([channels])
  }
}
