import Foundation
import HDF5
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

@testable import PosteriorFiles

/// What xarray, ArviZ, netCDF4 and numpy users write is read where reading on gives no wrong number.
@Suite(.inTurn) struct ForeignWritersTests {
  private func withForeign<T>(
    _ foreign: WrittenFile = WrittenFile(), _ further: (HDF5File) throws -> Void = { _ in },
    _ body: (String) throws -> T
  ) throws -> T {
    try withFolder { folder in
      let path = folder.appendingPathComponent("foreign.h5").path
      try foreign.write(to: path, further)
      return try body(path)
    }
  }

  private func problems(
    _ foreign: WrittenFile = WrittenFile(), _ further: (HDF5File) throws -> Void = { _ in }
  ) throws -> [String] {
    try withForeign(foreign, further) { PosteriorFile.verify($0, probe: nil).map { "\($0.path) \($0.reason)" } }
  }

  @Test(arguments: [ElementType.int8, .uint8])
  func `truth values are one byte, with or without sign`(_ element: ElementType) throws {
    let diverging = (0..<10).map { Double($0 % 3 == 0 ? 1 : 0) }
    try withForeign { file in
      try file.createGroup("/sample_stats")
      try file.put("/sample_stats/diverging", diverging, [2, 5], element)
      try file.setAttribute("dtype", of: "/sample_stats/diverging", to: "bool")
    } _: { path in
      let statistics = try PosteriorFile.open(path, probe: nil).sampleStatistics()
      #expect(statistics.first?.values == diverging)
    }
  }

  @Test func `truth values are read as h5py stores them, and covered by the digest that numpy names them in`() throws {
    let file = try PosteriorFile.open(TestFiles.malformed("valid-truth.h5"), probe: TestFiles.probe)
    #expect(file.integrity == .verified)
    #expect(try file.sampleStatistics().first { $0.name == "diverging" }?.values == [0, 0, 0, 1])
    try withFolder { folder in
      let copy = folder.appendingPathComponent("copy.h5").path
      try PosteriorWriter.write(PosteriorContents(copying: file), to: copy)
      let copied = try PosteriorFile.open(copy, probe: nil)
      #expect(copied.posteriorSHA256 == file.posteriorSHA256)
      #expect(try copied.sampleStatistics().first { $0.name == "diverging" }?.values == [0, 0, 0, 1])
    }
  }

  @Test func `a truth value that is neither 0 nor 1 is refused`() throws {
    let problems = try problems { file in
      try file.createGroup("/sample_stats")
      try file.put("/sample_stats/diverging", (0..<10).map { $0 == 4 ? 2 : 0 }, [2, 5], .int8)
      try file.setAttribute("dtype", of: "/sample_stats/diverging", to: "bool")
    }
    #expect(problems == ["/sample_stats/diverging holds 2 at (0, 4); truth values are 0 and 1"])
  }

