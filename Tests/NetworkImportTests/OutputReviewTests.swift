import Foundation
import NeuralNetworks
import TestSupport
import Testing

@testable import NetworkImport

/// What is taken for logits must not be probabilities.
@Suite("Probabilities as logits", .inTurn)
struct OutputReviewTests {
  /// Three members of four classes, m0 to m2, and some nodes to y.
  private func ensemble(_ body: (inout GraphWriter) -> Void) -> GraphWriter {
    var writer = GraphWriter()
    for member in 0..<3 {
      writer.weights("fc\(member)", [4, 3], seed: member + 1)
      writer.node("Gemm", ["x", "fc\(member)"], "m\(member)", ["transB": .integer(1)])
    }
    writer.floats("three", [], [3])
    writer.integers("axis", [1])
    body(&writer)
    return writer
  }

  private func softmaxes(_ writer: inout GraphWriter) {
    for member in 0..<3 { writer.node("Softmax", ["m\(member)"], "p\(member)", ["axis": .integer(1)]) }
  }

  private func sum(_ writer: inout GraphWriter, _ output: String) {
    softmaxes(&writer)
    writer.node("Add", ["p0", "p1"], "p01")
    writer.node("Add", ["p01", "p2"], output)
  }

  /// Members along a dimension of their own, and their mean.
  private func stackedMean(_ writer: inout GraphWriter, _ output: String) {
    softmaxes(&writer)
    for member in 0..<3 { writer.node("Unsqueeze", ["p\(member)", "axis"], "u\(member)") }
    writer.node("Concat", ["u0", "u1", "u2"], "c", ["axis": .integer(1)])
    writer.node("ReduceMean", ["c"], output, ["axes": .integers([1]), "keepdims": .integer(0)])
  }

  /// What the softmax of a gate weighs: the experts `values`0 to `values`2.
  private func weigh(_ writer: inout GraphWriter, _ values: String) {
    for member in 0..<3 { writer.node("Unsqueeze", ["\(values)\(member)", "axis"], "u\(member)") }
    writer.node("Concat", ["u0", "u1", "u2"], "experts", ["axis": .integer(1)])
    writer.weights("gate", [3, 3], seed: 7)
    writer.node("Gemm", ["x", "gate"], "g", ["transB": .integer(1)])
    writer.node("Softmax", ["g"], "weights", ["axis": .integer(1)])
    writer.node("Unsqueeze", ["weights", "axis"], "row")
    writer.node("MatMul", ["row", "experts"], "mixed")
    writer.node("Squeeze", ["mixed", "axis"], "y")
  }

  private func refusal(_ writer: GraphWriter) throws -> String {
    try withFolder { folder in
      let path = try writer.write(to: folder)
      do {
        _ = try NetworkTranslation(path)
        return ""
      } catch let error as ImportError {
        return error.reason
      }
    }
  }

  private func notes(_ writer: GraphWriter) throws -> [String] {
    try withFolder { folder in try NetworkTranslation(try writer.write(to: folder)).notes }
  }

  private static let mixture =
    "gives probabilities, and no logits: it ends in a sum or mean of softmaxes (node \"make-p0\", node \"make-p1\", node \"make-p2\"); an ensemble in one graph is no draw: export each member with its logits"

  @Test func `a sum or a mean of softmaxes is an ensemble`() throws {
    #expect(try refusal(ensemble { sum(&$0, "y") }).hasPrefix(Self.mixture))
    #expect(try refusal(ensemble { stackedMean(&$0, "y") }).hasPrefix(Self.mixture))
    let mean = ensemble {
      sum(&$0, "s")
      $0.node("Div", ["s", "three"], "y")
    }
    #expect(try refusal(mean).hasPrefix(Self.mixture))
    let shifted = ensemble {
      stackedMean(&$0, "s")
      $0.floats("prior", [4], [0.1, 0.2, 0.3, 0.4])
      $0.node("Sub", ["s", "prior"], "t")
      $0.floats("hundred", [], [100])
      $0.node("Mul", ["t", "hundred"], "y")
    }
    #expect(try refusal(shifted).hasPrefix(Self.mixture))
    // A product with a matrix of thirds is a mean too.
    let product = ensemble {
      softmaxes(&$0)
      $0.node("Concat", ["p0", "p1", "p2"], "c", ["axis": .integer(1)])
      $0.floats("thirds", [12, 4], (0..<48).map { $0 / 4 % 4 == $0 % 4 ? 1 / 3 : 0 })
      $0.node("MatMul", ["c", "thirds"], "y")
    }
    #expect(try refusal(product).hasPrefix(Self.mixture))
  }

  @Test func `the logarithm of a mean of softmaxes is an ensemble`() throws {
    let logarithm = ensemble {
      stackedMean(&$0, "s")
      $0.node("Log", ["s"], "y")
    }
    #expect(try refusal(logarithm).hasPrefix("gives the logarithm of a sum or mean of softmaxes"))
  }

