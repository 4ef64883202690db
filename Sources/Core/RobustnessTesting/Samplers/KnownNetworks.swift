import Foundation
import NeuralNetworks
import RobustnessCore

/// Networks on classes that lie apart, in two features or more.
enum KnownNetworks {
  /// A linear network of 9 parameters and 3 classes.
  static func linear(examples count: Int = 300) throws -> BayesianNetwork {
    try network(inputs: 2, hidden: nil, classes: 3, examples: count, threads: 1)
  }

  /// A network with a hidden layer and 341 parameters.
  static func wide(threads: Int = 1) throws -> BayesianNetwork {
    try network(inputs: 8, hidden: 24, classes: 5, examples: 200, threads: threads)
  }

  private static func network(
    inputs: Int, hidden: Int?, classes: Int, examples count: Int, threads: Int
  ) throws -> BayesianNetwork {
    let output = Architecture.Layer.dense(name: "output", units: classes, activation: .identity)
    let layers = hidden.map { [.dense(name: "hidden", units: $0, activation: .tanh), output] } ?? [output]
    let architecture = try Architecture(inputShape: [inputs], classCount: classes, layers: layers)
    let streams = RandomStreams(seed: 23, purpose: "conformance/classes")
    let labels = (0..<count).map { $0 % classes }
    // Centres at distance 2 on a circle of each pair of features, examples around them.
    let rows = labels.enumerated().flatMap { index, label -> [Double] in
      var stream = streams.stream(example: index)
      return stream.normals(inputs).enumerated().map { feature, noise in
        let angle: Double = 2 * .pi * Double(label * (1 + feature / 2)) / Double(classes)
        return 2 * (feature % 2 == 0 ? cos(angle) : sin(angle)) + 0.5 * noise
      }
    }
    return try BayesianNetwork(
      architecture: architecture, prior: GaussianPrior(.global(1), architecture: architecture),
      examples: TrainingExamples(doubles: rows, inputShape: [inputs], labels: labels),
      configuration: .init(threads: threads))
  }
}
