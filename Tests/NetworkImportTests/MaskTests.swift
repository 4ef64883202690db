import Foundation
import TestSupport
import Testing

@testable import NetworkImport
@testable import NeuralNetworks

/// What attention must not see.
@Suite("Masks of attention", .inTurn)
struct MaskTests {
  /// Three tokens of one number each; their weights are all alike but for the mask, which a body puts on "s" as "m".
  private func graph(opset: Int = 17, _ body: (inout GraphWriter) -> Void) -> GraphWriter {
    var writer = GraphWriter(input: [nil, 3, 1], opset: opset)
    writer.floats("zero", [1, 1], [0])
    writer.node("MatMul", ["x", "zero"], "q")
    writer.node("Transpose", ["x"], "k", ["perm": .integers([0, 2, 1])])
    writer.node("MatMul", ["q", "k"], "s")
    body(&writer)
    writer.node("Softmax", ["m"], "p", ["axis": .integer(-1)])
    writer.node("MatMul", ["p", "x"], "z")
    writer.node("Flatten", ["z"], "y")
    return writer
  }

  private static let upper = (0..<9).map { $0 % 3 > $0 / 3 }
  private let input = [3.0, 5, 10]
  /// The mean of each token and those before it.
  private let means = [3.0, 4, 6]

  @Test(arguments: [-Float.infinity, -Float.greatestFiniteMagnitude, -1e9])
  func `what is added or filled in hides what comes later`(number: Float) throws {
    let added = graph {
      $0.floats("mask", [3, 3], Self.upper.map { $0 ? number : 0 })
      $0.node("Add", ["s", "mask"], "m")
    }
    let filled = graph {
      $0.truths("hides", [1, 3, 3], Self.upper)
      $0.floats("low", [], [number])
      $0.node("Where", ["hides", "low", "s"], "m")
    }
    let kept = graph {
      // A mask of 0 and 1 as float32, compared with 0.
      $0.floats("lower", [3, 3], Self.upper.map { $0 ? 0 : 1 })
      $0.floats("none", [], [0])
      $0.floats("low", [], [number])
      $0.node("Greater", ["lower", "none"], "shows")
      $0.node("Where", ["shows", "s", "low"], "m")
    }
    let triangle = graph {
      $0.integers("shape", [3, 3])
      $0.integers("one", shape: [], [1])
      $0.floats("low", [1, 1], [number])
      $0.node("Expand", ["low", "shape"], "full")
      $0.node("Trilu", ["full", "one"], "mask", ["upper": .integer(1)])
      $0.node("Add", ["s", "mask"], "m")
    }
    for writer in [added, filled, kept, triangle] {
      try withFolder { folder in
        try expectClose(Answers.logits(writer, folder, input), means)
      }
    }
  }

  @Test func `attention as one operator, causal, with a mask and with heads that share keys`() throws {
    func attention(_ mask: [Bool]?, isCausal: Bool) -> GraphWriter {
      var writer = GraphWriter(input: [nil, 3, 4], opset: 23)
      writer.floats("zero", [4, 4], [Float](repeating: 0, count: 16))
      writer.floats("half", [4, 2], [1, 0, 0, 1, 0, 0, 0, 0])
      writer.node("MatMul", ["x", "zero"], "q")
      writer.node("MatMul", ["x", "half"], "kv")
      if let mask { writer.truths("mask", [3, 3], mask) }
      writer.node(
        "Attention", ["q", "kv", "kv"] + (mask == nil ? [] : ["mask"]), "a",
        ["q_num_heads": .integer(2), "kv_num_heads": .integer(1), "is_causal": .integer(isCausal ? 1 : 0)])
      writer.node("Flatten", ["a"], "y")
      return writer
    }
    let input = [3.0, 1, 7, 7, 5, 2, 8, 8, 10, 6, 9, 9]
    try withFolder { folder in
      // Both heads see the two numbers of the only head of keys.
      try expectClose(
        Answers.logits(attention(nil, isCausal: true), folder, input), [3, 1, 3, 1, 4, 1.5, 4, 1.5, 6, 3, 6, 3])
      let mask = [true, true, true, true, false, true, true, false, true]
      try expectClose(
        Answers.logits(attention(mask, isCausal: false), folder, input),
        [6, 3, 6, 3, 6.5, 3.5, 6.5, 3.5, 6.5, 3.5, 6.5, 3.5])
      try expectClose(
        Answers.logits(attention(mask, isCausal: true), folder, input),
        [3, 1, 3, 1, 3, 1, 3, 1, 6.5, 3.5, 6.5, 3.5])
    }
  }

