import Foundation
import NeuralNetworks
import TestSupport
import Testing

@testable import NetworkImport

/// What exporters write in several operators, as layers.
@Suite("Patterns of operators", .inTurn)
struct PatternTests {
  /// The layers of a graph that ends in a dense layer of two units.
  private func layers(_ writer: GraphWriter) throws -> String {
    try withFolder { folder in
      let network = try NetworkTranslation(try writer.write(to: folder))
      return network.structure.map { String($0.prefix { $0 != " " }) }.joined(separator: " ")
    }
  }

  /// x, three features, through some nodes to z, and then a dense layer.
  private func features(_ body: (inout GraphWriter) -> Void) -> GraphWriter {
    var writer = GraphWriter()
    writer.weights("fc0.weight", [4, 3])
    writer.weights("fc.weight", [2, 4])
    writer.weights("fc.bias", [2])
    writer.node("Gemm", ["x", "fc0.weight"], "h", ["transB": .integer(1)])
    body(&writer)
    writer.node("Gemm", ["z", "fc.weight", "fc.bias"], "y", ["transB": .integer(1)])
    return writer
  }

  /// An image of four channels through some nodes to z, and then to two logits.
  private func image(_ body: (inout GraphWriter) -> Void) -> GraphWriter {
    var writer = GraphWriter(input: [nil, 3, 8, 8])
    writer.weights("conv.weight", [4, 3, 3, 3])
    writer.weights("fc.weight", [2, 4])
    writer.node("Conv", ["x", "conv.weight"], "h", ["pads": .integers([1, 1, 1, 1])])
    body(&writer)
    writer.node("GlobalAveragePool", ["z"], "p")
    writer.node("Flatten", ["p"], "f")
    writer.node("Gemm", ["f", "fc.weight"], "y", ["transB": .integer(1)])
    return writer
  }

  @Test func `x times its sigmoid is SiLU, with factors too`() throws {
    let plain = features {
      $0.node("Sigmoid", ["h"], "s")
      $0.node("Mul", ["s", "h"], "z")
    }
    #expect(try layers(plain) == "dense dense")
    let scaled = features {
      $0.floats("b", [], [1.702])
      $0.node("Mul", ["h", "b"], "t")
      $0.node("Sigmoid", ["t"], "s")
      $0.node("Mul", ["h", "s"], "z")
    }
    #expect(try layers(scaled) == "dense rescale silu rescale dense")
    // σ of another value is a gate, and stays one.
    let other = features {
      $0.node("Tanh", ["h"], "t")
      $0.node("Sigmoid", ["t"], "s")
      $0.node("Mul", ["h", "s"], "z")
    }
    #expect(try layers(other) == "dense tanh sigmoid multiply dense")
  }

  @Test func `GELU by erf has its constants, or is none`() throws {
    func graph(_ root: Float, _ half: Float) -> GraphWriter {
      features {
        $0.floats("r", [], [root])
        $0.floats("one", [], [1])
        $0.floats("half", [], [half])
        $0.node("Div", ["h", "r"], "a")
        $0.node("Erf", ["a"], "e")
        $0.node("Add", ["e", "one"], "b")
        $0.node("Mul", ["h", "b"], "c")
        $0.node("Mul", ["c", "half"], "z")
      }
    }
    #expect(try layers(graph(2.0.squareRoot().float, 0.5)) == "dense dense")
    // Twice the size is a factor behind it; another argument is GELU of a multiple.
    #expect(try layers(graph(2.0.squareRoot().float, 1)) == "dense rescale dense")
    #expect(try layers(graph(1, 0.5)) == "dense rescale gelu rescale dense")
  }

