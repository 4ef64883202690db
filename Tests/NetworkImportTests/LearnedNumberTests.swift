import Foundation
import NeuralNetworks
import PosteriorFiles
import TestSupport
import Testing

@testable import NetworkImport

/// Single numbers that are parameters where draws differ in them, and settings where not.
@Suite("Learned numbers", .inTurn)
struct LearnedNumberTests {
  /// W x, then what a body makes of "h" as "y".
  private func graph(_ weight: [Float], _ body: (inout GraphWriter) -> Void) -> GraphWriter {
    var writer = GraphWriter()
    writer.floats("w", [2, 3], weight)
    writer.node("Gemm", ["x", "w"], "h", ["transB": .integer(1)])
    body(&writer)
    return writer
  }

  private func sloped(_ weight: [Float], _ slope: Float, _ name: String = "act.weight") -> GraphWriter {
    graph(weight) {
      $0.floats(name, [1], [slope])
      $0.node("PRelu", ["h", name], "y")
    }
  }

  private let first: [Float] = [1, 0, 0, 0, 1, 0]
  private let second: [Float] = [0, 0, 2, -1, 0, 0]
  private let input = [[-0.5, 0.25, 1.0]]

  @Test func `slopes, factors and summands of draws are their own`() throws {
    try withFolder { folder in
      // h is −0.5, 0.25 and 2, 0.5.
      func answers(_ graphs: [GraphWriter]) throws -> [Double] {
        let paths = try graphs.map { try $0.write(to: folder, "\(UUID()).onnx") }
        return try Answers.logits(try DrawSource(graphs: paths), input)
      }
      try expectClose(answers([sloped(first, 0.25), sloped(second, 0.5)]), [-0.125, 0.25, 2, 0.5])
      func with(_ type: String, _ weight: [Float], _ number: Float, isReversed: Bool = false) -> GraphWriter {
        graph(weight) {
          $0.floats("alpha", [], [number])
          $0.node(type, isReversed ? ["alpha", "h"] : ["h", "alpha"], "y")
        }
      }
      // 0 is a number as any other, though no factor of a layer that rescales.
      try expectClose(answers([with("Mul", first, 0), with("Mul", second, -3)]), [0, 0, -6, -1.5])
      try expectClose(answers([with("Mul", first, 1), with("Mul", second, -3)]), [-0.5, 0.25, -6, -1.5])
      try expectClose(answers([with("Div", first, 2), with("Div", second, 0.5)]), [-0.25, 0.125, 4, 1])
      try expectClose(answers([with("Add", first, 2), with("Add", second, 0.5)]), [1.5, 2.25, 2.5, 1])
      try expectClose(answers([with("Sub", first, 2), with("Sub", second, 0.5)]), [-2.5, -1.75, 1.5, 0])
      try expectClose(
        answers([with("Sub", first, 2, isReversed: true), with("Sub", second, 0.5, isReversed: true)]),
        [2.5, 1.75, -1.5, 0])
    }
  }

  @Test func `what all draws have alike stays a setting`() throws {
    try withFolder { folder in
      let paths = try [first, second].map { try sloped($0, 0.25).write(to: folder, "\(UUID()).onnx") }
      let source = try DrawSource(graphs: paths)
      #expect(source.architecture.parameters.map(\.shape) == [[2, 3]])
      let one = try DrawSource(graphs: [sloped(second, 0.5).write(to: folder, "one.onnx")])
      #expect(one.architecture.parameters.count == 1)
      #expect(try Answers.logits(one, [[1, 0, -1]]) == [-1, -0.5])
    }
  }

