import Foundation
import NeuralNetworks
import PosteriorFiles
import TestSupport
import Testing

@testable import NetworkImport

/// Tensors that an exporter made constants of: other draws may have others.
@Suite("Constants of a graph", .inTurn)
struct GraphConstantTests {
  private let weight = TensorWriter.numbers(12, 1)
  private let mask: [Float] = [0, 1.25, 1.25, 0]

  /// x through four units, a step, and two classes.
  private func graph(_ folder: URL, _ step: (inout GraphWriter) -> Void) throws -> String {
    var writer = GraphWriter()
    writer.floats("fc1.weight", [4, 3], weight)
    writer.floats("fc2.weight", [2, 4], TensorWriter.numbers(8, 2))
    writer.node("Gemm", ["x", "fc1.weight"], "h", ["transB": .integer(1)])
    step(&writer)
    writer.node("Gemm", ["z", "fc2.weight"], "y", ["transB": .integer(1)])
    return try writer.write(to: folder, "net.onnx")
  }

  private func masked(_ folder: URL) throws -> String {
    try graph(folder) {
      $0.node("Constant", [], "/Constant_output_0", ["value": .floats([4], mask)])
      $0.node("Mul", ["h", "/Constant_output_0"], "z")
    }
  }

  /// Two draws, of which the first is the graph's.
  private func draws(_ folder: URL, further: [[(String, [Int], [Float])]] = [[], []]) throws -> [String] {
    try (0..<2).map { draw in
      try TensorWriter.safetensors(
        [
          ("fc1.weight", [4, 3], TensorWriter.numbers(12, 1 + 2 * draw)),
          ("fc2.weight", [2, 4], TensorWriter.numbers(8, 2 + 2 * draw)),
        ] + further[draw], folder, "\(draw).safetensors")
    }
  }

  private func refusal(_ network: String, _ draws: [String]) -> String {
    do {
      _ = try DrawSource(network: network, draws: draws)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func `a mask that no draw has is refused, with how to say that it is meant`() throws {
    try withFolder { folder in
      let (network, files) = (try masked(folder), try draws(folder))
      let sentence = refusal(network, files)
      #expect(sentence.hasPrefix("\(network): tensor \"/Constant_output_0\" follows from no tensor of \(files[0])"))
      #expect(
        sentence.contains("say so with --map /Constant_output_0=, or give the answers of every draw as --reference"))
      let meant = try DrawSource(network: network, draws: files, map: ["/Constant_output_0="])
      let shared = meant.sharedParameters.map { meant.architecture.parameters[$0].shape }
      #expect(shared == [[4]])
      // The same where all draws are in one file.
      let path = try TensorWriter.inferenceData(
        [
          ("fc1.weight", [1, 2, 4, 3], weight + TensorWriter.numbers(12, 3)),
          ("fc2.weight", [1, 2, 2, 4], TensorWriter.numbers(8, 2) + TensorWriter.numbers(8, 4)),
        ], folder)
      let file = try InferenceDataFile(path, probe: nil)
      let error = #expect(throws: ImportError.self) { try DrawSource(network: network, posterior: file) }
      #expect(error?.reason.contains("\"/Constant_output_0\" follows from no tensor") == true)
      #expect(try DrawSource(network: network, posterior: file, map: ["/Constant_output_0="]).drawCount == 2)
    }
  }

  @Test func `truth values that no draw has are refused whatever is mapped`() throws {
    try withFolder { folder in
      let network = try graph(folder) {
        $0.truths("/Constant_output_0", [4], [true, false, false, true])
        $0.floats("/Constant_1_output_0", [], [0])
        $0.node("Where", ["/Constant_output_0", "h", "/Constant_1_output_0"], "z")
      }
      let files = try draws(folder)
      for map in [[], ["fc1.weight=fc1.weight"]] {
        let error = #expect(throws: ImportError.self) { try DrawSource(network: network, draws: files, map: map) }
        #expect(error?.reason.contains("\"/Constant_output_0\" follows from no tensor") == true, "\(map)")
        let source = try DrawSource(network: network, draws: files, map: map + ["/Constant_output_0="])
        #expect(source.drawCount == 2)
      }
    }
  }

  @Test func `a mask that draws have is that of each draw`() throws {
    try withFolder { folder in
      let other: [Float] = [1.25, 1.25, 0, 0]
      let files = try draws(folder, further: [[("mask", [4], mask)], [("mask", [4], other)]])
      let source = try DrawSource(network: masked(folder), draws: files)
      #expect(source.sharedParameters.isEmpty)
      var values = [Float](repeating: 0, count: source.architecture.parameterCount)
      try values.withUnsafeMutableBufferPointer { try source.read(draw: 1, into: $0) }
      #expect(Array(values[12..<16]) == other)
    }
  }

  @Test func `answers of every draw settle it, and answers of other masks refuse it`() throws {
    try withFolder { folder in
      var request = ImportRequest()
      (request.network, request.draws, request.kind) = (try masked(folder), try draws(folder), .ensemble)
      func answers(_ masks: [[Float]], inputs: [Float] = [0.5, 0.25, 1, 0, 1, 0.125]) throws -> String {
        let logits = (0..<2).flatMap { draw -> [Double] in
          let (first, last) = (TensorWriter.numbers(12, 1 + 2 * draw), TensorWriter.numbers(8, 2 + 2 * draw))
          return (0..<inputs.count / 3).flatMap { row in
            let hidden = (0..<4).map { unit in
              (0..<3).reduce(0) { $0 + Double(first[unit * 3 + $1]) * Double(inputs[row * 3 + $1]) }
                * Double(masks[draw][unit])
            }
            return (0..<2).map { k in (0..<4).reduce(0) { $0 + Double(last[k * 4 + $1]) * hidden[$1] } }
          }
        }
        return try ArchiveWriter.archive(
          [
            ("inputs", ArchiveWriter.array("<f4", [inputs.count / 3, 3], ArchiveWriter.floats(inputs))),
            ("logits", ArchiveWriter.array("<f8", [2, inputs.count / 3, 2], ArchiveWriter.doubles(logits))),
          ], folder, "\(UUID()).npz")
      }
      request.reference = try answers([mask, mask])
      let imported = try PosteriorImport(request)
      #expect(
        imported.notes.contains {
          $0.hasPrefix("tensor \"/Constant_output_0\" is in no draw: all have the graph's own numbers, with which")
        })
      request.reference = try answers([mask, [1.25, 0, 1.25, 0]])
      let error = #expect(throws: ImportError.self) { try PosteriorImport(request) }
      #expect(error?.reason.contains("\"/Constant_output_0\" follows from no tensor") == true)
      // An input at which every mask gives the same shows nothing.
      request.reference = try answers([mask, [1.25, 0, 1.25, 0]], inputs: [0, 0, 0, 0, 0, 0])
      #expect(throws: ImportError.self) { try PosteriorImport(request) }
    }
  }

