import ComputeKernels
import Foundation
import TestSupport
import Testing

/// A library of oneDNN that is named in the environment, as a user sees it.
@Suite(.inTurn) struct LibraryTests {
  private static let named = ProcessInfo.processInfo.environment["ROBUSTNESS_ONEDNN"]
  private static let runsOneDNN = KernelLibrary.preferred == .oneDNN

  @Test func `a library that is not there is refused as any wrong input`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let commands: [(Program, [String])] = [
        (.evaluate, ["--model", model, "--attack", "fgsm"]),
        (.train, ["hmc", "--data", "half-moons", "--output", "new.h5"]),
        (.posterior, ["diagnose", model]),
        (
          .benchmark,
          ["run", "--suite", Fixtures.url("suites/standard.json").path, "--models", model, "--results", "new"]
        ),
        (.reproduce, ["theorem", "--scale", "smoke", "--output", "new"]),
      ]
      for (program, words) in commands {
        let run = try program.run(
          words, in: folder,
          environment: ["ROBUSTNESS_ONEDNN": "/nowhere/libdnnl.so.3", "ROBUSTNESS_KERNELS": ""])
        #expect(run.code == 64 && !run.isSignal, "\(program.name): \(run.text)")
        #expect(
          run.errors.hasPrefix("error: ROBUSTNESS_ONEDNN=/nowhere/libdnnl.so.3: there is no such file or folder; "),
          "\(program.name): \(run.errors)")
      }
    }
  }

  @Test func `the portable kernels need no library, whichever is named`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let run = try Program.evaluate.run(
        ["--model", model, "--attack", "fgsm"], in: folder,
        environment: ["ROBUSTNESS_ONEDNN": "/nowhere/libdnnl.so.3", "ROBUSTNESS_KERNELS": "portable"])
      #expect(run.code == 0, "\(run.errors)")
    }
  }

  @Test(.enabled(if: runsOneDNN, "oneDNN is not in use"))
  func `every result says which version computed it, and with which instructions`() throws {
    let expected = KernelLibrary.preferredDescription
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      let evaluated = try report(["--model", model, "--attack", "fgsm"])
      #expect(evaluated.kernels == expected)
      let trained = try Program.train.run(
        ["sgd", "--data", "half-moons", "--epochs", "1", "--output", "new.h5"], in: folder)
      #expect(trained.code == 0, "\(trained.errors)")
      let inspected = try Program.posterior.run(["inspect", "new.h5"], in: folder)
      #expect(inspected.output.contains(expected), "\(inspected.output)")
    }
  }

  @Test(.enabled(if: named != nil && runsOneDNN, "ROBUSTNESS_ONEDNN names no other library: make test-onednn"))
  func `another version finds what the system's finds`() throws {
    let words = ["--model", Sample.main, "--format", "json"]
    let other = try report(words)
    // Set to nothing is as good as not set.
    let run = try Program.evaluate.run(words, environment: ["ROBUSTNESS_ONEDNN": ""])
    let system = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
    #expect(other.kernels != system.kernels, "the named library is the system's own")
    #expect(other.cleanAccuracy == system.cleanAccuracy)
    #expect(abs(try other.run("pgd").robustAccuracy - system.run("pgd").robustAccuracy) <= 0.02)
  }
}
