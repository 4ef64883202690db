import Crypto
import EvaluationHarness
import Foundation
import PosteriorFiles
import RobustnessCore
import Shell

/// The points that an attack returned, in a file beside its result: what makes a claim one that can be judged again.
///
/// The layout is that of `evaluate --save-adversarial`; run number *i* is that of the result.
enum PointsFile {
  /// The name of the file that belongs to a result file: `x.json` has its points in `x.points.h5`.
  static func name(for result: String) -> String {
    (result.hasSuffix(".json") ? String(result.dropLast(5)) : result) + ".points.h5"
  }

  /// SHA-256 of the points as little-endian doubles in C order.
  static func sha256(_ points: Tensor) -> String {
    var hash = SHA256()
    // In pieces: the bytes of a whole data set need not lie beside it.
    for start in stride(from: 0, to: points.elements.count, by: 1 << 16) {
      let bits = points.elements[start..<min(start + 1 << 16, points.elements.count)].map(\.bitPattern.littleEndian)
      bits.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }
    return hash.finalize().map { String(format: "%02x", $0) }.joined()
  }

  /// Writes the points of one attack in all its balls; the file has its name when it is complete.
  ///
  /// - Throws: an error of exit code 70 that names the file.
  static func write(_ evaluation: EvaluationResult, runs: [RunResult], to path: String) throws {
    var evaluation = evaluation
    evaluation.runs = runs
    try AdversarialFile.write(evaluation, to: path)
  }

  /// The points of run number `run`, shape (examples, …input).
  ///
  /// - Throws: `PosteriorFileError` that says what is wrong with the file.
  static func read(_ path: String, run: Int, for expected: ExpectedInputs) throws -> Tensor? {
    guard let data = try ExampleArrays.read(path, run: run, for: expected, probe: .currentProgram) else { return nil }
    return Tensor(shape: [data.count] + expected.inputShape, elements: data.values)
  }
}
