import Foundation
import HDF5
import TestSupport
import Testing

@testable import PosteriorFiles

/// Files that contradict themselves: everything that bears on the meaning of something else is compared.
@Suite(.inTurn) struct StatementTests {
  /// The problems and the warnings of a file, as sentences.
  private func verify(
    _ foreign: WrittenFile = WrittenFile(), _ further: (HDF5File) throws -> Void = { _ in }
  ) throws -> (problems: [String], warnings: [String]) {
    try foreign.verified(further)
  }

  @Test func `a file that contradicts nothing has neither problems nor warnings`() throws {
    let (problems, warnings) = try verify { file in
      try file.name(axesOf: "/posterior/output.bias", ["chain", "draw", "output_out"], extents: [2, 5, 3])
    }
    #expect(problems.isEmpty)
    #expect(warnings.isEmpty)
  }

  // MARK: - Names of axes

  @Test func `axes named in the other order are refused, though the shapes agree`() throws {
    let (problems, _) = try verify(WrittenFile(chains: 5)) { file in
      try file.name(axesOf: "/posterior/output.bias", ["draw", "chain"], extents: [5, 5])
    }
    #expect(problems == ["/posterior/output.bias axis 0 is the dimension draw; it needs to be chain"])
  }

  @Test func `statistics have the axes of the weights`() throws {
    let (problems, _) = try verify(WrittenFile(chains: 5)) { file in
      try file.createGroup("/sample_stats")
      try file.put("/sample_stats/lp", (0..<25).map { Double($0 * $0 % 11) }, [5, 5], .float64)
      try file.name(axesOf: "/sample_stats/lp", ["iteration", "chain"], extents: [5, 5])
    }
    #expect(problems.contains("/sample_stats/lp axis 0 is the dimension iteration; it needs to be chain"))
  }

  @Test func `a square weight whose axes say (in, out) is refused`() throws {
    var foreign = WrittenFile()
    foreign.architecture = """
      {"input_shape": [3], "class_count": 3, "layers": [
        {"type": "dense", "name": "output", "units": 3, "activation": "identity"}]}
      """
    // Four inputs do not fit any more; the weights that the case is about do.
    let problems = try withFolder { folder in
      let path = folder.appendingPathComponent("square.h5").path
      let file = try HDF5File.create(path)
      try file.setAttribute("format", of: "/", to: "bnn-posterior")
      try file.setAttribute("format_version", of: "/", to: "1.0")
      try file.createGroup("/model")
      try file.setAttribute("architecture", of: "/model", to: foreign.architecture)
      try file.put("input_bounds", of: "/model", [-1, 1])
      try file.createGroup("/posterior")
      try file.put("/posterior/output.weight", foreign.weights(18), [1, 2, 3, 3], .float32)
      try file.put("/posterior/output.bias", foreign.weights(6), [1, 2, 3], .float32)
      try file.name(
        axesOf: "/posterior/output.weight", ["chain", "draw", "output_in", "output_out"], extents: [1, 2, 3, 3])
      try file.close()
      return PosteriorFile.verify(path, probe: nil).map { "\($0.path) \($0.reason)" }
    }
    #expect(problems == ["/posterior/output.weight axis 2 is the dimension output_in; it needs to be output_out"])
  }