  @Test func `layer norm as TensorFlow writes it`() throws {
    func graph(_ mean: String = "m", _ scale: String = "k") -> GraphWriter {
      features {
        $0.floats("eps", [], [1e-3])
        $0.weights("ln.weight", [1, 4])
        $0.weights("ln.bias", [1, 4], seed: 2)
        let axes = ["axes": GraphWriter.Attribute.integers([1]), "keepdims": .integer(1)]
        $0.node("ReduceMean", ["h"], "m", axes)
        $0.node("Sub", ["h", "m"], "d")
        $0.node("Mul", ["d", "d"], "q")
        $0.node("ReduceMean", ["q"], "v", axes)
        $0.node("Add", ["v", "eps"], "w")
        $0.node("Sqrt", ["w"], "s")
        $0.node("Reciprocal", ["s"], "r")
        $0.node("Mul", ["r", "ln.weight"], "k")
        $0.node("Mul", ["h", "k"], "a")
        $0.node("Neg", [mean], "n")
        $0.node("Mul", ["n", scale], "b")
        $0.node("Add", ["b", "ln.bias"], "c")
        $0.node("Add", ["a", "c"], "z")
      }
    }
    #expect(try layers(graph()) == "dense layer_norm dense")
    try withFolder { folder in
      let network = try NetworkTranslation(try graph().write(to: folder))
      let names = network.architecture.parameters.map(\.name)
      let weight = try #require(names.firstIndex { $0.hasSuffix("ln.weight") })
      let expected: [Float] = (0..<4).map { index in
        let number = (index * 7919 + 104_729) % 1009
        return Float(number) / 1009 - 0.4
      }
      #expect(network.parameters[weight] == expected)
      #expect(network.architecture.json.contains("0.001"))
    }
    // The variance in the mean's place, or the factor without γ, is another function.
    #expect(throws: ImportError.self) { try layers(graph("v")) }
    #expect(throws: ImportError.self) { try layers(graph("m", "r")) }
  }

  @Test func `FRN with and without its threshold`() throws {
    func graph(_ body: (inout GraphWriter) -> Void) -> GraphWriter {
      image {
        $0.floats("eps", [], [1e-6])
        $0.floats("minus", [], [-0.5])
        for name in ["gamma", "beta", "tau"] { $0.weights("frn.\(name)", [4, 1, 1]) }
        $0.node("Mul", ["h", "h"], "q")
        $0.node("ReduceMean", ["q"], "m", ["axes": .integers([2, 3]), "keepdims": .integer(1)])
        $0.node("Add", ["m", "eps"], "v")
        $0.node("Pow", ["v", "minus"], "r")
        $0.node("Mul", ["h", "r"], "n")
        body(&$0)
      }
    }
    let whole = graph {
      $0.node("Mul", ["frn.gamma", "n"], "g")
      $0.node("Add", ["g", "frn.beta"], "b")
      $0.node("Max", ["b", "frn.tau"], "z")
    }
    #expect(try layers(whole) == "conv2d filter_response_norm global_average_pool2d dense")
    let bare = graph { $0.node("Identity", ["n"], "z") }
    #expect(try layers(bare) == "conv2d filter_response_norm global_average_pool2d dense")
  }

  @Test func `group norm has its own factors and summands, however it is written`() throws {
    let weights = (0..<4).map { Float($0) + 1 }
    let biases = (0..<4).map { Float($0) * 10 }
    func graph(opset: Int, _ body: (inout GraphWriter) -> Void) throws -> [String: [Float]] {
      var writer = image {
        $0.floats("gn.weight", [4], weights)
        $0.floats("gn.bias", [4], biases)
        body(&$0)
      }
      writer.opset = opset
      return try withFolder { folder in
        let network = try NetworkTranslation(try writer.write(to: folder))
        let names = network.architecture.parameters.map(\.name)
        return Dictionary(uniqueKeysWithValues: zip(names, network.parameters))
      }
    }
    let operation = try graph(opset: 21) {
      $0.node("GroupNormalization", ["h", "gn.weight", "gn.bias"], "z", ["num_groups": .integer(2)])
    }
    #expect(operation["gn.weight"] == weights)
    #expect(operation["gn.bias"] == biases)
    // The normalisation of the groups has factors 2, 3 and summands 1, −1 of its own.
    let decomposed = try graph(opset: 17) {
      $0.integers("groups", [0, 2, -1])
      $0.floats("s", [2], [2, 3])
      $0.floats("b", [2], [1, -1])
      $0.integers("axes", [1, 2])
      $0.node("Reshape", ["h", "groups"], "r")
      $0.node("InstanceNormalization", ["r", "s", "b"], "i")
      $0.node("Shape", ["h"], "shape")
      $0.node("Reshape", ["i", "shape"], "n")
      $0.node("Unsqueeze", ["gn.weight", "axes"], "gamma")
      $0.node("Unsqueeze", ["gn.bias", "axes"], "beta")
      $0.node("Mul", ["n", "gamma"], "m")
      $0.node("Add", ["m", "beta"], "z")
    }
    #expect(decomposed["gn.weight"] == [2, 4, 9, 12])
    #expect(decomposed["gn.bias"] == [1, 12, 17, 26])
  }

