import Foundation
import NeuralNetworks
import TestSupport
import Testing

@testable import TrainingHarness

/// What `--architecture` takes.
@Suite(.inTurn) struct `Architectures in words` {
  static func resolve(_ text: String, _ shape: [Int] = [1, 28, 28], classes: Int = 10) throws -> Architecture {
    try ArchitectureSpecification.resolve(text, inputShape: shape, classCount: classes)
  }

  static func message(_ text: String, _ shape: [Int] = [1, 28, 28]) -> String {
    do {
      return try resolve(text, shape).json
    } catch {
      return "\(error)"
    }
  }

  @Test func `dense layers are named, and images are made flat`() throws {
    let architecture = try Self.resolve("dense:512,256,leaky-relu")
    #expect(
      architecture.layers == [
        .flatten, .dense(name: "dense1", units: 512, activation: .leakyReLU),
        .dense(name: "dense2", units: 256, activation: .leakyReLU),
        .dense(name: "output", units: 10, activation: .identity),
      ])
    #expect(
      try Self.resolve("dense:3,tanh", [2], classes: 2).layers.first
        == .dense(name: "dense1", units: 3, activation: .tanh))
    #expect(
      try Self.resolve("dense:", [2], classes: 2).layers == [.dense(name: "output", units: 2, activation: .identity)])
    #expect(try Self.resolve("dense:8", [2]).layers.first == .dense(name: "dense1", units: 8, activation: .relu))
  }

  @Test func `the paper's convolutional network goes by name`() throws {
    let residual = try Self.resolve("resnet20-frn-silu", [3, 32, 32])
    #expect(residual.parameterCount == 274_042)
    #expect(residual.layers.count { $0.kind is Convolution } == 21)
    // "SAME" in front of a stride of 2: nothing before an even number of pixels, one behind.
    let strided = residual.layers.compactMap { $0.kind as? Convolution }.filter { $0.window.stride == [2, 2] }
    #expect(strided.first?.window.padding == [0, 1, 0, 1])
    let lenet = try Self.resolve("lenet5")
    #expect(lenet.parameterCount == 61_706)
    #expect(Self.message("lenet5", [1, 4, 4]).contains("does not fit inputs of shape [1, 4, 4]"))
    #expect(Self.message("resnet20-frn-silu", [2]).contains("takes images"))
    #expect(try Self.resolve("wide-mlp").layers.count { $0.kind is Dense } == 3)
    let architecture = try Self.resolve("carbone-conv:512")
    #expect(architecture.parameters.map(\.count) == [32 * 25, 32, 512 * 32 * 25, 512, 10 * 512 * 49, 10])
  }

  /// What is recorded of a run would train another network if the part before the slash were taken for a folder.
  @Test(arguments: ["normalize:0.286:0.353/dense:32,relu", "normalize:0.5,0.4,0.3:1,2,3/lenet5"])
  func `a normalisation is recorded`(_ text: String) {
    #expect(TrainingRequest.withoutFolders("architecture", text) == text)
    #expect(TrainingRequest.withoutFolders("architecture", "networks/\(text.split(separator: "/")[1])") != text)
  }

  @Test func `a normalisation stands before any of them, with numbers for each channel`() throws {
    let network = try Self.resolve("dense:32,relu")
    let normalized = try Self.resolve("normalize:0.286:0.353/dense:32,relu")
    #expect(normalized.layers == [.normalize(mean: [0.286], scale: [0.353])] + network.layers)
    let colours = try Self.resolve("normalize:0.5,0.4,-0.3:1,2,3/dense:4,relu", [3, 8, 8])
    #expect(colours.layers.first == .normalize(mean: [0.5, 0.4, -0.3], scale: [1, 2, 3]))
  }

  @Test func `JSON is taken as text and from a file`() throws {
    let json = try Self.resolve("dense:4,relu", [2], classes: 3).json
    #expect(try Self.resolve(json, [2], classes: 3).json == json)
    let folder = try TestFolder()
    try json.write(toFile: folder.path("net.json"), atomically: true, encoding: .utf8)
    #expect(try Self.resolve(folder.path("net.json"), [2], classes: 3).json == json)
  }

  @Test(arguments: [
    ("dnse:4", "Did you mean 'dense'?"), ("dense:4,rleu", "Did you mean 'relu'?"),
    ("dense:4,x,relu", "'x' is no width"),
    ("dense:0,relu", "'0' is no width"), ("dense:,relu", "'' is no width"),
    ("carbone-conv:many", "'many' is no number of filters"),
    ("normalize:0.3/dense:4", "normalize takes means and scales"),
    ("normalize:0.3:1", "normalize takes means and scales"),
    ("normalize:0.3:x/dense:4", "normalize takes means and scales"),
    ("normalize:0.3:1/dnse:4", "Did you mean 'dense'?"),
    ("normalize:0,0:1,1/dense:4", "2 means and 2 scales for 1 channels"),
    ("normalize:0.3:0/dense:4", "not finite and positive"),
    ("{\"layers\":3}", "input_shape is missing"), ("missing.json", "cannot be read"),
    (
      "{\"input_shape\":[5],\"class_count\":10,\"layers\":[{\"type\":\"dense\",\"name\":\"a\",\"units\":10,\"activation\":\"identity\"}]}",
      "takes inputs of shape [5]"
    ),
  ]) func `errors name what is wrong`(_ text: String, _ part: String) {
    #expect(Self.message(text).contains(part), "\(Self.message(text))")
  }

  @Test func `a network that does not fit the inputs is refused`() {
    #expect(Self.message("carbone-conv:8", [2]).contains("does not fit inputs of shape [2]"))
    #expect(Self.message("carbone-conv:8", [1, 6, 6]).contains("does not fit inputs"))
    let probabilities = """
      {"input_shape": [2], "class_count": 10, "layers": [
        {"type": "dense", "name": "output", "units": 10, "activation": "sigmoid"}]}
      """
    #expect(Self.message(probabilities, [2]).contains("the last layer has the activation sigmoid"))
  }
}
