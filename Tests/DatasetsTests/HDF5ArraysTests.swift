import Foundation
import HDF5
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@testable import Datasets

/// Arrays in anybody's HDF5 file.
@Suite(.inTurn) struct HDF5ArraysTests {
  /// Writes a file with what `body` puts into it, and reads it in this process.
  private func dataset(_ body: (HDF5File) throws -> Void) async throws -> Dataset {
    try await withFolder { folder in
      let path = folder.appending(path: "arrays.h5").path
      try Self.write(path, body)
      return try Dataset(file: path, probe: nil)
    }
  }

  static func write(_ path: String, _ body: (HDF5File) throws -> Void) throws {
    let file = try HDF5File.create(path)
    try body(file)
    try file.close()
  }

  private func problem(_ body: (HDF5File) throws -> Void) async throws -> String {
    do {
      _ = try await dataset(body)
      return "none"
    } catch let error as DatasetError {
      return error.reason
    } catch let error as PosteriorFileError {
      return "\(error.path) \(error.reason)"
    }
  }

  @Test func `single precision is kept, and the bounds are the data's`() async throws {
    let data = try await dataset { file in
      try file.put("/inputs", [Float(-1.5), 0, 2, 0.1, 1, 1], [3, 2])
      try file.put("/labels", [Int64(0), 2, 1], [3])
    }
    #expect(data.train.inputs == .floats([-1.5, 0, 2, 0.1, 1, 1]))
    #expect(data.train.labels == [0, 2, 1])
    #expect(data.inputShape == [2])
    #expect(data.classCount == 3)
    #expect(data.inputBounds == -1.5...2)
    #expect(data.test == nil)
    #expect(data.name == "arrays.h5")
  }

  @Test func `double precision is rounded`() async throws {
    let data = try await dataset { file in
      try file.put("/inputs", [0.1, 1], [2, 1])
      try file.put("/labels", [Int64(0), 1], [2])
    }
    #expect(data.train.inputs == .floats([0.1, 1]))
  }

  @Test func `bytes stay bytes, and their bounds are 0 and 1`() async throws {
    let data = try await dataset { file in
      try file.put("/inputs", [UInt8(51), 255, 102, 255, 0, 1, 2, 3], [2, 1, 2, 2])
      try file.put("/labels", [UInt8(1), 0], [2])
    }
    #expect(data.train.inputs == .bytes([51, 255, 102, 255, 0, 1, 2, 3]))
    #expect(data.inputBounds == 0...1)
    #expect(data.inputShape == [1, 2, 2])
  }

  @Test func `examples to test on share bounds and classes`() async throws {
    let data = try await dataset { file in
      try file.put("/inputs", [Float(1), 2, 3], [3, 1])
      try file.put("/labels", [Int64(0), 1, 2], [3])
      try file.put("/test_inputs", [Float(5)], [1, 1])
      try file.put("/test_labels", [Int64(2)], [1])
    }
    #expect(data.test?.inputs == .floats([5]))
    #expect(data.classCount == 3)
    #expect(data.inputBounds == 1...5)
  }

  // MARK: - Classes

  /// Writes six examples of these labels, and what else there is.
  private static func classes(
    _ labels: [Int64], test: [Int64] = [], stated: Double? = nil
  ) -> (HDF5File) throws -> Void {
    { file in
      try file.put("/inputs", labels.indices.map { Float($0) }, [labels.count, 1])
      try file.put("/labels", labels, [labels.count])
      if !test.isEmpty {
        try file.put("/test_inputs", test.indices.map { Float($0) }, [test.count, 1])
        try file.put("/test_labels", test, [test.count])
      }
      if let stated {
        try file.setAttribute(
          "class_count", of: "/", to: [stated].withUnsafeBytes { Array($0) }, element: .float64, shape: [1])
      }
    }
  }

  @Test(
    arguments: [
      ([1, 2, 1, 2], [], "/labels are 1, 2: 0 is none of them, and classes count from 0 without a gap"),
      ([0, 255, 0, 255], [], "/labels are 0, 255: 1 is none of them, and classes count from 0 without a gap"),
      ([7, 7, 7], [], "/labels are 7, all of them: there is nothing to learn"),
      ([0, 0, 0], [1, 0], "/labels are 0, all of them: there is nothing to learn"),
      ([0, 1, 0, 1], [0, 2], "/test_labels holds 2, which /labels never are; these are 0, 1"),
    ] as [([Int64], [Int64], String)]) func `labels that leave classes out are an error`(
      _ labels: [Int64], _ test: [Int64], _ sentence: String
    ) async throws
  {
    #expect(try await problem(Self.classes(labels, test: test)) == sentence)
  }

  @Test func `a class may be left out where the number of classes is stated`() async throws {
    #expect(try await dataset(Self.classes([0, 2, 0, 2], stated: 4)).classCount == 4)
    #expect(try await dataset(Self.classes([0, 1, 0], test: [2, 1], stated: 3)).classCount == 3)
  }

