import Foundation
import HDF5
import TestSupport
import Testing

/// `--data` with the files of other programs.
@Suite(.inTurn) struct ForeignExamplesTests {
  /// Inputs of the small posterior, 3 × 12 values, as a table with their labels.
  private static let levels = (0..<36).map { UInt8($0 % 3 == 0 ? 255 : 0) }

  private func table(_ folder: URL, _ change: (inout [String]) -> Void = { _ in }) throws -> String {
    var lines = (0..<3).map { row in
      (0..<12).map { String(Double(Self.levels[12 * row + $0]) / 255) }.joined(separator: ",") + ",\(row)"
    }
    change(&lines)
    let path = folder.appending(path: "examples.csv").path
    try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func arrays(_ folder: URL) throws -> String {
    let path = folder.appending(path: "examples.h5").path
    let file = try HDF5File.create(path)
    let inputs = try file.createDataset("/inputs", element: .uint8, shape: [3, 12], chunk: nil)
    try inputs.writeAll(Self.levels)
    let labels = try file.createDataset("/labels", element: .int64, shape: [3], chunk: nil)
    try labels.writeAll([Int64(0), 1, 2])
    try inputs.close()
    try labels.close()
    try file.close()
    return path
  }

  @Test func `evaluate answers as on the same examples in HDF5`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let runs = try [arrays(folder), table(folder)].map {
        try report(["--model", model, "--data", $0, "--attack", "fgsm"])
      }
      #expect(runs.map(\.examples) == [3, 3])
      // The digest names the values, whatever they were stored as.
      #expect(runs[0].dataSHA256 == runs[1].dataSHA256 && runs[0].dataSHA256?.count == 64)
      #expect(runs[0].runs[0].softmaxRobustness == runs[1].runs[0].softmaxRobustness)
      let words = try Program.evaluate.run(["--model", model, "--data", table(folder), "--attack", "fgsm"])
      #expect(words.output.contains("examples.csv (labels are the last column)"), "\(words.text)")
    }
  }

  @Test func `evaluate refuses what a network cannot be given, with the place`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let far = try table(folder) { $0[1] = $0[1].replacing("1.0", with: "1.5", maxReplacements: 1) }
      let run = try Program.evaluate.run(["--model", model, "--data", far])
      #expect(run.code == 65)
      #expect(run.errors.contains("examples.csv: line 2, column 1 holds 1.5: inputs lie outside the bounds [0, 1]"))
      let images = try Program.evaluate.run(["--model", model, "--data", Fixtures.url("examples/png").path])
      #expect(images.code == 65 && images.errors.contains("has no label. Put the images into a folder for each class"))
      let archive = try Program.evaluate.run(["--model", model, "--data", Fixtures.url("examples/bytes.npz").path])
      #expect(archive.code == 65)
      #expect(archive.errors.contains("inputs has shape (6, 3, 5, 6); the network needs (n, 12)"), "\(archive.errors)")
    }
  }

  @Test func `train learns from images, and evaluate is asked about the same`() throws {
    try withFolder { folder in
      let images = folder.appending(path: "images")
      for (index, name) in ["cat/a", "cat/b", "dog/a", "dog/b", "owl/a", "owl/b"].enumerated() {
        let file = images.appending(path: name + ".png")
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: Fixtures.url("examples/png/colour-\(index).png"), to: file)
      }
      let posterior = folder.appending(path: "images.h5").path
      let trained = try Program.train.run([
        "hmc", "--data", images.path, "--architecture", "dense:4,tanh", "--warmup", "5", "--draws", "3", "--chains",
        "1", "--output", posterior,
      ])
      #expect(trained.code == 0, "\(trained.errors)")
      #expect(trained.output.contains("hmc on images (classes by folder: 0 cat, 1 dog, 2 owl)"), "\(trained.text)")
      let own = try report(["--model", posterior, "--attack", "fgsm"])
      #expect(own.examples == 6)
    }
  }
}
