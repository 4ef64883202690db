import Foundation

@testable import PosteriorFiles

/// The checking process, as a copy of this one.
enum ForkedProbe {
  /// Does in a copy of this process what the program does with these arguments, and waits for its end.
  ///
  /// - Parameters:
  ///   - arguments: The hidden flag and the path of the file.
  ///   - processorSeconds: Seconds of processor time after which the copy is ended, fewer than its own limit of 5.
  ///   - clockSeconds: Seconds of the clock after which it is ended.
  static func run(arguments: [String], processorSeconds: Double, clockSeconds: Double) -> ChildProcess.Outcome {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return .failedToStart("no pipe: \(errno)") }
    let child = fork()
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
      Probe.runIfRequested(arguments: ["posterior"] + arguments)
      _exit(70)
    }
    close(ends[1])
    defer { close(ends[0]) }
    let outcome = ChildProcess.wait(for: child, reading: ends[0], timeLimit: clockSeconds)
    // The same as the limit that the process sets itself, but sooner.
    if case .signal(SIGPROF, let seconds) = outcome { return .signal(SIGXCPU, processorSeconds: seconds) }
    return outcome
  }
}
