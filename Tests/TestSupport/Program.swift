public import Foundation

/// A built program of this package, run as a user runs it.
public struct Program: Sendable {
  /// What a run left behind.
  public struct Run: Sendable {
    /// The exit code, or the number of the signal that ended the program.
    public var code: Int32
    /// Whether a signal ended it.
    public var isSignal: Bool
    /// Standard output.
    public var output: String
    /// Standard error.
    public var errors: String
    /// The largest resident memory of the process itself, in bytes; not that of the checking process that it starts.
    public var peakBytes: Int
    /// Time from the start to the end.
    public var seconds: Double

    /// Standard output, and standard error behind it.
    public var text: String { output + errors }
  }

  /// The program `evaluate`.
  public static let evaluate = Program(name: "evaluate")
  /// The program `train`.
  public static let train = Program(name: "train")
  /// The program `posterior`.
  public static let posterior = Program(name: "posterior")
  /// The program `benchmark`.
  public static let benchmark = Program(name: "benchmark")
  /// The program `reproduce`.
  public static let reproduce = Program(name: "reproduce")
  /// The program `datasets`, whose target has another name: `Package.swift` says why.
  public static let datasets = Program(name: "datasets")

  /// The name that it is called by.
  public let name: String

  /// The program's file, which lies beside the bundle of tests.
  public var executable: URL {
    var candidates = [Bundle(for: Marker.self).bundleURL, Bundle.main.bundleURL]
    candidates += CommandLine.arguments.map { URL(fileURLWithPath: $0) }
    for candidate in candidates {
      var folder = candidate
      // The bundle is a file on Linux and three folders deep on macOS.
      for _ in 0..<5 {
        let program = folder.appendingPathComponent(name)
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: program.path, isDirectory: &isFolder), !isFolder.boolValue {
          return program
        }
        folder.deleteLastPathComponent()
      }
    }
    fatalError("the program `\(name)` was not built beside the tests")
  }

  /// Runs the program to its end.
  ///
  /// - Parameters:
  ///   - folder: Where it runs; a folder of its own when nil.
  ///   - setUp: What a shell does before it becomes the program.
  ///   - environment: Variables beside those of this process.
  public func run(
    _ arguments: [String], in folder: URL? = nil, setUp: String = ":", environment: [String: String] = [:]
  ) throws -> Run {
    try start(arguments, in: folder, setUp: setUp, environment: environment).wait()
  }

  /// Starts the program; ``Running/wait()`` collects it.
  public func start(
    _ arguments: [String], in folder: URL? = nil, setUp: String = ":", environment: [String: String] = [:]
  ) throws -> Running {
    try Running(executable.path, arguments, in: folder, setUp: setUp, environment: environment)
  }

  private final class Marker {}
}
