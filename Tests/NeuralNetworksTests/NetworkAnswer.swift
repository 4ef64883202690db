import Foundation
import HDF5
import NeuralNetworks
import RobustnessCore
import TestSupport

/// A network as its users export it, in a file of format 1.1, with answers that PyTorch computed in float64:
/// `Tests/Python/make_networks.py` wrote both.
struct NetworkAnswer: Sendable {
  static let names = [
    "binary-sigmoid", "lenet5-tanh", "mcdropout-cnn", "mobilenet-relu6", "resnet20-bn", "resnet8-frn-silu",
    "strided-gn-gelu", "vit-tiny",
  ]
  /// What was answered, of two objectives.
  static let objectives: [Objective] = [.expectedLoss, .predictive]
  static let answeredExamples = 16

  let name: String
  let weights: InMemoryWeights
  let examples: Examples
  let expected: Expected
  private let reference: HDF5File

  /// Accuracies over all examples, in the words of the file.
  struct Expected: Decodable, Sendable {
    let epsilon: Double
    let steps: Int
    let step: Double
    let accuracy: [String: Double]

    enum CodingKeys: String, CodingKey {
      case epsilon
      case steps = "pgd_steps"
      case step = "pgd_alpha"
      case accuracy
    }
  }

  init(_ name: String) throws {
    self.name = name
    let file = try HDF5File.open(Fixtures.url("networks/\(name).h5").path)
    reference = try HDF5File.open(Fixtures.url("networks/\(name).reference.h5").path)
    let text = try file.attribute("architecture", of: "/model")?.text ?? ""
    let architecture = try Architecture(json: text)
    let stored = try architecture.parameters.map { parameter in
      let isShared = try file.kind(of: "/shared/\(parameter.name)") != nil
      return try file.dataset((isShared ? "/shared/" : "/posterior/") + parameter.name).readAll(as: Float.self)
    }
    let count = zip(stored, architecture.parameters).map { $0.count / $1.count }.max() ?? 1
    let draws = (0..<count).map { draw in
      zip(stored, architecture.parameters).flatMap { values, parameter in
        values.count == parameter.count
          ? values[...] : values[draw * parameter.count..<(draw + 1) * parameter.count]
      }
    }
    weights = InMemoryWeights(architecture: architecture, draws: draws)
    let inputs = try file.dataset("/evaluation_data/inputs")
    let numbers =
      name == "binary-sigmoid"
      ? try inputs.readAll(as: Double.self) : try inputs.readAll(as: UInt8.self).map { Double($0) / 255 }
    let labels = try file.dataset("/evaluation_data/labels").readAll(as: Int64.self).map(Int.init)
    examples = Examples(inputs: Tensor(shape: inputs.shape ?? [], elements: numbers), labels: labels)
    expected = try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: Fixtures.url("networks/\(name).expected.json")))
  }

  var answered: Examples {
    Examples(
      inputs: examples.inputs.rows(0..<Self.answeredExamples), labels: Array(examples.labels[..<Self.answeredExamples]))
  }

  /// A data set of the answers.
  func tensor(_ path: String) throws -> Tensor {
    let dataset = try reference.dataset(path)
    return Tensor(shape: dataset.shape ?? [], elements: try dataset.readAll(as: Double.self))
  }

  func ensemble(_ configuration: NetworkEnsemble.Configuration = .init()) throws -> NetworkEnsemble {
    try NetworkEnsemble(weights, configuration: configuration)
  }

  static func key(_ objective: Objective) -> String { objective.rawValue.replacing("-", with: "_") }
}
