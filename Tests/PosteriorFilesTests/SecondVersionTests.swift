import Foundation
import HDF5
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

@testable import PosteriorFiles

/// What format 1.1 has beyond 1.0: graphs and their parameters, independent draws, exactness, bounds of channels. Each is
/// refused in a file that says 1.0, and a file without any of it is written as 1.0.
@Suite(.inTurn) struct SecondVersionTests {
  /// A residual block with batch normalisation, and one number for two classes.
  static let residual = """
    {"input_shape": [2, 4, 4], "class_count": 2, "layers": [
      {"type": "conv2d", "name": "stem", "filters": 3, "kernel_size": 3, "padding": [1, 1, 1, 1],
       "activation": "identity", "bias": false},
      {"type": "batch_norm", "name": "norm", "eps": 1e-5},
      {"type": "relu", "name": "first"},
      {"type": "conv2d", "name": "second.conv", "filters": 3, "kernel_size": 1, "activation": "silu", "groups": 3},
      {"type": "add", "inputs": ["second.conv", "first"]},
      {"type": "layer_norm", "name": "layer", "normalized_shape": [3, 4, 4], "eps": 1e-6},
      {"type": "global_average_pool2d"},
      {"type": "dense", "name": "output", "units": 1, "activation": "identity"}]}
    """

  private func contents(draws: Int = 4) throws -> PosteriorContents {
    let architecture = try Architecture(json: Self.residual)
    let values = (0..<draws).map { (draw: Int) -> [Float] in
      (0..<architecture.parameterCount).map { (index: Int) -> Float in
        0.5 + Float((index * 7 + draw * 31) % 97) / 100
      }
    }
    return PosteriorContents(
      weights: InMemoryWeights(architecture: architecture, draws: values), inputBounds: 0...1, kind: .independent)
  }

  private func written(_ contents: PosteriorContents, in folder: URL, _ name: String = "a.h5") throws -> PosteriorFile {
    let path = folder.appendingPathComponent(name).path
    try PosteriorWriter.write(contents, to: path)
    return try PosteriorFile.open(path, probe: TestFiles.probe)
  }

  private func draw(_ source: any WeightSource, _ draw: Int) throws -> [Float] {
    var values = [Float](repeating: .nan, count: source.architecture.parameterCount)
    try values.withUnsafeMutableBufferPointer { try source.read(draw: draw, into: $0) }
    return values
  }

  // MARK: - Graphs

  @Test func `a network that is a graph is written and read with every parameter that it has`() throws {
    try withFolder { folder in
      var contents = try contents()
      let parameters = contents.weights.architecture.parameters
      #expect(Set(parameters.map { $0.name.split(separator: ".").last }).count == 4)
      contents.kind = nil
      let file = try written(contents, in: folder)
      #expect(file.formatVersion == "1.1" && file.integrity == .verified)
      #expect(file.architecture == contents.weights.architecture)
      #expect(file.distinctDrawCount == 4)
      #expect(try draw(file, 3) == draw(contents.weights, 3))
      let copy = try written(PosteriorContents(copying: file), in: folder, "copy.h5")
      #expect([copy.posteriorSHA256, copy.contentSHA256] == [file.posteriorSHA256, file.contentSHA256])
    }
  }

  @Test func `what belongs to all draws, running statistics for instance, is shared`() throws {
    try withFolder { folder in
      var contents = try contents()
      let architecture = contents.weights.architecture
      let statistics = architecture.parameters.indices.filter { architecture.parameters[$0].purpose == .statistic }
      var offset = 0
      var draws = try (0..<4).map { try draw(contents.weights, $0) }
      for (index, parameter) in architecture.parameters.enumerated() {
        let range = offset..<offset + parameter.count
        if statistics.contains(index) { for draw in draws.indices { draws[draw][range] = draws[0][range] } }
        offset += parameter.count
      }
      contents.weights = InMemoryWeights(architecture: architecture, draws: draws)
      contents.sharedParameters = Set(statistics)
      let file = try written(contents, in: folder)
      #expect(file.sharedParameters.count == 2 && file.warnings.isEmpty, "\(file.warnings)")
      #expect(try (0..<4).map { try draw(file, $0) } == draws)
    }
  }

  @Test func `every axis has a dimension of its own length, whatever the parameter`() throws {
    try withFolder { folder in
      let file = try HDF5File.open(try written(contents(), in: folder).path)
      defer { try? file.close() }
      for parameter in try Architecture(json: Self.residual).parameters {
        let names = try file.axisNames(of: "/posterior/\(parameter.name)")
        #expect(names.count == parameter.shape.count + 2 && names.allSatisfy { !$0.isEmpty })
        for (name, extent) in zip(names.dropFirst(2), parameter.shape) {
          let scale = try file.dataset("/posterior/\(try #require(name.first))")
          #expect(scale.shape == [extent], "\(parameter.name)")
          try scale.close()
        }
      }
    }
  }

