import NeuralNetworks
import RobustnessCore

/// A network whose exact gradient is zero at its example, and which falls to a step of 0.1 all the same.
///
/// One ReLU unit, max(0, 10·(x₁ + x₂) − 11.5), is class 1's logit against 0.2 for class 0. At (0.5, 0.5) the unit is
/// off, so that no exact gradient leads anywhere; at (0.6, 0.6), the corner of the ball, it is 0.5.
enum HiddenSlope {
  static let epsilon = 0.1
  static let examples = Examples(inputs: Tensor(shape: [1, 2], elements: [0.5, 0.5]), labels: [0])

  /// Two draws that are the same network.
  static func ensemble() throws -> NetworkEnsemble {
    let architecture = try Architecture(
      inputShape: [2], classCount: 2,
      layers: [
        .dense(name: "a", units: 1, activation: .relu), .dense(name: "o", units: 2, activation: .identity),
      ])
    let weights: [Float] = [10, 10, -11.5, 0, 1, 0.2, 0]
    return try NetworkEnsemble(
      InMemoryWeights(architecture: architecture, draws: [weights, weights]), configuration: .init(threads: 1))
  }
}
