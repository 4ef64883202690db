import Foundation
import HDF5
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

@testable import PosteriorFiles

/// The group `/shared`: parameters that all draws have in common, stored once.
@Suite(.inTurn) struct SharedParametersTests {
  /// Draws that are read back, one after the other.
  private func draws(of source: any WeightSource) throws -> [[Float]] {
    try (0..<source.drawCount).map { draw in
      var values = [Float](repeating: .nan, count: source.architecture.parameterCount)
      try values.withUnsafeMutableBufferPointer { try source.read(draw: draw, into: $0) }
      return values
    }
  }

  private func written(_ contents: PosteriorContents, in folder: URL, _ name: String = "a.h5") throws -> PosteriorFile {
    let path = folder.appendingPathComponent(name).path
    try PosteriorWriter.write(contents, to: path)
    return try PosteriorFile.open(path, probe: TestFiles.probe)
  }

  @Test(arguments: [false, true]) func `every draw has what all share, and copies say so`(isCompressed: Bool) throws {
    try withFolder { folder in
      var contents = try Small.sharing()
      contents.isCompressed = isCompressed
      let file = try written(contents, in: folder)
      #expect(file.formatVersion == "1.1" && file.integrity == .verified && file.warnings.isEmpty)
      #expect(file.sharedParameters == [1] && (file as any WeightSource).sharedParameters == [1])
      #expect(file.chainCount == 2 && file.drawsPerChain == 3 && file.distinctDrawCount == 6)
      #expect(try draws(of: file) == draws(of: contents.weights))
      let copy = try written(PosteriorContents(copying: file), in: folder, "copy.h5")
      #expect(copy.sharedParameters == [1])
      #expect([copy.posteriorSHA256, copy.contentSHA256] == [file.posteriorSHA256, file.contentSHA256])
      // Stored for each draw, it is the same posterior in another form, with another digest.
      var expanded = try PosteriorContents(copying: file)
      expanded.sharedParameters = []
      let plain = try written(expanded, in: folder, "plain.h5")
      #expect(plain.formatVersion == "1.0" && plain.sharedParameters.isEmpty)
      #expect(plain.posteriorSHA256 != file.posteriorSHA256)
      #expect(try draws(of: plain) == draws(of: file))
    }
  }

  @Test func `what other programs share is read, float64 rounded and said`() throws {
    let (problems, warnings) = try shared([1, 2, 3], .float64)
    #expect(problems == [])
    #expect(warnings.first?.hasPrefix("/shared/output.bias holds float64 numbers") == true, "\(warnings)")
  }

  // MARK: - What is refused

  /// A file of another program without a bias for each draw, and with one for all.
  private func shared(
    _ values: [Double] = [1, 2, 3], _ element: ElementType = .float32, version: String = "1.1",
    keepsBias: Bool = false, _ further: (HDF5File) throws -> Void = { _ in }
  ) throws -> (problems: [String], warnings: [String]) {
    try WrittenFile(version: version, hasBias: keepsBias).verified { file in
      try file.createGroup("/shared")
      try file.put("/shared/output.bias", values, [values.count], element)
      try further(file)
    }
  }

