public import RobustnessCore

extension Architecture {
  /// Random weights to begin an optimisation at: normal with a variance of gain/(inputs of a unit), biases zero.
  ///
  /// The gain is 2 in front of a ReLU (He, Zhang, Ren and Sun, ICCV 2015, equation 10), and 2/(1 + 0.01²) in front of a
  /// leaky one, so that pre-activations keep their magnitude from layer to layer; it is 1 otherwise (LeCun et al. 1998,
  /// §4.6).
  public func initialWeights(_ stream: inout RandomStream) -> [Float] {
    let normals = stream.normals(parameterCount)
    let activations = layers.compactMap { layer -> Activation? in
      switch layer {
      case .dense(_, _, let activation), .convolution(_, _, _, let activation): activation
      case .flatten, .maxPool, .normalize: nil
      }
    }
    var weights: [Float] = []
    weights.reserveCapacity(parameterCount)
    for (index, parameter) in parameters.enumerated() {
      guard index % 2 == 0 else {
        weights += Array(repeating: 0, count: parameter.count)
        continue
      }
      let gain: Double =
        switch activations[index / 2] {
        case .relu: 2
        case .leakyReLU: 2 / (1 + 0.01 * 0.01)
        case .tanh, .sigmoid, .identity: 1
        }
      let deviation = (gain / Double(parameter.shape.dropFirst().reduce(1, *))).squareRoot()
      for _ in 0..<parameter.count { weights.append(Float(deviation * normals[weights.count])) }
    }
    return weights
  }
}
