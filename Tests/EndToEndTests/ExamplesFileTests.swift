import Foundation
import HDF5
import TestSupport
import Testing

/// `--data`: inputs and labels that do not come with the posterior.
@Suite(.inTurn) struct ExamplesFileTests {
  @Test(arguments: ["predictive", "margin"])
  func `saved adversarial inputs, read again, are decided as they were`(objective: String) throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("points.h5").path
      let attacked = try report([
        "--model", Sample.main, "--examples", "200", "--epsilon", "0.04", "--objective", objective,
        "--save-adversarial", path, "--checks", "quick",
      ])
      let robust = try attacked.run("pgd").robustAccuracy
      #expect(robust > 0.1 && robust < 0.95)
      let again = try report(["--model", Sample.main, "--data", path + "#0", "--attack", "random:draws=1"])
      #expect(again.cleanAccuracy == robust)
      let noise = try report(["--model", Sample.main, "--data", path + "#1", "--attack", "random:draws=1"])
      #expect(noise.cleanAccuracy == (try attacked.run("random").robustAccuracy))
      #expect(try names(in: folder) == ["points.h5"])
    }
  }

  @Test func `which of several runs has to be said`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("points.h5").path
      _ = try report(["--model", Sample.main, "--examples", "3", "--attack", "fgsm", "--save-adversarial", path])
      try refuses(path, "holds the inputs of several attacks: the runs 0, 1. Say which, for instance \(path)#0.")
      try refuses(path + "#2", "/runs/2 is missing; there are the runs 0, 1.")
    }
  }

  /// Inputs of the small posterior: 3 × 12 values, in any type.
  private func arrays<T: HDF5Scalar>(
    _ folder: URL, _ inputs: [T], shape: [Int] = [3, 12], labels: [Int64] = [0, 1, 2]
  ) throws -> String {
    let path = folder.appendingPathComponent("arrays-\(UUID().uuidString).h5").path
    let file = try HDF5File.create(path)
    let stored = try file.createDataset("/inputs", element: T.elementType, shape: shape, chunk: shape)
    try stored.writeAll(inputs)
    let storedLabels = try file.createDataset("/labels", element: .int64, shape: [labels.count], chunk: [labels.count])
    try storedLabels.writeAll(labels)
    try storedLabels.close()
    try stored.close()
    try file.close()
    return path
  }

  @Test func `inputs in single or double precision or in bytes mean the same`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      // Eighths of 255 would not be exact; 0 and 255 are in every type.
      let bytes = (0..<36).map { UInt8($0 % 3 == 0 ? 255 : 0) }
      let runs = try [
        arrays(folder, bytes), arrays(folder, bytes.map { Float($0) / 255 }),
        arrays(folder, bytes.map { Double($0) / 255 }),
      ].map { try report(["--model", model, "--data", $0, "--attack", "fgsm"]) }
      #expect(runs.allSatisfy { $0.examples == 3 })
      // The digest names the values, whatever they were stored as.
      #expect(Set(runs.map(\.dataSHA256)).count == 1)
      #expect(runs[0].dataSHA256?.count == 64)
      #expect(Set(runs.map { $0.runs[0].softmaxRobustness }).count == 1)
    }
  }

  private func refuses(_ data: String, _ sentence: String, model: String = Sample.main) throws {
    let run = try Program.evaluate.run(["--model", model, "--data", data])
    #expect(run.code == 65 && !run.isSignal)
    #expect(run.errors.contains(sentence), "\(run.errors)")
  }

  @Test func `arrays that cannot be meant are refused, with the place`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let fine = [Double](repeating: 0.5, count: 36)
      try refuses(try arrays(folder, fine.map { _ in Double.nan }), "/inputs holds nan at (0, 0)", model: model)
      try refuses(
        try arrays(folder, fine, labels: [0, 1]), "/labels has shape (2); it needs one label per", model: model)
      try refuses(try arrays(folder, fine, labels: [0, -1, 2]), "/labels holds -1 at position 1", model: model)
      try refuses(try arrays(folder, fine, labels: [0, 1, 9]), "labels lie outside the 4 classes", model: model)
      try refuses(
        try arrays(folder, fine, shape: [3, 6, 2], labels: [0, 1, 2, 3]), "it needs one label", model: model)
      var far = fine
      far[25] = 1.5
      try refuses(
        try arrays(folder, far),
        "/inputs holds 1.5 at (2, 1): inputs lie outside the bounds [0, 1] of the network. Store the inputs in the scale",
        model: model)
      try refuses(
        try arrays(folder, fine.map { 254 * $0 }), "They look like bytes: divide by 255", model: model)
      try refuses(
        try arrays(folder, fine, shape: [4, 9], labels: [0, 1, 2, 3]),
        "/inputs has shape (4, 9); the network needs (n, 12)", model: model)
      try refuses(try arrays(folder, [Int64](repeating: 0, count: 36)), "/inputs holds <i8; it needs", model: model)
    }
  }

  @Test func `a file without inputs says where they should be`() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("empty.h5").path
      try HDF5File.create(path).close()
      try refuses(path, "/inputs is missing. Examples are inputs and labels at the root of the file")
    }
  }

  @Test func `a damaged file of examples ends no program`() throws {
    try withFolder { folder in
      let path = try arrays(folder, [Double](repeating: 0.5, count: 36))
      let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      let model = try SmallPosterior().write(to: folder)
      // Every 97th byte turned over, one at a time: refused, or read if it did not matter; never a crash.
      for position in stride(from: 8, to: bytes.count, by: max(1, bytes.count / 40)) {
        var damaged = bytes
        damaged[position] ^= 0xFF
        try damaged.write(to: URL(fileURLWithPath: path))
        let run = try Program.evaluate.run(["--model", model, "--data", path, "--attack", "fgsm"])
        #expect(!run.isSignal && (run.code == 65 || run.code == 0), "byte \(position): \(run.code) \(run.errors)")
      }
    }
  }
}
