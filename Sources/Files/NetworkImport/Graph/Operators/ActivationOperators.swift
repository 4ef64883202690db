import Foundation

/// Activations that are layers.
enum ActivationOperators: Operator {
  static let types = [
    "Relu", "LeakyRelu", "Elu", "Selu", "Sigmoid", "Tanh", "Softplus", "Gelu", "HardSigmoid", "HardSwish", "Clip",
    "PRelu", "Celu", "Swish", "Mish",
  ]

  static func apply(_ call: inout OperatorCall) throws -> [Value] {
    if call.node.type == "PRelu", case .rows(let id) = call[0] {
      let slope = try call.constant(1, "a slope")
      let shape = call.graph[id].shape
      guard slope.isReal, Constant.broadcastShape(slope.shape, shape.extents) == shape.extents else {
        throw call.refusal("has slopes of shape \(slope.shape) for inputs of \(shape.extents)")
      }
      if slope.scalar == nil { return [call.append(ParametricReLURows(), [call[0], call[1]], shape)] }
    }
    let activation = try activation(&call)
    switch call[0] {
    case .constant(let constant):
      guard let function = activation.function, let result = constant.mapped(function) else {
        throw call.refusal("is applied to a constant, which is not read for this activation")
      }
      return [.constant(result)]
    case .rows(let id): return [call.append(activation, [call[0]], call.graph[id].shape)]
    default: throw call.refusal("has no input that it could take")
    }
  }

  private static func activation(_ call: inout OperatorCall) throws -> ActivationRows {
    switch call.node.type {
    case "Relu": return ActivationRows(.relu)
    case "LeakyRelu": return ActivationRows(.leaky(slope(try call.float("alpha", default: 0.01))))
    case "PRelu":
      guard let slope = try call.constant(1, "a slope").scalar else {
        throw call.refusal("is applied to a constant, with several slopes")
      }
      return ActivationRows(.leaky(slope))
    case "Elu", "Celu":
      let alpha = self.slope(try call.float("alpha", default: 1))
      guard call.node.type == "Elu" || alpha == 1 else {
        throw call.refusal("has alpha \(alpha), and there is no layer for it")
      }
      return ActivationRows(.elu(alpha))
    case "Selu":
      let alpha = try call.float("alpha", default: 1.67326319217681884765625)
      let gamma = try call.float("gamma", default: 1.05070102214813232421875)
      guard abs(alpha - 1.6732632) < 1e-5, abs(gamma - 1.0507010) < 1e-5 else {
        throw call.refusal("has constants that are not those of SELU")
      }
      return ActivationRows(.selu)
    case "Sigmoid": return ActivationRows(.sigmoid)
    case "Tanh": return ActivationRows(.tanh)
    case "Softplus": return ActivationRows(.softplus)
    case "Gelu":
      switch try call.text("approximate", default: "none") {
      case "none": return ActivationRows(.gelu)
      case "tanh": return ActivationRows(.geluTanh)
      case let other: throw call.refusal("has the approximation \(other.quoted), which is not known")
      }
    case "HardSigmoid":
      return ActivationRows(
        .hardSigmoid(alpha: try call.float("alpha", default: 0.2), beta: try call.float("beta", default: 0.5)))
    case "HardSwish": return ActivationRows(.hardswish)
    case "Mish": return ActivationRows(.mish)
    case "Swish":
      return ActivationRows(.swish(slope(try call.float("alpha", default: 1))))
    default: return try clip(&call)
    }
  }

  /// A decimal that was rounded to float32 means the decimal: 0.01, not 0.00999999977648258.
  private static func slope(_ value: Double) -> Double { Double(Float(value).description) ?? value }

  private static func clip(_ call: inout OperatorCall) throws -> ActivationRows {
    func bound(_ index: Int) throws -> Double? {
      guard !call[index].isAbsent else { return nil }
      let bound = try call.constant(index, "a bound")
      guard let number = bound.scalar else {
        throw call.refusal(
          bound.isLearned
            ? "has a bound that differs between draws, and there is no layer for it" : "has several bounds")
      }
      return number
    }
    let (low, high) = (try bound(1) ?? -.infinity, try bound(2) ?? .infinity)
    guard low < high else { throw call.refusal("clips to \(low) from below and \(high) from above") }
    return ActivationRows(.clip(low: low, high: high))
  }
}

