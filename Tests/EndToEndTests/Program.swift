import Foundation
import Testing

/// A built program of this package, run as a user runs it.
struct Program: Sendable {
  /// What a run left behind.
  struct Run: Sendable {
    var code: Int32
    var isSignal: Bool
    var output: String
    var errors: String
    /// The largest resident memory of the process itself, in bytes; not that of the checking process that it starts.
    var peakBytes: Int
    var seconds: Double
  }

  static let evaluate = Program(name: "evaluate")
  static let posterior = Program(name: "posterior")

  let name: String

  /// Programs lie beside the bundle of tests.
  var executable: URL {
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
  func run(_ arguments: [String], in folder: URL? = nil) throws -> Run {
    try start(arguments, in: folder).wait()
  }

  /// Starts the program; ``Running/wait()`` collects it.
  func start(_ arguments: [String], in folder: URL? = nil) throws -> Running {
    try Running(executable.path, arguments, in: folder)
  }

  private final class Marker {}
}

/// A program that was started.
///
/// Output goes to files, not pipes: the test need not read while it waits, and need not keep a pipe from filling.
final class Running {
  let identifier: pid_t
  private let scratch: URL
  private let begin = ContinuousClock.now

  init(_ executable: String, _ arguments: [String], in folder: URL?) throws {
    scratch = FileManager.default.temporaryDirectory.appendingPathComponent("end-to-end-output-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    // The shell changes the folder and then becomes the program: the process keeps its number, and no other one stands between.
    let script = #"cd "$0" && exec "$@" </dev/null >"$OUTPUT" 2>"$ERRORS""#
    let words = ["/bin/sh", "-c", script, folder?.path ?? scratch.path, executable] + arguments
    var environment = ProcessInfo.processInfo.environment
    environment["OUTPUT"] = scratch.appendingPathComponent("output").path
    environment["ERRORS"] = scratch.appendingPathComponent("errors").path
    let argv = words.map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argv + variables { free(pointer) } }
    var child = pid_t()
    let status = posix_spawn(&child, "/bin/sh", nil, nil, argv, variables)
    guard status == 0 else { throw Failure(description: String(cString: strerror(status))) }
    identifier = child
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  #if os(Linux)
  /// The largest resident memory since the program began.
  private func highWaterMark() -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
    else { return nil }
    return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
  }
  #endif

  func interrupt() { kill(identifier, SIGINT) }

  func wait() throws -> Program.Run {
    var status: Int32 = 0
    var usage = rusage()
    var peakBytes = 0
    while true {
      #if os(Linux)
      // A new process inherits `ru_maxrss` from the one that started it, here a whole test run; this mark is its own.
      peakBytes = max(peakBytes, highWaterMark() ?? 0)
      let result = wait4(identifier, &status, WNOHANG, &usage)
      if result == 0 { usleep(5000) }
      #else
      let result = wait4(identifier, &status, 0, &usage)
      peakBytes = Int(usage.ru_maxrss)
      #endif
      if result == identifier { break }
      guard result == 0 || errno == EINTR else {
        throw Failure(description: "wait4: \(String(cString: strerror(errno)))")
      }
    }
    let duration = begin.duration(to: .now).components
    let output = try String(contentsOf: scratch.appendingPathComponent("output"), encoding: .utf8)
    let errors = try String(contentsOf: scratch.appendingPathComponent("errors"), encoding: .utf8)
    try? FileManager.default.removeItem(at: scratch)
    let signal = status & 0x7F
    return Program.Run(
      code: signal == 0 ? (status >> 8) & 0xFF : signal, isSignal: signal != 0, output: output, errors: errors,
      peakBytes: peakBytes,
      seconds: Double(duration.seconds) + Double(duration.attoseconds) * 1e-18)
  }
}

/// Calls `body` with a folder of its own, and removes it.
func withFolder<R>(_ body: (URL) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("end-to-end-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

func names(in folder: URL) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
}

/// Whether the long repetitions run: `make test-long`.
let isLong = ProcessInfo.processInfo.environment["ROBUSTNESS_LONG_TESTS"] == "1"
