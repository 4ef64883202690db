import Foundation
import Synchronization

@testable import PosteriorFiles

/// How the verification of one file ended.
///
/// Two processes are forked for it, as `posterior verify` would be two: the program, which must come to its end
/// whatever the file is, and the checking process, which a file may bring down.
struct Outcome: Encodable {
  /// `done`, `signal 11`, `late`, or what else became of the program: anything but `done` is a fault.
  var ending: String
  /// What the program said; nil unless it is done.
  var verification: Verification?
  /// Seconds of processor time of both processes.
  var seconds: Double

  /// Seconds of processor time that the program may take, and the checking process in it.
  private static let programSeconds = 20.0

  /// Verifies a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - probeSeconds: Seconds of processor time for the checking process, less than its own limit of 5.
  init(ofVerifying path: String, probeSeconds: Double) {
    var before = rusage()
    getrusage(RUSAGE_CHILDREN.rawValue, &before)
    let outcome = Self.fork(processorSeconds: Self.programSeconds, clockSeconds: 20 * Self.programSeconds) {
      ProbeCommand.start.withLock { start in
        start = { _, arguments, clockSeconds in
          let outcome = Self.fork(processorSeconds: probeSeconds, clockSeconds: clockSeconds) {
            Probe.runIfRequested(arguments: ["posterior"] + arguments)
          }
          // The same as the limit that the process sets itself, but sooner.
          if case .signal(SIGPROF, let seconds) = outcome { return .signal(SIGXCPU, processorSeconds: seconds) }
          return outcome
        }
      }
      FileHandle.standardOutput.write((try? JSONEncoder().encode(Verification(of: path))) ?? Data())
      _exit(0)
    }
    var after = rusage()
    getrusage(RUSAGE_CHILDREN.rawValue, &after)
    seconds = Self.seconds(after) - Self.seconds(before)
    switch outcome {
    case .exit(let code, let output):
      verification = code == 0 ? try? JSONDecoder().decode(Verification.self, from: output) : nil
      ending = verification == nil ? "exit code \(code ?? -1) without an answer" : "done"
    case .signal(let number, _): ending = "signal \(number)"
    case .late: ending = "late"
    case .failedToStart(let reason): ending = reason
    }
  }

  private static func seconds(_ usage: rusage) -> Double {
    [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
  }

  /// Runs `body` in a copy of this process, and waits for its end.
  ///
  /// - Parameters:
  ///   - processorSeconds: Seconds of processor time after which SIGPROF ends the copy.
  ///   - clockSeconds: Seconds of the clock after which it is ended.
  ///   - body: Does not return; what it prints is collected.
  private static func fork(
    processorSeconds: Double, clockSeconds: Double, _ body: () -> Void
  ) -> ChildProcess.Outcome {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return .failedToStart("no pipe: \(errno)") }
    let child = Glibc.fork()
    guard child >= 0 else { return .failedToStart("no process: \(errno)") }
    if child == 0 {
      dup2(ends[1], 1)
      close(ends[0])
      close(ends[1])
      let nothing = open("/dev/null", O_RDWR)
      dup2(nothing, 0)
      dup2(nothing, 2)
      var limit = itimerval()
      limit.it_value.tv_sec = Int(processorSeconds)
      limit.it_value.tv_usec = Int((processorSeconds - processorSeconds.rounded(.down)) * 1e6)
      setitimer(Int32(ITIMER_PROF.rawValue), &limit, nil)
      body()
      _exit(70)
    }
    close(ends[1])
    defer { close(ends[0]) }
    return ChildProcess.wait(for: child, reading: ends[0], timeLimit: clockSeconds)
  }
}
