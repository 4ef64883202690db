import Foundation
import TestSupport
import Testing

#if os(Linux)
/// What the system asks of a program: to end, or to keep its files small.
@Suite(.inTurn) struct `Signals to evaluate` {
  @Test(arguments: [SIGINT, SIGTERM]) func `ends at the next query when it is asked to`(_ signal: Int32) throws {
    try withFolder { folder in
      let running = try Program.evaluate.start(
        ["--model", Sample.main, "--attack", "pgd:steps=1000000", "--output", "result.txt"], in: folder)
      try waitUntilCaught(signal, by: running)
      kill(running.identifier, signal)
      let run = try running.wait()
      #expect(run.code == 75 && !run.isSignal)
      #expect(run.errors == "error: interrupted; no result was written\n")
      #expect(try names(in: folder).isEmpty)
    }
  }

  @Test func `ends at once when it is asked twice`() throws {
    let running = try Program.evaluate.start(["--model", Sample.main, "--attack", "pgd:steps=1000000"])
    try waitUntilCaught(SIGTERM, by: running)
    // Stopped, it can do nothing between the two.
    kill(running.identifier, SIGSTOP)
    kill(running.identifier, SIGTERM)
    kill(running.identifier, SIGINT)
    kill(running.identifier, SIGCONT)
    let run = try running.wait()
    #expect(run.code == 130 && !run.isSignal)
  }

  @Test(arguments: [["--output", "result"], ["--save-adversarial", "result"]])
  func `says which file would be too large for the limit, and leaves the old one`(_ option: [String]) throws {
    try withFolder { folder in
      let target = folder.appendingPathComponent("result")
      try Data("old".utf8).write(to: target)
      let words = ["--model", Sample.main, "--examples", "2", "--draws", "2", "--attack", "fgsm", "--format", "json"]
      let run = try Running(
        "/bin/sh", ["-c", #"ulimit -f 1; exec "$0" "$@""#, Program.evaluate.executable.path] + words + option,
        in: folder
      ).wait()
      #expect(run.code == 70 && !run.isSignal)
      #expect(run.errors.contains("result cannot be written: "))
      #expect(try names(in: folder) == ["result"])
      #expect(try String(contentsOf: target, encoding: .utf8) == "old")
    }
  }

  @Test func `says that standard output would be too large for the limit`() throws {
    let words = ["--list-metrics"]
    let run = try Running(
      "/bin/sh", ["-c", #"ulimit -f 1; exec "$0" "$@""#, Program.evaluate.executable.path] + words, in: nil
    ).wait()
    #expect(run.code == 70 && !run.isSignal)
    #expect(run.errors == "error: standard output cannot be written: File too large\n")
  }

  /// Until the program has asked for the signal, which is before it opens the file.
  private func waitUntilCaught(_ signal: Int32, by running: Running) throws {
    for _ in 0..<3000 {
      let status = (try? String(contentsOfFile: "/proc/\(running.identifier)/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") } ?? ""
      let mask = line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
      // The shell that the program began as catches nothing.
      if mask & (1 << UInt64(signal - 1)) != 0 { return }
      usleep(10_000)
    }
    throw Running.Failure(description: "the program never caught signal \(signal)")
  }
}
#endif
