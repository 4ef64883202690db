import Foundation
import HDF5
import NetworkImport
import NeuralNetworks
import RobustnessCore
import TestSupport

/// Draws in the files that PyTorch's exporters wrote, with what PyTorch answered in float64 at 16 inputs.
struct ImportedDraws {
  static let names = [
    "binary-sigmoid", "lenet5-tanh", "mcdropout-cnn", "mobilenet-relu6", "resnet20-bn", "resnet8-frn-silu",
    "strided-gn-gelu", "vit-tiny",
  ]
  /// Those with named tensors beside their graphs.
  static let named = names.filter { $0 != "lenet5-tanh" }
  /// Those into whose weights an exporter folded batch normalisations, in float32.
  static let folded = ["mobilenet-relu6", "resnet20-bn"]

  let name: String
  var count: Int { name == "mcdropout-cnn" ? 3 : 2 }

  func paths(_ suffix: String) -> [String] {
    (0..<count).map { Fixtures.url("import/\(name)/draw\($0).\(suffix)").path }
  }

  /// The inputs, and the logits of these draws.
  func answers() throws -> (inputs: Tensor, logits: Tensor) {
    let file = try HDF5File.open(Fixtures.url("networks/\(name).h5").path)
    let inputs = try file.dataset("/evaluation_data/inputs")
    let numbers =
      name == "binary-sigmoid"
      ? try inputs.readAll(as: Double.self) : try inputs.readAll(as: UInt8.self).map { Double($0) / 255 }
    let reference = try HDF5File.open(Fixtures.url("networks/\(name).reference.h5").path)
    let logits = try reference.dataset("/logits")
    let shape = logits.shape ?? []
    let size = shape[1] * shape[2]
    let values = try logits.readAll(as: Double.self)[..<(count * size)]
    return (
      Tensor(shape: inputs.shape ?? [], elements: numbers).rows(0..<shape[1]),
      Tensor(shape: [count, shape[1], shape[2]], elements: Array(values))
    )
  }

  /// Largest difference of logits, up to a constant for each row, relative to the row's largest.
  func error(_ source: some WeightSource, precision: NetworkEnsemble.Configuration = .init()) throws -> Double {
    let (inputs, expected) = try answers()
    let found = try NetworkEnsemble(source, configuration: precision).memberLogits(inputs, draws: .all)
    let classes = expected.shape[2]
    return (0..<expected.elements.count / classes).map { row in
      let a = expected.elements[row * classes..<(row + 1) * classes]
      let b = found.elements[row * classes..<(row + 1) * classes]
      let shift = zip(a, b).reduce(0) { $0 + $1.0 - $1.1 } / Double(classes)
      let largest = a.reduce(0) { max($0, abs($1)) }
      return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1 - shift)) } / largest
    }.max() ?? .infinity
  }
}