  @Test func `a number of classes that the labels exceed is an error, and so is none`() async throws {
    #expect(
      try await problem(Self.classes([0, 1, 2], stated: 2))
        == "/labels holds 2 at position 2; class_count is 2, and labels count from 0")
    for stated in [0.0, 1, 2.5, 1e9, .nan] {
      #expect(try await problem(Self.classes([0, 1], stated: stated)).hasPrefix("/@class_count is "))
    }
  }

  @Test func `stated bounds count`() async throws {
    let data = try await dataset { file in
      try file.putInputsAndLabels()
      try file.putBounds([0, 10])
    }
    #expect(data.inputBounds == 0...10)
  }

  @Test func `stated bounds hold the numbers that single precision rounds to them`() async throws {
    let data = try await dataset { file in
      try file.put("/inputs", [0.0, 0.1], [2, 1])
      try file.put("/labels", [Int64(0), 1], [2])
      try file.putBounds([0, 0.1])
    }
    #expect(data.train.examples().inputs.elements == [0, 0.1])
  }

  @Test func `inputs outside stated bounds are an error`() async throws {
    let reason = try await problem { file in
      try file.putInputsAndLabels()
      try file.putBounds([0, 1.5])
    }
    #expect(reason == "holds inputs from 1.0 to 2.0; its input_bounds are 0.0 and 1.5")
  }

  @Test(arguments: [[1, 0], [0, .infinity], [0, .nan], [1], [0, 1, 2]])
  func `bounds that are no interval are an error`(_ bounds: [Double]) async throws {
    let reason = try await problem { file in
      try file.putInputsAndLabels()
      try file.putBounds(bounds)
    }
    #expect(reason.hasPrefix("/@input_bounds is "))
    #expect(reason.hasSuffix("; it needs two finite numbers, the smaller one first"))
  }

  @Test func `inputs that all are the same need stated bounds`() async throws {
    let reason = try await problem { file in
      try file.put("/inputs", [Float(3), 3], [2, 1])
      try file.put("/labels", [Int64(0), 1], [2])
    }
    #expect(reason == "holds inputs that all are 3.0")
  }

  @Test func `inputs to test on need labels`() async throws {
    let reason = try await problem { file in
      try file.putInputsAndLabels()
      try file.put("/test_inputs", [Float(1)], [1, 1])
    }
    #expect(reason == "/test_labels is missing")
  }

  @Test func `inputs to test on have the shape of the others`() async throws {
    let reason = try await problem { file in
      try file.putInputsAndLabels()
      try file.put("/test_inputs", [Float(1), 2], [1, 2])
      try file.put("/test_labels", [Int64(0)], [1])
    }
    #expect(reason == "/test_inputs holds inputs of another shape or type than /inputs")
  }

  @Test func `labels that disagree in number are an error`() async throws {
    let reason = try await problem { file in
      try file.put("/inputs", [Float(1), 2], [2, 1])
      try file.put("/labels", [Int64(0)], [1])
    }
    #expect(reason == "/labels has shape (1); it needs one label per input, (2)")
  }

  @Test func `a number that is not finite is an error`() async throws {
    let reason = try await problem { file in
      try file.put("/inputs", [Float(1), .nan], [2, 1])
      try file.put("/labels", [Int64(0), 1], [2])
    }
    #expect(reason == "/inputs holds nan at (1, 0); inputs are finite")
  }

  @Test func `a number beyond single precision is an error`() async throws {
    let reason = try await problem { file in
      try file.put("/inputs", [1, 1e300], [2, 1])
      try file.put("/labels", [Int64(0), 1], [2])
    }
    #expect(reason == "/inputs holds a number beyond single precision at (1, 0)")
  }

  @Test func `a label that means too many classes is an error`() async throws {
    let reason = try await problem { file in
      try file.put("/inputs", [Float(1), 2], [2, 1])
      try file.put("/labels", [Int64(0), 65_536], [2])
    }
    #expect(reason == "/labels holds 65536, which means more classes than 65536; labels count from 0")
  }

  @Test func `a negative label is an error`() async throws {
    let reason = try await problem { file in
      try file.put("/inputs", [Float(1), 2], [2, 1])
      try file.put("/labels", [Int64(0), -1], [2])
    }
    #expect(reason == "/labels holds -1 at position 1; labels count from 0")
  }

  @Test func `a posterior file holds nothing to train on`() throws {
    let error = #expect(throws: PosteriorFileError.self) {
      try Dataset(file: Fixtures.url("mnist-ensemble.h5").path, probe: nil)
    }
    #expect(error?.reason == "is a posterior file, which holds nothing to train on")
  }

  @Test func `a text file is no HDF5 file`() async throws {
    try await withFolder { folder in
      let path = folder.appending(path: "text.h5").path
      try Data("text".utf8).write(to: URL(filePath: path))
      let error = #expect(throws: PosteriorFileError.self) { try Dataset(file: path, probe: nil) }
      #expect(error?.reason == "is not an HDF5 file")
    }
  }

  @Test func `the checking process accepts what this process accepts`() async throws {
    try await withFolder { folder in
      let path = folder.appending(path: "arrays.h5").path
      try Self.write(path) { try $0.putInputsAndLabels() }
      let data = try Dataset(file: path, probe: ProbeCommand(executable: Program.datasets.executable))
      #expect(data.train.inputs == .floats([1, 2]))
    }
  }

  @Test func `the checking process says what is wrong`() async throws {
    try await withFolder { folder in
      let path = folder.appending(path: "arrays.h5").path
      try Self.write(path) { try $0.put("/inputs", [Float(1), 2], [2, 1]) }
      let error = #expect(throws: PosteriorFileError.self) {
        try Dataset(file: path, probe: ProbeCommand(executable: Program.datasets.executable))
      }
      #expect(error?.path == "/labels")
      #expect(error?.reason == "is missing")
    }
  }
}

extension HDF5File {
  func put<T: HDF5Scalar>(_ path: String, _ values: [T], _ shape: [Int]) throws {
    let dataset = try createDataset(path, element: T.elementType, shape: shape, chunk: nil, isCompressed: false)
    try dataset.writeAll(values)
    try dataset.close()
  }

  func putInputsAndLabels() throws {
    try put("/inputs", [Float(1), 2], [2, 1])
    try put("/labels", [Int64(0), 1], [2])
  }

  func putBounds(_ bounds: [Double]) throws {
    try setAttribute(
      "input_bounds", of: "/", to: bounds.withUnsafeBytes { Array($0) }, element: .float64, shape: [bounds.count])
  }
}
