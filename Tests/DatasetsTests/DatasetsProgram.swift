import Foundation

/// The built program `datasets`, run as a user runs it.
enum DatasetsProgram {
  private final class Marker {}

  /// Programs lie beside the bundle of tests.
  static let executable: URL = {
    var candidates = [Bundle(for: Marker.self).bundleURL, Bundle.main.bundleURL]
    candidates += CommandLine.arguments.map { URL(fileURLWithPath: $0) }
    for candidate in candidates {
      var folder = candidate
      // The bundle is a file on Linux and three folders deep on macOS.
      for _ in 0..<5 {
        let program = folder.appendingPathComponent("datasets")
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: program.path, isDirectory: &isFolder), !isFolder.boolValue {
          return program
        }
        folder.deleteLastPathComponent()
      }
    }
    fatalError("the program `datasets` was not built beside the tests")
  }()

  /// Runs the program to its end.
  ///
  /// - Parameters:
  ///   - setUp: What a shell does before it becomes the program.
  ///   - environment: Variables beside those of this process.
  static func run(
    _ arguments: [String], setUp: String = ":", environment: [String: String] = [:]
  ) throws -> (code: Int32, output: String, errors: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "\(setUp); exec \"$0\" \"$@\"", executable.path] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
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
      process.terminationStatus, String(decoding: text, as: UTF8.self), String(decoding: errorText, as: UTF8.self)
    )
  }
}
