import Foundation
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

@testable import PosteriorFiles

/// Draws of a variational posterior, and the distribution that they are said to come from.
@Suite(.inTurn) struct VariationalFitTests {
  /// Warnings about a file whose draws come from `mean` and `scale`, and which states what `stated` makes of them.
  private func warnings(
    draws: Int = 12, units: Int = 30, seed: UInt64 = 3,
    _ stated: (inout VariationalParameters) -> Void = { _ in }
  ) throws -> [String] {
    let architecture = try Architecture(
      inputShape: [5], classCount: 3,
      layers: [
        .dense(name: "dense1", units: units, activation: .relu),
        .dense(name: "output", units: 3, activation: .identity),
      ])
    var stream = RandomStreams(seed: seed, purpose: "test/variational").stream(example: 0)
    let mean = stream.normals(architecture.parameterCount).map { Float($0) }
    let scale = stream.uniforms(architecture.parameterCount).map { Float(0.02 + 0.1 * $0) }
    var variational = VariationalParameters(mean: mean, scale: scale)
    stated(&variational)
    return try withFolder { folder in
      let path = folder.appendingPathComponent("variational.h5").path
      try PosteriorWriter.write(
        PosteriorContents(
          weights: ResampledWeights(
            architecture: architecture, mean: mean, scale: scale, drawCount: draws, seed: seed),
          inputBounds: 0...1, kind: .variational, variational: variational), to: path)
      return try PosteriorFile.open(path, probe: nil).warnings.map { "\($0.place) \($0.sentence)" }
    }
  }

  @Test(arguments: [3, 4, 5, 6, 7, 8] as [UInt64], [10, 12, 40])
  func `draws of the distribution itself say nothing`(_ seed: UInt64, _ draws: Int) throws {
    #expect(try warnings(draws: draws, seed: seed).isEmpty)
  }

  @Test func `a variance in place of the standard deviation is said`() throws {
    let found = try warnings { $0.scale = $0.scale.map { $0 * $0 } }
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("/variational has means that the 12 draws do not have") == true, "\(found)")
  }

  @Test func `scales three times as large are said`() throws {
    let found = try warnings { $0.scale = $0.scale.map { 3 * $0 } }
    #expect(found.count == 1)
    #expect(
      found.first?.hasPrefix("/variational has scales that the 12 draws do not have: their variance is 0.1") == true)
  }

  @Test func `means of another network are said`() throws {
    let found = try warnings { $0.mean = $0.mean.map { _ in 0.01 } }
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("/variational has means that the 12 draws do not have: theirs are ") == true)
  }

  @Test func `few draws or few weights tell nothing`() throws {
    #expect(try warnings(draws: 9) { $0.scale = $0.scale.map { 3 * $0 } }.isEmpty)
    #expect(try warnings(units: 5) { $0.scale = $0.scale.map { 3 * $0 } }.isEmpty)
  }

  @Test func `scales of 0 have one warning, not two`() throws {
    let found = try warnings { $0.scale = $0.scale.map { _ in 0 } }
    #expect(found == ["/variational has no standard deviation but 0: fresh draws all are the mean"])
  }

  @Test func `the posterior that train made of images says nothing`() throws {
    let file = try PosteriorFile.open(Fixtures.url("fashion-vi.h5").path, probe: nil)
    #expect(file.drawCount >= 10 && file.warnings.isEmpty, "\(file.warnings)")
  }
}
