import Foundation

/// Runs a program to its end or to a deadline, and collects what it prints.
enum ChildProcess {
  enum Outcome {
    /// It ended by itself; the code is nil when someone else collected it, as happens where SIGCHLD is ignored.
    case exit(code: Int32?, output: Data)
    /// A signal ended it, after so many seconds of processor time.
    case signal(Int32, processorSeconds: Double)
    /// It was ended after so many seconds of the clock.
    case late(seconds: Double)
    case failedToStart(String)
  }

  private struct Ending {
    var status: Int32?
    var processorSeconds = 0.0
  }

  /// More output than any answer needs is nonsense.
  private static let outputLimit = 16 << 20

  static func run(executable: String, arguments: [String], timeLimit: Double) -> Outcome {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return .failedToStart(reason(errno)) }
    let (readEnd, writeEnd) = (ends[0], ends[1])
    defer { close(readEnd) }
    // Other children of this program must not hold the pipe open.
    setCloseOnExec(readEnd)
    setCloseOnExec(writeEnd)

    #if canImport(Darwin)
    var actions: posix_spawn_file_actions_t?
    #else
    var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, writeEnd, 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)

    // A thread of a program may have signals blocked, and a child would inherit it: this one must hear of its limits.
    #if canImport(Darwin)
    var attributes: posix_spawnattr_t?
    #else
    var attributes = posix_spawnattr_t()
    #endif
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGXCPU, SIGALRM] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))

    // A crash is an answer here: printing a backtrace would only take time.
    var environment = ProcessInfo.processInfo.environment
    environment["SWIFT_BACKTRACE"] = "enable=no"
    var identifier = pid_t()
    let status = withCStrings([executable] + arguments) { argv in
      withCStrings(environment.map { "\($0.key)=\($0.value)" }) { variables in
        posix_spawn(&identifier, executable, &actions, &attributes, argv, variables)
      }
    }
    close(writeEnd)
    guard status == 0 else { return .failedToStart(reason(status)) }
    return wait(for: identifier, reading: readEnd, timeLimit: timeLimit)
  }

  /// Waits for the end of a child whose output comes through a pipe, which stays open.
  static func wait(for child: pid_t, reading descriptor: Int32, timeLimit: Double) -> Outcome {
    let deadline = now() + timeLimit
    var output = Data()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var isOpen = true
    while true {
      let remaining = deadline - now()
      guard remaining > 0, output.count <= outputLimit else {
        kill(child, SIGKILL)
        _ = reap(child, options: 0)
        return .late(seconds: timeLimit)
      }
      if isOpen {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&request, 1, Int32(min(remaining * 1000 + 1, 1000))) > 0 else { continue }
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 { output.append(contentsOf: buffer[..<count]) }
        if count == 0 { isOpen = false }
      } else if let ending = reap(child, options: WNOHANG) {
        guard let status = ending.status else { return .exit(code: nil, output: output) }
        // The low seven bits are the signal, the next eight the exit code.
        return status & 0x7F == 0
          ? .exit(code: (status >> 8) & 0xFF, output: output)
          : .signal(status & 0x7F, processorSeconds: ending.processorSeconds)
      } else {
        usleep(1000)
      }
    }
  }

  /// The end of a child with its status, if that is known; nil when the child still runs.
  private static func reap(_ child: pid_t, options: Int32) -> Ending? {
    var status: Int32 = 0
    var usage = rusage()
    while true {
      let result = wait4(child, &status, options, &usage)
      if result == child {
        let seconds = [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
        return Ending(status: status, processorSeconds: seconds)
      }
      if result == 0 { return nil }
      if errno != EINTR { return Ending(status: nil) }
    }
  }

  private static func setCloseOnExec(_ descriptor: Int32) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

  private static func withCStrings<R>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    let pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { list in
      // The list is never empty: it ends with nil.
      list.baseAddress.map(body)!
    }
  }
}
