public import RobustnessCore

extension Architecture {
  /// Random weights to begin an optimisation at: normal with a variance of gain/(inputs of a unit), biases zero.
  ///
  /// The gain is 2 in front of a ReLU (He, Zhang, Ren and Sun, ICCV 2015, equation 10), and 2/(1 + 0.01²) in front of a
  /// leaky one, so that pre-activations keep their magnitude from layer to layer; it is 1 otherwise (LeCun et al. 1998,
  /// §4.6).
  ///
  /// Factors begin at 1, what is added at 0.
  public func initialWeights(_ stream: inout RandomStream) -> [Float] {
    let normals = stream.normals(parameterCount)
    var weights: [Float] = []
    weights.reserveCapacity(parameterCount)
    for parameter in parameters {
      switch parameter.purpose {
      case .weight(let fanIn):
        let deviation = (gain(behind: parameter.layer) / Double(fanIn)).squareRoot()
        for _ in 0..<parameter.count { weights.append(Float(deviation * normals[weights.count])) }
      case .shift: weights += Array(repeating: 0, count: parameter.count)
      case .factor: weights += Array(repeating: 1, count: parameter.count)
      case .statistic:
        weights += Array(repeating: parameter.name.hasSuffix("running_var") ? 1 : 0, count: parameter.count)
      }
    }
    return weights
  }

  /// The gain of the activation behind a layer: its own, or that of the layers that take its result, through
  /// normalisations.
  private func gain(behind index: Int) -> Double {
    if let product = layers[index].kind as? any ProductKind, product.activation != .identity {
      return product.activation.function.gain
    }
    for (next, node) in graph.nodes.enumerated() where node.inputs.contains(index + 1) {
      if let activation = node.kind as? ActivationLayer { return activation.function.gain }
      if node.kind is FilterResponseNorm || node.kind is GroupNorm || node.kind is BatchNorm {
        return gain(behind: next)
      }
    }
    return 1
  }
}
