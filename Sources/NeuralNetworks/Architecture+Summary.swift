extension Architecture {
  /// A short description: `784-64-64-10 ReLU` for dense networks, `conv 32·5×5, pool 2, dense 10` for others.
  public var summary: String {
    let isDense = layers.allSatisfy {
      switch $0 {
      case .flatten, .dense, .normalize: true
      default: false
      }
    }
    return isDense ? denseSummary : layers.compactMap(Self.words).joined(separator: ", ")
  }

  private var denseSummary: String {
    var widths = [inputShape.reduce(1, *)]
    var activations: [Activation] = []
    for case .dense(_, let units, let activation) in layers {
      widths.append(units)
      activations.append(activation)
    }
    // The last layer gives logits: its activation is mentioned only when it is not the identity.
    if activations.last == .identity { activations.removeLast() }
    var names: [String] = []
    for activation in activations where names.last != activation.title { names.append(activation.title) }
    return widths.map(String.init).joined(separator: "-") + (names.isEmpty ? "" : " " + names.joined(separator: ", "))
  }

  private static func words(_ layer: Layer) -> String? {
    switch layer {
    case .flatten: return nil
    case .normalize: return "normalize"
    case .dense(_, let units, let activation): return "dense \(units)" + suffix(activation)
    case .convolution(_, let filters, let kernelSize, let activation):
      return "conv \(filters)·\(kernelSize)×\(kernelSize)" + suffix(activation)
    case .maxPool(let kernelSize, let stride):
      return kernelSize == stride ? "pool \(kernelSize)" : "pool \(kernelSize) stride \(stride)"
    }
  }

  private static func suffix(_ activation: Activation) -> String {
    activation == .identity ? "" : " " + activation.title
  }
}

extension Architecture.Activation {
  fileprivate var title: String {
    switch self {
    case .relu: "ReLU"
    case .leakyReLU: "leaky ReLU"
    case .tanh: "tanh"
    case .sigmoid: "sigmoid"
    case .identity: "identity"
    }
  }
}
