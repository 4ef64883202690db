import Foundation
import NeuralNetworks
import RobustnessCore

/// A maximum of the log-posterior, as a place for chains to begin: Adam (Kingma and Ba 2015) on all of the data.
///
/// Deterministic, and cheap beside the sampling: one gradient of the full data a step.
struct MaximumPosterior {
  let iterations: Int
  /// α of the first step; it falls to 0 along a cosine.
  let learningRate: Double

  static let beta1 = 0.9
  static let beta2 = 0.999
  static let epsilon = 1e-8

  /// What a file records.
  static let settings: [String: Double] = ["map-beta1": beta1, "map-beta2": beta2, "map-epsilon": epsilon]

  /// A draw from the prior, made small enough for an optimiser: where the prior's standard deviation of a layer's
  /// weights is above √(2 / inputs of a unit) (He et al. 2015), weights and biases of the layer shrink by the ratio.
  static func beginning(_ network: BayesianNetwork, _ stream: inout RandomStream) -> [Float] {
    var draw = network.priorDraw(&stream)
    var offset = 0
    var factor: Float = 1
    for (index, parameter) in network.architecture.parameters.enumerated() {
      if case .weight(let fanIn) = parameter.purpose {
        factor = Float(min(1, (2 / Double(fanIn)).squareRoot() / network.prior.deviations[index]))
      }
      for position in offset..<offset + parameter.count { draw[position] *= factor }
      offset += parameter.count
    }
    return draw
  }

  /// Climbs from `start`.
  ///
  /// - Parameter didStep: Is told the number of steps made; what it throws ends the climb.
  func climb(
    _ network: BayesianNetwork, from start: [Float], didStep: (_ done: Int, _ logDensity: Double) throws -> Void
  ) throws -> [Float] {
    var position = start.map(Double.init)
    var gradient = [Double](repeating: 0, count: position.count)
    var first = gradient
    var second = gradient
    let scale = 1 / Double(network.examples.count)
    for step in 1...iterations {
      let value = try position.withUnsafeBufferPointer { position in
        try gradient.withUnsafeMutableBufferPointer { try network.evaluate(position, gradient: $0) }
      }
      guard value.total.isFinite else {
        throw CoreError(
          "the log-posterior became \(value.total) at step \(step) of the search for a start; lower --map-learning-rate"
        )
      }
      let rate = learningRate * 0.5 * (1 + cos(Double.pi * Double(step - 1) / Double(iterations)))
      let correction1 = 1 - pow(Self.beta1, Double(step))
      let correction2 = 1 - pow(Self.beta2, Double(step))
      position.withUnsafeMutableBufferPointer { position in
        first.withUnsafeMutableBufferPointer { first in
          second.withUnsafeMutableBufferPointer { second in
            gradient.withUnsafeBufferPointer { gradient in
              for i in position.indices {
                let g = gradient[i] * scale
                first[i] = Self.beta1 * first[i] + (1 - Self.beta1) * g
                second[i] = Self.beta2 * second[i] + (1 - Self.beta2) * g * g
                position[i] += rate * (first[i] / correction1) / ((second[i] / correction2).squareRoot() + Self.epsilon)
              }
            }
          }
        }
      }
      try didStep(step, value.total)
    }
    return position.map(Float.init)
  }
}
