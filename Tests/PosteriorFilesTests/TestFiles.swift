import Foundation
import NeuralNetworks
import PosteriorFiles
import TestSupport

/// The files that tests read, and the process that looks at them first.
enum TestFiles {
  static func oracle(_ name: String) -> String { Fixtures.url("oracles/\(name).h5").path }
  static func malformed(_ name: String) -> String { Fixtures.url("malformed/\(name)").path }

  static var probe: ProbeCommand { ProbeCommand(executable: Program.posterior.executable) }
}

/// A small network and draws whose values say where they belong: draw d holds d·1000, d·1000 + 1, …
enum Small {
  static func architecture() throws -> Architecture {
    try Architecture(
      inputShape: [1, 4, 4], classCount: 3,
      layers: [
        .convolution(name: "conv1", filters: 2, kernelSize: 3, activation: .relu), .flatten,
        .dense(name: "output", units: 3, activation: .identity),
      ])
  }

  /// The same with one bias in all draws, stored once.
  static func sharing() throws -> PosteriorContents {
    var contents = try contents()
    let architecture = contents.weights.architecture
    let draws = (0..<6).map { draw in
      (0..<architecture.parameterCount).map { Float((18..<20).contains($0) ? $0 : draw * 1000 + $0) }
    }
    contents.weights = InMemoryWeights(architecture: architecture, draws: draws)
    contents.sharedParameters = [1]
    return contents
  }

  static func contents(chains: Int = 2, draws: Int = 3) throws -> PosteriorContents {
    let architecture = try architecture()
    let weights = (0..<(chains * draws)).map { draw in
      (0..<architecture.parameterCount).map { Float(draw * 1000 + $0) }
    }
    return PosteriorContents(
      weights: InMemoryWeights(architecture: architecture, draws: weights), chainCount: chains, inputBounds: 0...1,
      kind: .mcmc, title: "small", provenance: ["seed": .integer(7), "method": .text("{\"name\":\"hmc\"}")])
  }
}
