import ArrayFiles
import Foundation
import NeuralNetworks
import TestSupport
import Testing

@testable import NetworkImport

/// What is refused, in one sentence that names the file, the node and the reason.
@Suite("Refusals of ONNX", .inTurn)
struct RefusalTests {
  private func refusal(_ writer: GraphWriter) throws -> String {
    try withFolder { folder in
      let path = try writer.write(to: folder)
      let error = #expect(throws: ImportError.self) { try NetworkTranslation(path) }
      #expect(error?.file == path)
      return error?.reason ?? ""
    }
  }

  /// x through some nodes to y.
  private func graph(_ input: [Int?] = [nil, 3], opset: Int = 17, _ body: (inout GraphWriter) -> Void) -> GraphWriter {
    var writer = GraphWriter(input: input, opset: opset)
    writer.weights("w", [2, 3])
    body(&writer)
    return writer
  }

  @Test func `an operator is named with what feeds it`() throws {
    let unknown = graph([nil, 4, 3]) {
      $0.node("Tanh", ["x"], "t")
      $0.node("LSTM", ["t"], "y")
    }
    #expect(
      try refusal(unknown)
        == #"node "make-y" (LSTM), which takes "t" from node "make-t" (Tanh), is recurrent, and recurrent networks are not read"#
    )
    let foreign = graph { $0.node("Gelu", ["x"], "y", domain: "com.microsoft") }
    #expect(try refusal(foreign).hasSuffix(#"is of the domain "com.microsoft", not one of ONNX's own operators"#))
    let alone = graph {
      $0.node("Gemm", ["x", "w"], "h", ["transB": .integer(1)])
      $0.node("Exp", ["h"], "y")
    }
    #expect(
      try refusal(alone)
        == #"node "make-y" (Exp), which takes what node "make-h" (Gemm) gives, has no layer, and is part of no pattern that is known here"#
    )
    let branch = graph { $0.node("If", ["x"], "y", ["then_branch": .graph]) }
    #expect(try refusal(branch).contains("has graphs of its own"))
  }

  @Test func `a setting that nobody applies is refused`() throws {
    let writer = graph { $0.node("Gemm", ["x", "w"], "y", ["transB": .integer(1), "gamma": .float(2)]) }
    #expect(try refusal(writer) == #"node "make-y" (Gemm) has the attribute "gamma", which is not known here"#)
    let typed = graph { $0.node("Gemm", ["x", "w"], "y", ["transB": .float(1)]) }
    #expect(try refusal(typed).contains("has an attribute transB that is no whole number"))
  }

  @Test func `inputs and outputs that are no classifier's`() throws {
    var two = graph { $0.node("Gemm", ["x", "w"], "y", ["transB": .integer(1)]) }
    two.furtherInputs = ["x2"]
    #expect(try refusal(two) == #"has 2 inputs ("x", "x2"); a classifier here has one"#)
    var outputs = graph { $0.node("Gemm", ["x", "w"], "y", ["transB": .integer(1)]) }
    outputs.outputs = ["y", "h"]
    #expect(try refusal(outputs).contains(#"has 2 outputs ("y", "h"); export the network with its logits alone"#))
    let open = graph([nil, 3, nil, 8]) { $0.node("Relu", ["x"], "y") }
    #expect(
      try refusal(open).contains(#"input "x" has a dimension 2 of any size; only the first, the batch, may be so"#))
    var half = graph { $0.node("Relu", ["x"], "y") }
    half.input.type = 10
    #expect(try refusal(half) == #"input "x" is of half precision: export the network in float32"#)
    let several = graph {
      $0.node("Gemm", ["x", "w"], "h", ["transB": .integer(1)])
      $0.node("Sigmoid", ["h"], "y")
    }
    #expect(try refusal(several).contains("gives 2 probabilities that do not sum to 1"))
  }

  @Test func `opsets that are not known`() throws {
    for opset in [10, 25] {
      let writer = graph(opset: opset) { $0.node("Gemm", ["x", "w"], "y", ["transB": .integer(1)]) }
      #expect(try refusal(writer).hasPrefix("has operators of ONNX's opset \(opset); 11 to 24 are read"))
    }
  }

  @Test func `what is no ONNX is refused, as its own runtime does`() throws {
    let weight = graph {
      $0.node("Relu", ["x"], "w")
      $0.node("Gemm", ["x", "w"], "y", ["transB": .integer(1)])
    }
    #expect(try refusal(weight) == #"node "make-w" (Relu) gives "w", which is a tensor of the graph as well"#)
    let input = graph {
      $0.node("Relu", ["x"], "x")
      $0.node("Gemm", ["x", "w"], "y", ["transB": .integer(1)])
    }
    #expect(try refusal(input) == #"node "make-x" (Relu) gives "x", which is an input of the graph as well"#)
    let further = graph {
      $0.floats("b", [2], [1, 2])
      $0.node("Gemm", ["x", "w", "b", "b"], "y", ["transB": .integer(1)])
    }
    #expect(try refusal(further) == #"node "make-y" (Gemm) has 4 inputs, and Gemm takes 3 at most"#)
    let untyped = graph { $0.node("Gemm", ["x", "w"], "y", ["transB": .untyped(1)]) }
    #expect(try refusal(untyped).hasSuffix(#"attribute "transB" does not say of which type it is"#))
    var version = graph { $0.node("Gemm", ["x", "w"], "y", ["transB": .integer(1)]) }
    version.format = 99
    #expect(try refusal(version).hasPrefix("is of version 99 of ONNX's format (ir_version); 3 to 14 are known"))
    let backwards = graph {
      $0.node("Gemm", ["h", "w"], "y", ["transB": .integer(1)])
      $0.node("Relu", ["x"], "h")
    }
    #expect(try refusal(backwards) == #"node "make-y" (Gemm) takes "h", which nothing before it computes"#)
  }

  @Test func `examples must not be mixed`() throws {
    let reshaped = graph([nil, 4]) {
      $0.integers("shape", [2, -1])
      $0.node("Reshape", ["x", "shape"], "y")
    }
    #expect(try refusal(reshaped).contains("mixes the examples of a batch"))
    let reduced = graph { $0.node("ReduceMean", ["x"], "y", ["axes": .integers([0])]) }
    #expect(try refusal(reduced).contains("works along the examples of a batch"))
    let softmax = graph {
      $0.node("Softmax", ["x"], "s", ["axis": .integer(0)])
      $0.node("Gemm", ["s", "w"], "y", ["transB": .integer(1)])
    }
    #expect(try refusal(softmax).contains("works along the examples of a batch"))
  }

  @Test func `training modes and half precision`() throws {
    let training = graph([nil, 2, 4, 4]) {
      for name in ["s", "b", "m", "v"] { $0.weights(name, [2]) }
      $0.node("BatchNormalization", ["x", "s", "b", "m", "v"], "y", ["training_mode": .integer(1)])
    }
    #expect(try refusal(training).contains("normalises by the batch, in training"))
    let half = graph {
      $0.node("Cast", ["x"], "h", ["to": .integer(10)])
      $0.node("Relu", ["h"], "y")
    }
    #expect(try refusal(half).contains("computes in half precision"))
  }

  @Test func `windows and pads without a layer`() throws {
    func pool(_ attributes: [String: GraphWriter.Attribute]) -> GraphWriter {
      graph([nil, 2, 5, 5]) {
        $0.node(
          "AveragePool", ["x"], "y",
          attributes.merging(["kernel_shape": .integers([2, 2]), "strides": .integers([2, 2])]) { $1 })
      }
    }
    #expect(try refusal(pool(["ceil_mode": .integer(1)])).contains("windows that reach over the end (ceil_mode)"))
    let reflected = graph([nil, 2, 5, 5]) {
      $0.integers("pads", [0, 0, 1, 1, 0, 0, 1, 1])
      $0.node("Pad", ["x", "pads"], "y", ["mode": .text("reflect")])
    }
    #expect(try refusal(reflected).contains(#"pads by "reflect", and there is a layer for zeros only"#))
    let volume = graph([nil, 2, 5, 5, 5]) {
      $0.weights("c", [2, 2, 3, 3, 3])
      $0.node("Conv", ["x", "c"], "y")
    }
    #expect(try refusal(volume).contains("there are layers for images (batch, channels, height, width) and for lines"))
  }

  @Test func `external data stay in their folder`() throws {
    func entry(_ key: String, _ text: String) -> [UInt8] {
      GraphWriter.field(13, GraphWriter.field(1, key) + GraphWriter.field(2, text))
    }
    for location in ["/etc/passwd", "../other.bin", "a/../../b"] {
      var writer = GraphWriter()
      writer.tensor("w", [2, 3], type: 1, fields: entry("location", location) + GraphWriter.field(14, 1))
      writer.node("Gemm", ["x", "w"], "y", ["transB": .integer(1)])
      #expect(try refusal(writer).contains("outside the folder of the ONNX file"))
    }
    try withFolder { folder in
      var writer = GraphWriter()
      writer.tensor(
        "w", [2, 3], type: 1,
        fields: entry("location", "w.bin") + entry("offset", "8") + entry("length", "24") + GraphWriter.field(14, 1))
      writer.node("Gemm", ["x", "w"], "y", ["transB": .integer(1)])
      let path = try writer.write(to: folder)
      let numbers: [Float] = [9, 9, 1, 2, 3, 4, 5, 6]
      try Data(numbers.withUnsafeBytes { Array($0) }).write(to: folder.appendingPathComponent("w.bin"))
      #expect(try NetworkTranslation(path).parameters == [[1, 2, 3, 4, 5, 6]])
      try Data(numbers.dropLast().withUnsafeBytes { Array($0) }).write(to: folder.appendingPathComponent("w.bin"))
      let error = #expect(throws: ImportError.self) { try NetworkTranslation(path) }
      #expect(error?.reason == #"tensor "w" lies in "w.bin" beyond its end"#)
    }
  }

  @Test func `a constant larger than the file could hold is never made`() throws {
    let writer = graph {
      $0.integers("shape", [1 << 20, 1 << 20])
      $0.node("ConstantOfShape", ["shape"], "c")
      $0.node("MatMul", ["x", "c"], "y")
    }
    #expect(try refusal(writer).contains("makes a constant of shape [1048576, 1048576], far more than the file holds"))
  }

  @Test func `sizes beyond any example end in a sentence`() throws {
    let padded = graph([nil, 2, 4, 4]) {
      var before = "x"
      for index in 0..<4 {
        $0.integers("pads\(index)", [0, 0, 1 << 19, 1 << 19, 0, 0, 1 << 19, 1 << 19])
        $0.node("Pad", [before, "pads\(index)"], "p\(index)")
        before = "p\(index)"
      }
      $0.node("GlobalAveragePool", [before], "y")
    }
    #expect(try refusal(padded).contains("gives more numbers for an example than any network that is read"))
    let reshaped = graph([nil, 4]) {
      $0.integers("shape", [-1, 1 << 40, 1 << 40])
      $0.node("Reshape", ["x", "shape"], "y")
    }
    #expect(try refusal(reshaped).hasPrefix(#"node "make-y" (Reshape)"#))
    let large = graph([nil, 1 << 20, 1 << 20]) { $0.node("Relu", ["x"], "y") }
    #expect(try refusal(large).contains("larger than any example"))
  }

  @Test func `a chain of many operators costs no square of its length`() throws {
    var writer = GraphWriter()
    writer.weights("w", [2, 3])
    writer.floats("c", [], [0.999_999])
    var before = "x"
    for index in 0..<5_000 {
      writer.node("Mul", [before, "c"], "m\(index)")
      before = "m\(index)"
    }
    writer.node("Gemm", [before, "w"], "y", ["transB": .integer(1)])
    let start = ContinuousClock.now
    try withFolder { folder in
      let path = try writer.write(to: folder)
      #expect(try NetworkTranslation(path).architecture.classCount == 2)
    }
    #expect(ContinuousClock.now - start < .seconds(30))
  }

  @Test func `PyTorch's own files are recognised, with what exports them`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("model.pt").path
      let zip: [UInt8] = [0x50, 0x4B, 0x03, 0x04] + [UInt8](repeating: 0, count: 26) + Array("archive/data.pkl".utf8)
      for bytes in [zip, [0x80, 0x02, 0x8A, 0x0A, 0x2E]] {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: ImportError.self) { try DrawSource(graphs: [path]) }
        #expect(error?.description.contains("torch.onnx.export(model") == true)
        #expect(error?.exitCode == 65)
      }
    }
  }

  @Test func `files of other kinds are named, with what takes them`() throws {
    try withFolder { folder in
      func sentence(_ bytes: [UInt8], _ name: String = "net.onnx") throws -> String {
        let path = folder.appendingPathComponent(name).path
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: ImportError.self) { try DrawSource(graphs: [path]) }
        return error?.reason ?? ""
      }
      let hdf5: [UInt8] = [0x89] + Array("HDF\r\n".utf8) + [0x1A, 0x0A]
      #expect(try sentence(hdf5).hasPrefix("is HDF5, and no graph in ONNX: an InferenceData goes with --posterior"))
      let npz: [UInt8] = [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 26) + Array("w.npy".utf8)
      #expect(
        try sentence(npz)
          == "is an .npz of NumPy, and holds arrays, not a network: give it as --draws, with the graph as --network")
      let tensors = try TensorWriter.safetensors([("w", [1], [1])], folder, "a.safetensors")
      #expect(
        try sentence(Array(Data(contentsOf: URL(fileURLWithPath: tensors)))).hasPrefix(
          "is a .safetensors, and holds arrays"))
      #expect(try sentence([0x1C, 0, 0, 0] + Array("TFL3".utf8)).hasPrefix("is of TensorFlow Lite"))
      #expect(try sentence([8, 1, 18, 4, 10, 0, 0, 0], "saved_model.pb").hasPrefix("is a SavedModel of TensorFlow"))
      #expect(try sentence(Array("<\n  ir_version: 8\n>".utf8)).contains("format=\"onnxtxt\""))
      #expect(try sentence(Array("ir_version: 8\ngraph {".utf8)).contains("format=\"textproto\""))
      #expect(try sentence(Array(#"{"irVersion": "8"}"#.utf8)).hasPrefix("is ONNX as JSON"))
      #expect(
        try sentence(Array(#"{"input_shape": [3], "layers": []}"#.utf8))
          == "is a description of a network in JSON, without weights: give it as --network, with --draws or --posterior"
      )
    }
  }
}
