import Foundation
import HDF5
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks

/// One of the small networks of `Fixtures/oracles/layers.h5`, with what PyTorch computed of it in float64.
struct LayerAnswer: Sendable {
  /// Every network of the file.
  static let all: [LayerAnswer] = {
    do {
      let file = try HDF5File.open(Fixtures.url("oracles/layers.h5").path)
      return try file.links(in: "/").map { try LayerAnswer($0.name, file) }
    } catch {
      preconditionFailure("\(error)")
    }
  }()

  let name: String
  let architecture: Architecture
  /// `weight [3, 2]`, line by line, as the file lists them.
  let parameters: [String]
  let weights: InMemoryWeights
  let examples: Examples
  /// Shape (draws, examples, classes).
  let logits: Tensor
  /// With respect to the inputs.
  let gradients: [Objective: Tensor]
  /// Of the log-likelihood of all examples under the first draw, with respect to each parameter.
  let parameterGradient: [Double]

  private init(_ name: String, _ file: HDF5File) throws {
    self.name = name
    func text(_ attribute: String) throws -> String { try file.attribute(attribute, of: "/\(name)")?.text ?? "" }
    func tensor(_ dataset: String) throws -> Tensor {
      let stored = try file.dataset("/\(name)/\(dataset)")
      return Tensor(shape: stored.shape ?? [], elements: try stored.readAll(as: Double.self))
    }
    architecture = try Architecture(json: try text("architecture"))
    parameters = try text("parameters").split(separator: "\n").map(String.init)
    let draws = try tensor("draws")
    weights = InMemoryWeights(
      architecture: architecture, draws: (0..<draws.rowCount).map { draws[row: $0].map { Float($0) } })
    let labels = try file.dataset("/\(name)/labels").readAll(as: Int64.self).map(Int.init)
    examples = Examples(inputs: try tensor("inputs"), labels: labels)
    logits = try tensor("logits")
    gradients = [
      .predictive: try tensor("gradient_predictive"), .expectedLoss: try tensor("gradient_expected_loss"),
    ]
    parameterGradient = try tensor("parameter_gradient").elements
  }

  /// The words of `type` in its text.
  var types: Set<String> { Set(architecture.layers.map(\.kind.typeWord)) }
}

extension LayerAnswer: CustomTestStringConvertible {
  var testDescription: String { name }
}

extension [Double] {
  /// Whether none of them is infinite or not a number.
  var areFinite: Bool { allSatisfy { $0.isFinite } }
}
