public import Foundation

/// A program that was started.
///
/// Output goes to files, not pipes: the test need not read while it waits, and need not keep a pipe from filling.
/// Waiting blocks the thread, which is the test's own where its suite runs in turn.
public final class Running {
  /// The number of the process.
  public let identifier: pid_t
  private let scratch: URL
  private let begin = ContinuousClock.now
  private var isCollected = false

  /// Starts any program.
  public init(
    _ executable: String, _ arguments: [String], in folder: URL? = nil, setUp: String = ":",
    environment more: [String: String] = [:]
  ) throws {
    scratch = try makeFolder()
    // The shell changes the folder and then becomes the program: the process keeps its number, and no other one stands
    // between.
    let script = #"cd "$0" && exec </dev/null >"$OUTPUT" 2>"$ERRORS" && "# + setUp + #" && exec "$@""#
    let words = ["/bin/sh", "-c", script, folder?.path ?? scratch.path, executable] + arguments
    var environment = ProcessInfo.processInfo.environment.merging(more) { $1 }
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

  /// What the system says of a program that cannot be started or collected.
  public struct Failure: Error, CustomStringConvertible {
    /// The reason.
    public let description: String

    /// A failure for this reason.
    public init(description: String) { self.description = description }
  }

  /// Sends a signal, unless the program was collected already.
  public func signal(_ number: Int32) {
    if !isCollected { kill(identifier, number) }
  }

  /// Whether it came to its end; it still is to be waited for.
  public var hasEnded: Bool {
    var information = siginfo_t()
    return waitid(P_PID, id_t(identifier), &information, WEXITED | WNOHANG | WNOWAIT) != 0
      || information.si_signo == SIGCHLD
  }

  /// Waits for the end.
  public func wait() throws -> Program.Run {
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
    isCollected = true
    let duration = begin.duration(to: .now).components
    let output = try String(contentsOf: scratch.appendingPathComponent("output"), encoding: .utf8)
    let errors = try String(contentsOf: scratch.appendingPathComponent("errors"), encoding: .utf8)
    try? FileManager.default.removeItem(at: scratch)
    let signal = status & 0x7F
    return Program.Run(
      code: signal == 0 ? (status >> 8) & 0xFF : signal, isSignal: signal != 0, output: output, errors: errors,
      peakBytes: peakBytes, seconds: Double(duration.seconds) + Double(duration.attoseconds) * 1e-18)
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
}