/// An activation, number by number.
struct ActivationRows: RowOperation {
  enum Kind: Hashable {
    case relu, selu, sigmoid, tanh, softplus, gelu, geluTanh, hardswish, mish
    case leaky(Double)
    case elu(Double)
    /// x σ(factor x).
    case swish(Double)
    /// max(0, min(1, alpha x + beta)).
    case hardSigmoid(alpha: Double, beta: Double)
    case clip(low: Double, high: Double)
  }

  let kind: Kind

  init(_ kind: Kind) { self.kind = kind }

  /// What it computes, of constants; nil of those that nobody needs.
  var function: ((Double) -> Double)? {
    switch kind {
    case .relu: { max($0, 0) }
    case .sigmoid: { 1 / (1 + exp(-$0)) }
    case .tanh: { tanh($0) }
    case .softplus: { max($0, 0) + log1p(exp(-abs($0))) }
    case .clip(let low, let high): { min(max($0, low), high) }
    default: nil
    }
  }

  func plan(_ node: RowNode, _ graph: RowGraph) throws -> LayerPlan? {
    guard let input = node.inputs[0].rowID else { return nil }
    var members: [(String, String)] = []
    let type: String
    switch kind {
    case .relu, .clip(0, .infinity): type = "relu"
    case .clip(0, 6): type = "relu6"
    case .selu: type = "selu"
    case .sigmoid: type = "sigmoid"
    case .tanh: type = "tanh"
    case .softplus: type = "softplus"
    case .gelu: type = "gelu"
    case .geluTanh: type = "gelu_tanh"
    case .hardswish: type = "hardswish"
    case .swish(1): type = "silu"
    case .swish(let factor):
      guard factor != 0 else { throw ImportError("\(node.title) has a factor of 0, and is half of its input") }
      let view = AffineView(base: input, factor: factor, shift: 0)
      return GatedActivation.activation("silu", view, 1 / factor, node.name, graph)
    case .mish:
      // x tanh(log(1 + exp(x))), which has no word of its own.
      let (shape, name) = (node.shape.example, node.name)
      return LayerPlan([input]) { builder, values in
        let gate = builder.append("softplus", [], values, shape: shape, hint: name)
        let bounded = builder.append("tanh", [], [gate], shape: shape, hint: name)
        return builder.append("multiply", [], [values[0], bounded], shape: shape, hint: name)
      }
    case .leaky(let slope):
      type = "leaky_relu"
      members = [("negative_slope", slope.description)]
    case .elu(let alpha):
      type = "elu"
      if alpha != 1 { members = [("alpha", alpha.description)] }
    case .hardSigmoid(let alpha, let beta):
      guard !Nearly.equal(alpha, 1.0 / 6) || beta != 0.5 else {
        type = "hardsigmoid"
        break
      }
      guard alpha != 0 else { throw ImportError("\(node.title) has alpha 0, and is a constant") }
      let (factor, shift, name) = (Decimal32.meant(alpha), Decimal32.meant(beta), node.name)
      return LayerPlan([input]) { builder, values in
        let line = builder.rescaled(values[0], factor: factor, shift: shift)
        return builder.clipped(line, low: 0, high: 1, hint: name)
      }
    case .clip(let low, let high):
      let (low, high, name) = (Decimal32.meant(low), Decimal32.meant(high), node.name)
      return LayerPlan([input]) { builder, values in
        builder.clipped(values[0], low: low, high: high, hint: name)
      }
    }
    let name = node.name
    return LayerPlan([input]) { builder, values in
      builder.append(type, members, values, shape: values[0].shape, hint: name)
    }
  }
}

/// Comparisons of constants that went through float32.
enum Nearly {
  static func equal(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-6 * max(abs(a), abs(b)) }
}