  @Test func `a variance that is negative is refused`() throws {
    try withFolder { folder in
      var contents = try contents()
      let architecture = contents.weights.architecture
      let place = try #require(architecture.parameters.firstIndex { $0.name == "norm.running_var" })
      let offset = architecture.parameters[..<place].reduce(0) { $0 + $1.count }
      var draws = try (0..<4).map { try draw(contents.weights, $0) }
      draws[2][offset + 1] = -0.25
      contents.weights = InMemoryWeights(architecture: architecture, draws: draws)
      let error = try #require(throws: PosteriorFileError.self) { try self.written(contents, in: folder) }
      #expect(error.path == "/posterior/norm.running_var")
      #expect(error.reason == "holds -0.25 at (0, 2, 1); a variance is finite and not negative")
    }
  }

  @Test func `a factor that is zero is no weight that was never filled`() throws {
    try withFolder { folder in
      let contents = try contents()
      let architecture = contents.weights.architecture
      for (name, isSaid) in [("norm.weight", false), ("output.weight", true)] {
        let place = try #require(architecture.parameters.firstIndex { $0.name == name })
        let offset = architecture.parameters[..<place].reduce(0) { $0 + $1.count }
        var draws = try (0..<4).map { try draw(contents.weights, $0) }
        for index in offset..<offset + architecture.parameters[place].count { draws[2][index] = 0 }
        var changed = contents
        changed.weights = InMemoryWeights(architecture: architecture, draws: draws)
        #expect(try written(changed, in: folder).warnings.isEmpty != isSaid, "\(name)")
      }
    }
  }

