import Foundation
import HDF5
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks
@testable import PosteriorFiles

/// Statements about what numbers mean: understood, or refused, or said; never passed over.
@Suite(.inTurn) struct MeaningTests {
  /// The problems and the warnings of a file, as sentences.
  private func verify(
    _ foreign: WrittenFile = WrittenFile(), _ further: (HDF5File) throws -> Void = { _ in }
  ) throws -> (problems: [String], warnings: [String]) {
    try foreign.verified(further)
  }

  // MARK: - Names of axes

  static let namesOfSides = [
    ("in", "out"), ("in_features", "out_features"), ("input", "output"), ("fan_in", "fan_out"),
    ("dense2.in", "dense2.out"), ("dense2_input", "dense2_output"), ("n_in", "n_out"), ("I", "O"), ("IN", "OUT"),
    ("dense2_in_dim", "dense2_out_dim"), ("dense2_weight_in", "dense2_weight_out"), ("from", "to"),
    ("in_channels", "out_channels"), ("previous", "next"),
  ]

  @Test(arguments: namesOfSides)
  func `a square weight is refused where its axes say (in, out), in any dialect`(_ input: String, _ output: String)
    throws
  {
    let square = Architecture.Parameter(name: "dense2.weight", shape: [8, 8], purpose: .weight(fanIn: 8), layer: 0)
    let names = { (third: String, fourth: String) in [["chain"], ["draw"], [third], [fourth]] }
    let meanings = AxisMeanings.parameter(square)
    #expect(
      meanings.contradiction(names(input, output)) == "axis 2 is the dimension \(input); it needs to be dense2_out")
    #expect(meanings.contradiction(names(output, input)) == nil)
    // One of the names is enough.
    #expect(meanings.contradiction(names("hidden", output)) != nil)
    #expect(meanings.contradiction(names(output, "hidden")) == nil)
    #expect(AxisMeanings.oneDraw(square).contradiction([[input], [output]]) != nil)
  }

  @Test(arguments: [
    ["dense2_out", "dense1_out"], ["output_units", "input_units"], ["dense2.weight_dim_0", "dense2.weight_dim_1"],
    ["hidden2", "hidden1"], ["dim_0", "dim_1"], ["next", "previous"], ["dense2", "dense1"],
    ["dense2_out", "input_out"],
  ])
  func `names that say nothing else than the order, or nothing, are read`(_ names: [String]) {
    let square = Architecture.Parameter(name: "dense2.weight", shape: [8, 8], purpose: .weight(fanIn: 8), layer: 0)
    #expect(AxisMeanings.parameter(square).contradiction([[], []] + names.map { [$0] }) == nil)
    // A layer that is called as a side is.
    for layer in ["input", "output", "in"] {
      let parameter = Architecture.Parameter(
        name: "\(layer).weight", shape: [8, 8], purpose: .weight(fanIn: 8), layer: 0)
      for names in [["\(layer)_out", "\(layer)_in"], [layer, "features"], ["\(layer)_output", "\(layer)_input"]] {
        let contradiction = AxisMeanings.parameter(parameter).contradiction([[], []] + names.map { [$0] })
        #expect(contradiction == nil, "\(layer) \(names)")
      }
    }
  }

  // MARK: - The last layer

  private func last(_ activation: String) -> WrittenFile {
    var foreign = WrittenFile()
    foreign.architecture = foreign.architecture.replacing("identity", with: activation)
    return foreign
  }

  @Test func `probabilities of a sigmoid are no logits`() throws {
    let (problems, _) = try verify(last("sigmoid"))
    #expect(
      problems == [
        "/model@architecture gives the last layer the activation sigmoid; the last layer gives logits"
      ])
    #expect(try verify(last("softmax")).problems.first?.contains("the last layer gives logits") == true)
  }

  @Test(arguments: ["relu", "leaky_relu", "tanh"]) func `another activation of the last layer is said`(_ name: String)
    throws
  {
    let (problems, warnings) = try verify(last(name))
    #expect(problems.isEmpty)
    #expect(
      warnings == [
        "/model@architecture gives the last layer the activation \(name): what it returns is taken as logits"
      ])
  }

  // MARK: - What nobody reads

  @Test func `what the format does not know, of the network and of the examples, is named`() throws {
    var foreign = WrittenFile()
    foreign.architecture = foreign.architecture.replacing(
      #""class_count": 3,"#, with: #""class_count": 3, "temperature": 10, "logits": false,"#)
    let (problems, warnings) = try verify(foreign) { file in
      try file.put("temperature", of: "/model", [2])
      try file.setAttribute("preprocess", of: "/model", to: "x/255")
      try file.put("base", of: "/evaluation_data/labels", [1], .int64)
      try file.put("mean", of: "/evaluation_data/inputs", [0.13])
    }
    #expect(problems.isEmpty)
    #expect(
      warnings == [
        "/model@architecture states logits, temperature, which the format does not know: they are not applied",
        "/model states preprocess, temperature, which the format does not know: they are not applied",
        "/evaluation_data/inputs states mean, which the format does not know: it is not applied",
        "/evaluation_data/labels states base, which the format does not know: it is not applied",
      ])
  }

  @Test func `descriptions are left alone`() throws {
    var foreign = WrittenFile()
    foreign.architecture = foreign.architecture.replacing(
      #""class_count": 3,"#, with: #""class_count": 3, "name": "small", "description": "one layer","#)
    let (problems, warnings) = try verify(foreign) { file in
      for name in ["title", "comment", "description"] { try file.setAttribute(name, of: "/model", to: "of no matter") }
      for name in ["units", "long_name", "class_names"] {
        try file.setAttribute(name, of: "/evaluation_data/inputs", to: "of no matter")
      }
      try file.put("input_bounds", of: "/evaluation_data", [0, 1])
      try file.put("_Netcdf4Dimid", of: "/evaluation_data/labels", [0], .int64)
    }
    #expect(problems.isEmpty && warnings.isEmpty, "\(problems) \(warnings)")
  }

  @Test(arguments: ["/evaluation_data", "/evaluation_data/inputs"])
  func `examples that state other bounds than the network are refused`(_ place: String) throws {
    let (problems, _) = try verify { try $0.put("input_bounds", of: place, [0, 255]) }
    #expect(
      problems == [
        "\(place)@input_bounds is 0 to 255; the network's input_bounds are 0 to 1, as /model@input_bounds says"
      ])
  }

  // MARK: - Draws that count differently

  @Test(arguments: ["weight", "weights", "log_weight", "log_weights"])
  func `weights of importance sampling are refused, equal ones are read`(_ name: String) throws {
    func sentences(_ values: [Double]) throws -> [String] {
      try verify { file in
        try file.createGroup("/sample_stats")
        try file.put("/sample_stats/\(name)", values, [2, 5], .float64)
      }.problems
    }
    let unequal = try sentences((0..<10).map { -Double($0) })
    #expect(
      unequal == [
        "/sample_stats/\(name) runs from -9 to 0: draws that count differently are not supported, each counts once"
      ])
    #expect(try sentences([Double](repeating: 0.1, count: 10)).isEmpty)
    #expect(try sentences([Double](repeating: 0, count: 10)).isEmpty)
    #expect(try !sentences([-.infinity] + [Double](repeating: 0, count: 9)).isEmpty)
  }

  // MARK: - Inputs in another scale

  private func examples(_ count: Int, _ range: ClosedRange<Double>, in bounds: [Double]) -> WrittenFile {
    var foreign = WrittenFile(bounds: bounds)
    foreign.labels = (0..<count).map { Double($0 % 3) }
    foreign.inputs = (0..<4 * count).map {
      range.lowerBound + (range.upperBound - range.lowerBound) * Double($0 % 11) / 10
    }
    return foreign
  }

  @Test func `inputs that leave half of the box empty are said`() throws {
    let half = try verify(examples(20, 0...1, in: [-1, 1]))
    #expect(half.problems.isEmpty)
    #expect(
      half.warnings == [
        "/evaluation_data/inputs holds inputs from 0 to 1 only, no more than half of input_bounds, -1 to 1: is this the "
          + "network's scale?"
      ])
    #expect(try verify(examples(60, 0...1, in: [0, 255])).warnings.count == 1)
    var bytes = examples(20, 0...120, in: [0, 1])
    bytes.inputElement = .uint8
    #expect(try verify(bytes).warnings.first?.contains("holds inputs from 0 to 0.471 only") == true)
  }

  @Test func `inputs that fill most of the box, or are few, are not`() throws {
    #expect(try verify(examples(60, -0.8...0.9, in: [-1, 1])).warnings.isEmpty)
    #expect(try verify(examples(60, 0.2...0.8, in: [0, 1])).warnings.isEmpty)
    #expect(try verify(examples(15, 0...1, in: [-1, 1])).warnings.isEmpty)
    var bytes = examples(20, 0...200, in: [0, 1])
    bytes.inputElement = .uint8
    #expect(try verify(bytes).warnings.isEmpty)
  }

  // MARK: - Packed images

  @Test func `a byte may say that it means its value divided by 255`() throws {
    var foreign = WrittenFile()
    foreign.inputElement = .uint8
    foreign.inputs = foreign.inputs.map { ($0 * 255).rounded() }
    for element in [ElementType.float32, .float64] {
      let (problems, warnings) = try verify(foreign) {
        try $0.put("scale_factor", of: "/evaluation_data/inputs", [1.0 / 255], element)
      }
      #expect(problems.isEmpty && warnings.isEmpty, "\(problems) \(warnings)")
    }
    #expect(
      try verify(foreign) { try $0.put("scale_factor", of: "/evaluation_data/inputs", [0.5 / 255]) }.problems.count == 1
    )
    // Numbers that are no bytes mean themselves.
    #expect(try verify { try $0.put("scale_factor", of: "/evaluation_data/inputs", [1.0 / 255]) }.problems.count == 1)
  }

  // MARK: - Rounding

  @Test func `inputs that rounding put outside the bounds are moved onto them`() throws {
    var foreign = WrittenFile()
    foreign.inputs[0] = -1e-8
    foreign.inputs[1] = 1.0000008
    try withFolder { folder in
      let path = folder.appendingPathComponent("rounded.h5").path
      try foreign.write(to: path)
      let data = try #require(try PosteriorFile.open(path, probe: nil).evaluationData())
      #expect(data.values[0] == 0 && data.values[1] == 1)
    }
    for outside in [-2e-6, 1.000002, .nan] {
      foreign.inputs[0] = outside
      #expect(try verify(foreign).problems.count == 1, "\(outside)")
    }
  }

  // MARK: - What other programs write

  @Test func `padded texts, dimensions without coordinates and any origin are read`() throws {
    let path = TestFiles.malformed("valid-foreign.h5")
    let file = try PosteriorFile.open(path, probe: TestFiles.probe)
    #expect(file.kind == .mcmc && file.formatVersion == "1.0.0" && file.drawCount == 4)
    #expect(file.warnings.isEmpty, "\(file.warnings)")
    let plain = try PosteriorFile.open(TestFiles.malformed("valid.h5"), probe: nil)
    #expect(file.posteriorSHA256 == plain.posteriorSHA256)
    try withFolder { folder in
      let copy = folder.appendingPathComponent("copy.h5").path
      try PosteriorWriter.write(PosteriorContents(copying: file), to: copy)
      let copied = try PosteriorFile.open(copy, probe: nil)
      // What cannot be signed does not come along, the rest does.
      #expect(copied.integrity == .verified && copied.provenance["seed"] == "7" && copied.provenance["tags"] == nil)
    }
  }

  @Test func `coordinates may be whole numbers that are stored as fractions`() throws {
    for (numbers, isFine) in [([0.0, 1, 2, 3, 4], true), ([0, 1, .nan, 3, 4], false), ([0, 2, 1, 3, 4], false)] {
      let (problems, _) = try verify { file in
        try file.put("/posterior/draw", numbers, [5], .float64)
        try file.makeDimensionScale("/posterior/draw", name: "draw")
      }
      #expect(problems.isEmpty == isFine, "\(numbers): \(problems)")
    }
  }

  // MARK: - Types

  @Test func `advice about types is what its reader needs to do`() throws {
    func advice(_ change: (inout WrittenFile) -> Void) throws -> String {
      var foreign = WrittenFile()
      change(&foreign)
      return try withFolder { folder in
        let path = folder.appendingPathComponent("types.h5").path
        try foreign.write(to: path)
        let problems = PosteriorFile.verify(path, probe: nil)
        #expect(problems.count == 1)
        return problems.first.map { "\($0.reason). \($0.advice ?? "")" } ?? ""
      }
    }
    let levels = try advice { $0.inputElement = .uint16 }
    #expect(levels.contains(#"(values / 255).astype("<f4")"#) && !levels.contains("|u1\")"))
    #expect(try advice { $0.inputElement = .bigEndianFloat32 }.hasSuffix(#"In numpy: .astype("<f4")"#))
    #expect(
      try advice { $0.labelElement = .float64 }
        == #"holds <f8; it needs to hold whole numbers. In numpy: .astype("<i8")"#)
  }
}
