import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

/// A file whose channels have bounds of their own, as its user evaluates it.
@Suite(.inTurn) struct `A file with bounds of channels` {
  private static let pairs = [0.2...1.1, -0.1...0.6, 0.0...1.0]

  private func write(to folder: URL) throws -> String {
    let architecture = try Architecture(
      inputShape: [3, 2, 2], classCount: 3, layers: [.flatten, .dense(name: "output", units: 3, activation: .identity)])
    let draws = (0..<4).map { (draw: Int) -> [Float] in
      (0..<architecture.parameterCount).map { (index: Int) -> Float in Float((index * 29 + draw * 3) % 37) / 18 - 1 }
    }
    // Inputs within the bounds of their channels, labelled by the first draw.
    var stream = RandomStreams(seed: 3, purpose: "test/channels").stream(example: 0)
    let inputs = stream.uniforms(60 * 12).enumerated().map { index, number -> Float in
      let box = Self.pairs[index / 4 % 3]
      return Float(box.lowerBound + number * (box.upperBound - box.lowerBound))
    }
    let network = try Network(architecture: architecture, parameters: draws[0])
    let logits = try network.logits(Tensor(shape: [60, 3, 2, 2], elements: inputs.map(Double.init)))
    let labels = (0..<60).map { row in
      let values = Array(logits[row: row])
      return values.indices.max { values[$0] < values[$1] }!
    }
    var contents = PosteriorContents(
      weights: InMemoryWeights(architecture: architecture, draws: draws), inputBounds: 0...1, kind: .independent,
      evaluationData: LabelledData(inputs: .floats(inputs), inputShape: [3, 2, 2], labels: labels))
    contents.boundsPerChannel = Self.pairs
    let path = folder.appendingPathComponent("channels.h5").path
    try PosteriorWriter.write(contents, to: path)
    return path
  }

  @Test func `is attacked within them`() throws {
    try withFolder { folder in
      let model = try write(to: folder)
      let points = folder.appendingPathComponent("points.h5").path
      let run = try Program.evaluate.run([
        "--model", model, "--attack", "pgd", "--epsilon", "0.3", "--format", "json", "--save-adversarial", points,
      ])
      #expect(run.code == 0, "\(run.errors)")
      #expect(
        run.output.filter { !$0.isWhitespace }.contains("\"inputBoundsPerChannel\":[[0.2,1.1],[-0.1,0.6],[0.0,1.0]]"))
      let result = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
      #expect(result.inputBounds == [-0.1, 1.1])
      #expect(!result.verdict.failed.contains("box"), "\(result.verdict.failed)")
    }
  }

  @Test func `needs a radius, which no part of different widths is`() throws {
    try withFolder { folder in
      let run = try Program.evaluate.run(["--model", try write(to: folder), "--attack", "fgsm"])
      #expect(run.code == 64)
      #expect(run.errors.contains("input_bounds differ between channels") && run.errors.contains("--epsilon"))
    }
  }

  @Test func `has no place in a benchmark whose radii are parts of one width`() throws {
    try withFolder { folder in
      let suite = try `The program benchmark`.suite(in: folder)
      let run = try Program.benchmark.run(
        ["run", "--suite", suite, "--models", try write(to: folder), "--results", "r", "--laboratory", "here"],
        in: folder)
      #expect(run.code == 65, "\(run.code)")
      #expect(run.errors.contains("input_bounds differ between channels"), "\(run.errors)")
    }
  }
}
