import Foundation

/// Activations in Double: those that a file can name, and others that an author's program may have used instead.
enum ReferenceActivation: Hashable {
  case relu
  case leakyReLU(slope: Double)
  case tanh
  case sigmoid
  case identity
  case gelu
  case geluByTanh
  case silu
  case elu
  case selu
  case softplus
  case relu6
  case hardTanh
  case softsign

  /// One that a file names, with its own constants.
  case function(ElementwiseFunction)

  init(_ activation: Architecture.Activation) {
    switch activation {
    case .relu: self = .relu
    case .leakyReLU: self = .leakyReLU(slope: 0.01)
    case .tanh: self = .tanh
    case .sigmoid: self = .sigmoid
    case .identity: self = .identity
    case .gelu: self = .gelu
    case .geluTanh: self = .geluByTanh
    case .silu: self = .silu
    case .elu: self = .elu
    case .selu: self = .selu
    case .softplus: self = .softplus
    case .relu6: self = .relu6
    case .hardswish: self = .function(activation.function)
    }
  }

  /// What hidden layers of other programs have in place of one of these.
  static let others: [ReferenceActivation] = [
    .relu, .leakyReLU(slope: 0.01), .tanh, .sigmoid, .identity, .gelu, .geluByTanh, .silu, .elu, .selu, .softplus,
    .relu6, .hardTanh, .softsign,
  ]

  /// Its name, as people know it.
  var title: String {
    switch self {
    case .relu: "relu"
    case .leakyReLU(let slope): "leaky_relu of slope \(String(format: "%.4g", slope))"
    case .tanh: "tanh"
    case .sigmoid: "sigmoid"
    case .identity: "identity"
    case .gelu: "GELU"
    case .geluByTanh: "GELU (by tanh)"
    case .silu: "SiLU"
    case .elu: "ELU"
    case .selu: "SELU"
    case .softplus: "softplus"
    case .relu6: "ReLU6"
    case .hardTanh: "hard tanh"
    case .softsign: "softsign"
    case .function(let function): function.title
    }
  }

  func value(_ x: Double) -> Double {
    switch self {
    case .relu: return max(x, 0)
    case .leakyReLU(let slope): return x > 0 ? x : slope * x
    case .tanh: return Foundation.tanh(x)
    case .sigmoid: return 1 / (1 + exp(-x))
    case .identity: return x
    case .gelu: return x * erfc(-x / 2.0.squareRoot()) / 2
    case .geluByTanh: return x * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) / 2
    case .silu: return x / (1 + exp(-x))
    case .elu: return x > 0 ? x : expm1(x)
    case .selu: return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * expm1(x))
    case .softplus: return max(x, 0) + log1p(exp(-abs(x)))
    case .relu6: return min(max(x, 0), 6)
    case .hardTanh: return min(max(x, -1), 1)
    case .softsign: return x / (1 + abs(x))
    case .function(let function): return function.value(x)
    }
  }

  /// The largest derivative within `reach` of `x`, for the activations that a file can name.
  func steepest(near x: Double, reach: Double) -> Double {
    // Where tanh and the logistic function are steepest is the point next to zero.
    let inner = max(0, abs(x) - reach)
    switch self {
    case .relu: return x > -reach ? 1 : 0
    case .leakyReLU(let slope): return x > -reach ? 1 : slope
    case .tanh:
      let t = Foundation.tanh(inner)
      return 1 - t * t
    case .sigmoid:
      let e = exp(-inner)
      return e / ((1 + e) * (1 + e))
    default:
      // Smooth, and at most a little steeper between these than at them.
      guard let function else { return 1 }
      return 1.1 * [x - reach, x, x + reach].map { abs(function.derivative($0)) }.max()!
    }
  }

  private var function: ElementwiseFunction? {
    switch self {
    case .gelu: .gelu
    case .geluByTanh: .geluTanh
    case .silu: .silu
    case .elu: .elu(alpha: 1)
    case .selu: .selu
    case .softplus: .softplus(beta: 1, threshold: 20)
    case .relu6: .relu6
    case .function(let function): function
    default: nil
    }
  }

  /// Units in the last place that a library's function may be wrong by.
  var functionError: Double {
    switch self {
    case .relu, .identity, .relu6, .hardTanh: 0
    case .leakyReLU: 1
    default: 4
    }
  }
}
