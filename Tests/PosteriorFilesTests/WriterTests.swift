import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@Suite(.inTurn) struct WriterTests {
  @Test(arguments: [false, true]) func `what was written is read back`(isCompressed: Bool) throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("small.h5").path
      var contents = try Small.contents()
      contents.isCompressed = isCompressed
      contents.sampleStatistics = [
        SampleStatistic(name: "lp", values: [-1, -2, -3, -4, -5, -6.5]),
        SampleStatistic(name: "diverging", values: [0, 0, 1, 0, 0, 0]),
      ]
      let count = try Small.architecture().parameterCount
      contents.variational = VariationalParameters(
        mean: (0..<count).map { Float($0) }, scale: [Float](repeating: 0.5, count: count))
      contents.evaluationData = LabelledData(
        inputs: .bytes((0..<32).map { UInt8($0 * 8) }), inputShape: [1, 4, 4], labels: [2, 0])
      try PosteriorWriter.write(contents, to: path)

      let file = try PosteriorFile.open(path, probe: TestFiles.probe)
      #expect(file.integrity == .verified)
      #expect(file.title == "small")
      #expect(file.kind == .mcmc)
      #expect(file.inputBounds == 0...1)
      #expect(file.chainCount == 2)
      #expect(file.drawsPerChain == 3)
      #expect(file.distinctDrawCount == 6)
      #expect(file.provenance["seed"] == "7")
      var draw = [Float](repeating: 0, count: count)
      try draw.withUnsafeMutableBufferPointer { try file.read(draw: 4, into: $0) }
      #expect(draw == (0..<count).map { Float(4000 + $0) })
      let statistics = try file.sampleStatistics()
      #expect(statistics.map(\.name) == ["diverging", "lp"])
      #expect(statistics[1].values == [-1, -2, -3, -4, -5, -6.5])
      #expect(try file.variationalParameters() == contents.variational)
      let data = try #require(try file.evaluationData())
      #expect(data.shape == [2, 1, 4, 4])
      #expect(data.values[5] == 40.0 / 255)
      #expect(data.labels == [2, 0])
    }
  }

  @Test func `what is handed back is the verified file under its own name, open for reading`() throws {
    try withFolder { folder in
      let target = folder.appendingPathComponent("small.h5").path
      let link = folder.appendingPathComponent("link.h5").path
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
      var contents = try Small.contents()
      try PosteriorWriter.write(contents, to: target)
      contents.title = "another"
      let written = try PosteriorWriter.write(contents, to: link)
      let opened = try PosteriorFile.open(target, probe: TestFiles.probe)
      #expect(written.path == link && written.fileName == "link.h5")
      #expect(written.integrity == .verified && written.title == "another")
      #expect(
        [written.posteriorSHA256, written.contentSHA256] == [opened.posteriorSHA256, opened.contentSHA256])
      #expect(written.distinctDrawCount == opened.distinctDrawCount && written.warnings == opened.warnings)
      // Its name is another one now than when it was opened.
      var draw = [Float](repeating: 0, count: written.architecture.parameterCount)
      try draw.withUnsafeMutableBufferPointer { try written.read(draw: 4, into: $0) }
      #expect(draw == draw.indices.map { Float(4000 + $0) })
      #expect(try names(in: folder) == ["link.h5", "small.h5"])
    }
  }

  @Test func `repeated draws are counted once`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("repeated.h5").path
      var contents = try Small.contents()
      let architecture = try Small.architecture()
      let draws = [1, 1, 2, 2, 2, 3].map { [Float](repeating: $0, count: architecture.parameterCount) }
      contents.weights = InMemoryWeights(architecture: architecture, draws: draws)
      try PosteriorWriter.write(contents, to: path)
      #expect(try PosteriorFile.open(path, probe: nil).distinctDrawCount == 3)
    }
  }

  @Test func `a copy names the same posterior and the same data`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("copy.h5").path
      let original = try PosteriorFile.open(TestFiles.oracle("moons-fc2-leaky"), probe: nil)
      try PosteriorWriter.write(PosteriorContents(copying: original), to: path)
      let copy = try PosteriorFile.open(path, probe: nil)
      #expect(copy.posteriorSHA256 == "afadb758705159d14caeeb478294cf186e574eb486e736aaa62c4251ed4fac8a")
      #expect(copy.dataSHA256 == "151e4e0d3cd631d2eee42c3f06a18504b5bb0f563ae04b3207338733b8201fff")
      #expect(copy.provenance == original.provenance)
    }
  }

  // MARK: - When writing fails

  /// Draws that end with an error after the first.
  struct FailingWeights: WeightSource {
    struct Failure: Error {}
    let architecture: Architecture
    let drawCount = 4
    func read(draw: Int, into buffer: UnsafeMutableBufferPointer<Float>) throws {
      if draw > 0 { throw Failure() }
      buffer.update(repeating: 1)
    }
  }

  @Test func `a source that fails leaves the old file and nothing else`() throws {
    try withFolder { folder in
      let target = folder.appendingPathComponent("kept.h5")
      try Data("old".utf8).write(to: target)
      var contents = try Small.contents()
      contents.weights = FailingWeights(architecture: try Small.architecture())
      #expect(throws: FailingWeights.Failure.self) { try PosteriorWriter.write(contents, to: target.path) }
      #expect(try Data(contentsOf: target) == Data("old".utf8))
      #expect(try names(in: folder) == ["kept.h5"])
    }
  }

  @Test func `weights that are not finite are not written`() throws {
    try withFolder { folder in
      var contents = try Small.contents()
      let architecture = try Small.architecture()
      contents.weights = InMemoryWeights(
        architecture: architecture,
        draws: [[Float]](repeating: Array(repeating: .nan, count: architecture.parameterCount), count: 2))
      let path = folder.appendingPathComponent("nan.h5").path
      let error = try #require(throws: PosteriorFileError.self) { try PosteriorWriter.write(contents, to: path) }
      #expect(error.file == path)
      #expect(error.reason.contains("weights are finite"))
      #expect(try names(in: folder).isEmpty)
    }
  }

  @Test func `a folder that does not exist is named`() throws {
    let contents = try Small.contents()
    let error = try #require(throws: PosteriorFileError.self) {
      try PosteriorWriter.write(contents, to: "/nonexistent-folder/a.h5")
    }
    #expect(error.reason == "could not be written: the folder /nonexistent-folder does not exist")
  }

  @Test func `a target that is a folder stays one`() throws {
    try withFolder { folder in
      let contents = try Small.contents()
      #expect(throws: PosteriorFileError.self) { try PosteriorWriter.write(contents, to: folder.path) }
      #expect(try names(in: folder).isEmpty)
    }
  }

  @Test func `draws that chains cannot share are refused`() throws {
    try withFolder { folder in
      var contents = try Small.contents()
      contents.chainCount = 4
      #expect(throws: PosteriorFileError.self) {
        try PosteriorWriter.write(contents, to: folder.appendingPathComponent("a.h5").path)
      }
    }
  }

  @Test func `when the disk is full, the message says so and the old file stays`() throws {
    try withFolder { folder in
      let target = folder.appendingPathComponent("kept.h5")
      try Data("old".utf8).write(to: target)
      // A limit on the size of files ends writing as a full disk does.
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = [
        "-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" copy \"$1\" \"$2\"", Program.posterior.executable.path,
        TestFiles.oracle("mnist-fc2-relu"), target.path,
      ]
      let errors = Pipe()
      process.standardError = errors
      try process.run()
      let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 70)
      #expect(message.contains("kept.h5"))
      #expect(message.contains("could not be written"))
      #expect(message.contains("File too large"))
      #expect(try Data(contentsOf: target) == Data("old".utf8))
      #expect(try names(in: folder) == ["kept.h5"])
    }
  }
}
