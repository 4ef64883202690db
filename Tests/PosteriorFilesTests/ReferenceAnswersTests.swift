import Foundation
import HDF5
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

@testable import PosteriorFiles

/// The group `/reference`: what the author's own program answers.
@Suite(.inTurn) struct ReferenceAnswersTests {
  /// Small contents with answers at two inputs, made up.
  private func contents() throws -> PosteriorContents {
    var contents = try Small.contents()
    contents.referenceAnswers = ReferenceAnswers(
      inputs: .bytes((0..<32).map { UInt8($0 * 8) }), logits: .doubles((0..<36).map { Double($0) / 7 }),
      logPredictive: .floats((0..<6).map { -Float($0) / 3 }), software: "a program, 1.0", precision: .tf32)
    return contents
  }

  private func written(_ contents: PosteriorContents, in folder: URL, _ name: String = "small.h5") throws -> String {
    let path = folder.appendingPathComponent(name).path
    try PosteriorWriter.write(contents, to: path)
    return path
  }

  @Test(arguments: [false, true]) func `what was written is read back, and copied`(isCompressed: Bool) throws {
    try withFolder { folder in
      var contents = try contents()
      contents.isCompressed = isCompressed
      let file = try PosteriorFile.open(try written(contents, in: folder), probe: TestFiles.probe)
      #expect(file.formatVersion == "1.1")
      #expect(file.integrity == .verified)
      #expect(try file.referenceAnswers() == contents.referenceAnswers)
      let copy = try PosteriorFile.open(
        try written(PosteriorContents(copying: file), in: folder, "copy.h5"), probe: TestFiles.probe)
      #expect(try copy.referenceAnswers() == contents.referenceAnswers)
      #expect(copy.contentSHA256 == file.contentSHA256)
    }
  }

  @Test func `answers are part of the content, and of nothing else`() throws {
    try withFolder { folder in
      let without = try PosteriorFile.open(try written(Small.contents(), in: folder, "without.h5"), probe: nil)
      var contents = try contents()
      let first = try PosteriorFile.open(try written(contents, in: folder), probe: nil)
      contents.referenceAnswers?.precision = .bfloat16
      let second = try PosteriorFile.open(try written(contents, in: folder), probe: nil)
      contents.referenceAnswers?.software = "another"
      let third = try PosteriorFile.open(try written(contents, in: folder), probe: nil)
      #expect(without.formatVersion == "1.0")
      #expect(!without.hasReferenceAnswers)
      #expect(Set([without, first, second, third].map(\.contentSHA256)).count == 4)
      #expect(Set([without, first, second, third].map(\.posteriorSHA256)).count == 1)
      #expect(Set([without, first, second, third].map(\.dataSHA256)) == [nil])
    }
  }

  @Test func `attributes of the group that nobody knows are kept and signed`() throws {
    try withFolder { folder in
      let path = try written(contents(), in: folder)
      let signed = try PosteriorFile.open(path, probe: nil).contentSHA256
      var contents = try PosteriorContents(copying: PosteriorFile.open(path, probe: nil))
      contents.referenceAnswers?.furtherAttributes = [
        HDF5Attribute(
          name: "device", type: .text(isVariableLength: true), shape: [], value: .text("a graphics processor"))
      ]
      let more = try PosteriorFile.open(try written(contents, in: folder, "more.h5"), probe: nil)
      #expect(more.contentSHA256 != signed)
      let copy = try PosteriorFile.open(
        try written(PosteriorContents(copying: more), in: folder, "copy.h5"), probe: nil)
      #expect(copy.contentSHA256 == more.contentSHA256)
    }
  }

  @Test func `answers that do not fit the draws are not written`() throws {
    try withFolder { folder in
      for change in [
        { (answers: inout ReferenceAnswers) in answers.logits = .doubles([1, 2]) },
        { $0.logPredictive = .doubles([0]) }, { $0.inputs = .bytes([1, 2, 3]) },
        {
          $0.logits = nil
          $0.logPredictive = nil
        },
        { $0.logPredictive = .doubles([0, 0, 0, 0, 0, -.infinity]) },
      ] {
        var contents = try contents()
        change(&contents.referenceAnswers!)
        let error = try #require(throws: PosteriorFileError.self) { try self.written(contents, in: folder) }
        #expect(error.path.hasPrefix("/reference"))
      }
      #expect(try names(in: folder).isEmpty)
    }
  }

  // MARK: - Files of other programs

  /// Adds answers of the right shapes to a file.
  private func addAnswers(_ file: HDF5File, to foreign: WrittenFile) throws {
    try file.createGroup("/reference")
    try file.put("/reference/inputs", Array(foreign.inputs.prefix(8)), [2, 4], .float64)
    try file.put(
      "/reference/logits", foreign.weights(foreign.chains * foreign.draws * 6),
      [foreign.chains, foreign.draws, 2, 3], .float64)
    try file.setAttribute("precision", of: "/reference", to: "float64")
  }

