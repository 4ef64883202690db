import Foundation

/// Batch normalisation as it evaluates: γ(x − μ)/√(σ² + ε) + β, one of each for a channel. Behind a layer with weights
/// that nothing else takes it becomes part of the weights.
package struct BatchNorm: LayerKind {
  package let epsilon: Double
  package let isAffine: Bool

  package static var type: String { "batch_norm" }

  package init(_ fields: LayerFields) throws(ArchitectureError) {
    try fields.allowOnly(["eps", "affine"])
    epsilon = try fields.positive("eps")
    isAffine = try fields.boolean("affine", default: true)
  }

  package var members: [(key: String, json: String)] {
    [("eps", epsilon.description)] + (isAffine ? [] : [("affine", "false")])
  }

  package var words: String? { "batch norm" }

  package func trace(_ inputs: [[Int]], _ place: LayerPlace) throws(ArchitectureError) -> LayerTrace {
    let channels = [inputs[0][0]]
    let affine = [LayerParameter("weight", channels, .factor), LayerParameter("bias", channels, .shift)]
    return LayerTrace(
      inputs[0],
      (isAffine ? affine : []) + [
        LayerParameter("running_mean", channels, .statistic), LayerParameter("running_var", channels, .statistic),
      ])
  }

  /// What a product in front of it makes of it.
  func folded(_ places: [NetworkGraph.Place]) -> ProductStage.FoldedNorm {
    let statistics = places.suffix(2)
    return ProductStage.FoldedNorm(
      weight: isAffine ? places[0] : nil, bias: isAffine ? places[1] : nil, mean: statistics.first!,
      variance: statistics.last!, epsilon: epsilon)
  }

  package func statement(_ node: NetworkGraph.Node) -> any RowFunction {
    let count = node.shape.reduce(1, *)
    return BatchNormRows(
      channels: node.shape[0], positions: count / node.shape[0], epsilon: epsilon, isAffine: isAffine)
  }
}

/// One affine function a channel.
struct BatchNormRows: RowFunction {
  let channels: Int
  let positions: Int
  let epsilon: Double
  let isAffine: Bool

  /// γ, β, μ and 1/√(σ² + ε).
  private func constants(
    _ parameters: [UnsafePointer<Double>], _ channel: Int
  ) -> (weight: Double, bias: Double, mean: Double, inverse: Double) {
    let statistics = parameters.suffix(2)
    return (
      isAffine ? parameters[0][channel] : 1, isAffine ? parameters[1][channel] : 0, statistics.first![channel],
      1 / (statistics.last![channel] + epsilon).squareRoot()
    )
  }

  func forward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafeMutablePointer<Double>
  ) {
    for channel in 0..<channels {
      let c = constants(parameters, channel)
      for index in channel * positions..<(channel + 1) * positions {
        y[index] = c.weight * ((inputs[0][index] - c.mean) * c.inverse) + c.bias
      }
    }
  }

  func backward(
    _ inputs: [UnsafePointer<Double>], _ parameters: [UnsafePointer<Double>], _ y: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: [UnsafeMutablePointer<Double>?], _ dp: [UnsafeMutablePointer<Double>]?
  ) {
    for channel in 0..<channels {
      let c = constants(parameters, channel)
      for index in channel * positions..<(channel + 1) * positions {
        dx[0]?[index] += g[index] * c.weight * c.inverse
        guard isAffine, let dp else { continue }
        dp[0][channel] += g[index] * (inputs[0][index] - c.mean) * c.inverse
        dp[1][channel] += g[index]
      }
    }
  }

  func bound(_ magnitudes: [Double], _ parameters: [UnsafeBufferPointer<Double>]) -> Double {
    let pointers = parameters.map { $0.baseAddress! }
    return (0..<channels).reduce(0) { largest, channel in
      let c = constants(pointers, channel)
      return max(largest, abs(c.weight) * c.inverse * (magnitudes[0] + abs(c.mean)) + abs(c.bias))
    }
  }
}
