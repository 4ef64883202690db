import Foundation
import TestSupport
import Testing

@testable import NeuralNetworks

/// The text of networks that are graphs: what is written, and what is refused.
@Suite("The text of a graph of layers", .inTurn)
struct GraphArchitectureTests {
  /// A layer of every type with settings that are not its defaults, in the spelling that is written.
  struct Spelling: Sendable, CustomTestStringConvertible {
    var shape: [Int]
    var layer: String
    /// What stands before it; the layer takes it unless it says otherwise.
    var before = ""
    var testDescription: String { layer }

    static let all: [Spelling] =
      [
        Spelling(shape: [2, 3, 3], layer: #"{"type":"normalize","mean":[0.5,-0.001],"scale":[0.25,1e-05]}"#),
        Spelling(shape: [2, 3, 3], layer: #"{"type":"flatten","name":"f","inputs":["input"]}"#),
        Spelling(
          shape: [2, 3],
          layer: #"{"type":"dense","name":"d","units":4,"activation":"gelu_tanh","bias":false,"over_last_axis":true}"#),
        Spelling(
          shape: [4, 9, 8],
          layer:
            #"{"type":"conv2d","name":"c","inputs":["input"],"filters":6,"kernel_size":[3,2],"stride":[2,1],"padding":[1,0,2,1],"dilation":[2,3],"groups":2,"activation":"hardswish","bias":false}"#
        ),
        Spelling(
          shape: [4, 9, 8], layer: #"{"type":"conv2d","name":"c","filters":6,"kernel_size":3,"activation":"relu6"}"#),
        Spelling(
          shape: [2, 6, 7], layer: #"{"type":"max_pool2d","kernel_size":[3,2],"stride":1,"padding":[1,2,1,0]}"#),
        Spelling(
          shape: [2, 6, 7],
          layer:
            #"{"type":"average_pool2d","kernel_size":3,"stride":[2,1],"padding":[0,1,0,2],"count_include_padding":false}"#
        ),
        Spelling(
          shape: [2, 6, 7],
          layer:
            #"{"type":"average_pool2d","kernel_size":3,"stride":2,"padding":[1,1,1,1],"count_include_padding":true}"#),
        Spelling(shape: [2, 6, 7], layer: #"{"type":"average_pool2d","kernel_size":2,"stride":2}"#),
        Spelling(shape: [2, 6, 7], layer: #"{"type":"global_average_pool2d"}"#),
        Spelling(shape: [3], layer: #"{"type":"leaky_relu","negative_slope":0.2}"#),
        Spelling(shape: [3], layer: #"{"type":"elu","alpha":0.7}"#), Spelling(shape: [3], layer: #"{"type":"elu"}"#),
        Spelling(shape: [3], layer: #"{"type":"softplus","beta":2.0,"threshold":5.0}"#),
        Spelling(shape: [3], layer: #"{"type":"softplus"}"#),
        Spelling(shape: [3], layer: #"{"type":"add","inputs":["input","input","input"]}"#),
        Spelling(shape: [3, 1, 1], layer: #"{"type":"multiply","inputs":["input","input"]}"#),
        Spelling(shape: [3, 2], layer: #"{"type":"concat","inputs":["input","input"],"axis":1}"#),
        Spelling(shape: [3, 2], layer: #"{"type":"concat","inputs":["input","input"]}"#),
        Spelling(shape: [3, 2], layer: #"{"type":"scale","name":"s","elementwise":true}"#),
        Spelling(shape: [3, 2], layer: #"{"type":"scale","name":"s"}"#),
        Spelling(shape: [3, 2], layer: #"{"type":"rescale","factor":2.0,"shift":-1.0}"#),
        Spelling(shape: [3, 2], layer: #"{"type":"rescale","factor":0.125}"#),
        Spelling(
          shape: [2], layer: #"{"type":"add","inputs":["input","p"]}"#,
          before: #"{"type":"parameter","name":"p","shape":[2]}"#),
        Spelling(shape: [3, 2], layer: #"{"type":"batch_norm","name":"n","eps":0.001,"affine":false}"#),
        Spelling(
          shape: [3, 2, 2], layer: #"{"type":"filter_response_norm","name":"n","eps":1e-06,"threshold":false}"#),
        Spelling(
          shape: [4, 3, 2], layer: #"{"type":"layer_norm","normalized_shape":[3,2],"eps":1e-05,"affine":false}"#),
        Spelling(shape: [4, 3, 2], layer: #"{"type":"layer_norm","name":"n","normalized_shape":[2],"eps":1e-05}"#),
        Spelling(shape: [4, 3, 2], layer: #"{"type":"group_norm","groups":2,"eps":0.5,"affine":false}"#),
        Spelling(shape: [4, 3, 2], layer: #"{"type":"rms_norm","normalized_shape":[3,2],"eps":1e-08,"affine":false}"#),
        Spelling(shape: [4, 3], layer: #"{"type":"reshape","shape":[2,6,1]}"#),
        Spelling(shape: [4, 3, 2], layer: #"{"type":"transpose","axes":[2,0,1]}"#),
        Spelling(shape: [4, 8], layer: #"{"type":"slice","axis":1,"start":1,"stop":8,"step":3}"#),
        Spelling(shape: [4, 8], layer: #"{"type":"slice","axis":0,"start":0,"stop":2}"#),
        Spelling(shape: [4, 8], layer: #"{"type":"pad","padding":[1,0,0,2]}"#),
        Spelling(shape: [4, 8, 2], layer: #"{"type":"mean","axes":[2,0]}"#),
        Spelling(shape: [4, 8], layer: #"{"type":"softmax"}"#),
        Spelling(shape: [4, 8], layer: #"{"type":"matmul","inputs":["input","input"],"transpose_second":true}"#),
        Spelling(shape: [4, 4], layer: #"{"type":"matmul","inputs":["input","input"]}"#),
      ]
      + [
        "identity", "relu", "relu6", "tanh", "sigmoid", "selu", "silu", "gelu", "gelu_tanh", "hardswish", "hardsigmoid",
      ].map { Spelling(shape: [3], layer: #"{"type":"\#($0)"}"#) }
  }

  static func text(_ shape: [Int], _ layers: String) -> String {
    let sizes = shape.map(String.init).joined(separator: ",")
    return #"{"input_shape":[\#(sizes)],"class_count":2,"layers":[\#(layers)]}"#
  }

  static let end = #"{"type":"flatten"},{"type":"dense","name":"o","units":2,"activation":"identity"}"#

  @Test(arguments: Spelling.all) func `what is read is written in the same words`(spelling: Spelling) throws {
    let before = spelling.before.isEmpty ? "" : spelling.before + ","
    let text = Self.text(spelling.shape, "\(before)\(spelling.layer),\(Self.end)")
    let read = try Architecture(json: text)
    let written = try Architecture(inputShape: read.inputShape, classCount: 2, layers: read.layers)
    #expect(written.json == text)
    #expect(written == read)
    #expect(
      !read.isOfFormat10
        || [#""type":"normalize""#, #""type":"flatten","name""#].contains { spelling.layer.contains($0) })
  }

  @Test func `every type of layer is spelled`() {
    let texts = Spelling.all.map { $0.before + $0.layer }.joined()
    for type in LayerKinds.all.flatMap({ $0.allTypes }) {
      #expect(texts.contains(#"{"type":"\#(type)""#), "\(type)")
    }
  }

  @Test(arguments: LayerAnswer.all) func `networks survive being written`(answer: LayerAnswer) throws {
    let read = answer.architecture
    let written = try Architecture(inputShape: read.inputShape, classCount: read.classCount, layers: read.layers)
    #expect(written == read)
    let again = try Architecture(json: written.json)
    #expect(again == read)
    #expect(again.hashValue == read.hashValue)
    #expect(again.parameters == read.parameters)
    #expect(again.layerShapes == read.layerShapes)
  }

  /// What only rearranges numbers hides no activation before it.
  @Test(arguments: [
    #"{"type":"dense","name":"o","units":3,"activation":"sigmoid"},{"type":"reshape","shape":[3]}"#,
    #"{"type":"conv2d","name":"o","filters":3,"kernel_size":2,"activation":"sigmoid"},{"type":"transpose","axes":[1,2,0]},{"type":"flatten"}"#,
    #"{"type":"dense","name":"o","units":3,"activation":"identity"},{"type":"sigmoid"},{"type":"identity"},{"type":"flatten"}"#,
  ]) func `the last activation is found behind layers that rearrange`(_ layers: String) throws {
    let shape = layers.contains("conv2d") ? "[1,2,2]" : "[4]"
    let architecture = try Architecture(json: #"{"input_shape":\#(shape),"class_count":3,"layers":[\#(layers)]}"#)
    #expect(architecture.lastFunction == .sigmoid)
  }

  @Test(arguments: [
    (#"{"type":"softmax"},{"type":"reshape","shape":[2]}"#, "layers[1] is softmax; leave it out"),
    (#"{"type":"softmax"},{"type":"rescale","factor":2}"#, "layers[1] is softmax; leave it out"),
    (#"{"type":"softmax"},{"type":"identity"},{"type":"flatten"}"#, "layers[1] is softmax; leave it out"),
    (#"{"type":"sigmoid"},{"type":"flatten"},{"type":"rescale","factor":2}"#, "layers[1] gives probabilities"),
  ]) func `probabilities are refused behind layers that rearrange or multiply`(_ behind: String, _ sentence: String) {
    let error = #expect(throws: ArchitectureError.self) {
      try Architecture(
        json:
          #"{"input_shape":[4],"class_count":2,"layers":[{"type":"dense","name":"o","units":2,"activation":"identity"},\#(behind)]}"#
      )
    }
    #expect(error.map { "\($0)".contains(sentence) } == true, "\(error.map { "\($0)" } ?? "")")
  }

  @Test func `one class is none, and two layers cannot give one parameter`() {
    let one = #expect(throws: ArchitectureError.self) {
      try Architecture(
        json:
          #"{"input_shape":[4],"class_count":1,"layers":[{"type":"dense","name":"o","units":1,"activation":"identity"}]}"#
      )
    }
    #expect(one?.location == "class_count")
  }

  @Test func `other settings make another network`() throws {
    func architecture(_ layer: String) throws -> Architecture {
      try Architecture(json: Self.text([2, 4, 4], "\(layer),\(Self.end)"))
    }
    let layers = [
      #"{"type":"conv2d","name":"c","filters":2,"kernel_size":2,"activation":"relu"}"#,
      #"{"type":"conv2d","name":"c","filters":2,"kernel_size":2,"activation":"relu","groups":2}"#,
      #"{"type":"conv2d","name":"c","filters":2,"kernel_size":2,"activation":"relu","padding":[0,1,0,1]}"#,
      #"{"type":"conv2d","name":"c","filters":2,"kernel_size":2,"activation":"relu","padding":[1,0,1,0]}"#,
      #"{"type":"conv2d","name":"c","filters":2,"kernel_size":2,"activation":"gelu"}"#,
      #"{"type":"filter_response_norm","name":"c","eps":1e-6}"#,
      #"{"type":"filter_response_norm","name":"c","eps":1e-5}"#,
      #"{"type":"filter_response_norm","name":"d","eps":1e-5}"#,
      #"{"type":"add","inputs":["input","input"]}"#,
      #"{"type":"add","inputs":["input","input","input"]}"#,
    ]
    #expect(try Set(layers.map(architecture)).count == layers.count)
    let spelled = try architecture(
      #"{"kernel_size":[2,2],"type":"conv2d","padding":[0,0,0,0],"name":"c","stride":1,"filters":2,"bias":true,"groups":1,"dilation":[1,1],"activation":"relu"}"#
    )
    #expect(spelled == (try architecture(layers[0])))
  }

  @Test(arguments: [
    // Keys.
    (
      #"{"type":"gelu","approximate":"tanh"},END"#,
      #"layers[0] has the unknown key "approximate" for a layer of type "gelu""#
    ),
    (
      #"{"type":"conv2d","name":"c","filters":2,"kernel_size":2,"activation":"relu","padding_mode":"reflect"},END"#,
      #"unknown key "padding_mode""#
    ),
    (#"{"type":"batch_norm","name":"n","eps":1e-5,"momentum":0.1},END"#, #"unknown key "momentum""#),
    (#"{"type":"batch_norm","name":"n"},END"#, "layers[0].eps is missing"),
    (#"{"type":"layer_norm","name":"n","normalized_shape":[4]},END"#, "layers[0].eps is missing"),
    (#"{"type":"group_norm","name":"n","groups":2},END"#, "layers[0].eps is missing"),
    (#"{"type":"rms_norm","name":"n","normalized_shape":[4]},END"#, "layers[0].eps is missing"),
    (#"{"type":"filter_response_norm","name":"n"},END"#, "layers[0].eps is missing"),
    (#"{"type":"filter_response_norm","name":"n","eps":0},END"#, "must be positive"),
    (#"{"type":"batch_norm","name":"n","eps":-1e-5},END"#, "must be positive"),
    (#"{"type":"batch_norm","name":"n","eps":"small"},END"#, "is not a number"),
    (#"{"type":"batch_norm","name":"n","eps":1e999},END"#, "is not finite"),
    (#"{"type":"batch_norm","eps":1e-5},END"#, "layers[0].name is missing"),
    (#"{"type":"batch_norm","name":"n","eps":1e-5,"affine":0},END"#, "neither true nor false"),
    (#"{"type":"leaky_relu"},END"#, "negative_slope is missing"),
    (#"{"type":"rescale","factor":0},END"#, "factor is 0"),
    (#"{"type":"max_pool2d","kernel_size":2},END"#, "stride is missing"),
    // Padding.
    (
      #"{"type":"conv2d","name":"c","filters":2,"kernel_size":2,"activation":"relu","padding":1},END"#,
      "padding is not a list; it takes [top, bottom, left, right]"
    ),
    (
      #"{"type":"conv2d","name":"c","filters":2,"kernel_size":2,"activation":"relu","padding":"same"},END"#,
      "padding is not a list"
    ),
    (#"{"type":"max_pool2d","kernel_size":2,"stride":2,"padding":[1,1]},END"#, "it takes [top, bottom, left, right]"),
    (#"{"type":"max_pool2d","kernel_size":2,"stride":2,"padding":[1,-1,0,0]},END"#, "is negative"),
    (#"{"type":"max_pool2d","kernel_size":2,"stride":2,"padding":[2,0,0,0]},END"#, "nothing but padding"),
    (
      #"{"type":"average_pool2d","kernel_size":2,"stride":2,"padding":[1,0,0,0]},END"#,
      "count_include_padding is missing"
    ),
    (#"{"type":"max_pool2d","kernel_size":[2,2,2],"stride":2},END"#, "it takes [height, width]"),
    (#"{"type":"max_pool2d","kernel_size":5,"stride":2},END"#, "does not fit its input of shape [4, 4, 4]"),
    (#"{"type":"max_pool2d","kernel_size":2,"stride":0},END"#, "sizes start at 1"),
    (
      #"{"type":"conv2d","name":"c","filters":6,"kernel_size":2,"activation":"relu","groups":3},END"#,
      "divides not both"
    ),
    (#"{"type":"conv2d","name":"c","filters":4,"kernel_size":3,"dilation":2,"activation":"relu"},END"#, "does not fit"),
    (#"{"type":"max_pool2d","kernel_size":2,"stride":2,"dilation":2},END"#, #"unknown key "dilation""#),
    // Inputs.
    (
      #"{"type":"relu","inputs":["image"]},END"#,
      #"layers[0].inputs names "image", and no layer before it has that name"#
    ),
    (#"{"type":"relu","inputs":"input"},END"#, "inputs is not a list"),
    (#"{"type":"relu","inputs":[0]},END"#, "not a text"),
    (#"{"type":"relu","inputs":[]},END"#, "takes 1 inputs and has 0"),
    (#"{"type":"relu","inputs":["input","input"]},END"#, "takes 1 inputs and has 2"),
    (#"{"type":"add","inputs":["input"]},END"#, "takes 2 or more inputs and has 1"),
    (#"{"type":"add"},END"#, "takes 2 or more inputs and has 1"),
    (#"{"type":"matmul","inputs":["input","input","input"]},END"#, "takes 2 inputs and has 3"),
    (#"{"type":"parameter","name":"p","shape":[4,4,4],"inputs":["input"]},END"#, "takes 0 inputs and has 1"),
    // A cycle, and a layer that comes later.
    (#"{"type":"relu","name":"a","inputs":["a"]},END"#, #"names "a", and no layer before it"#),
    (
      #"{"type":"add","name":"a","inputs":["input","b"]},{"type":"relu","name":"b"},END"#,
      #"names "b", and no layer before it"#
    ),
    (#"{"type":"relu","name":"a"},{"type":"gelu","name":"a"},END"#, "the name of another layer"),
    (#"{"type":"relu","name":"a/b"},END"#, "cannot be a name"),
    // Layers that nobody takes.
    (
      #"{"type":"relu","name":"a"},{"type":"gelu","inputs":["input"]},END"#,
      "layers[0] gives a result that no layer takes"
    ),
    (
      #"{"type":"normalize","mean":[0,0,0,0],"scale":[1,1,1,1]},{"type":"add","inputs":["input","input"]},END"#,
      "no layer takes"
    ),
    (
      #"{"type":"normalize","name":"n","mean":[0,0,0,0],"scale":[1,1,1,1]},{"type":"add","inputs":["n","input"]},END"#,
      "takes the input around it"
    ),
    (#"{"type":"relu"},{"type":"normalize","mean":[0,0,0,0],"scale":[1,1,1,1]},END"#, "only be the first layer"),
    // The input is needed too.
    (
      #"{"type":"parameter","name":"p","shape":[3]},{"type":"dense","name":"o","units":2,"activation":"identity"}"#,
      "input"
    ),
    // The end.
    (#"END,{"type":"softmax"}"#, "leave it out, the last layer gives logits"),
    (#"{"type":"flatten"}"#, "the last layer gives the logits"),
    (#"END,{"type":"reshape","shape":[2,1]}"#, "one number for each class, and this one gives shape [2, 1]"),
    (#"{"type":"flatten"},{"type":"dense","name":"o","units":3,"activation":"identity"}"#, "as many as class_count"),
    // Shapes.
    (
      #"{"type":"flatten","name":"f"},{"type":"add","inputs":["f","input"]},END"#,
      "one shape, and gets [64] and [4, 4, 4]"
    ),
    (#"{"type":"concat","inputs":["input","input"],"axis":3},END"#, "3 dimensions, from 0"),
    (#"{"type":"concat","inputs":["input","input"],"axis":-1},END"#, "axis is -1"),
    (
      #"{"type":"slice","name":"s","axis":2,"start":0,"stop":3},{"type":"concat","inputs":["input","s"]},END"#,
      "differ beyond"
    ),
    (#"{"type":"slice","axis":2,"start":2,"stop":2},END"#, "takes 2..<2 of a dimension of size 4"),
    (#"{"type":"slice","axis":2,"start":0,"stop":5},END"#, "takes 0..<5 of a dimension of size 4"),
    (#"{"type":"slice","axis":2,"start":0,"stop":4,"step":0},END"#, "starts at 1"),
    (
      #"{"type":"slice","axis":2,"start":-9223372036854775808,"stop":9223372036854775807},END"#,
      "of a dimension of size 4"
    ),
    (#"{"type":"transpose","axes":[0,1]},END"#, "each of 0 to 2 once"),
    (#"{"type":"transpose","axes":[0,1,1]},END"#, "each of 0 to 2 once"),
    (#"{"type":"reshape","shape":[4,4]},END"#, "has 16 elements; its input of shape [4, 4, 4] has 64"),
    (#"{"type":"reshape","shape":[-1,4]},END"#, "sizes start at 1"),
    (#"{"type":"mean","axes":[0,1,2]},END"#, "some, not all"),
    (#"{"type":"mean","axes":[1,1]},END"#, "some, not all"),
    (#"{"type":"mean","axes":[]},END"#, "some, not all"),
    (#"{"type":"pad","padding":[1,1]},END"#, "holds 6 numbers, none negative"),
    (#"{"type":"pad","padding":[1,1,0,0,0,-1]},END"#, "none negative"),
    (
      #"{"type":"pad","padding":[1048576,0,1048576,0,1048576,1048576]},{"type":"pad","padding":[1048576,0,1048576,0,1048576,0]},END"#,
      "overflows"
    ),
    (
      #"{"type":"layer_norm","name":"n","normalized_shape":[3],"eps":1},END"#,
      "the last dimensions of [4, 4, 4] are others"
    ),
    (#"{"type":"layer_norm","normalized_shape":[],"eps":1,"affine":false},END"#, "are others"),
    (#"{"type":"group_norm","name":"n","groups":3,"eps":1},END"#, "does not divide 4 channels"),
    (#"{"type":"group_norm","name":"n","groups":0,"eps":1},END"#, "sizes start at 1"),
    (
      #"{"type":"global_average_pool2d","name":"g"},{"type":"multiply","inputs":["g","input"]},END"#,
      "one number a channel"
    ),
    (
      #"{"type":"flatten","name":"f"},{"type":"matmul","inputs":["f","f"]},END"#, "takes two inputs of matrices"
    ),
    (
      #"{"type":"slice","name":"s","axis":2,"start":0,"stop":3},{"type":"matmul","inputs":["s","s"]},END"#,
      "cannot multiply"
    ),
    (#"{"type":"flatten"},{"type":"filter_response_norm","name":"n","eps":1},END"#, "channels, height, width"),
    (#"{"type":"parameter","name":"p","shape":[]},END"#, "shape is empty"),
    // Words of others.
    (#"{"type":"lstm","name":"l","units":3},END"#, "recurrent networks are not evaluated here"),
    (#"{"type":"GRU","name":"l","units":3},END"#, "recurrent networks are not evaluated here"),
    (#"{"type":"embedding","name":"l"},END"#, "not the positions of words"),
    (#"{"type":"AvgPool2d","kernel_size":2,"stride":2},END"#, "here it is called average_pool2d"),
    (#"{"type":"BatchNorm2d","name":"n","eps":1},END"#, "here it is called batch_norm"),
    (#"{"type":"swish"},END"#, "here it is called silu"),
    (#"{"type":"ReLU"},END"#, "perhaps relu is meant"),
    (#"{"type":"dropout"},END"#, "masks that belong to draws are a scale layer"),
    (#"{"type":"InstanceNorm"},END"#, "group_norm with as many groups as channels"),
    (#"{"type":""},END"#, "unknown type"),
    (#"{"type":"conv2d","name":"c","filters":2,"kernel_size":2,"activation":"swish"},END"#, "here it is called silu"),
    (
      #"{"type":"conv2d","name":"c","filters":2,"kernel_size":2,"activation":"hardsigmoid"},END"#,
      "is not a known activation"
    ),
  ])
  func `a graph that makes no sense is refused with its reason`(layers: String, reason: String) throws {
    let error = try #require(throws: ArchitectureError.self) {
      try Architecture(json: Self.text([4, 4, 4], layers.replacing("END", with: Self.end)))
    }
    #expect(error.description.contains(reason), "\(error)")
  }

  /// In a chain nobody refers to it, and files of format 1.0 may have it.
  @Test func `in a graph a layer may be called by any name but that of the input`() throws {
    #expect(throws: ArchitectureError.self) {
      try Architecture(
        json: Self.text([4], #"{"type":"relu","name":"input"},{"type":"add","inputs":["input","input"]},\#(Self.end)"#))
    }
    #expect(throws: Never.self) {
      try Architecture(json: Self.text([4], #"{"type":"relu","name":"input"},\#(Self.end)"#))
    }
  }

  @Test func `format 1_0 knows chains of its own layers only`() throws {
    func isOld(_ layers: String) throws -> Bool { try Architecture(json: Self.text([1, 6, 6], layers)).isOfFormat10 }
    let conv = #"{"type":"conv2d","name":"c","filters":2,"kernel_size":2,"activation":"tanh"}"#
    #expect(try isOld("\(conv),\(Self.end)"))
    #expect(try isOld("\(conv.replacing("tanh", with: "gelu")),\(Self.end)") == false)
    #expect(try isOld("\(conv.replacing(#""filters""#, with: #""inputs":["input"],"filters""#)),\(Self.end)") == false)
    #expect(
      try isOld("\(conv.replacing(#""kernel_size":2"#, with: #""kernel_size":2,"stride":2"#)),\(Self.end)") == false)
    #expect(
      try isOld("\(conv),\(Self.end.replacing(#""type":"flatten""#, with: #""type":"flatten","name":"f""#))") == false)
    #expect(try isOld("\(conv),\(Self.end.replacing(#""units":2"#, with: #""units":1"#))") == false)
    #expect(try isOld("\(conv),{\"type\":\"relu\"},\(Self.end)") == false)
  }
}