  @Test func `what normalises the input passes, and is said`() throws {
    try withFolder { folder in
      var writer = GraphWriter()
      writer.floats("fc1.weight", [4, 3], weight)
      writer.floats("fc2.weight", [2, 4], TensorWriter.numbers(8, 2))
      writer.node("Constant", [], "mean", ["value": .floats([3], [0.4, 0.5, 0.6])])
      writer.floats("std", [3], [0.2, 0.25, 0.3])
      writer.node("Sub", ["x", "mean"], "centred")
      writer.node("Div", ["centred", "std"], "n")
      writer.node("Gemm", ["n", "fc1.weight"], "h", ["transB": .integer(1)])
      writer.node("Relu", ["h"], "z")
      writer.node("Gemm", ["z", "fc2.weight"], "y", ["transB": .integer(1)])
      let network = try writer.write(to: folder, "net.onnx")
      let source = try DrawSource(network: network, draws: draws(folder))
      let words = "normalises the input, and no draw has it: all have the graph's own numbers"
      #expect(source.notes == ["tensor \"mean\" \(words)", "tensor \"std\" \(words)"])
      // A mask of the input is none.
      var masked = GraphWriter()
      masked.floats("fc1.weight", [4, 3], weight)
      masked.floats("fc2.weight", [2, 4], TensorWriter.numbers(8, 2))
      masked.node("Constant", [], "mask", ["value": .floats([3], [0, 2, 2])])
      masked.node("Mul", ["x", "mask"], "n")
      masked.node("Gemm", ["n", "fc1.weight"], "z", ["transB": .integer(1)])
      masked.node("Gemm", ["z", "fc2.weight"], "y", ["transB": .integer(1)])
      #expect(
        refusal(try masked.write(to: folder, "masked.onnx"), try draws(folder)).contains(
          "\"mask\" follows from no tensor"))
    }
  }

  @Test func `ones and zeros of a normalisation without factors are the network's`() throws {
    try withFolder { folder in
      func network(_ factors: [Float]) throws -> String {
        try graph(folder) {
          $0.node("Constant", [], "ones", ["value": .floats([4], factors)])
          $0.node("Constant", [], "zeros", ["value": .floats([4], [0, 0, 0, 0])])
          $0.node("LayerNormalization", ["h", "ones", "zeros"], "z", ["axis": .integer(-1), "epsilon": .float(1e-5)])
        }
      }
      let source = try DrawSource(network: network([1, 1, 1, 1]), draws: draws(folder))
      #expect(source.notes.isEmpty)
      #expect(refusal(try network([1, 1, 1, 2]), try draws(folder)).contains("\"ones\" follows from no tensor"))
    }
  }

  @Test func `ones of an exporter pass, and ones that a draw lost do not`() throws {
    try withFolder { folder in
      let network = try graph(folder) {
        $0.floats("val_3", [4], [1, 1, 1, 1])
        $0.node("Mul", ["h", "val_3"], "z")
      }
      #expect(try DrawSource(network: network, draws: draws(folder)).notes.isEmpty)
      let lost = try draws(folder, further: [[("scale", [4], [1, 1, 1, 1])], [("scale", [4], [1, 2, 1, 1])]])
      #expect(refusal(network, lost).contains("\"scale\" differs between draws"))
      let named = try graph(folder) {
        $0.floats("scale", [4], [1, 1, 1, 1])
        $0.node("Mul", ["h", "scale"], "z")
      }
      #expect(refusal(named, try draws(folder)).contains("\"scale\" follows from no tensor"))
    }
  }

  @Test func `a table of sines passes, and one with another number is refused`() throws {
    try withFolder { folder in
      func network(_ change: Float) throws -> String {
        // Eight positions of four numbers.
        var table = (0..<8).flatMap { position in
          [1.0, 0.01].flatMap { [Float(sin($0 * Double(position))), Float(cos($0 * Double(position)))] }
        }
        table[9] += change
        var writer = GraphWriter(input: [nil, 8, 4])
        writer.floats("fc2.weight", [2, 4], TensorWriter.numbers(8, 2))
        writer.node("Constant", [], "/pe", ["value": .floats([1, 8, 4], table)])
        writer.node("Tanh", ["x"], "t")
        writer.node("Add", ["t", "/pe"], "h")
        writer.node("ReduceMean", ["h"], "z", ["axes": .integers([1]), "keepdims": .integer(0)])
        writer.node("Gemm", ["z", "fc2.weight"], "y", ["transB": .integer(1)])
        return try writer.write(to: folder, "net.onnx")
      }
      let map = ["=fc1.weight"]
      let source = try DrawSource(network: network(0), draws: draws(folder), map: map)
      #expect(
        source.notes.contains { $0.hasPrefix("tensor \"/pe\" is a table of sines and cosines, and no draw has it") })
      #expect(refusal(try network(0.01), try draws(folder)).contains("\"/pe\" follows from no tensor"))
    }
  }

  @Test func `draws in float64 are rounded, which is said`() throws {
    try withFolder { folder in
      let network = try graph(folder) { $0.node("Relu", ["h"], "z") }
      let files = try (0..<2).map { draw in
        try ArchiveWriter.archive(
          [
            ("fc1.weight", TensorWriter.numbers(12, 1 + 2 * draw), [4, 3]),
            ("fc2.weight", TensorWriter.numbers(8, 2 + 2 * draw), [2, 4]),
          ].map { ($0, ArchiveWriter.array("<f8", $2, ArchiveWriter.doubles($1.map(Double.init)))) }, folder,
          "\(draw).npz")
      }
      #expect(
        try DrawSource(network: network, draws: files).notes == [
          "the draws are in float64, and were rounded to float32"
        ])
    }
  }

  @Test func `what is no number is named where it is`() throws {
    try withFolder { folder in
      let network = try graph(folder) { $0.node("Relu", ["h"], "z") }
      let files = try draws(folder)
      var broken = TensorWriter.numbers(8, 4)
      broken[5] = .nan
      let last = try TensorWriter.safetensors(
        [("fc1.weight", [4, 3], TensorWriter.numbers(12, 3)), ("fc2.weight", [2, 4], broken)], folder, "1.safetensors")
      #expect(
        refusal(network, [files[0], last])
          == "\(last): tensor \"fc2.weight\" [2, 4] holds nan as its number 5: weights are finite")
      var writer = GraphWriter(input: [nil, 2, 4, 4])
      for name in ["s", "b", "m"] { writer.weights(name, [2]) }
      writer.floats("bn.running_var", [2], [1, -2])
      writer.weights("fc.weight", [2, 2])
      writer.node("BatchNormalization", ["x", "s", "b", "m", "bn.running_var"], "n")
      writer.node("GlobalAveragePool", ["n"], "p")
      writer.node("Flatten", ["p"], "f")
      writer.node("Gemm", ["f", "fc.weight"], "y", ["transB": .integer(1)])
      let path = try writer.write(to: folder)
      let error = #expect(throws: ImportError.self) { try DrawSource(graphs: [path]) }
      #expect(
        error?.description
          == "\(path): tensor \"bn.running_var\" holds -2.0 as its number 1: a variance is not negative")
    }
  }
}
