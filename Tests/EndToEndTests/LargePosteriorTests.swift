import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

/// A posterior larger than the memory that the program may take.
@Suite(.inTurnEarly) struct LargePosteriorTests {
  /// Draws made as they are asked for: weight i of draw d is a hash of (d, i), scaled as networks usually begin.
  private struct GeneratedWeights: WeightSource {
    let architecture: Architecture
    let drawCount: Int

    func read(draw: Int, into buffer: UnsafeMutableBufferPointer<Float>) throws {
      var index = 0
      for parameter in architecture.parameters {
        let fanIn = parameter.shape.dropFirst().reduce(1, *)
        let scale = parameter.shape.count > 1 ? (6 / Float(fanIn)).squareRoot() : 0.1
        for _ in 0..<parameter.count {
          var bits = (UInt64(draw) << 32 | UInt64(index)) &* 0x9E37_79B9_7F4A_7C15
          bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
          bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
          bits ^= bits >> 31
          buffer[index] = (Float(bits >> 40) * 0x1p-23 - 1) * scale
          index += 1
        }
      }
    }
  }

  private func write(draws: Int, examples: Int, to path: String) throws {
    let architecture = try Architecture(
      inputShape: [784], classCount: 10,
      layers: [
        .dense(name: "dense1", units: 512, activation: .relu), .dense(name: "dense2", units: 512, activation: .relu),
        .dense(name: "output", units: 10, activation: .identity),
      ])
    var stream = RandomStreams(seed: 3, purpose: "test/inputs").stream(example: 0)
    let inputs = StoredNumbers.floats(stream.uniforms(examples * 784).map { Float($0) })
    try PosteriorWriter.write(
      PosteriorContents(
        weights: GeneratedWeights(architecture: architecture, drawCount: draws), inputBounds: 0...1, kind: .ensemble,
        evaluationData: LabelledData(
          inputs: inputs, inputShape: [784], labels: (0..<examples).map { $0 % 10 })), to: path)
  }

  /// In the normal run a tenth of the size, with a limit that still keeps fewer draws than there are.
  @Test func `a posterior is evaluated within a limit, with the digits of a run without one`() throws {
    let (draws, limit, allowed) = runsLongTests ? (560, "400MB", 500_000_000) : (56, "250MB", 300_000_000)
    try withFolder { folder in
      let path = folder.appendingPathComponent("large.h5").path
      try write(draws: draws, examples: 20, to: path)
      let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
      #expect(size > draws * 2_670_000)
      let arguments = ["--model", path, "--attack", "pgd:steps=3", "--checks", "quick", "--format", "json"]
      let limited = try Program.evaluate.run(arguments + ["--memory-limit", limit])
      #expect(limited.code == 0, "\(limited.errors)")
      #expect(limited.peakBytes < allowed)
      let free = try Program.evaluate.run(arguments)
      #expect(timeless(limited.output) == timeless(free.output))
      // Otherwise the limit was not needed, and nothing was tested.
      #expect(free.peakBytes > allowed)
      print(
        "\(size / 1_000_000) MB, \(draws) draws: within \(limit) peak \(limited.peakBytes / 1_000_000) MB in "
          + "\(limited.seconds.formatted()) s; without, peak \(free.peakBytes / 1_000_000) MB in \(free.seconds.formatted()) s"
      )
    }
  }
}