  private func refusal(_ writer: GraphWriter) throws -> String {
    try withFolder { folder in
      let path = try writer.write(to: folder)
      return #expect(throws: ImportError.self) { try NetworkTranslation(path) }?.reason ?? ""
    }
  }

  @Test func `masks that make no numbers, or stand where no softmax follows`() throws {
    let all = graph {
      $0.floats("mask", [3, 3], (0..<9).map { $0 < 3 ? -.infinity : 0 })
      $0.node("Add", ["s", "mask"], "m")
    }
    #expect(try refusal(all).contains("has a mask that hides all of a row"))
    let plain = graph {
      $0.floats("mask", [3, 3], Self.upper.map { $0 ? -.infinity : 0 })
      $0.node("Add", ["s", "mask"], "a")
      $0.node("Tanh", ["a"], "m")
    }
    #expect(try refusal(plain).contains("weights are finite; an infinite mask is read where a softmax follows"))
    let filled = graph {
      $0.truths("hides", [3, 3], Self.upper)
      $0.floats("low", [], [-.infinity])
      $0.node("Where", ["hides", "low", "s"], "a")
      $0.node("Tanh", ["a"], "m")
    }
    #expect(try refusal(filled).contains("is read directly before a softmax only"))
  }

  /// A row of which only one is seen has no gradient: not one of 2 to the power of −10³⁰, and no number beyond Int.
  @Test func `what is hidden has no gradient, however small gradients are scaled`() {
    let softmax = NeuralNetworks.SoftmaxRows(count: 1, length: 2)
    let (x, g): ([Double], [Double]) = ([0.5, -1e30], [1, 2])
    var target = [0.0, 0.0]
    var y = [1.0, 0.0]
    let exponent = x.withUnsafeBufferPointer { x in
      g.withUnsafeBufferPointer { g in
        target.withUnsafeMutableBufferPointer { target in
          y.withUnsafeMutableBufferPointer { y in
            guard let x = x.baseAddress, let g = g.baseAddress, let y = y.baseAddress else { return -1 }
            return softmax.scaledBackward([x], [], y, g, [target.baseAddress], nil)
          }
        }
      }
    }
    #expect(exponent == 0)
    #expect(target == [0, 0])
  }

  @Test func `a choice by a constant that is the draw's own is refused by name`() throws {
    try withFolder { folder in
      var writer = GraphWriter()
      writer.floats("w", [2, 3], [1, 2, 3, 4, 5, 6])
      writer.truths("val_3", [2], [true, false])
      writer.floats("val_4", [], [0])
      writer.node("Gemm", ["x", "w"], "h", ["transB": .integer(1)])
      writer.node("Where", ["val_3", "h", "val_4"], "y")
      let network = try writer.write(to: folder, "net.onnx")
      let draws = try [[Float(1), 0], [0, 1]].map { mask in
        try TensorWriter.safetensors(
          [("w", [2, 3], [1, 2, 3, 4, 5, 6]), ("mask", [2], mask)], folder, "\(UUID()).safetensors")
      }
      let error = #expect(throws: ImportError.self) { try DrawSource(network: network, draws: draws) }
      #expect(
        error?.reason.hasPrefix(#"tensor "val_3" follows from no tensor of \#(draws[0])"#) == true,
        "\(error?.reason ?? "")")
      #expect(error?.reason.contains(#""mask" differs between draws, and nothing in the graph is made of it"#) == true)
      let kept = #expect(throws: ImportError.self) {
        try DrawSource(network: network, draws: draws, map: ["val_3="])
      }
      #expect(kept?.reason.hasPrefix(#""mask" differs between draws"#) == true)
    }
  }
}
