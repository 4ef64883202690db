import Foundation
import TestSupport
import Testing

/// Requests that no machine can fulfil, or that make no difference, end in a sentence or do no harm.
@Suite(.inTurn) struct `Unreasonable requests` {
  @Test func `a million threads are as good as all cores, and need no more memory`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      func evaluate(_ threads: String) throws -> Program.Run {
        try Program.evaluate.run(["--model", model, "--attack", "fgsm", "--format", "csv", "--threads", threads])
      }
      let two = try evaluate("2")
      let million = try evaluate("1000000")
      #expect(million.code == 0, "\(million.errors)")
      #expect(million.peakBytes < two.peakBytes + 200 << 20)
      // But for the column of times.
      func numbers(_ run: Program.Run) -> [String] {
        run.output.split(separator: "\n").map { $0.split(separator: ",").prefix(12).joined(separator: ",") }
      }
      #expect(numbers(million) == numbers(two))
    }
  }

  @Test(arguments: ["dense:999999999999,tanh", "dense:4000000000,4000000000,relu"])
  func `a network larger than the machine is refused before anything is made`(_ architecture: String) throws {
    try withFolder { folder in
      let run = try Program.train.run(
        ["hmc", "--data", "half-moons", "--architecture", architecture, "--output", "x.h5"], in: folder)
      #expect(run.code == 64 && !run.isSignal, "\(run.errors)")
      #expect(run.errors.hasPrefix("error: --architecture"), "\(run.errors)")
      #expect(run.errors.contains("this machine has") || run.errors.contains("product overflows"), "\(run.errors)")
      #expect(try names(in: folder).isEmpty)
    }
  }

  @Test func `kernels that do not exist are said, not passed over`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let run = try Program.evaluate.run(
        ["--model", model, "--attack", "fgsm"], environment: ["ROBUSTNESS_KERNELS": "portabel"])
      #expect(run.code == 0)
      #expect(run.output.contains("ROBUSTNESS_KERNELS=portabel is not understood: it is portable or onednn"))
    }
  }

  @Test func `files that are not there are named in the system's words`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let suite = try Program.benchmark.run(["run", "--suite", "nope.json", "--models", model], in: folder)
      #expect(suite.code == 65)
      #expect(suite.errors == "error: nope.json cannot be read: No such file or directory\n")
      let train = try Program.train.run(
        ["hmc", "--data", "half-moons", "--architecture", "nope.json", "--output", "x.h5"], in: folder)
      #expect(train.code == 65)
      #expect(train.errors.contains("nope.json cannot be read: No such file or directory"))
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("empty"), withIntermediateDirectories: false)
      let table = try Program.benchmark.run(["table", "empty"], in: folder)
      #expect(table.code == 65)
      #expect(table.errors == "error: empty holds no results: files that end in .json\n")
    }
  }
}