  @Test func `answers in a file of format 1.0 are not compared, and that is said`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("old.h5").path
      let foreign = WrittenFile()
      try foreign.write(to: path) { try addAnswers($0, to: foreign) }
      let file = try PosteriorFile.open(path, probe: TestFiles.probe)
      #expect(!file.hasReferenceAnswers)
      #expect(try file.referenceFindings() == nil)
      #expect(file.warnings.map(\.place) == ["/reference"])
      #expect(file.warnings[0].advice == "Set format_version to 1.1")
    }
  }

  @Test func `a group of that name with something else is left alone in format 1.0`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("old.h5").path
      try WrittenFile().write(to: path) { file in
        try file.createGroup("/reference")
        try file.put("/reference/anything", [1, 2], [2], .float64)
      }
      #expect(try PosteriorFile.open(path, probe: nil).warnings.isEmpty)
    }
  }

  @Test func `a group with no answers that the author left empty is refused in format 1.1`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("empty.h5").path
      try WrittenFile(version: "1.1").write(to: path) { try $0.createGroup("/reference") }
      let problems = PosteriorFile.verify(path, probe: nil).map { "\($0.path) \($0.reason)" }
      #expect(problems == ["/reference@precision is missing", "/reference/inputs is missing; answers are to inputs"])
    }
  }

  @Test func `answers whose axes are named in another order are refused`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("axes.h5").path
      let foreign = WrittenFile(chains: 5, version: "1.1")
      try foreign.write(to: path) { file in
        try addAnswers(file, to: foreign)
        try file.name(axesOf: "/reference/logits", ["draw", "chain"], extents: [5, 5])
      }
      let problems = PosteriorFile.verify(path, probe: nil).map { "\($0.path) \($0.reason)" }
      #expect(problems == ["/reference/logits axis 0 is the dimension draw; it needs to be chain"])
    }
  }

  // MARK: - Comparing

  @Test func `verify and inspect know the answers`() throws {
    try withFolder { folder in
      let path = try written(Small.answered(Small.contents()), in: folder)
      let verified = try Program.posterior.run(["verify", path])
      #expect(verified.code == 0)
      // Three draws are too few to judge chains, which is another matter.
      #expect(verified.output.hasPrefix("\(path): valid, with 1 warning; answers as Network (float64) did\n"))
      let inspected = try Program.posterior.run(["inspect", path])
      #expect(inspected.output.contains("reference answers  2 inputs, logits of every draw, by Network (float64)\n"))
      #expect(inspected.output.contains("format             1.1\n"))
    }
  }

  @Test func `answers at one input prove little, which verify says`() throws {
    try withFolder { folder in
      var contents = try Small.answered(Small.contents())
      let answers = try #require(contents.referenceAnswers)
      let (size, classes) = (16, contents.weights.architecture.classCount)
      let logits = try #require(answers.logits?.values)
      contents.referenceAnswers?.inputs = .doubles(Array(answers.inputs.values[..<size]))
      contents.referenceAnswers?.logits = .doubles(
        stride(from: 0, to: logits.count, by: 2 * classes).flatMap { Array(logits[$0..<$0 + classes]) })
      let path = try written(contents, in: folder)
      let verified = try Program.posterior.run(["verify", path])
      #expect(verified.code == 0)
      #expect(
        verified.errors.contains("which proves little, for there is one input only. Give answers at several inputs"))
    }
  }

  @Test func `what the answers are is one of two words`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("meaning.h5").path
      let foreign = WrittenFile(version: "1.1")
      try foreign.write(to: path) { file in
        try addAnswers(file, to: foreign)
        try file.setAttribute("logits_are", of: "/reference", to: "odds")
      }
      let problems = PosteriorFile.verify(path, probe: nil).map { "\($0.path) \($0.reason)" }
      #expect(problems == [#"/reference@logits_are is "odds"; it needs to be logits or log-probabilities"#])
    }
  }

  @Test func `verify refuses a network that answers otherwise, and names the draw`() throws {
    try withFolder { folder in
      var contents = try Small.answered(Small.contents())
      let architecture = contents.weights.architecture
      let count = architecture.parameterCount
      var draws = (0..<6).map { draw in (0..<count).map { Float(draw * 1000 + $0) } }
      draws[4][30] += 7
      contents.weights = InMemoryWeights(architecture: architecture, draws: draws)
      let path = try written(contents, in: folder)
      let verified = try Program.posterior.run(["verify", path])
      #expect(verified.code == 65)
      #expect(verified.output.isEmpty)
      #expect(verified.errors.contains("error: \(path): /reference: the network does not answer as Network (float64)"))
      #expect(verified.errors.contains("chain 1, draw 1 is left aside"))
    }
  }

  @Test func `text from the file does not steer the terminal`() throws {
    try withFolder { folder in
      var contents = try Small.answered(Small.contents())
      contents.referenceAnswers?.software = "evil\u{1B}[2J\nprogram"
      let verified = try Program.posterior.run(["verify", try written(contents, in: folder)])
      #expect(verified.output.contains("; answers as evil [2J program (float64) did\n"))
    }
  }
}

extension Small {
  /// The answers of `Network`, which are not those of the comparison's own pass.
  static func answered(_ contents: PosteriorContents) throws -> PosteriorContents {
    var contents = contents
    let architecture = contents.weights.architecture
    let inputs = (0..<32).map { Float($0) / 32 }
    var logits: [Double] = []
    for draw in 0..<contents.weights.drawCount {
      var parameters = [Float](repeating: 0, count: architecture.parameterCount)
      try parameters.withUnsafeMutableBufferPointer { try contents.weights.read(draw: draw, into: $0) }
      logits += try Network(architecture: architecture, parameters: parameters).logits(
        Tensor(shape: [2, 1, 4, 4], elements: inputs.map(Double.init))
      ).elements
    }
    contents.referenceAnswers = ReferenceAnswers(
      inputs: .floats(inputs), logits: .doubles(logits), software: "Network", precision: .float64)
    return contents
  }
}
