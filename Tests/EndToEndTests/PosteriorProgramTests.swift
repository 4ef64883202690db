import Foundation
import TestSupport
import Testing

/// `posterior`, beside `evaluate`.
@Suite(.inTurn) struct PosteriorProgramTests {
  @Test func `a copy has the same posterior and the same result`() throws {
    try withFolder { folder in
      let copy = folder.appendingPathComponent("copy.h5").path
      #expect(try Program.posterior.run(["copy", "--compress", Sample.main, copy]).code == 0)
      #expect(try Program.posterior.run(["verify", copy]).output == "\(copy): valid\n")
      let original = try report(["--model", Sample.main, "--examples", "20", "--attack", "fgsm"])
      let copied = try report(["--model", copy, "--examples", "20", "--attack", "fgsm"])
      #expect(copied.posteriorSHA256 == original.posteriorSHA256)
      #expect(copied.dataSHA256 == original.dataSHA256)
      #expect(copied.runs.map(\.softmaxRobustness) == original.runs.map(\.softmaxRobustness))
      #expect(try names(in: folder) == ["copy.h5"])
    }
  }

  @Test func `inspect and evaluate name the posterior alike`() throws {
    let inspected = try Program.posterior.run(["inspect", Sample.main])
    let digest = try #require(
      try report(["--model", Sample.main, "--examples", "5", "--attack", "fgsm"]).posteriorSHA256)
    #expect(inspected.code == 0)
    #expect(inspected.output.contains("posterior SHA-256  \(digest)\n"))
    #expect(inspected.output.contains("evaluation data    500 examples of 1 × 28 × 28, 10 classes\n"))
  }

  @Test func `verify tells good files from bad ones`() throws {
    let run = try Program.posterior.run(["verify", Sample.main, Sample.malformed("weight-nan")])
    #expect(run.code == 65)
    #expect(run.output == "\(Sample.main): valid\n")
    #expect(run.errors.contains("error: \(Sample.malformed("weight-nan")): /posterior/"))
  }

  @Test func `the Python example is a program that names the format`() throws {
    let run = try Program.posterior.run(["export-python-example"])
    #expect(run.code == 0)
    #expect(run.output.contains("import h5py"))
    #expect(run.output.contains("bnn-posterior"))
    let graph = try Program.posterior.run(["export-python-example", "--graph"])
    #expect(graph.code == 0 && graph.output != run.output)
    #expect(graph.output.contains("\"batch_norm\"") && graph.output.contains("shared/"))
  }
}
