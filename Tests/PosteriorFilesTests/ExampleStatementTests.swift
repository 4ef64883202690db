import Foundation
import HDF5
import RobustnessCore
import TestSupport
import Testing

@testable import PosteriorFiles

/// Files with examples alone state what posterior files state, and are held to it in the same way.
@Suite(.inTurn) struct ExampleStatementTests {
  private var inputs: [Double] { (0..<24).map { Double($0 % 7) / 7 } }

  /// Writes inputs (6, 4) and labels of three classes, then what `further` adds.
  private func withArrays<T>(
    inputs: [Double]? = nil, _ element: ElementType = .float32, names: (String, String) = ("inputs", "labels"),
    _ further: (HDF5File) throws -> Void = { _ in }, _ body: (String) throws -> T
  ) throws -> T {
    try withFolder { folder in
      let path = folder.appendingPathComponent("arrays.h5").path
      let file = try HDF5File.create(path)
      try file.put("/" + names.0, inputs ?? self.inputs, [6, 4], element)
      try file.put("/" + names.1, [0, 1, 2, 0, 1, 2], [6], .int64)
      try further(file)
      try file.close()
      return try body(path)
    }
  }

  /// The first problem of reading a file to evaluate on and to train on, which are the same; nil for none.
  private func problem(
    _ element: ElementType = .float32, inputs: [Double]? = nil, _ further: (HDF5File) throws -> Void
  ) throws -> String? {
    func sentence(_ body: () throws -> Void) -> String? {
      do {
        try body()
        return nil
      } catch let error as PosteriorFileError {
        return "\(error.path) \(error.reason)"
      } catch { return "\(error)" }
    }
    return try withArrays(inputs: inputs, element, further) { path in
      let found = sentence { _ = try ExampleArrays.read(path, probe: TestFiles.probe) }
      #expect(found == sentence { _ = try TrainingArrays.read(path, probe: TestFiles.probe) })
      return found
    }
  }

  @Test func `attributes that change what numbers mean are refused, as in a posterior file`() throws {
    #expect(
      try problem { try $0.put("scale_factor", of: "/inputs", [0.5]) }
        == "/inputs@scale_factor is 0.5: it changes what the numbers mean, and is not applied")
    #expect(
      try problem { try $0.put("add_offset", of: "/labels", [-1], .int64) }
        == "/labels@add_offset is -1: it changes what the numbers mean, and is not applied")
    #expect(
      try problem { try $0.put("_FillValue", of: "/inputs", [0], .float32) }
        == "/inputs holds 0 at (0, 0), which the attribute _FillValue or missing_value declares missing")
    #expect(
      try problem { try $0.put("missing_value", of: "/labels", [2], .int64) }
        == "/labels holds 2 at position 2, which the attribute _FillValue or missing_value declares missing")
    #expect(
      try problem { try $0.put("valid_range", of: "/inputs", [0, 0.5]) }
        == "/inputs holds 0.5714285969734192 at (1, 0), outside its valid_range, 0 to 0.5")
    #expect(
      try problem { try $0.setAttribute("_Unsigned", of: "/labels", to: "true") }
        == "/labels@_Unsigned is true; the data set holds <i8")
  }

  @Test func `attributes that change nothing are read`() throws {
    let nothing = try problem { file in
      try file.put("scale_factor", of: "/inputs", [1])
      try file.put("add_offset", of: "/inputs", [0])
      try file.put("_FillValue", of: "/inputs", [.nan], .float32)
      try file.put("missing_value", of: "/labels", [-999], .int64)
      try file.put("valid_range", of: "/inputs", [0, 1])
      try file.setAttribute("units", of: "/inputs", to: "grey")
    }
    #expect(nothing == nil)
    let bytes = inputs.map { ($0 * 255).rounded() }
    #expect(try problem(.uint8, inputs: bytes) { try $0.put("scale_factor", of: "/inputs", [1.0 / 255]) } == nil)
    #expect(try problem(.uint8, inputs: bytes) { try $0.put("scale_factor", of: "/inputs", [2.0]) } != nil)
  }

  @Test func `types that cannot be inputs or labels say what to store`() throws {
    let error = #expect(throws: PosteriorFileError.self) {
      try withArrays(.int16) { try ExampleArrays.read($0, probe: nil) }
    }
    #expect(error?.reason == "holds <i2; it needs to hold <f4 or <f8 or |u1")
    #expect(error?.advice?.contains(#"(values / 255).astype("<f4")"#) == true)
  }

  // MARK: - Flat inputs

  @Test func `flat inputs of several channels do not say their order`() {
    let colours = ExpectedInputs(inputShape: [3, 4, 5], inputBounds: 0...1, classCount: 2)
    #expect(
      colours.shapeProblem([9, 60], labelCount: 9)
        == "has shape (9, 60); the network needs (n, 3, 4, 5), and flat inputs do not say whether channels come first: "
        + "in numpy .reshape(-1, 3, 4, 5) where they do, .reshape(-1, 4, 5, 3).transpose(0, 3, 1, 2) where they come last"
    )
    #expect(colours.shapeProblem([9, 3, 4, 5], labelCount: 9) == nil)
    for shape in [[1, 4, 5], [6, 1, 1], [20]] {
      let expected = ExpectedInputs(inputShape: shape, inputBounds: 0...1, classCount: 2)
      #expect(expected.shapeProblem([9, shape.reduce(1, *)], labelCount: 9) == nil)
    }
  }

  // MARK: - Names

  @Test func `which arrays were taken is said where there was a choice`() throws {
    func names(_ pair: (String, String), and others: [String] = []) throws -> String? {
      try withArrays(names: pair) { file in
        for other in others { try file.put("/" + other, [0, 1, 2], [3], .int64) }
      } _: {
        try ExampleArrays.readNamed($0, probe: nil)?.names
      }
    }
    #expect(try names(("inputs", "labels")) == nil)
    #expect(try names(("inputs", "labels"), and: ["epochs"]) == nil)
    #expect(try names(("X", "y")) == "X and y")
    #expect(try names(("X_test", "Y_test")) == "X_test and Y_test")
    #expect(try names(("x_test", "y_test"), and: ["x_train", "y_train"]) == "x_test and y_test, not x_train, y_train")
    #expect(
      try names(("inputs", "labels"), and: ["test_inputs", "test_labels"])
        == "inputs and labels, not test_inputs, test_labels")
  }

  @Test func `training knows the same names`() throws {
    func training(_ pair: (String, String), test: (String, String)? = nil) throws -> (Int, Int?) {
      try withArrays(names: pair) { file in
        guard let test else { return }
        try file.put("/" + test.0, inputs.suffix(8), [2, 4], .float32)
        try file.put("/" + test.1, [1, 2], [2], .int64)
      } _: { path in
        let arrays = try TrainingArrays.read(path, probe: nil)
        return (arrays.train.count, arrays.test?.count)
      }
    }
    #expect(try training(("inputs", "labels"), test: ("test_inputs", "test_labels")) == (6, 2))
    #expect(try training(("x_train", "y_train"), test: ("x_test", "y_test")) == (6, 2))
    #expect(try training(("X_train", "Y_train"), test: ("X_test", "Y_test")) == (6, 2))
    #expect(try training(("X", "y")) == (6, nil))
    // A file with examples to test on alone is none to train on.
    #expect(throws: PosteriorFileError.self) { try training(("x_test", "y_test")) }
  }
}
