import NeuralNetworks
import TestSupport
import Testing

@Suite(.inTurn) struct ArchitectureTests {
  static let convolutional = """
    {"input_shape":[1,28,28],"class_count":10,"author":"someone","layers":[
      {"type":"normalize","mean":[0.1307],"scale":[0.3081]},
      {"type":"conv2d","name":"conv1","filters":32,"kernel_size":5,"activation":"leaky_relu"},
      {"type":"max_pool2d","kernel_size":2,"stride":2},
      {"type":"conv2d","name":"conv2","filters":16,"kernel_size":5,"activation":"leaky_relu"},
      {"type":"max_pool2d","kernel_size":2,"stride":1},
      {"type":"flatten"},
      {"type":"dense","name":"output","units":10,"activation":"identity"}]}
    """

  @Test func `shapes follow through convolution and pooling`() throws {
    let architecture = try Architecture(json: Self.convolutional)
    #expect(
      architecture.layerShapes == [[1, 28, 28], [32, 24, 24], [32, 12, 12], [16, 8, 8], [16, 7, 7], [784], [10]])
  }

  @Test func `parameters have PyTorch's names and shapes, in the order of the layers`() throws {
    let architecture = try Architecture(json: Self.convolutional)
    #expect(
      architecture.parameters.map(\.name) == [
        "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "output.weight", "output.bias",
      ])
    #expect(
      architecture.parameters.map(\.shape) == [[32, 1, 5, 5], [32], [16, 32, 5, 5], [16], [10, 784], [10]])
    #expect(architecture.parameterCount == 800 + 32 + 12_800 + 16 + 7_840 + 10)
  }

  @Test func `the text is kept as it was read`() throws {
    #expect(try Architecture(json: Self.convolutional).json == Self.convolutional)
  }

  @Test func `the canonical text describes the same network`() throws {
    let architecture = try Architecture(
      inputShape: [3, 8, 8], classCount: 2,
      layers: [
        .normalize(mean: [0, 0.5, -1e-3], scale: [1, 2, 0.25]),
        .convolution(name: "a \"quoted\" name", filters: 4, kernelSize: 3, activation: .sigmoid),
        .maxPool(kernelSize: 2, stride: 2), .flatten, .dense(name: "output", units: 2, activation: .identity),
      ])
    #expect(try Architecture(json: architecture.json) == architecture)
  }

  @Test(arguments: [
    ([784], [("a", 64), ("b", 64), ("c", 10)], "784-64-64-10 tanh"),
    ([2], [("c", 3)], "2-3"),
  ])
  func `dense networks are summarised by their widths`(shape: [Int], layers: [(String, Int)], summary: String) throws {
    let last = layers.count - 1
    let architecture = try Architecture(
      inputShape: shape, classCount: layers[last].1,
      layers: layers.enumerated().map {
        .dense(name: $0.element.0, units: $0.element.1, activation: $0.offset == last ? .identity : .tanh)
      })
    #expect(architecture.summary == summary)
  }

  static let dense = #"{"type":"dense","name":"o","units":2,"activation":"identity"}"#

  @Test(arguments: [
    // The text as a whole.
    ("", "expected a value"), ("[]", "not a JSON object"), ("{", "expected a key"), ("{} {}", "text after its end"),
    (#"{"a":1,"a":2}"#, "comes twice"), (#"{"a":01}"#, "starts with zero"), (#"{"a":"\ud800"}"#, "lone surrogate"),
    (#"{"a":NaN}"#, "expected a value"), (#"{"a":"#, "expected a value"), (#"{"a":"\u12"#, "hexadecimal"),
    (String(repeating: "[", count: 100_000), "nests too deeply"),
    (String(repeating: " ", count: 1 << 21), "the limit is 1 MiB"),
    (#"{"a":1"# + String(repeating: "0", count: 1000) + "}", "400 characters"),
    // Sizes.
    (#"{"input_shape":[],"class_count":2,"layers":[DENSE]}"#, "1 to 8"),
    (#"{"input_shape":[0],"class_count":2,"layers":[DENSE]}"#, "sizes start at 1"),
    (#"{"input_shape":[-3],"class_count":2,"layers":[DENSE]}"#, "sizes start at 1"),
    (#"{"input_shape":[true],"class_count":2,"layers":[DENSE]}"#, "not an integer"),
    (#"{"input_shape":[3.0],"class_count":2,"layers":[DENSE]}"#, "not an integer"),
    (#"{"input_shape":[3e0],"class_count":2,"layers":[DENSE]}"#, "not an integer"),
    (#"{"input_shape":["3"],"class_count":2,"layers":[DENSE]}"#, "not an integer"),
    (#"{"input_shape":[99999999999999999999],"class_count":2,"layers":[DENSE]}"#, "not an integer"),
    (#"{"input_shape":[4611686018427387904,4],"class_count":2,"layers":[{"type":"flatten"},DENSE]}"#, "overflows"),
    (#"{"input_shape":[4611686018427387904],"class_count":2,"layers":[DENSE]}"#, "overflows"),
    // Layers.
    (#"{"input_shape":[3],"class_count":2,"layers":[]}"#, "is empty"),
    (#"{"input_shape":[3],"class_count":2,"layers":{}}"#, "not a list"),
    (
      #"{"input_shape":[3],"class_count":2,"layers":[{"type":"dense","units":2,"activation":"relu"}]}"#,
      "name is missing"
    ),
    (
      #"{"input_shape":[3],"class_count":2,"layers":[{"type":"dense","name":"","units":2,"activation":"relu"}]}"#,
      "cannot be a name"
    ),
    (
      #"{"input_shape":[3],"class_count":2,"layers":[{"type":"dense","name":"..","units":2,"activation":"relu"}]}"#,
      "cannot be a name"
    ),
    (
      #"{"input_shape":[3],"class_count":2,"layers":[{"type":"dense","name":"a\u0000b","units":2,"activation":"relu"}]}"#,
      "cannot be a name"
    ),
    (#"{"input_shape":[3,1],"class_count":2,"layers":[DENSE]}"#, "flatten layer must come before"),
    (
      #"{"input_shape":[3],"class_count":2,"layers":[{"type":"max_pool2d","kernel_size":1,"stride":1},DENSE]}"#,
      "channels, height, width"
    ),
    (
      #"{"input_shape":[1,2,2],"class_count":2,"layers":[{"type":"conv2d","name":"c","filters":1,"kernel_size":3,"activation":"relu"},{"type":"flatten"},DENSE]}"#,
      "does not fit"
    ),
    (
      #"{"input_shape":[2],"class_count":2,"layers":[{"type":"normalize","mean":[0],"scale":[1]},DENSE]}"#,
      "for 2 channels"
    ),
    (
      #"{"input_shape":[1],"class_count":2,"layers":[{"type":"normalize","mean":[1e999],"scale":[1]},DENSE]}"#,
      "not finite"
    ),
    (
      #"{"input_shape":[1],"class_count":2,"layers":[{"type":"normalize","mean":[0],"scale":[-1]},DENSE]}"#,
      "finite and positive"
    ),
  ])
  func `an ill-formed description is refused with its reason`(text: String, reason: String) throws {
    let error = try #require(throws: ArchitectureError.self) {
      try Architecture(json: text.replacing("DENSE", with: Self.dense))
    }
    #expect(error.description.contains(reason), "\(error)")
  }

  @Test func `draws in memory are copied in order`() throws {
    let architecture = try Architecture(
      inputShape: [1], classCount: 2, layers: [.dense(name: "o", units: 1, activation: .identity)])
    let weights = InMemoryWeights(architecture: architecture, draws: [[1, 2], [3, 4]])
    var draw: [Float] = [0, 0]
    try draw.withUnsafeMutableBufferPointer { try weights.read(draw: 1, into: $0) }
    #expect(draw == [3, 4])
  }
}