  @Test(arguments: [[0.0, 3, 4, 5, 9], [100, 110, 120, 130, 140], [-2, -1, 0, 1, 2]], [ElementType.int32, .int64])
  func `numbers of draws may be any that increase`(_ numbers: [Double], _ element: ElementType) throws {
    #expect(
      try problems { file in
        try file.put("/posterior/draw", numbers, [5], element)
        try file.makeDimensionScale("/posterior/draw", name: "draw")
      }.isEmpty)
  }

  @Test func `numbers of draws that do not increase are refused`() throws {
    let problems = try problems { file in
      try file.put("/posterior/draw", [0, 1, 1, 2, 3], [5], .int64)
      try file.makeDimensionScale("/posterior/draw", name: "draw")
    }
    #expect(problems == ["/posterior/draw holds 1 at position 2; coordinates increase: 0, 1, …"])
  }

  @Test func `weights in double precision are rounded, and that is said`() throws {
    var foreign = WrittenFile(chains: 1, draws: 2)
    foreign.weightElement = .float64
    try withForeign(foreign) { path in
      let file = try PosteriorFile.open(path, probe: nil)
      #expect(file.warnings.count == 1)
      #expect(
        "\(file.warnings[0])".hasPrefix(
          "/posterior/output.bias holds float64 numbers, as does 1 further data set, which are rounded to float32."))
      var draw = [Float](repeating: 0, count: 15)
      try draw.withUnsafeMutableBufferPointer { try file.read(draw: 1, into: $0) }
      // Weight, then bias, in the order of the architecture's parameters.
      let expected = foreign.weights(24).suffix(12) + foreign.weights(6, from: 5000).suffix(3)
      #expect(draw == expected.map { Float($0) })
    }
  }

  @Test func `a weight beyond single precision is refused`() throws {
    let problems = try withFolder { folder in
      let path = folder.appendingPathComponent("large.h5").path
      let file = try HDF5File.create(path)
      try file.setAttribute("format", of: "/", to: "bnn-posterior")
      try file.setAttribute("format_version", of: "/", to: "1.0")
      try file.createGroup("/model")
      try file.setAttribute("architecture", of: "/model", to: WrittenFile.architecture)
      try file.put("input_bounds", of: "/model", [0, 1])
      try file.createGroup("/posterior")
      try file.put("/posterior/output.weight", (0..<12).map { $0 == 7 ? 1e39 : 1 }, [1, 1, 3, 4], .float64)
      try file.put("/posterior/output.bias", [1, 2, 3], [1, 1, 3], .float64)
      try file.close()
      return PosteriorFile.verify(path, probe: nil).map { "\($0.path) \($0.reason)" }
    }
    #expect(
      problems == [
        "/posterior/output.weight holds 1e+39 at (0, 0, 1, 3), beyond float32: weights are computed with in float32"
      ])
  }

  @Test(arguments: [ElementType.uint8, .int16, .int32, .uint64])
  func `labels are whole numbers of any width`(_ element: ElementType) throws {
    var foreign = WrittenFile()
    foreign.labelElement = element
    try withForeign(foreign) { path in
      let file = try PosteriorFile.open(path, probe: nil)
      let data = try file.evaluationData()
      #expect(data?.labels == [0, 1, 2, 0, 1, 2])
    }
    foreign.labels[3] = 3
    #expect(try problems(foreign) == ["/evaluation_data/labels holds 3 at position 3; labels run from 0 to 2"])
  }

  @Test func `whole numbers are bounds, and a copy names the same posterior`() throws {
    var foreign = WrittenFile()
    foreign.boundsElement = .int64
    try withForeign(foreign) { path in
      let file = try PosteriorFile.open(path, probe: nil)
      #expect(file.inputBounds == 0...1)
      let copy = path + ".copy"
      try PosteriorWriter.write(PosteriorContents(copying: file), to: copy)
      let copied = try PosteriorFile.open(copy, probe: nil)
      #expect(copied.posteriorSHA256 == file.posteriorSHA256)
    }
  }

  @Test func `dimensions without coordinates may be anywhere`() throws {
    #expect(
      try problems { file in
        let scale = "This is a netCDF dimension but not a netCDF variable.         4"
        try file.createDataset("/evaluation_data/pixel", element: .bigEndianFloat32, shape: [4], chunk: nil).close()
        try file.makeDimensionScale("/evaluation_data/pixel", name: scale)
        try file.attachScale("/evaluation_data/pixel", to: "/evaluation_data/inputs", axis: 1)
      }.isEmpty)
  }

  @Test func `a statistic with one number a chain says what it needs`() throws {
    let problems = try problems { file in
      try file.createGroup("/sample_stats")
      try file.put("/sample_stats/step_size", [0.1, 0.2], [2], .float64)
    }
    #expect(problems == ["/sample_stats/step_size has shape (2); it needs (chain, draw), (2, 5)"])
  }

  // MARK: - --data

  private func arrays(_ names: (String, String), labelShape: [Int]) throws -> LabelledData? {
    try withFolder { folder in
      let path = folder.appendingPathComponent("arrays.h5").path
      let file = try HDF5File.create(path)
      try file.put("/" + names.0, [0.25, 0.5, 0.75, 1], [2, 2], .float64)
      try file.put("/" + names.1, [1, 0], labelShape, .uint8)
      try file.close()
      return try ExampleArrays.read(path, probe: nil)
    }
  }

  @Test(arguments: [[2], [2, 1]]) func `Keras' names of arrays are known`(_ labelShape: [Int]) throws {
    let data = try arrays(("x_test", "y_test"), labelShape: labelShape)
    #expect(data?.values == [0.25, 0.5, 0.75, 1])
    #expect(data?.labels == [1, 0])
    #expect(try arrays(("X", "y"), labelShape: labelShape) == data)
  }

  @Test func `names that are not known are listed`() throws {
    let error = #expect(throws: PosteriorFileError.self) { try arrays(("pixels", "targets"), labelShape: [2]) }
    #expect(error?.path == "/inputs")
    #expect(error?.advice?.hasSuffix("; this file holds pixels, targets") == true)
  }

  // MARK: - Shapes

  @Test(arguments: [
    (
      [7, 8, 6, 3],
      "has shape (7, 8, 6, 3); the network needs (n, 3, 8, 6): the axes look like (height, width, channel)"
    ),
    (
      [7, 6, 8, 3],
      "has shape (7, 6, 8, 3); the network needs (n, 3, 8, 6): the axes look like (width, height, channel)"
    ),
    (
      [8, 6, 3, 7],
      "has shape (8, 6, 3, 7); the network needs (n, 3, 8, 6): the axes look like (height, width, channel, example)"
    ),
    ([7, 48, 3], "has shape (7, 48, 3); the network needs (n, 3, 8, 6)"),
    ([7, 3, 48], "has shape (7, 3, 48); the network needs (n, 3, 8, 6)"),
  ])
  func `another order of axes is recognised and named`(_ shape: [Int], _ sentence: String) {
    let expected = ExpectedInputs(inputShape: [3, 8, 6], inputBounds: 0...1, classCount: 2)
    #expect(expected.shapeProblem(shape, labelCount: 7) == sentence)
  }

  @Test func `the network's own shape is read, flat, and with or without axes of extent 1`() {
    let images = ExpectedInputs(inputShape: [1, 5, 4], inputBounds: 0...1, classCount: 2)
    for shape in [[9, 1, 5, 4], [9, 5, 4, 1], [9, 5, 4], [9, 20]] {
      #expect(images.shapeProblem(shape, labelCount: 9) == nil)
    }
    let flat = ExpectedInputs(inputShape: [20], inputBounds: 0...1, classCount: 2)
    #expect(flat.shapeProblem([9, 5, 4], labelCount: 9) == nil)
    #expect(
      flat.shapeProblem([9, 2, 5, 2], labelCount: 9)?.contains("in the order that the network was trained") == true)
  }

  @Test func `inputs of another scale are refused, those of a slightly other box are not`() {
    let expected = ExpectedInputs(inputShape: [2], inputBounds: -1...1, classCount: 2)
    #expect(expected.boundsProblem(0...1) == "is 0 to 1; the network's input_bounds are -1 to 1")
    #expect(expected.boundsProblem(0...255) != nil)
    #expect(expected.boundsProblem(-1.2...0.9) == nil)
  }
}