  @Test func `a class that is cut off a softmax leaves probabilities`() throws {
    let cut = ensemble {
      $0.node("Softmax", ["m0"], "p0", ["axis": .integer(1)])
      $0.integers("from", [1])
      $0.integers("to", [4])
      $0.node("Slice", ["p0", "from", "to", "axis"], "y")
    }
    #expect(
      try refusal(cut)
        == "gives probabilities, and no logits: it ends in what a softmax gives (node \"make-p0\"), scaled, shifted or cut; export the network with what enters the softmax, which are its logits"
    )
    let beside = ensemble {
      softmaxes(&$0)
      $0.node("Concat", ["p0", "p1"], "y", ["axis": .integer(1)])
    }
    #expect(try refusal(beside).contains("gives probabilities"))
  }

  @Test func `bounds, rectifiers and what increases leave probabilities`() throws {
    func clipped(_ writer: inout GraphWriter, _ from: String, _ to: String) {
      writer.floats("low", [], [1e-7])
      writer.floats("high", [], [1 - 1e-7])
      writer.node("Clip", [from, "low", "high"], to)
    }
    let cut = ensemble {
      softmaxes(&$0)
      clipped(&$0, "p0", "y")
    }
    #expect(try refusal(cut).contains("it ends in what a softmax gives"))
    let mean = ensemble {
      stackedMean(&$0, "s")
      clipped(&$0, "s", "y")
    }
    #expect(try refusal(mean).hasPrefix(Self.mixture))
    for type in ["Relu", "Tanh"] {
      let one = ensemble {
        softmaxes(&$0)
        $0.node(type, ["p0"], "y")
      }
      #expect(try refusal(one).contains("it ends in what a softmax gives"), "\(type)")
    }
  }

  @Test func `a sigmoid beside its complement is the probabilities of two classes`() throws {
    func graph(_ factor: Float) -> GraphWriter {
      ensemble {
        $0.weights("w", [1, 3], seed: 9)
        $0.floats("one", [], [1])
        $0.floats("factor", [], [factor])
        $0.node("Gemm", ["x", "w"], "l", ["transB": .integer(1)])
        $0.node("Sigmoid", ["l"], "p")
        $0.node("Mul", ["p", "factor"], "f")
        $0.node("Sub", ["one", "f"], "q")
        $0.node("Concat", ["q", "p"], "y", ["axis": .integer(1)])
      }
    }
    #expect(try refusal(graph(1)).contains("gives probabilities"))
    // What can be negative is none.
    #expect(try refusal(graph(3)) == "")
  }

  @Test func `classes in several dimensions are said`() throws {
    let tokens = ensemble {
      $0.node("Unsqueeze", ["m0", "axis"], "u0")
      $0.node("Unsqueeze", ["m1", "axis"], "u1")
      $0.node("Concat", ["u0", "u1"], "y", ["axis": .integer(1)])
    }
    #expect(try notes(tokens) == ["it gives [2, 4] for an example, which is taken as 8 classes"])
  }

  @Test func `a mean of sigmoids is the probability of a class`() throws {
    let mean = ensemble {
      for member in 0..<2 {
        $0.weights("w\(member)", [1, 3], seed: member + 9)
        $0.node("Gemm", ["x", "w\(member)"], "l\(member)", ["transB": .integer(1)])
        $0.node("Sigmoid", ["l\(member)"], "s\(member)")
      }
      $0.node("Add", ["s0", "s1"], "y")
    }
    #expect(try refusal(mean).contains("a sum or mean of sigmoids"))
  }

  @Test func `a mixture of experts is what its gate weighs`() throws {
    // The gate's softmax times what the experts give, number by number, and as a product of matrices.
    let gated = ensemble { weigh(&$0, "m") }
    #expect(try refusal(gated) == "")
    // Of experts that give probabilities themselves, it mixes probabilities.
    let mixture = ensemble {
      softmaxes(&$0)
      weigh(&$0, "p")
    }
    #expect(try refusal(mixture).contains("a sum or mean of softmaxes"))
  }

  @Test func `a trained layer behind a softmax gives logits`() throws {
    for hasBias in [true, false] {
      let hidden = ensemble {
        softmaxes(&$0)
        $0.node("Concat", ["p0", "p1", "p2"], "c", ["axis": .integer(1)])
        $0.weights("last.weight", [4, 12], seed: 11)
        $0.weights("last.bias", [4], seed: 12)
        $0.node("Gemm", ["c", "last.weight"] + (hasBias ? ["last.bias"] : []), "y", ["transB": .integer(1)])
      }
      #expect(try refusal(hidden) == "")
    }
    // And so does what is added to a logit.
    let residual = ensemble {
      $0.node("Softmax", ["m0"], "p0", ["axis": .integer(1)])
      $0.node("Add", ["p0", "m1"], "y")
    }
    #expect(try refusal(residual) == "")
    let meanOfLogits = ensemble {
      $0.node("Add", ["m0", "m1"], "y")
    }
    #expect(try refusal(meanOfLogits) == "")
  }

  @Test func `a softmax of probabilities is said, and a last layer that is bounded`() throws {
    let twice = ensemble {
      sum(&$0, "s")
      $0.node("Softmax", ["s"], "y", ["axis": .integer(1)])
    }
    #expect(
      try notes(twice).contains { $0.hasPrefix("what enters the softmax at its end is a sum or mean of softmaxes") })
    for (type, word) in [("Tanh", "tanh"), ("Relu", "relu")] {
      let bounded = ensemble { $0.node(type, ["m0"], "y") }
      #expect(
        try notes(bounded) == ["its last layer has the activation \(word): what it gives is taken as logits"])
    }
  }
}
