/// x σ(x), and x min(max(x + 3, 0), 6)/6, which are SiLU and hard swish.
enum GatedActivation: Pattern {
  static func plan(_ id: Int, _ graph: RowGraph) throws -> LayerPlan? {
    let whole = graph.affine(id)
    guard whole.shift == 0, let (first, second) = graph.factors(whole.base) else { return nil }
    let name = graph[whole.base].name
    for (a, b) in [(first, second), (second, first)] {
      let (x, gate) = (graph.affine(a), graph.affine(b))
      guard gate.shift == 0 else { continue }
      // How the argument of the gate follows from what its factor follows from.
      let argument: AffineView
      let type: String
      var factor = whole.factor * gate.factor
      switch graph.activation(gate.base) {
      case .sigmoid?:
        guard let inner = graph.input(gate.base) else { continue }
        (argument, type) = (graph.affine(inner), "silu")
      case .hardSigmoid(let alpha, let beta)? where Nearly.equal(alpha, 1.0 / 6) && beta == 0.5:
        guard let inner = graph.input(gate.base) else { continue }
        (argument, type) = (graph.affine(inner), "hardswish")
      case .clip(0, 6)?:
        guard let inner = graph.input(gate.base) else { continue }
        var view = graph.affine(inner)
        view.shift -= 3
        (argument, type) = (view, "hardswish")
        factor *= 6
      default: continue
      }
      guard argument.base == x.base, argument.factor != 0 else { continue }
      let ratio = x.factor / argument.factor
      guard Nearly.equal(x.shift, ratio * argument.shift) || x.shift == 0 && argument.shift == 0 else { continue }
      return activation(type, argument, factor * ratio, name, graph)
    }
    return nil
  }

  /// factor · f(argument) as layers.
  static func activation(
    _ type: String, _ argument: AffineView, _ factor: Double, _ name: String, _ graph: RowGraph
  ) -> LayerPlan {
    let shape = graph[argument.base].shape.example
    return LayerPlan([argument.base]) { builder, values in
      let x = builder.rescaled(values[0], factor: rounded(argument.factor), shift: argument.shift)
      let y = builder.append(type, [], [x], shape: shape, hint: name)
      return builder.rescaled(y, factor: rounded(factor), shift: 0)
    }
  }

  /// A factor that is 1 but for the rounding of constants to float32.
  private static func rounded(_ factor: Double) -> Double { Nearly.equal(factor, 1) ? 1 : factor }
}

/// ½ x (1 + erf(x/√2)).
enum ErrorFunctionGELU: Pattern {
  static func plan(_ id: Int, _ graph: RowGraph) throws -> LayerPlan? {
    let whole = graph.affine(id)
    guard whole.shift == 0, let (first, second) = graph.factors(whole.base) else { return nil }
    for (a, b) in [(first, second), (second, first)] {
      let (x, bell) = (graph.affine(a), graph.affine(b))
      guard let unary = graph[bell.base].operation as? UnaryRows, unary.type == "Erf",
        let inner = graph.input(bell.base),
        bell.factor != 0, Nearly.equal(bell.factor, bell.shift)
      else { continue }
      let root = 2.0.squareRoot()
      var argument = graph.affine(inner)
      guard argument.base == x.base else { continue }
      argument.factor *= root
      argument.shift *= root
      let ratio = x.factor / argument.factor
      guard Nearly.equal(x.shift, ratio * argument.shift) || x.shift == 0 && argument.shift == 0 else { continue }
      return GatedActivation.activation(
        "gelu", argument, 2 * whole.factor * bell.factor * ratio, graph[whole.base].name, graph)
    }
    return nil
  }
}

/// ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), in whatever way the polynomial is written.
enum HyperbolicGELU: Pattern {
  static func plan(_ id: Int, _ graph: RowGraph) throws -> LayerPlan? {
    let whole = graph.affine(id)
    guard whole.shift == 0, let (first, second) = graph.factors(whole.base) else { return nil }
    for (a, b) in [(first, second), (second, first)] {
      let (x, bell) = (graph.affine(a), graph.affine(b))
      guard x.shift == 0, graph.activation(bell.base) == .tanh, let inner = graph.input(bell.base),
        Nearly.equal(bell.factor, bell.shift),
        let polynomial = polynomial(inner, of: x.base, graph, depth: 0), polynomial.count == 4, polynomial[0] == 0,
        polynomial[2] == 0
      else { continue }
      let root = (2 / Double.pi).squareRoot()
      let factor = polynomial[1] / root
      guard factor != 0, Nearly.equal(polynomial[3], root * 0.044715 * factor * factor * factor) else { continue }
      return GatedActivation.activation(
        "gelu_tanh", AffineView(base: x.base, factor: factor, shift: 0),
        2 * whole.factor * bell.factor * x.factor / factor, graph[whole.base].name, graph)
    }
    return nil
  }

