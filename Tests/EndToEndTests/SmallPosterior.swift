import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore

/// A posterior that a test makes: 12-16-4 with random weights, labelled by its own first draw, so that it knows its
/// task.
struct SmallPosterior {
  static let classes = 4
  static let size = 12
  var draws = 6
  var examples = 60
  var isVariational = false
  /// Standard deviation of each weight over the draws.
  var spread: Float = 0.05

  let architecture: Architecture

  init(draws: Int = 6, isVariational: Bool = false) throws {
    self.draws = draws
    self.isVariational = isVariational
    architecture = try Architecture(
      inputShape: [Self.size], classCount: Self.classes,
      layers: [
        .dense(name: "dense1", units: 16, activation: .relu),
        .dense(name: "output", units: Self.classes, activation: .identity),
      ])
  }

  private var mean: [Float] {
    var stream = RandomStreams(seed: 5, purpose: "test/mean").stream(example: 0)
    return stream.normals(architecture.parameterCount).map { Float($0) }
  }

  private var scale: [Float] { [Float](repeating: spread, count: architecture.parameterCount) }

  private func weights() -> ResampledWeights {
    ResampledWeights(architecture: architecture, mean: mean, scale: scale, drawCount: draws, seed: 1)
  }

  private func data() throws -> LabelledData {
    var stream = RandomStreams(seed: 5, purpose: "test/inputs").stream(example: 0)
    let inputs = stream.uniforms(examples * Self.size).map { Float($0) }
    let network = try Network(architecture: architecture, parameters: mean)
    let logits = try network.logits(Tensor(shape: [examples, Self.size], elements: inputs.map { Double($0) }))
    let labels = (0..<examples).map { row in
      let values = Array(logits[row: row])
      return values.indices.max { values[$0] < values[$1] }!
    }
    return LabelledData(inputs: .floats(inputs), inputShape: [Self.size], labels: labels)
  }

  /// Writes the file and returns its path.
  func write(to folder: URL, hasData: Bool = true) throws -> String {
    let path = folder.appendingPathComponent(hasData ? "small.h5" : "bare.h5").path
    try PosteriorWriter.write(
      PosteriorContents(
        weights: weights(), chainCount: isVariational ? 1 : draws, inputBounds: 0...1,
        kind: isVariational ? .variational : .ensemble,
        variational: isVariational ? VariationalParameters(mean: mean, scale: scale) : nil,
        evaluationData: hasData ? try data() : nil), to: path)
    return path
  }

  /// The same file without its digests: other names of the same length take the attributes away.
  func writeUnsigned(to folder: URL) throws -> String {
    let path = try write(to: folder)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    for name in ["posterior_sha256", "data_sha256", "content_sha256"] {
      while let range = bytes.range(of: Data(name.utf8)) {
        bytes.replaceSubrange(range, with: Data(name.replacing("sha256", with: "sha000").utf8))
      }
    }
    let unsigned = folder.appendingPathComponent("unsigned.h5")
    try bytes.write(to: unsigned)
    return unsigned.path
  }
}
