import Foundation
import HDF5
import NeuralNetworks
import RobustnessCore
import TestSupport

/// A file with a posterior that an independent program sampled, differentiated or fitted.
struct SamplingOracle {
  let file: HDF5File

  init(_ name: String) throws {
    file = try HDF5File.open(Fixtures.url("oracles/\(name).h5").path)
  }

  func numbers(_ path: String) throws -> [Double] { try file.dataset(path).readAll(as: Double.self) }

  func shape(_ path: String) throws -> [Int] { try file.dataset(path).shape ?? [] }

  func attribute(_ name: String, of path: String = "/") throws -> Double {
    try file.attribute(name, of: path)?.doubles?.first ?? .nan
  }

  func architecture() throws -> Architecture {
    guard case .text(let json)? = try file.attribute("architecture", of: "/")?.value else {
      throw CoreError("the oracle has no architecture")
    }
    return try Architecture(json: json)
  }

  func labels() throws -> [Int] { try file.dataset("labels").readAll(as: Int64.self).map(Int.init) }

  /// The posterior of the file's data under its prior.
  func posterior(_ configuration: BayesianNetwork.Configuration = .init()) throws -> BayesianNetwork {
    let architecture = try architecture()
    return try BayesianNetwork(
      architecture: architecture,
      prior: GaussianPrior(.global(attribute("prior_scale")), architecture: architecture),
      examples: TrainingExamples(
        doubles: numbers("inputs"), inputShape: architecture.inputShape, labels: labels()),
      configuration: configuration)
  }
}

extension PosteriorSampler {
  /// The draws of one chain after its warm-up, and what each step told.
  func run(
    _ target: Target, start: [Float], draws: Int, chain: Int = 0, seed: UInt64 = 1
  ) throws -> (draws: [[Float]], infos: [Info]) {
    let random = RandomStreams(seed: seed, purpose: "test/\(Self.name)/chain/\(chain)")
    var state = try initialState(of: target, at: start, chain: chain, random: random)
    while warmup(of: state) != nil { state = try step(state, of: target, random: random).state }
    var result: (draws: [[Float]], infos: [Info]) = ([], [])
    for _ in 0..<draws {
      let next = try step(state, of: target, random: random)
      state = next.state
      result.draws.append(draw(of: state))
      result.infos.append(next.info)
    }
    return result
  }
}
