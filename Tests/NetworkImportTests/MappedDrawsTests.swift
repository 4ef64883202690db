import Foundation
import NeuralNetworks
import PosteriorFiles
import Shell
import TestSupport
import Testing

@testable import NetworkImport

/// Which array is which tensor, and in which order its axes are.
@Suite("Tensors by name", .inTurn)
struct MappedDrawsTests {
  private let weights = TensorWriter.numbers(3 * 9, 1)
  private let biases = TensorWriter.numbers(3 * 3, 2)

  /// Three draws of a square weight, (in, out), and a bias.
  private func posterior(_ folder: URL) throws -> InferenceDataFile {
    let path = try TensorWriter.inferenceData(
      [("w", [1, 3, 3, 3], weights), ("fc.bias", [1, 3, 3], biases)], folder, "\(UUID()).nc")
    return try InferenceDataFile(path, probe: nil)
  }

  /// A weight (out, in) and a bias.
  private func graph(_ weight: [Float], _ bias: [Float], _ folder: URL) throws -> String {
    var writer = GraphWriter()
    writer.floats("fc.weight", [3, 3], weight)
    writer.floats("fc.bias", [3], bias)
    writer.node("Gemm", ["x", "fc.weight", "fc.bias"], "y", ["transB": .integer(1)])
    return try writer.write(to: folder, "\(UUID()).onnx")
  }

  private func turned(_ draw: Int) -> [Float] { (0..<9).map { weights[draw * 9 + $0 % 3 * 3 + $0 / 3] } }
  private func bias(_ draw: Int) -> [Float] { Array(biases[draw * 3..<draw * 3 + 3]) }

  private func values(_ source: DrawSource, _ draw: Int) throws -> [Float] {
    var values = [Float](repeating: 0, count: 12)
    try values.withUnsafeMutableBufferPointer { try source.read(draw: draw, into: $0) }
    return values
  }

