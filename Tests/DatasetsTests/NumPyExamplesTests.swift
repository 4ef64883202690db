import Datasets
import Foundation
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

/// Inputs and labels in `.npz` files.
@Suite(.inTurn) struct `Examples in archives of NumPy` {
  @Test func `are bytes as numpy stored them`() throws {
    let (data, statement) = try SixImages.read(SixImages.path("bytes.npz"))
    #expect(data.inputs == .bytes(SixImages.levels))
    #expect(data.inputShape == SixImages.shape && data.labels == SixImages.labels)
    #expect(data.inputBounds == 0...1)
    #expect(statement == nil)
  }

  @Test func `are numbers that mean the same, with labels in a column`() throws {
    let (data, _) = try SixImages.read(SixImages.path("floats.npz"))
    #expect(data.inputs == .floats(SixImages.levels.map { Float(Double($0) / 255) }))
    #expect(data.labels == SixImages.labels)
  }

  @Test func `have their channels moved first, and say so, where the network leaves no doubt`() throws {
    let (data, statement) = try SixImages.read(SixImages.path("channels-last.npz"))
    #expect(data.inputs == .bytes(SixImages.levels))
    #expect(data.inputShape == SixImages.shape)
    #expect(statement == "channels moved from the last axis of (5, 6, 3) to the first")
  }

  @Test func `are refused where another order would be a guess`() throws {
    // (5, 6, 3) for a network of (3, 6, 5): height and width would have to change places.
    let turned = ExpectedInputs(inputShape: [3, 6, 5], inputBounds: 0...1, classCount: 3)
    #expect(
      try SixImages.refusal(SixImages.path("channels-last.npz"), for: turned)
        == "inputs has shape (6, 5, 6, 3); the network needs (n, 3, 6, 5): the axes look like (width, height, channel)."
    )
    // As many channels as columns: the last axis could be that of columns.
    let square = ExpectedInputs(inputShape: [6, 5, 3], inputBounds: 0...1, classCount: 3)
    #expect(try SixImages.refusal(SixImages.path("channels-last.npz"), for: square).contains("the network needs"))
    let flat = ExpectedInputs(inputShape: [90], inputBounds: 0...1, classCount: 3)
    #expect(
      try SixImages.refusal(SixImages.path("bytes.npz"), for: flat).contains(
        "flatten each input in the order that the network was trained with"))
  }

  @Test func `under the names of Keras are those to test on`() throws {
    let (data, statement) = try SixImages.read(SixImages.path("keras.npz"))
    #expect(data.labels == SixImages.labels.reversed())
    #expect(data.inputs == .doubles((0..<6).reversed().flatMap { SixImages.levels($0) }.map { Double($0) / 255 }))
    #expect(
      statement
        == "x_test and y_test, not x_train, y_train; channels moved from the last axis of (5, 6, 3) to the first")
  }

  @Test func `are compared with the bounds that the file states`() throws {
    let within = ExpectedInputs(inputShape: SixImages.shape, inputBounds: -1...1, classCount: 4)
    let (data, _) = try SixImages.read(SixImages.path("stated.npz"), for: within)
    #expect(data.inputBounds == -1...1)
    #expect(
      try SixImages.refusal(SixImages.path("stated.npz"))
        == "input_bounds is -1 to 1; the network's input_bounds are 0 to 1. Store the inputs in the scale that the "
        + "network was trained with.")
    let fewer = ExpectedInputs(inputShape: SixImages.shape, inputBounds: -1...1, classCount: 3)
    #expect(try SixImages.refusal(SixImages.path("stated.npz"), for: fewer) == "has 4 classes; the network has 3.")
  }

  @Test(arguments: [
    ("one-hot.npz", "labels has shape (6, 3); it needs one label per input, (6). Where each row marks one class"),
    ("text-labels.npz", "labels holds text (dtype '<U3')."),
    ("float-labels.npz", "labels holds float64; it needs to hold whole numbers. In numpy: .astype(\"int64\")."),
    ("whole-inputs.npz", "inputs holds int64; it needs to hold float32, float64 or bytes (uint8)."),
    ("no-labels.npz", "labels is missing; this file holds inputs."),
    ("nan.npz", "inputs holds nan at (2, 1, 0, 3): inputs are finite."),
    (
      "levels.npz",
      "inputs holds 11 at (0, 0, 0, 0): inputs lie outside the bounds [0, 1] of the network. They look "
        + "like bytes: divide by 255."
    ),
  ]) func `that cannot be meant are refused, with the place`(_ file: String, sentence: String) throws {
    let refusal = try SixImages.refusal(SixImages.path(file))
    #expect(refusal.hasPrefix(sentence), "\(refusal)")
  }

  @Test func `with a damaged value are refused`() throws {
    try withFolder { folder in
      var bytes = try Data(contentsOf: Fixtures.url("examples/channels-last.npz"))
      // Among the values of the inputs.
      bytes[300] ^= 1
      let path = folder.appending(path: "damaged.npz")
      try bytes.write(to: path)
      #expect(try SixImages.refusal(path.path).hasPrefix("inputs.npy is damaged: its checksum"))
    }
  }

  @Test func `have no runs`() throws {
    let path = SixImages.path("bytes.npz")
    let error = try #require(throws: PosteriorFileError.self) { try SixImages.read(path, run: 2) }
    #expect(error.advice == "Name it without #2")
  }

  @Test func `are trained on, with what the file states`() throws {
    let stated = try Dataset(file: SixImages.path("stated.npz"), probe: nil)
    #expect(stated.inputBounds == -1...1 && stated.classCount == 4 && stated.test == nil)
    let keras = try Dataset(file: SixImages.path("keras.npz"), probe: nil)
    #expect(keras.train.inputs == .floats(SixImages.levels.map { Float(Double($0) / 255) }))
    #expect(keras.inputShape == SixImages.shape && keras.test?.labels == SixImages.labels.reversed())
    #expect(keras.origin.hasSuffix("keras.npz (channels moved from the last axis of (5, 6, 3) to the first)"))
    let bytes = try Dataset(file: SixImages.path("bytes.npz"), probe: nil)
    #expect(bytes.inputBounds == 0...1 && bytes.classCount == 3)
    #expect(
      bytes.train.sha256
        == LabelledData(
          inputs: .bytes(SixImages.levels), inputShape: SixImages.shape, labels: SixImages.labels
        ).sha256)
  }
}
