import ComputeKernels
import Foundation
import NeuralNetworks
import RobustnessCore

/// Input gradient of a network as people have them, whose text lies in `Tests/Benchmarks/networks`: a batch through one
/// draw; or through many that share all but their last layer.
struct NetworkGradient {
  static let batch = 64
  /// Draws of a last layer.
  static let lastLayers = 100

  let name: String
  let precision: Precision
  let threads: Int
  let repetitions: Int
  /// Whether the last layer alone is drawn.
  var isLastLayer = false

  func measure() throws -> Measurement {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "networks/\(name).json")
    let architecture = try Architecture(json: String(contentsOf: file, encoding: .utf8))
    var stream = RandomStreams(seed: 5, purpose: "benchmark").stream(example: 0)
    let first = architecture.initialWeights(&stream)
    var draws = [first]
    let shared = architecture.parameters.indices.filter {
      architecture.parameters[$0].layer != architecture.layers.count - 1
    }
    if isLastLayer {
      let count = shared.reduce(0) { $0 + architecture.parameters[$1].count }
      draws = (0..<Self.lastLayers).map { _ in first[..<count] + stream.normals(first.count - count).map { Float($0) } }
    }
    var random = Uniform(seed: 3)
    let size = architecture.inputShape.reduce(1, *)
    let inputs = Tensor(
      shape: [Self.batch] + architecture.inputShape,
      elements: (0..<Self.batch * size).map { _ in Double(random.next()) })
    let labels = (0..<Self.batch).map { _ in Int(random.next() * Float(architecture.classCount)) }
    let examples = Examples(inputs: inputs, labels: labels)
    let ensemble = try NetworkEnsemble(
      InMemoryWeights(architecture: architecture, draws: draws, sharedParameters: isLastLayer ? Set(shared) : []),
      configuration: .init(precision: precision, threads: threads))
    try ensemble.prepare(draws: .all)
    // A millisecond or some tens each: many of them.
    let timings = try Timings.measure((name == "mobile" ? 200 : 10) * repetitions) {
      _ = try ensemble.lossAndGradient(examples, objective: .predictive, draws: .all)
    }
    return Measurement(
      row: "\(name)\(isLastLayer ? "-last-layer" : "")-\(precision)", timings: timings,
      operations: 2 * Double(Self.batch) * architecture.operationsPerExample, memberGradients: Self.batch * draws.count)
  }
}