  @Test func `inputs of images whose axes say channels last are refused`() {
    let meanings = AxisMeanings.inputs([3, 3, 3])
    #expect(
      meanings.contradiction([["sample"], ["height"], ["width"], ["channel"]])
        == "axis 1 is the dimension height; it needs to be channel")
    #expect(meanings.contradiction([["image"], ["channels"], ["rows"], ["columns"]]) == nil)
    #expect(AxisMeanings.inputs([4]).contradiction([["observation"], ["feature"]]) == nil)
  }

  // MARK: - Bytes

  @Test(arguments: [[-1.0, 1], [0, 2], [0, 255]])
  func `bytes and bounds other than 0 and 1 are refused`(_ bounds: [Double]) throws {
    var foreign = WrittenFile(bounds: bounds)
    foreign.inputElement = .uint8
    let (problems, _) = try verify(foreign)
    #expect(
      problems == [
        "/evaluation_data/inputs are bytes, which mean values from 0 to 1; input_bounds are \(Int(bounds[0])) to \(Int(bounds[1])): store them as float32"
      ])
  }

  @Test func `bytes and the bounds 0 and 1 go together`() throws {
    var foreign = WrittenFile()
    foreign.inputElement = .uint8
    #expect(try verify(foreign).problems.isEmpty)
  }

  // MARK: - Kind and shape

  @Test func `one network cannot be several`() throws {
    let (problems, _) = try verify(WrittenFile(chains: 1, draws: 3, kind: "single"))
    #expect(
      problems == ["/provenance@kind is single, which is one chain of one draw; /posterior holds 1 chains of 3 draws"])
    #expect(try verify(WrittenFile(chains: 1, draws: 1, kind: "single")).problems.isEmpty)
  }

  @Test(arguments: [("ensemble", 1, 6), ("bootstrap", 3, 2), ("variational", 3, 4), ("mcmc", 9, 4)])
  func `a kind that the shape does not bear out is a warning`(_ kind: String, _ chains: Int, _ draws: Int) throws {
    let (problems, warnings) = try verify(WrittenFile(chains: chains, draws: draws, kind: kind))
    #expect(problems.isEmpty)
    #expect(warnings.count == 1)
    #expect(kind != "mcmc" || warnings == ["/posterior holds 9 chains of 4 draws: are the first two axes swapped?"])
  }

  @Test(arguments: [("ensemble", 6, 1), ("bootstrap", 3, 1), ("variational", 1, 4), ("mcmc", 4, 4)])
  func `a kind that the shape bears out is none`(_ kind: String, _ chains: Int, _ draws: Int) throws {
    let (problems, warnings) = try verify(WrittenFile(chains: chains, draws: draws, kind: kind))
    #expect(problems.isEmpty && warnings.isEmpty)
  }

  // MARK: - Attributes that change what numbers mean

  @Test(arguments: [("scale_factor", 0.5), ("add_offset", 128), ("scale_factor", 0)])
  func `a scale or an offset is refused`(_ name: String, _ value: Double) throws {
    let (problems, _) = try verify { try $0.put(name, of: "/evaluation_data/inputs", [value]) }
    #expect(problems.count == 1)
    #expect(problems[0].hasPrefix("/evaluation_data/inputs@\(name) is \(plain(value)): it changes what"))
  }

  @Test func `a scale of 1, an offset of 0 and fill values that occur nowhere are read`() throws {
    let (problems, warnings) = try verify { file in
      try file.put("scale_factor", of: "/posterior/output.weight", [1], .float32)
      try file.put("add_offset", of: "/posterior/output.weight", [0])
      try file.put("_FillValue", of: "/posterior/output.weight", [.nan], .float32)
      try file.put("missing_value", of: "/posterior/output.bias", [1e20], .float32)
      try file.put("_FillValue", of: "/evaluation_data/labels", [-1], .int64)
    }
    #expect(problems.isEmpty && warnings.isEmpty)
  }

  @Test func `a stored value that is declared missing is refused`() throws {
    let (problems, _) = try verify { file in
      try file.put("_FillValue", of: "/evaluation_data/labels", [2], .int64)
      try file.put("missing_value", of: "/evaluation_data/inputs", [0], .float32)
    }
    #expect(
      problems == [
        "/evaluation_data/inputs holds 0 at (0, 0), which the attribute _FillValue or missing_value declares missing",
        "/evaluation_data/labels holds 2 at position 2, which the attribute _FillValue or missing_value declares missing",
      ])
  }

  @Test func `a value outside the range that is declared valid is refused`() throws {
    let (problems, _) = try verify { try $0.put("valid_range", of: "/evaluation_data/labels", [0, 1], .int64) }
    #expect(
      problems == ["/evaluation_data/labels holds 2 at position 2, outside its valid_range, 0 to 1"])
  }

  // MARK: - Programs

  @Test func `verify and diagnose print the warnings, and end with 0`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("many.h5").path
      try WrittenFile(chains: 12, draws: 4).write(to: path)
      let verified = try Program.posterior.run(["verify", path])
      #expect(verified.code == 0)
      #expect(
        verified.output == """
          \(path): valid, unsigned, with 1 warning
            nothing was recorded that convergence could be judged by; not run: R-hat in function space, which needs the \
          network (posterior diagnose)

          """)
      #expect(verified.errors.contains("12 chains of 4 draws: are the first two axes swapped?"))
      let diagnosed = try Program.posterior.run(["diagnose", path])
      #expect(diagnosed.code == 0)
      #expect(diagnosed.output.contains("12 chains of 4 draws: are the first two axes swapped?"))
    }
  }
}