  @Test(arguments: [
    (#"{"type": "dense", "name": "output", "units": 3, "activation": "gelu"}"#, "has with layers[0]"),
    (
      #"{"type": "relu"}, {"type": "dense", "name": "output", "units": 3, "activation": "identity"}"#,
      "has with layers[0]"
    ),
    (
      #"{"type": "dense", "name": "output", "units": 3, "activation": "identity", "bias": true}"#, "has with layers[0]"
    ),
    (
      #"{"type": "dense", "name": "output", "units": 3, "activation": "identity"}, {"type": "flatten"}"#,
      "has a last layer that is not dense"
    ),
  ]) func `a graph in a file of format 1.0 needs another version`(_ layers: String, _ reason: String) throws {
    var file = WrittenFile()
    file.architecture = "{\"input_shape\": [4], \"class_count\": 3, \"layers\": [\(layers)]}"
    let problems = try file.verified().problems
    #expect(problems.count == 1 && problems[0].hasPrefix("/model@architecture \(reason)"), "\(problems)")
    #expect(problems[0].hasSuffix("needs format_version 1.1; the file says 1.0"), "\(problems)")
    file.version = "1.1"
    #expect(try file.verified().problems == [])
  }

  @Test(arguments: ["sigmoid", "hardsigmoid"]) func `probabilities of a last layer are refused, whatever gives them`(
    _ type: String
  ) throws {
    var file = WrittenFile(version: "1.1")
    file.architecture = file.architecture.replacing("]}", with: ", {\"type\": \"\(type)\"}]}")
    #expect(
      try file.verified().problems == [
        "/model@architecture gives the last layer the activation \(type); the last layer gives logits"
      ])
    file.architecture = file.architecture.replacing(type, with: "tanh")
    #expect(
      try file.verified().warnings == [
        "/model@architecture gives the last layer the activation tanh: what it returns is taken as logits"
      ])
  }

  @Test func `one number for two classes may be the probability of a sigmoid`() throws {
    let path = Fixtures.url("networks/binary-sigmoid.h5").path
    let file = try PosteriorFile.open(path, probe: TestFiles.probe)
    #expect(file.architecture.classCount == 2 && file.warnings.isEmpty, "\(file.warnings)")
    #expect(file.architecture.beyondFormat10 != nil)
  }

  @Test(arguments: [
    "binary-sigmoid", "lenet5-tanh", "mcdropout-cnn", "mobilenet-relu6", "resnet20-bn", "resnet8-frn-silu",
    "strided-gn-gelu", "vit-tiny",
  ]) func `networks of other libraries are read, and copied`(_ name: String) throws {
    let file = try PosteriorFile.open(Fixtures.url("networks/\(name).h5").path, probe: TestFiles.probe)
    #expect(file.formatVersion == "1.1" && file.warnings.isEmpty, "\(file.warnings)")
    try withFolder { folder in
      // A copy has dimensions, which h5py leaves out, so that the content is another.
      let copy = try written(PosteriorContents(copying: file), in: folder)
      #expect([copy.posteriorSHA256, copy.dataSHA256] == [file.posteriorSHA256, file.dataSHA256])
      #expect(copy.sharedParameters == file.sharedParameters)
      #expect(try draw(copy, file.drawCount - 1) == draw(file, file.drawCount - 1))
    }
  }

  // MARK: - Independent draws

  @Test func `independent draws are one chain, and need the second version`() throws {
    var file = WrittenFile(chains: 1, draws: 6, kind: "independent", version: "1.1")
    #expect(try file.verified().problems == [] && file.verified().warnings == [])
    file.version = "1.0"
    #expect(
      try file.verified().problems == [
        "/provenance@kind is independent, which needs format_version 1.1; the file says 1.0"
      ])
    file = WrittenFile(kind: "independent", version: "1.1")
    #expect(
      try file.verified().warnings == [
        "/provenance@kind is independent, which is one chain; /posterior holds 2, whose agreement is not judged"
      ])
  }

  @Test func `of independent draws no convergence is judged, and copies are counted`() throws {
    try withFolder { folder in
      var contents = try Small.contents(chains: 1, draws: 6)
      contents.kind = .independent
      let file = try written(contents, in: folder)
      #expect(file.formatVersion == "1.1" && file.kind == .independent)
      let run = try Program.posterior.run(["verify", file.path])
      #expect(run.code == 0 && run.text == "\(file.path): valid\n", "\(run.text)")
      contents.weights = InMemoryWeights(
        architecture: contents.weights.architecture,
        draws: [[Float]](repeating: try draw(contents.weights, 1), count: 6))
      let copies = try written(contents, in: folder, "copies.h5")
      #expect(
        try Program.posterior.run(["verify", copies.path]).text.contains(
          "unusable: only 1 of 6 draws are distinct. Draws were stored more than once"))
      let diagnosed = try Program.posterior.run(["diagnose", file.path])
      #expect(diagnosed.output.contains("6 independent draws: convergence does not apply"), "\(diagnosed.text)")
    }
  }

  // MARK: - Exactness

  @Test(arguments: Exactness.allCases) func `what the sampler promises is written, read, copied and shown`(
    _ exactness: Exactness
  ) throws {
    try withFolder { folder in
      var contents = try Small.contents()
      let plain = try written(contents, in: folder, "plain.h5")
      #expect(plain.exactness == nil && plain.formatVersion == "1.0")
      contents.exactness = exactness
      let file = try written(contents, in: folder)
      #expect(file.exactness == exactness && file.formatVersion == "1.1")
      #expect(file.posteriorSHA256 == plain.posteriorSHA256 && file.contentSHA256 != plain.contentSHA256)
      let copy = try written(PosteriorContents(copying: file), in: folder, "copy.h5")
      #expect(copy.exactness == exactness && copy.contentSHA256 == file.contentSHA256)
      let rows = try Program.posterior.run(["inspect", file.path]).output.split(separator: "\n")
      #expect(rows.count { $0.hasPrefix("  exactness") && $0.hasSuffix("  \(exactness.rawValue)") } == 1)
    }
  }

  @Test func `another word is refused with the list`() throws {
    let problems = try WrittenFile(version: "1.1").verified {
      try $0.setAttribute("exactness", of: "/provenance", to: "nearly")
    }.problems
    #expect(
      problems == [
        "/provenance@exactness is \"nearly\"; it needs to be one of exact, unadjusted, mini-batch, approximate"
      ])
  }

  @Test func `in format 1.0 the name is free, and a copy keeps it`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("old.h5").path
      try WrittenFile().write(to: path) { try $0.setAttribute("exactness", of: "/provenance", to: "nearly") }
      let file = try PosteriorFile.open(path, probe: TestFiles.probe)
      #expect(file.exactness == nil && file.provenance["exactness"] == "nearly")
      let copy = try written(PosteriorContents(copying: file), in: folder, "copy.h5")
      #expect(copy.formatVersion == "1.0" && copy.provenance["exactness"] == "nearly")
      #expect(copy.integrity == .verified)
      // In a file of the second version the name has a meaning, which it never had here.
      var contents = try PosteriorContents(copying: file)
      contents.kind = .independent
      #expect(try written(contents, in: folder, "new.h5").provenance["exactness"] == nil)
    }
  }

  @Test func `exactness is no free entry of the provenance`() throws {
    try withFolder { folder in
      var contents = try Small.contents()
      contents.provenance["exactness"] = .text("exact")
      let error = try #require(throws: PosteriorFileError.self) { try self.written(contents, in: folder) }
      #expect(error.path == "/provenance@exactness")
    }
  }

  // MARK: - Bounds of channels

  private let pairs = [-2.0...2.0, -1.5...2.5]

  @Test func `channels may have bounds of their own`() throws {
    try withFolder { folder in
      var contents = try contents()
      contents.boundsPerChannel = pairs
      #expect(contents.inputBounds == -2.0...2.5)
      contents.evaluationData = LabelledData(
        inputs: .floats((0..<64).map { Float($0 % 15) / 4 - 1.5 }), inputShape: [2, 4, 4], labels: [0, 1])
      let file = try written(contents, in: folder)
      #expect(file.formatVersion == "1.1" && file.boundsPerChannel == pairs && file.inputBounds == -2.0...2.5)
      let copy = try written(PosteriorContents(copying: file), in: folder, "copy.h5")
      #expect([copy.posteriorSHA256, copy.contentSHA256] == [file.posteriorSHA256, file.contentSHA256])
      #expect(copy.boundsPerChannel == pairs)
      let shown = try Program.posterior.run(["inspect", file.path]).output
      #expect(shown.contains("input bounds       -2.0 to 2.0; -1.5 to 2.5, by channel\n"), "\(shown)")
    }
  }

  @Test func `an input outside the bounds of its channel is refused`() throws {
    try withFolder { folder in
      var contents = try contents()
      contents.boundsPerChannel = pairs
      var inputs = [Float](repeating: 2.5, count: 64)
      for index in inputs.indices where index % 32 < 16 { inputs[index] = 0 }
      inputs[37] = 2.25
      contents.evaluationData = LabelledData(inputs: .floats(inputs), inputShape: [2, 4, 4], labels: [0, 1])
      let error = try #require(throws: PosteriorFileError.self) { try self.written(contents, in: folder) }
      #expect(error.path == "/evaluation_data/inputs")
      #expect(error.reason == "holds 2.25 at (1, 0, 1, 1); input_bounds of channel 0 are -2.0 to 2.0")
      contents.evaluationData = LabelledData(
        inputs: .bytes([UInt8](repeating: 0, count: 64)), inputShape: [2, 4, 4], labels: [0, 1])
      let bytes = try #require(throws: PosteriorFileError.self) { try self.written(contents, in: folder) }
      #expect(bytes.reason.contains("input_bounds of channel 0 are -2 to 2: store them as float32"))
    }
  }

  /// The same file with the bounds as another array.
  private func problems(_ bounds: [Double], _ shape: [Int], version: String = "1.1") throws -> [String] {
    try withFolder { folder in
      let path = folder.appendingPathComponent("a.h5").path
      var file = WrittenFile(version: version)
      (file.bounds, file.boundsShape) = (bounds, shape)
      try file.write(to: path)
      return PosteriorFile.verify(path, probe: nil).map { "\($0.path) \($0.reason)" }
    }
  }

  @Test func `so many equal pairs mean one, and are kept by a copy`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("a.h5").path
      var foreign = WrittenFile(version: "1.1")
      (foreign.bounds, foreign.boundsShape) = ([0, 1, 0, 1, 0, 1, 0, 1], [4, 2])
      try foreign.write(to: path)
      let file = try PosteriorFile.open(path, probe: TestFiles.probe)
      #expect(file.boundsPerChannel == nil && file.inputBounds == 0...1)
      let copy = try written(PosteriorContents(copying: file), in: folder, "copy.h5")
      #expect(copy.posteriorSHA256 == file.posteriorSHA256 && copy.formatVersion == "1.1")
    }
  }

  @Test func `bounds of channels are pairs, increasing, one for each, and of the second version`() throws {
    #expect(
      try problems([0, 1, 0, 1, 0, 1], [3, 2]) == [
        "/model@input_bounds has shape (3, 2); for each of the 4 channels, the first axis of input_shape, it needs "
          + "[low, high]: (4, 2)"
      ])
    #expect(
      try problems([0, 1, 0, 1, 1, 0, 0, 1], [4, 2]).first
        == "/model@input_bounds is [1.0, 0.0] for channel 2; bounds are finite and increasing")
    #expect(
      try problems([0, 0, 0, 0, 1, 1, 1, 1], [2, 4]).first
        == "/model@input_bounds has shape (2, 4); it needs two numbers, [low, high], or such a pair for each channel")
    #expect(
      try problems([0, 1, 0, 1, 0, 1, 0, 2], [4, 2], version: "1.0").first
        == "/model@input_bounds holds a pair for each channel, which needs format_version 1.1; the file says 1.0")
  }
}
