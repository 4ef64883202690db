import Foundation
import NeuralNetworks
import PosteriorFiles

/// Where the files that tests read lie, and where they may write.
enum TestFiles {
  static let fixtures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures")

  static func oracle(_ name: String) -> String { fixtures.appendingPathComponent("oracles/\(name).h5").path }
  static func malformed(_ name: String) -> String { fixtures.appendingPathComponent("malformed/\(name)").path }

  /// Calls `body` with a folder of its own, and removes it.
  static func withFolder<R>(_ body: (URL) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("posterior-files-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  static func names(in folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  /// The built program `posterior`, which lies beside the test bundle.
  static let program: URL = {
    let candidates =
      [Bundle(for: Marker.self).bundleURL, Bundle.main.bundleURL]
      + CommandLine.arguments.map {
        URL(fileURLWithPath: $0)
      }
    for candidate in candidates {
      var folder = candidate
      // The bundle of tests is a file on Linux and three folders deep on macOS.
      for _ in 0..<5 {
        let program = folder.appendingPathComponent("posterior")
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: program.path, isDirectory: &isFolder), !isFolder.boolValue {
          return program
        }
        folder.deleteLastPathComponent()
      }
    }
    fatalError("the program `posterior` was not built beside the tests")
  }()

  static var probe: ProbeCommand { ProbeCommand(executable: program) }

  private final class Marker {}

  /// Runs the program `posterior`.
  static func run(_ arguments: [String]) throws -> (code: Int32, isSignal: Bool, output: String, errors: String) {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // Both are far smaller than a pipe's buffer.
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let errorText = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
      process.terminationStatus, process.terminationReason == .uncaughtSignal, String(decoding: text, as: UTF8.self),
      String(decoding: errorText, as: UTF8.self)
    )
  }
}

/// A small network and draws whose values say where they belong: draw d holds d·1000, d·1000 + 1, …
enum Small {
  static func architecture() throws -> Architecture {
    try Architecture(
      inputShape: [1, 4, 4], classCount: 3,
      layers: [
        .convolution(name: "conv1", filters: 2, kernelSize: 3, activation: .relu), .flatten,
        .dense(name: "output", units: 3, activation: .identity),
      ])
  }

  static func contents(chains: Int = 2, draws: Int = 3) throws -> PosteriorContents {
    let architecture = try architecture()
    let weights = (0..<(chains * draws)).map { draw in
      (0..<architecture.parameterCount).map { Float(draw * 1000 + $0) }
    }
    return PosteriorContents(
      weights: InMemoryWeights(architecture: architecture, draws: weights), chainCount: chains, inputBounds: 0...1,
      kind: .mcmc, title: "small", provenance: ["seed": .integer(7), "method": .text("{\"name\":\"hmc\"}")])
  }
}
