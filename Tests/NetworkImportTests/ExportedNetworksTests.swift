import ArrayFiles
import ComputeKernels
import Foundation
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

@testable import NetworkImport

/// Small networks as PyTorch's two exporters write them (`Tests/Python/make_import_networks.py`), two draws each.
@Suite("Networks of PyTorch's exporters", .inTurn)
struct ExportedNetworksTests {
  /// By name and exporter; and how far rounding of constants to float32 by the exporter takes a logit.
  static let networks: [(name: String, tolerance: Double)] = [
    // 1/T is rounded.
    ("scalars-torchscript", 1e-7), ("scalars-dynamo", 1e-7),
    // √(1/√d) is rounded.
    ("causal-torchscript", 1e-8), ("causal-dynamo", 1e-8), ("causal-23-dynamo", 1e-12),
    ("shapes-torchscript", 1e-12), ("shapes-dynamo", 1e-12),
    // Batch normalisation is folded, and weights are normalised, in float32.
    ("cosine-torchscript", 1e-6), ("cosine-dynamo", 1e-6),
    ("operators-24-dynamo", 1e-12),
  ]

  private func source(_ name: String) throws -> DrawSource {
    try DrawSource(graphs: (0..<2).map { Fixtures.url("import/exported/\(name)\($0).onnx").path })
  }

  private func answers(_ name: String) throws -> (inputs: Tensor, logits: [Double]) {
    let stem = name.split(separator: "-").dropLast().joined(separator: "-")
    let archive = try ArrayFormat.open(Fixtures.url("import/exported/\(stem).npz").path)
    let inputs = try archive.array("inputs")
    return (
      Tensor(shape: inputs.shape, elements: try inputs.floats().map(Double.init)),
      try archive.array("logits").doubles()
    )
  }

  @Test(arguments: networks.indices)
  func `both exporters' files answer as PyTorch does in float64`(index: Int) throws {
    let (name, tolerance) = Self.networks[index]
    let (inputs, expected) = try answers(name)
    let source = try source(name)
    for (precision, tolerance) in [(Precision.float64, tolerance), (.float32, max(tolerance, 5e-6))] {
      let ensemble = try NetworkEnsemble(source, configuration: .init(precision: precision))
      let found = try ensemble.memberLogits(inputs, draws: .all).elements
      expectClose(found, expected, within: tolerance, "\(name) in \(precision)")
    }
  }

  /// What an attack goes by: the mean gradient over the draws, beside differences of the loss.
  @Test(arguments: ["scalars-dynamo", "causal-dynamo", "causal-23-dynamo", "operators-24-dynamo"])
  func `gradients are those of the answers`(name: String) throws {
    let (inputs, _) = try answers(name)
    let ensemble = try NetworkEnsemble(try source(name), configuration: .init(precision: .float64))
    func result(_ inputs: Tensor) throws -> LossAndGradient {
      try ensemble.lossAndGradient(
        Examples(inputs: inputs, labels: [0, 1, 2, 0]), objective: .expectedLoss, draws: .all)
    }
    func loss(_ elements: [Double]) throws -> Double {
      exp(try result(Tensor(shape: inputs.shape, elements: elements)).logLosses[0])
    }
    let gradient = try result(inputs).gradient.plain.elements
    let size = inputs.elements.count / 4
    for element in stride(from: 0, to: size, by: 7) {
      var (up, down) = (inputs.elements, inputs.elements)
      up[element] += 1e-5
      down[element] -= 1e-5
      let above = try loss(up)
      let below = try loss(down)
      #expect(abs((above - below) / 2e-5 - gradient[element]) < 1e-6, "\(name), element \(element)")
    }
  }

  @Test func `a single number that differs between draws is one parameter`() throws {
    for name in ["scalars-torchscript", "scalars-dynamo"] {
      let source = try source(name)
      let scalars = source.architecture.parameters.indices.filter {
        source.architecture.parameters[$0].shape.reduce(1, *) == 1 && !source.sharedParameters.contains($0)
      }
      // A slope, β, α, a factor, a summand, 1/T.
      #expect(scalars.count == 6, "\(name)")
      // One draw alone has them as settings; but four slopes are parameters.
      let one = try DrawSource(graphs: [Fixtures.url("import/exported/\(name)0.onnx").path])
      #expect(one.architecture.parameters.allSatisfy { $0.shape.reduce(1, *) > 1 }, "\(name)")
    }
  }
}
