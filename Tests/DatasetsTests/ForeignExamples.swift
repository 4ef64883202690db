import Foundation
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

/// Six images of 3 × 5 × 6 levels, as `Tests/Python/make_examples.py` stores them for other programs.
enum SixImages {
  static let shape = [3, 5, 6]
  static let labels = [0, 1, 2, 0, 1, 2]

  /// The levels of one image in the order (channel, row, column).
  static func levels(_ index: Int) -> [UInt8] {
    (0..<90).map { UInt8((37 * $0 + 71 * index + 11) % 256) }
  }

  static let levels = (0..<6).flatMap { levels($0) }

  static func path(_ name: String) -> String { Fixtures.url("examples/\(name)").path }

  /// What a network of these images takes.
  static let expected = ExpectedInputs(inputShape: shape, inputBounds: 0...1, classCount: 3)

  /// Reads what `evaluate --data` names.
  static func read(
    _ path: String, for expected: ExpectedInputs? = SixImages.expected, run: Int? = nil, probe: ProbeCommand? = nil
  ) throws -> (data: LabelledData, statement: String?) {
    let found = try #require(try ExampleArrays.readNamed(path, run: run, for: expected, probe: probe))
    return (found.data, found.names)
  }

  /// The sentence that refuses it, without the path.
  static func refusal(_ path: String, for expected: ExpectedInputs? = SixImages.expected) throws -> String {
    let error = try #require(throws: PosteriorFileError.self) {
      try ExampleArrays.readNamed(path, for: expected, probe: nil)
    }
    return String(error.description.dropFirst(error.file.count + 2))
  }

  /// A folder with an image for each name, given by the name of a fixture.
  static func folder(_ files: [String: String], empty: [String] = [], body: (String) throws -> Void) throws {
    try withFolder { folder in
      for name in Array(files.keys) + empty.map({ $0 + "/x" }) {
        let parent = folder.appending(path: name).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
      }
      for (name, image) in files {
        try FileManager.default.copyItem(
          at: Fixtures.url("examples/png/\(image).png"), to: folder.appending(path: name))
      }
      try body(folder.path)
    }
  }
}