  private func refusal(_ network: String, _ file: InferenceDataFile, _ map: [String]) -> String {
    do {
      _ = try DrawSource(network: network, posterior: file, map: map)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func `the draw that a graph was exported from tells of a square weight`() throws {
    try withFolder { folder in
      let file = try posterior(folder)
      let own = try graph(turned(1), bias(1), folder)
      for map in [["fc.weight=w"], ["fc.weight=w.T"], []] {
        // By its numbers a tensor is found that nobody named, since the bias has its name.
        let source = try DrawSource(network: own, posterior: file, map: map)
        for draw in 0..<3 { #expect(try values(source, draw) == turned(draw) + bias(draw)) }
      }
      #expect(
        refusal(own, file, ["fc.weight=w,as-is"]).contains(
          #"tensor "fc.weight" has other numbers than "w" as it is in \#(file.path), draw 1 of chain 0"#))
      // Exported from a draw, and then changed: a name with another value is never taken.
      let changed = try graph(turned(1), [0, 0, 0], folder)
      #expect(refusal(changed, file, ["fc.weight=w"]).contains(#"tensor "fc.bias" has other numbers than "fc.bias""#))
    }
  }

  @Test func `a graph of other numbers leaves a square weight to be said`() throws {
    try withFolder { folder in
      let file = try posterior(folder)
      let other = try graph(TensorWriter.numbers(9, 7), [1, 2, 3], folder)
      #expect(
        refusal(other, file, ["fc.weight=w"]).contains(
          "from which nothing tells whether it is tensor \"fc.weight\" as it is or transposed: say --map fc.weight=w,as-is"
        ))
      let source = try DrawSource(network: other, posterior: file, map: ["fc.weight=w,transposed"])
      #expect(try values(source, 2) == turned(2) + bias(2))
      #expect(source.notes.isEmpty)
      let asIs = try DrawSource(network: other, posterior: file, map: ["fc.weight=w,as-is"])
      #expect(try values(asIs, 2) == weights[18...] + bias(2))
      let axes = try DrawSource(network: other, posterior: file, map: ["fc.weight=w.transpose(1, 0)"])
      #expect(try values(axes, 2) == turned(2) + bias(2))
      #expect(
        refusal(other, file, []).contains(
          "has no array for tensor \"fc.weight\" [3, 3]: it has \"fc.bias\" [3], \"w\" [3, 3]"))
      let kept = try DrawSource(network: other, posterior: file, map: ["fc.w*="])
      #expect(try values(kept, 2) == TensorWriter.numbers(9, 7) + bias(2))
      #expect(kept.sharedParameters == [0])
      #expect(kept.notes == [#"no tensor of the network is "w""#])
    }
  }

  @Test func `names that are not there, and shapes that do not fit`() throws {
    try withFolder { folder in
      let file = try posterior(folder)
      let network = try graph(turned(0), bias(0), folder)
      #expect(
        refusal(network, file, ["fc.wieght=w"]).contains("has no tensor \"fc.wieght\". Did you mean 'fc.weight'?"))
      #expect(refusal(network, file, ["fc.weight=v"]).contains("v is no variable of the posterior. It has fc.bias, w"))
      #expect(
        refusal(network, file, ["fc.weight=fc.bias"]).contains(
          #""fc.bias" has the shape [3], which is not that of tensor "fc.weight", [3, 3]"#))
      #expect(refusal(network, file, ["=sigmma"]).contains("the draws have no array \"sigmma\""))
      #expect(refusal(network, file, ["fc.weight=w", "fc.weight=w.T"]) == "--map names fc.weight twice")
      for word in ["fc.weight", "fc.weight=w,sideways", "fc.weight=w.transpose(0,2)", "="] {
        #expect(throws: UsageError.self) { try TensorMapping.list([word]) }
      }
    }
  }

  @Test func `a batch normalisation that is not in the graph is not left out silently`() throws {
    try withFolder { folder in
      let path = try TensorWriter.inferenceData(
        [
          ("fc.weight", [1, 1, 3, 2], TensorWriter.numbers(6, 1)), ("fc.bias", [1, 1, 2], [1, 2]),
          ("bn.running_var", [1, 1, 2], [1, 2]),
        ],
        folder)
      var writer = GraphWriter()
      writer.weights("fc.weight", [2, 3], seed: 4)
      writer.weights("fc.bias", [2], seed: 5)
      writer.node("Gemm", ["x", "fc.weight", "fc.bias"], "y", ["transB": .integer(1)])
      let network = try writer.write(to: folder, "net.onnx")
      #expect(
        refusal(network, try InferenceDataFile(path, probe: nil), []).contains(
          "has \"bn.running_var\", which no tensor of the graph is"))
    }
  }

  @Test func `a description takes tensors from files of draws`() throws {
    try withFolder { folder in
      let network = folder.appendingPathComponent("network.json")
      let text =
        #"{"input_shape": [3], "class_count": 2, "layers": [{"type": "dense", "name": "fc", "units": 2, "activation": "identity"}]}"#
      try text.write(to: network, atomically: true, encoding: .utf8)
      let paths = try (0..<2).map { draw in
        try TensorWriter.safetensors(
          [("kernel", [3, 2], TensorWriter.numbers(6, draw)), ("fc.bias", [2], [1, Float(draw)])], folder,
          "\(draw).safetensors")
      }
      let source = try DrawSource(network: network.path, draws: paths, map: ["fc.weight=kernel"])
      var values = [Float](repeating: 0, count: 8)
      try values.withUnsafeMutableBufferPointer { try source.read(draw: 1, into: $0) }
      let kernel = TensorWriter.numbers(6, 1)
      #expect(values == [kernel[0], kernel[2], kernel[4], kernel[1], kernel[3], kernel[5], 1, 1])
      let error = #expect(throws: ImportError.self) { try DrawSource(network: network.path, draws: paths) }
      #expect(error?.reason.hasPrefix("has no array for tensor \"fc.weight\" [2, 3]") == true)
      try "{\"layers\": 3}".write(to: network, atomically: true, encoding: .utf8)
      let nonsense = #expect(throws: ImportError.self) { try DrawSource(network: network.path, draws: paths) }
      #expect(nonsense?.reason.hasPrefix("is no description of a network: input_shape is missing") == true)
    }
  }

  @Test func `orders that libraries have, where lengths leave one`() {
    #expect(AxisOrders.fitting([3, 2], [2, 3]) == [[1, 0]])
    #expect(AxisOrders.fitting([3, 3], [3, 3]) == [[0, 1], [1, 0]])
    #expect(AxisOrders.fitting([1, 3], [3]) == [[0, 1]])
    #expect(AxisOrders.fitting([1, 3], [3, 1]) == [[1, 0]])
    #expect(AxisOrders.fitting([3, 1, 2], [2, 3]) == [[2, 1, 0]])
    #expect(AxisOrders.fitting([6], [2, 3]).isEmpty)
    // Kernels of JAX, and of TensorFlow Lite.
    #expect(AxisOrders.fitting([5, 3, 1, 8], [8, 1, 5, 3]) == [[3, 2, 0, 1]])
    #expect(AxisOrders.fitting([8, 5, 3, 2], [8, 2, 5, 3]) == [[0, 3, 1, 2]])
    #expect(AxisOrders.fitting([3, 3, 3, 3], [3, 3, 3, 3]).count == 3)
    #expect(AxisOrders.isAsItIs([1, 0], [1, 3]) && !AxisOrders.isAsItIs([1, 0], [2, 3]))
  }

  @Test func `several mappings in a word or in several`() throws {
    let list = try TensorMapping.list(["a=b,c=d.T", "e=f,as-is, g=h.transpose(3,2,0,1),i="])
    #expect(list.map(\.tensor) == ["a", "c", "e", "g", "i"])
    #expect(list.map(\.array) == ["b", "d", "f", "h", nil])
    #expect(list.map(\.arrangement) == [.unsaid, .transposed, .asItIs, .axes([3, 2, 0, 1]), .unsaid])
  }
}
