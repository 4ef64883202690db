import Foundation
import TestSupport
import Testing

#if os(Linux)
/// What the system asks of a program: to end, or to keep its files small.
@Suite(.inTurn) struct `Signals to programs that evaluate` {
  /// A program at work that would take days.
  enum Work: String, CaseIterable {
    case evaluate, benchmark

    func start(in folder: URL) throws -> Running {
      switch self {
      case .evaluate:
        return try Program.evaluate.start(
          ["--model", Sample.main, "--attack", "pgd:steps=1000000", "--output", "result.txt"], in: folder)
      case .benchmark:
        let suite = """
          {"name": "long", "version": 1, "seed": 3, "decision": "predictive", "examples": 500,
           "threats": [{"norm": "linf", "relativeRadius": 0.1}], "gradientsPerExample": 1000000,
           "queriesPerExample": 1000000, "attacks": [{"attack": "pgd:steps=1000000", "objective": "predictive"}]}
          """
        try Data(suite.utf8).write(to: folder.appendingPathComponent("suite.json"))
        return try Program.benchmark.start(
          ["run", "--suite", "suite.json", "--models", Sample.main, "--results", "results", "--csv", "result.csv"],
          in: folder)
      }
    }

    /// What it says when it was asked to end.
    var farewell: String {
      switch self {
      case .evaluate: "error: interrupted; no result was written\n"
      case .benchmark: "error: interrupted; what is finished is in results: the same command goes on\n"
      }
    }
  }

  @Test(arguments: Work.allCases, [SIGINT, SIGTERM])
  func `ends at the next query when it is asked to`(_ work: Work, _ signal: Int32) throws {
    try withFolder { folder in
      let running = try work.start(in: folder)
      try waitUntilCaught(signal, by: running)
      kill(running.identifier, signal)
      let run = try running.wait()
      #expect(run.code == 75 && !run.isSignal)
      #expect(run.errors == work.farewell)
      #expect(run.output.isEmpty)
      #expect(try names(in: folder).filter { $0 != "suite.json" && $0 != "results" }.isEmpty)
      #expect(try ((try? names(in: folder.appendingPathComponent("results"))) ?? []).isEmpty)
    }
  }

  @Test(arguments: Work.allCases) func `ends at once when it is asked twice`(_ work: Work) throws {
    try withFolder { folder in
      let running = try work.start(in: folder)
      try waitUntilCaught(SIGTERM, by: running)
      // Stopped, it can do nothing between the two.
      kill(running.identifier, SIGSTOP)
      kill(running.identifier, SIGTERM)
      kill(running.identifier, SIGINT)
      kill(running.identifier, SIGCONT)
      let run = try running.wait()
      #expect(run.code == 130 && !run.isSignal)
    }
  }

  @Test func `benchmark says which file would be too large for the limit, and leaves no piece of it`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let suite = try `The program benchmark`.suite(in: folder, steps: [2])
      let words = ["run", "--suite", suite, "--models", model, "--results", "results"]
      let limited = try Program.benchmark.run(words, in: folder, setUp: "ulimit -f 1")
      #expect(limited.code == 70 && !limited.isSignal)
      #expect(limited.errors.contains("/results/") && limited.errors.contains(" cannot be written: "))
      #expect(limited.errors.hasSuffix(" File too large\n"), "\(limited.errors)")
      #expect(try names(in: folder.appendingPathComponent("results")).isEmpty)

      let whole = try Program.benchmark.run(words + ["--csv", "table.csv"], in: folder)
      #expect(whole.code == 0, "\(whole.errors)")
      let target = folder.appendingPathComponent("table.html")
      try Data("old".utf8).write(to: target)
      for (option, file) in [(["--html", "table.html"], "table.html"), ([], "standard output")] {
        let table = try Program.benchmark.run(["table", "results"] + option, in: folder, setUp: "ulimit -f 1")
        #expect(table.code == 70 && !table.isSignal)
        #expect(table.errors == "error: \(file) cannot be written: File too large\n")
      }
      #expect(try String(contentsOf: target, encoding: .utf8) == "old")
      #expect(try names(in: folder).filter { $0.hasPrefix(".") }.isEmpty)
    }
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
      // Until it has become the program, the process has the handlers of the one that started it, and loses them then:
      // which program it is must be known before its handlers are read.
      let image = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(running.identifier)/exe")
      let name = image.map { URL(fileURLWithPath: $0).lastPathComponent } ?? ""
      let status = (try? String(contentsOfFile: "/proc/\(running.identifier)/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") } ?? ""
      let mask = line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
      if Work(rawValue: name) != nil, mask & (1 << UInt64(signal - 1)) != 0 { return }
      usleep(10_000)
    }
    throw Running.Failure(description: "the program never caught signal \(signal)")
  }
}
#endif