  @Test func `a scale of the inputs that draws differ in is no normalisation`() throws {
    try withFolder { folder in
      func graph(_ scale: [Float]) throws -> String {
        var writer = GraphWriter()
        writer.floats("ard", [3], scale)
        writer.floats("w", [2, 3], first)
        writer.node("Mul", ["x", "ard"], "s")
        writer.node("Gemm", ["s", "w"], "y", ["transB": .integer(1)])
        return try writer.write(to: folder, "\(UUID()).onnx")
      }
      let source = try DrawSource(graphs: [try graph([1, 2, 3]), try graph([2, 4, 0.5])])
      #expect(try Answers.logits(source, input) == [-0.5, 0.5, -1, 1])
    }
  }

  // MARK: - One graph, and tensors by name

  private func draw(_ slope: Float, _ weight: [Float], _ name: String, _ folder: URL) throws -> String {
    try TensorWriter.safetensors([("w", [2, 3], weight), (name, [1], [slope])], folder, "\(UUID()).safetensors")
  }

  @Test func `a slope is found by its name, or by a number that has many digits`() throws {
    try withFolder { folder in
      for (own, name) in [(Float(0.25), "act.weight"), (0.253_718, "act.weight"), (0.253_718, "slope")] {
        let network = try sloped(first, own).write(to: folder, "\(UUID()).onnx")
        let draws = [try draw(own, first, name, folder), try draw(0.5, [0, 0, -2, -1, 0, 0], name, folder)]
        let source = try DrawSource(network: network, draws: draws)
        #expect(try Answers.logits(source, input) == [-0.5 * Double(own), 0.25, -1, 0.5])
      }
      // An exporter's own name says that the slope had another.
      let renamed = try sloped(first, 0.25, "val_1").write(to: folder, "renamed.onnx")
      let source = try DrawSource(
        network: renamed,
        draws: [draw(0.25, first, "slope", folder), draw(0.5, [0, 0, -2, -1, 0, 0], "slope", folder)])
      #expect(try Answers.logits(source, input) == [-0.125, 0.25, -1, 0.5])
      // A number of the program that is the same by chance stays what it is.
      let coinciding = graph(first) {
        $0.floats("val_1", [1], [0.25])
        $0.floats("val_2", [], [0.25])
        $0.node("PRelu", ["h", "val_1"], "p")
        $0.node("Mul", ["p", "val_2"], "y")
      }
      let apart = try DrawSource(
        network: coinciding.write(to: folder, "coinciding.onnx"),
        draws: [draw(0.25, first, "slope", folder), draw(0.5, [0, 0, -2, -1, 0, 0], "slope", folder)])
      #expect(try Answers.logits(apart, input) == [-0.125, 0.25, -1, 0.5].map { $0 / 4 })
      let network = try sloped(first, 0.25).write(to: folder, "round.onnx")
      let draws = [try draw(0.25, first, "slope", folder), try draw(0.5, second, "slope", folder)]
      let error = #expect(throws: ImportError.self) { try DrawSource(network: network, draws: draws) }
      #expect(error?.reason.hasPrefix(#"tensor "act.weight" follows from no tensor of \#(draws[0])"#) == true)
      // Said to be the graph's own, there is still a number of the draws that went nowhere.
      let kept = #expect(throws: ImportError.self) {
        try DrawSource(network: network, draws: draws, map: ["act.weight="])
      }
      #expect(kept?.reason.contains(#""slope" differs between draws, and nothing in the graph is made of it"#) == true)
    }
  }

  @Test func `a variable that nobody maps to a number is no number of the graph's`() throws {
    try withFolder { folder in
      let variables: [(String, [Int], [Float])] = [
        ("w", [1, 2, 2, 3], first + second), ("a", [1, 2, 1], [0.5, 2]),
      ]
      let file = try InferenceDataFile(try TensorWriter.inferenceData(variables, folder), probe: nil)
      // Never trained: none of the draws' numbers.
      let network = try sloped([9, 9, 9, 9, 9, 9], 0.25).write(to: folder, "net.onnx")
      let error = #expect(throws: ImportError.self) { try DrawSource(network: network, posterior: file) }
      #expect(
        error?.reason.hasPrefix(
          #"nothing says which variable tensor "act.weight" is, one number, and "a" is one number that no tensor has"#)
          == true)
      let mapped = try DrawSource(network: network, posterior: file, map: ["act.weight=a"])
      #expect(try Answers.logits(mapped, [[-0.5, 0.25, -1]]) == [-0.25, 0.25, -4, 0.5])
      let kept = try DrawSource(network: network, posterior: file, map: ["act.weight="])
      #expect(try Answers.logits(kept, [[-0.5, 0.25, -1]]) == [-0.125, 0.25, -0.5, 0.5])
    }
  }

  @Test func `a factor of 0 in the graph's own draw is a parameter like any other`() throws {
    try withFolder { folder in
      let network = graph(first) {
        $0.floats("alpha", [], [0])
        $0.node("Tanh", ["h"], "t")
        $0.node("Mul", ["t", "alpha"], "p")
        $0.node("Add", ["h", "p"], "y")
      }
      let draws = try [(Float(0), first), (0.5, second)].map { try draw($0, $1, "alpha", folder) }
      let source = try DrawSource(network: network.write(to: folder, "net.onnx"), draws: draws)
      try expectClose(
        try Answers.logits(source, input), [-0.5, 0.25, 2 + 0.5 * tanh(2), 0.5 + 0.5 * tanh(0.5)])
    }
  }

  @Test func `a number that no draw has is refused, unless it is the program's`() throws {
    try withFolder { folder in
      func source(_ name: String, _ map: [String] = []) throws -> DrawSource {
        let network = graph(first) {
          $0.floats(name, [], [2])
          $0.node("Mul", ["h", name], "y")
        }
        let draws = try [first, second].map {
          try TensorWriter.safetensors([("w", [2, 3], $0)], folder, "\(UUID()).safetensors")
        }
        return try DrawSource(network: network.write(to: folder, "\(UUID()).onnx"), draws: draws, map: map)
      }
      for name in ["T", "head.temperature", "scale_2", "model/scale/mul/ReadVariableOp:0"] {
        let error = try #require(throws: ImportError.self) { try source(name) }
        #expect(error.reason.hasPrefix("tensor \"\(name)\" follows from no tensor of "))
        #expect(error.reason.contains("export a graph for each draw instead; or, if all draws have the graph's own"))
        #expect(try Answers.logits(try source(name, ["\(name)="]), input) == [-1, 0.5, 4, 1])
      }
      // As PyTorch's exporters, old and new, and tf2onnx call constants.
      for name in [
        "onnx::Mul_41", "/act/Constant_output_0", "23", "val_7", "scalar_tensor_default", "scalar_tensor_default_1",
        "max_val_cast", "model_1/dense_1/Gelu/mul/x:0", "model_1/re_lu_1/Relu6_max__286",
      ] {
        #expect(try source(name).drawCount == 2, "\(name)")
      }
    }
  }

  // MARK: - One network in several orders

  @Test func `nodes in another order, under other names, are the same network`() throws {
    try withFolder { folder in
      func graph(_ isTurned: Bool, seed: Int) throws -> String {
        var writer = GraphWriter()
        writer.weights("a", [2, 3], seed: seed)
        writer.weights("b", [2, 3], seed: seed + 5)
        let (p, q) = isTurned ? ("left", "right") : ("h1", "h2")
        for isFirst in isTurned ? [false, true] : [true, false] {
          writer.node("Gemm", ["x", isFirst ? "a" : "b"], isFirst ? p : q, ["transB": .integer(1)])
        }
        writer.node("Tanh", [q], "t")
        writer.node("Add", [p, "t"], "y")
        return try writer.write(to: folder, "\(UUID()).onnx")
      }
      let source = try DrawSource(graphs: [try graph(false, seed: 1), try graph(true, seed: 2)])
      let alone = try DrawSource(graphs: [try graph(true, seed: 2)])
      #expect(try Answers.logits(source, input).suffix(2) == Answers.logits(alone, input).suffix(2))
    }
  }
}
