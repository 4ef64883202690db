import Foundation

/// A built program of this package, run as a user runs it.
struct BuiltProgram: Sendable {
  private final class Marker {}

  static let train = BuiltProgram(name: "train")
  static let posterior = BuiltProgram(name: "posterior")

  let name: String

  /// Programs lie beside the bundle of tests.
  var path: String {
    var candidates = [Bundle(for: Marker.self).bundleURL, Bundle.main.bundleURL]
    candidates += CommandLine.arguments.map { URL(fileURLWithPath: $0) }
    for candidate in candidates {
      var folder = candidate
      // The bundle is a file on Linux and three folders deep on macOS.
      for _ in 0..<5 {
        let program = folder.appendingPathComponent(name)
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: program.path, isDirectory: &isFolder), !isFolder.boolValue {
          return program.path
        }
        folder.deleteLastPathComponent()
      }
    }
    fatalError("the program `\(name)` was not built beside the tests")
  }

  /// A process that was started; its output is collected at the end.
  struct Started {
    let process: Process
    fileprivate let output = Pipe()

    func signal(_ number: Int32) { if process.isRunning { kill(process.processIdentifier, number) } }

    /// Output and errors together, which are far smaller than a pipe's buffer.
    func wait() -> (code: Int32, isSignal: Bool, text: String) {
      let text = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return (
        process.terminationStatus, process.terminationReason == .uncaughtSignal, String(decoding: text, as: UTF8.self)
      )
    }
  }

  /// Starts the program.
  ///
  /// - Parameter setUp: What a shell does before it becomes the program.
  func start(_ arguments: [String], setUp: String = ":") throws -> Started {
    let started = Started(process: Process())
    started.process.executableURL = URL(filePath: "/bin/sh")
    started.process.arguments = ["-c", "\(setUp); exec \"$0\" \"$@\"", path] + arguments
    started.process.standardOutput = started.output
    started.process.standardError = started.output
    started.process.standardInput = FileHandle.nullDevice
    try started.process.run()
    return started
  }

  func run(_ arguments: [String], setUp: String = ":") throws -> (code: Int32, isSignal: Bool, text: String) {
    try start(arguments, setUp: setUp).wait()
  }
}

/// Whether the long repetitions run: `make test-long`.
let isLong = ProcessInfo.processInfo.environment["ROBUSTNESS_LONG_TESTS"] == "1"
