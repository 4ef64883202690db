import BuiltInPlugins
import Foundation
import HDF5
import PosteriorFiles
import RobustnessCore
import Synchronization
import TestSupport
import Testing

@testable import TrainingHarness

/// A folder with a small data set, in which runs are made.
final class TestFolder {
  let url: URL

  init() throws {
    url = try makeFolder()
    try Self.writeData(path("data.h5"))
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }
  var names: [String] {
    get throws { try TestSupport.names(in: url) }
  }

  /// Twelve points in the plane, of the class that the sign of their sum tells.
  static func writeData(_ path: String, shift: Float = 0) throws {
    let inputs = (0..<24).map { Float(($0 * 7) % 24) / 24 + shift }
    let labels = (0..<12).map { Int64(inputs[2 * $0] + inputs[2 * $0 + 1] > 0.96 ? 1 : 0) }
    let file = try HDF5File.create(path)
    let points = try file.createDataset("/inputs", element: .float32, shape: [12, 2], chunk: [12, 2])
    try points.writeAll(inputs)
    try points.close()
    let classes = try file.createDataset("/labels", element: .int64, shape: [12], chunk: [12])
    try classes.writeAll(labels)
    try classes.close()
    try file.close()
  }

  /// Words for a small run of the random walk into `output`.
  func words(_ output: String = "run.h5", _ more: [String] = []) -> [String] {
    [
      "walk", "--data", path("data.h5"), "--architecture", "dense:2,tanh", "--draws", "5", "--chains", "2", "--output",
      path(output),
    ] + more
  }
}

/// Runs `train` inside the process.
@discardableResult
func train(
  _ words: [String], stoppingAfter stepCount: Int? = nil,
  afterStep: (@Sendable (Int, Int) throws -> Void)? = nil
) throws -> String {
  let printed = Printed()
  var environment = TrainingEnvironment()
  environment.probe = nil
  environment.isTerminal = false
  let steps = Counter()
  environment.isInterrupted = { stepCount.map { steps.count >= $0 } ?? false }
  environment.afterStep = { chain, step in
    steps.add()
    try afterStep?(chain, step)
  }
  environment.print = { printed.add($0) }
  let job = TrainJob(
    words: words, samplers: [RandomWalkMetropolis.self, KnownGaussian.self, Standstill.self] + .builtIn,
    environment: environment)
  try job.run()
  return printed.text
}

final class Printed: Sendable {
  private let lines = Mutex("")
  func add(_ text: String) { lines.withLock { $0 += text } }
  var text: String { lines.withLock { $0 } }
}

/// What a test throws in place of a kill.
struct Killed: Error {}

func contentSHA256(_ path: String) throws -> String { try PosteriorFile.open(path, probe: nil).contentSHA256 }

/// The sentence and the exit code that words end with.
func failureOf(_ words: [String]) -> (text: String, code: Int32)? {
  do {
    try train(words)
    return nil
  } catch {
    return ("\(error)", Train.exitCode(of: error))
  }
}

/// Counts steps over all threads.
final class Counter: Sendable {
  private let value = Mutex(0)
  var count: Int { value.withLock { $0 } }
  func add() { value.withLock { $0 += 1 } }
}