  @Test func `a parameter in both places is refused`() throws {
    #expect(
      try shared(keepsBias: true).problems == [
        "/shared/output.bias is in /posterior as well: a parameter is stored for each draw there, or once for all draws "
          + "here, not both"
      ])
  }

  @Test func `a parameter in neither place is refused, and both are named`() throws {
    #expect(
      try WrittenFile(version: "1.1", hasBias: false).verified().problems == [
        "/posterior/output.bias is missing; the architecture needs it with shape (chains, draws, 3), or once for all "
          + "draws in /shared with shape (3)"
      ])
    #expect(
      try WrittenFile(hasBias: false).verified().problems == [
        "/posterior/output.bias is missing; the architecture needs it with shape (chains, draws, 3)"
      ])
  }

  @Test func `a shared parameter of another shape, or that is none, is refused`() throws {
    #expect(
      try shared([1, 2]).problems == ["/shared/output.bias has shape (2); the architecture needs (3)"])
    #expect(
      try shared { try $0.put("/shared/hidden.bias", [1, 2], [2], .float32) }.problems == [
        "/shared/hidden.bias is one too many: it is no parameter of the architecture, and no dimension scale"
      ])
    #expect(
      try shared([1, 2, .infinity]).problems == ["/shared/output.bias holds inf at position 2; weights are finite"])
  }

  @Test func `a file of format 1.0 that shares a parameter needs another version`() throws {
    let problems = try shared(version: "1.0").problems
    #expect(
      problems.first
        == "/shared holds parameters that all draws share, which needs format_version 1.1; the file says 1.0")
  }

  @Test func `a group of that name with something else means nothing in format 1.0, and is signed`() throws {
    let (problems, warnings) = try WrittenFile().verified { file in
      try file.createGroup("/shared")
      try file.createGroup("/shared/notes")
      try file.put("/shared/anything", [1, 2], [2], .int64)
    }
    #expect(problems == [] && warnings == [])
    func digest(_ value: Double) throws -> String {
      try withFolder { folder in
        let path = folder.appendingPathComponent("a.h5").path
        try WrittenFile().write(to: path) { file in
          try file.createGroup("/shared")
          try file.put("/shared/anything", [value], [1], .int64)
        }
        return try PosteriorFile.open(path, probe: nil).contentSHA256
      }
    }
    #expect(try digest(1) != digest(2))
  }

  @Test func `draws that share everything are refused, one draw is not`() throws {
    func everything(_ draws: Int?) throws -> [String] {
      try withFolder { folder in
        let path = folder.appendingPathComponent("a.h5").path
        try WrittenFile(version: "1.1", hasWeight: false, hasBias: false).write(to: path) { file in
          try file.createGroup("/shared")
          try file.put("/shared/output.weight", (0..<12).map(Double.init), [3, 4], .float32)
          try file.put("/shared/output.bias", [1, 2, 3], [3], .float32)
          for (name, extent) in [("chain", 1), ("draw", draws ?? 0)] where draws != nil {
            try file.put("/posterior/\(name)", (0..<extent).map(Double.init), [extent], .int64)
            try file.makeDimensionScale("/posterior/\(name)", name: name)
          }
        }
        return PosteriorFile.verify(path, probe: nil).map { "\($0.path) \($0.reason)" }
      }
    }
    #expect(try everything(nil) == [])
    #expect(try everything(1) == [])
    #expect(
      try everything(5).first
        == "/shared holds every parameter of the network: all draws would be equal, and /posterior has chain and draw "
        + "for 1 chains of 5 draws")
  }

  @Test func `a distribution of a shared parameter is refused`() throws {
    let problems = try shared { file in
      try file.createGroup("/variational")
      for (name, shape) in [("output.weight", [3, 4]), ("output.bias", [3])] {
        let values = [Double](repeating: 1, count: shape.reduce(1, *))
        try file.put("/variational/\(name).mean", values, shape, .float32)
        try file.put("/variational/\(name).scale", values, shape, .float32)
      }
    }.problems
    #expect(
      problems == [
        "/variational/output.bias.mean is the mean of a parameter that all draws share, /shared/output.bias",
        "/variational/output.bias.scale is the scale of a parameter that all draws share, /shared/output.bias",
      ])
  }

  @Test func `a weight that all share and that is zero is said`() throws {
    let warnings = try WrittenFile(version: "1.1", hasWeight: false).verified { file in
      try file.createGroup("/shared")
      try file.put("/shared/output.weight", [Double](repeating: 0, count: 12), [3, 4], .float32)
    }.warnings
    #expect(warnings == ["/shared/output.weight holds only zeros: was it ever filled?"])
    #expect(try shared([0, 0, 0]).warnings == [])
  }

  // MARK: - Writing

  @Test func `what differs between draws is not written as shared`() throws {
    try withFolder { folder in
      var contents = try Small.contents()
      contents.sharedParameters = [3]
      let error = try #require(throws: PosteriorFileError.self) { try self.written(contents, in: folder) }
      #expect(error.path == "/shared/output.bias")
      #expect(
        error.reason == "would be stored once for all draws, and draw 1 has other values than draw 0")
      contents.sharedParameters = [0, 1, 2, 3]
      let everything = try #require(throws: PosteriorFileError.self) { try self.written(contents, in: folder) }
      #expect(everything.reason.hasPrefix("would hold every parameter of the network: all 6 draws would be equal"))
      contents.sharedParameters = [4]
      let beyond = try #require(throws: PosteriorFileError.self) { try self.written(contents, in: folder) }
      #expect(beyond.reason == "would hold parameter 4 of a network of 4")
      #expect(try names(in: folder).isEmpty)
    }
  }

  @Test func `one draw may be all shared`() throws {
    try withFolder { folder in
      let architecture = try Small.architecture()
      let values = (0..<architecture.parameterCount).map { Float($0) - 7 }
      var contents = PosteriorContents(
        weights: InMemoryWeights(architecture: architecture, draws: [values]), inputBounds: 0...1, kind: .single)
      contents.sharedParameters = [0, 1, 2, 3]
      let file = try written(contents, in: folder)
      #expect(file.drawCount == 1 && file.distinctDrawCount == 1 && file.warnings.isEmpty)
      #expect(try draws(of: file) == [values])
    }
  }

  @Test func `the distribution of a shared parameter is its value, and is not stored`() throws {
    try withFolder { folder in
      var contents = try Small.sharing()
      contents.chainCount = 1
      contents.kind = .independent
      let count = contents.weights.architecture.parameterCount
      let scale = (0..<count).map { (18..<20).contains($0) ? Float(0) : 2000 }
      contents.variational = VariationalParameters(
        mean: (0..<count).map { Float((18..<20).contains($0) ? $0 : 2500 + $0) }, scale: scale)
      let file = try written(contents, in: folder)
      #expect(try file.variationalParameters() == contents.variational)
      #expect(try PosteriorContents(copying: file).variational == contents.variational)
      contents.variational?.scale[18] = 1
      let error = try #require(throws: PosteriorFileError.self) { try self.written(contents, in: folder, "b.h5") }
      #expect(error.path == "/variational/conv1.bias.mean")
    }
  }

  @Test func `inspect says how much is shared`() throws {
    try withFolder { folder in
      let file = try written(Small.sharing(), in: folder)
      let run = try Program.posterior.run(["inspect", file.path])
      #expect(run.output.contains("parameters         47, 2 of them shared by all draws\n"), "\(run.output)")
      #expect(run.output.contains("format             1.1\n"))
    }
  }
}