  @Test func `layer norm written out, over features and over channels`() throws {
    func norm(_ writer: inout GraphWriter, axis: Int, shape: [Int]) {
      writer.floats("eps", [], [1e-5])
      writer.floats("two", [], [2])
      writer.weights("ln.weight", shape)
      writer.weights("ln.bias", shape, seed: 2)
      writer.node("ReduceMean", ["h"], "m", ["axes": .integers([axis])])
      writer.node("Sub", ["h", "m"], "d")
      writer.node("Pow", ["d", "two"], "q")
      writer.node("ReduceMean", ["q"], "v", ["axes": .integers([axis])])
      writer.node("Add", ["v", "eps"], "w")
      writer.node("Sqrt", ["w"], "s")
      writer.node("Div", ["d", "s"], "n")
      writer.node("Mul", ["n", "ln.weight"], "g")
      writer.node("Add", ["g", "ln.bias"], "z")
    }
    #expect(try layers(features { norm(&$0, axis: -1, shape: [4]) }) == "dense layer_norm dense")
    #expect(
      try layers(image { norm(&$0, axis: 1, shape: [4, 1, 1]) })
        == "conv2d transpose layer_norm transpose global_average_pool2d dense")
  }

  @Test func `shapes of any batch are computed away`() throws {
    let graph = image {
      $0.integers("zero", shape: [], [0])
      $0.integers("minus", [-1])
      $0.node("Shape", ["h"], "s")
      $0.node("Gather", ["s", "zero"], "n0", ["axis": .integer(0)])
      $0.integers("axis", [0])
      $0.node("Unsqueeze", ["n0", "axis"], "n")
      $0.integers("rest", [4, 64])
      $0.node("Concat", ["n", "rest"], "shape", ["axis": .integer(0)])
      $0.node("Reshape", ["h", "shape"], "flat")
      $0.integers("back", [0, 4, 8, -1])
      $0.node("Reshape", ["flat", "back"], "z")
    }
    #expect(try layers(graph) == "conv2d global_average_pool2d dense")
  }

  @Test func `a token in front of others, of one example or of any number`() throws {
    for batch in [nil, 1] {
      var writer = GraphWriter(input: [batch, 4, 3])
      writer.weights("cls", [1, 1, 3])
      writer.weights("fc.weight", [2, 3])
      writer.integers("zero", shape: [], [0])
      var token = "cls"
      if batch == nil {
        writer.integers("start", [0])
        writer.integers("one", [1])
        writer.node("Shape", ["x"], "s")
        writer.node("Slice", ["s", "start", "one"], "n")
        writer.node("Concat", ["n", "one", "one"], "shape", ["axis": .integer(0)])
        writer.node("Expand", ["cls", "shape"], "t")
        token = "t"
      }
      writer.node("Concat", [token, "x"], "c", ["axis": .integer(1)])
      writer.node("Gather", ["c", "zero"], "g", ["axis": .integer(1)])
      writer.node("Gemm", ["g", "fc.weight"], "y", ["transB": .integer(1)])
      let text = try withFolder { try NetworkTranslation(writer.write(to: $0)) }
      #expect(
        text.structure.map { String($0.prefix { $0 != " " }) } == ["parameter", "concat", "slice", "flatten", "dense"])
      #expect(text.architecture.layerShapes == [[1, 3], [5, 3], [1, 3], [3], [2]])
    }
  }

  @Test func `NHWC input as TensorFlow's converter writes it`() throws {
    var writer = GraphWriter(input: [nil, 8, 8, 3], opset: 15)
    writer.weights("kernel", [4, 3, 3, 3])
    writer.weights("scale", [1, 4, 1, 1])
    writer.weights("offset", [1, 4, 1, 1], seed: 2)
    writer.weights("dense", [64, 2])
    writer.weights("bias", [2])
    writer.integers("shape", [-1, 64])
    writer.node("Transpose", ["x"], "t", ["perm": .integers([0, 3, 1, 2])])
    writer.node("Conv", ["t", "kernel"], "c", ["strides": .integers([2, 2]), "auto_pad": .text("SAME_UPPER")])
    writer.node("Mul", ["c", "scale"], "m")
    writer.node("Add", ["m", "offset"], "a")
    writer.node("Relu", ["a"], "r")
    writer.node("Transpose", ["r"], "u", ["perm": .integers([0, 2, 3, 1])])
    writer.node("Reshape", ["u", "shape"], "f")
    writer.node("MatMul", ["f", "dense"], "d")
    writer.node("Add", ["d", "bias"], "e")
    writer.node("Softmax", ["e"], "y")
    try withFolder { folder in
      let network = try NetworkTranslation(try writer.write(to: folder))
      #expect(
        network.structure.map { String($0.prefix { $0 != " " }) } == [
          "transpose", "conv2d", "transpose", "flatten", "dense",
        ])
      // SAME pads an even size with stride 2 below and to the right only.
      #expect(network.architecture.json.contains(#""padding":[0,1,0,1],"activation":"relu""#))
      #expect(network.notes.first?.contains("softmax at its end") == true)
    }
  }

  @Test func `constants at the input are its normalisation, in any order`() throws {
    func graph(_ body: (inout GraphWriter) -> Void) -> GraphWriter {
      var writer = GraphWriter(input: [nil, 3, 8, 8])
      writer.weights("conv.weight", [4, 3, 8, 8])
      writer.floats("mean", [1, 3, 1, 1], [0.5, 0.25, 0.125])
      writer.floats("two", [], [2])
      writer.floats("minus", [], [-2])
      writer.integers("shape", [-1, 4])
      body(&writer)
      writer.node("Conv", ["z", "conv.weight"], "c")
      writer.node("Reshape", ["c", "shape"], "y")
      return writer
    }
    func text(_ writer: GraphWriter) throws -> String {
      try withFolder { try NetworkTranslation(writer.write(to: $0)).architecture.json }
    }
    let both = graph {
      $0.node("Sub", ["x", "mean"], "a")
      $0.node("Mul", ["a", "two"], "z")
    }
    #expect(try text(both).contains(#"{"type":"normalize","mean":[0.5,0.25,0.125],"scale":[0.5,0.5,0.5]}"#))
    let turned = graph {
      $0.node("Mul", ["two", "x"], "a")
      $0.node("Sub", ["a", "mean"], "z")
    }
    #expect(try text(turned).contains(#"{"type":"normalize","mean":[0.25,0.125,0.0625],"scale":[0.5,0.5,0.5]}"#))
    // A negative scale is none of the layer's.
    let negative = graph { $0.node("Mul", ["x", "minus"], "z") }
    #expect(try text(negative).contains(#"{"type":"rescale","factor":-2.0}"#))
  }

  @Test func `bytes that a graph divides itself are bytes`() throws {
    var writer = GraphWriter(input: [nil, 4], type: 2)
    writer.floats("most", [], [255])
    writer.weights("fc.weight", [3, 4])
    writer.node("Cast", ["x"], "f", ["to": .integer(1)])
    writer.node("Div", ["f", "most"], "d")
    writer.node("Gemm", ["d", "fc.weight"], "y", ["transB": .integer(1)])
    #expect(try layers(writer) == "dense")
  }

  @Test func `gates, slices and pads keep their places`() throws {
    let graph = image {
      $0.node("GlobalAveragePool", ["h"], "g0")
      $0.node("Sigmoid", ["g0"], "g")
      $0.node("Mul", ["g", "h"], "a")
      $0.node("Split", ["a"], ["b", "c"], ["axis": .integer(1)])
      $0.node("Concat", ["c", "b"], "d", ["axis": .integer(1)])
      $0.integers("pads", [0, 0, 1, 1, 0, 0, 1, 1])
      $0.node("Pad", ["d", "pads"], "e")
      $0.node("MaxPool", ["e"], "z", ["kernel_shape": .integers([2, 2]), "strides": .integers([2, 2])])
    }
    #expect(
      try layers(graph)
        == "conv2d global_average_pool2d reshape sigmoid multiply slice slice concat pad max_pool2d global_average_pool2d dense"
    )
  }
}

extension Double {
  fileprivate var float: Float { Float(self) }
}