  /// The coefficients of a value as a polynomial of another, up to the third power; nil where it is none.
  private static func polynomial(_ id: Int, of variable: Int, _ graph: RowGraph, depth: Int) -> [Double]? {
    guard depth < 8 else { return nil }
    if id == variable { return [0, 1] }
    guard let binary = graph[id].operation as? BinaryRows else { return nil }
    func operand(_ index: Int) -> [Double]? {
      let value = graph[id].inputs[index]
      if let scalar = value.scalar { return [scalar] }
      return value.rowID.flatMap { polynomial($0, of: variable, graph, depth: depth + 1) }
    }
    guard let a = operand(0), let b = operand(1) else { return nil }
    switch binary.kind {
    case .add:
      return (0..<max(a.count, b.count)).map { ($0 < a.count ? a[$0] : 0) + ($0 < b.count ? b[$0] : 0) }
    case .multiply: return product(a, b)
    case .divide where b.count == 1 && b[0] != 0: return a.map { $0 / b[0] }
    case .power where b.count == 1 && (b[0] == 2 || b[0] == 3):
      let square = product(a, a)
      return b[0] == 2 ? square : square.flatMap { product($0, a) }
    default: return nil
    }
  }

  private static func product(_ a: [Double], _ b: [Double]) -> [Double]? {
    guard a.count + b.count - 1 <= 4 else { return nil }
    var result = [Double](repeating: 0, count: a.count + b.count - 1)
    for (i, x) in a.enumerated() { for (j, y) in b.enumerated() { result[i + j] += x * y } }
    return result
  }
}

/// Activations of one argument in several operators: log(1 + exp(x)), min(max(x, 0), 6), min(max(x + 3, 0), 6)/6.
enum ComposedActivation: Pattern {
  static func plan(_ id: Int, _ graph: RowGraph) throws -> LayerPlan? {
    let (shape, name) = (graph[id].shape.example, graph[id].name)
    func layer(_ type: String, _ input: Int) -> LayerPlan {
      LayerPlan([input]) { builder, values in builder.append(type, [], values, shape: shape, hint: name) }
    }
    if let unary = graph[id].operation as? UnaryRows, unary.type == "Log", let inner = graph.input(id) {
      let view = graph.affine(inner)
      guard view.factor == 1, view.shift == 1, let exponential = graph[view.base].operation as? UnaryRows,
        exponential.type == "Exp", let x = graph.input(view.base)
      else { return nil }
      return layer("softplus", x)
    }
    if let (inner, high) = graph.constantSide(id, .minimum), high.scalar == 6 {
      if graph.activation(inner) == .relu || graph.activation(inner) == .clip(low: 0, high: .infinity) {
        return graph.input(inner).map { layer("relu6", $0) }
      }
      if let (x, low) = graph.constantSide(inner, .maximum), low.scalar == 0 { return layer("relu6", x) }
    }
    let whole = graph.affine(id)
    guard whole.shift == 0, Nearly.equal(whole.factor, 1.0 / 6), graph.activation(whole.base) == .clip(low: 0, high: 6),
      let inner = graph.input(whole.base)
    else { return nil }
    let argument = graph.affine(inner)
    guard argument.factor == 1, argument.shift == 3 else { return nil }
    return layer("hardsigmoid", argument.base)
  }
}

/// log(1 + exp(β x))/β, and x where β x is above a threshold: how PyTorch defines softplus, and one exporter writes it.
enum ThresholdedSoftplus: Pattern {
  static func plan(_ id: Int, _ graph: RowGraph) throws -> LayerPlan? {
    guard (graph[id].operation as? LogicRows)?.type == "Where", let test = graph.input(id, 0),
      let plain = graph.input(id, 1), let smooth = graph.input(id, 2),
      (graph[test].operation as? LogicRows)?.type == "Greater", let compared = graph.input(test),
      let threshold = graph[test].inputs[1].scalar
    else { return nil }
    // All three follow from one value: x, β x and log(1 + exp(β x))/β.
    let outside = graph.affine(smooth)
    guard outside.shift == 0, graph.activation(outside.base) == .softplus, let argument = graph.input(outside.base)
    else { return nil }
    let (x, inside, tested) = (graph.affine(plain), graph.affine(argument), graph.affine(compared))
    let beta = inside.factor / x.factor
    guard x.shift == 0, inside.shift == 0, tested.shift == 0, x.base == inside.base, x.base == tested.base, beta > 0,
      Nearly.equal(tested.factor, inside.factor), Nearly.equal(outside.factor * beta, 1), threshold > 0
    else { return nil }
    let (shape, name, factor) = (graph[id].shape.example, graph[id].name, x.factor)
    let members =
      (Nearly.equal(beta, 1) ? [] : [("beta", Decimal32.meant(beta).description)])
      + (threshold == 20 ? [] : [("threshold", Decimal32.meant(threshold).description)])
    return LayerPlan([x.base]) { builder, values in
      let scaled = builder.rescaled(values[0], factor: factor, shift: 0)
      return builder.append("softplus", members, [scaled], shape: shape, hint: name)
    }
  }
}
