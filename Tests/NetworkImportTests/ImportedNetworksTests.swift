import ComputeKernels
import Foundation
import HDF5
import NeuralNetworks
import TestSupport
import Testing

@testable import NetworkImport

/// Networks as their users export them.
@Suite("Networks from ONNX", .inTurn)
struct ImportedNetworksTests {
  @Test("float32: logits as PyTorch's in float64, within 3·10⁻⁶ of the row's largest", arguments: ImportedDraws.names)
  func logits(name: String) throws {
    let draws = ImportedDraws(name: name)
    #expect(try draws.error(try DrawSource(graphs: draws.paths("onnx"))) <= 3e-6)
  }

  @Test(
    "float64: within 10⁻⁹, where no exporter rounded weights",
    arguments: ImportedDraws.names.filter { !ImportedDraws.folded.contains($0) })
  func logitsInDouble(name: String) throws {
    let draws = ImportedDraws(name: name)
    let source = try DrawSource(graphs: draws.paths("onnx"))
    #expect(try draws.error(source, precision: .init(precision: .float64)) <= 1e-9)
  }

  @Test("the same from one graph and tensors by name", arguments: ImportedDraws.named)
  func named(name: String) throws {
    let draws = ImportedDraws(name: name)
    let source = try DrawSource(network: draws.paths("onnx")[0], draws: draws.paths("safetensors"))
    #expect(try draws.error(source) <= 3e-6)
  }

  @Test("layers are those of a translation by hand", arguments: ["lenet5-tanh", "mcdropout-cnn"])
  func architecture(name: String) throws {
    let file = try HDF5File.open(Fixtures.url("networks/\(name).h5").path)
    let text = try #require(try file.attribute("architecture", of: "/model")?.text)
    let source = try DrawSource(graphs: ImportedDraws(name: name).paths("onnx"))
    #expect(source.architecture == (try Architecture(json: text)))
  }

  @Test("what dropout leaves alone is shared, and masks are not")
  func shared() throws {
    let source = try DrawSource(graphs: ImportedDraws(name: "mcdropout-cnn").paths("onnx"))
    let own = source.architecture.parameters.indices.filter { !source.sharedParameters.contains($0) }
    #expect(own.map { source.architecture.parameters[$0].name } == ["3.weight", "8.weight"])
  }

  @Test("a final sigmoid is left out, and said")
  func sigmoid() throws {
    let source = try DrawSource(graphs: ImportedDraws(name: "binary-sigmoid").paths("onnx"))
    #expect(source.architecture.classCount == 2)
    #expect(source.notes.count == 1)
    #expect(source.notes.first?.contains("sigmoid at its end (node \"/5/Sigmoid\" (Sigmoid)) was left out") == true)
  }
}
