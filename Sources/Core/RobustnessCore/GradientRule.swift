/// How the gradient that an attack follows is made. Values and decisions are those of the model, whatever the rule.
public enum GradientRule: Sendable, Hashable, LosslessStringConvertible, CodableAsText {
  /// The gradient of the objective.
  case exact
  /// The derivative of every activation is replaced by a wide one (Bengio, Léonard and Courville 2013; Athalye, Carlini
  /// and Wagner, ICML 2018, §4.1): it points the way where saturated or stepped activations leave no slope.
  case straightThrough
  /// The mean of the gradients at this many random points of a neighbourhood and at the point itself (Athalye, Carlini
  /// and Wagner, ICML 2018, §4.2): it sees the trend through a shattered gradient.
  case smoothed(Int)

  /// More neighbours than this are no mean that anybody could wait for.
  static let mostNeighbours = 1000

  /// Reads `exact`, `straight-through` or `smoothed:N`, N from 1 to 1,000.
  public init?(_ text: String) {
    switch text {
    case "exact": self = .exact
    case "straight-through": self = .straightThrough
    default:
      guard text.hasPrefix("smoothed:"), let count = Int(text.dropFirst(9)), (1...Self.mostNeighbours).contains(count)
      else {
        return nil
      }
      self = .smoothed(count)
    }
  }

  /// The text that `init` reads.
  public var description: String {
    switch self {
    case .exact: "exact"
    case .straightThrough: "straight-through"
    case .smoothed(let count): "smoothed:\(count)"
    }
  }
}

/// Which derivative of the activations a gradient is made of.
public enum ActivationDerivative: Sendable, Hashable {
  /// The activations' own.
  case exact
  /// Wide ones in their place. With s the root mean square of a layer's pre-activations a at one input: for tanh
  /// sech²(a/max(1, s)); for the logistic function σ′(a/max(1, s)); for ReLU and leaky ReLU with slope l below zero
  /// l + (1 − l)·σ(4a/s).
  case straightThrough
}
