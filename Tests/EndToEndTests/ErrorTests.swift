import Foundation
import TestSupport
import Testing

/// What a user sees who asks for something that makes no sense, and the exit code that a script sees.
@Suite(.inTurn) struct ErrorTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var arguments: [String]
    var sentence: String
    var testDescription: String { arguments.joined(separator: " ") }

    init(_ arguments: String..., says sentence: String) {
      self.arguments = arguments
      self.sentence = sentence
    }
  }

  static let usage = [
    Case("--attack", "pdg", says: "error: no attack named 'pdg'. Did you mean 'pgd'? Available: "),
    Case("--attack", "pgd:stpes=4", says: "error: pgd has no option 'stpes'. Did you mean 'steps'? Options: steps=15"),
    Case("--attack", "pgd:steps=x", says: "error: pgd: option 'steps' takes a whole number, not 'x'"),
    Case("--attack", "pgd:steps", says: "error: 'steps' in 'pgd:steps' is no option: write name=value"),
    Case("--attack", "pgd:steps=1,steps=2", says: "error: 'pgd:steps=1,steps=2' sets steps twice"),
    Case("--attack", "fgsm:norm=l7", says: "error: fgsm has no norm 'l7'; it has linf, l2"),
    Case("--objective", "margn", says: "error: no objective named 'margn'. Did you mean 'margin'? Available: "),
    Case("--metric", "calibration", says: "error: no metric named 'calibration'."),
    Case(
      "--decision", "maybe", says: "error: no decision named 'maybe'; there are predictive, majority-vote and draw:N"),
    Case(
      "--decision", "draw:99",
      says: "decision draw:99 is not one of the draws that judge, which are 0, 1, 2, 3, 4, 5, 6, 7\n"),
    Case(
      "--draws", "2", "--decision", "draw:1",
      says: "decision draw:1 is not one of the draws that judge, which are 0, 4\n"),
    Case(
      "--draws", "1", "--decision", "draw:1",
      says: "decision draw:1 is not one of the draws that judge, which is 0 alone"),
    Case("--epsilon", "x", says: "'x' is invalid for '--epsilon <radius>'"),
    Case("--epsilon=-1", says: "--epsilon must not be negative, not -1.0"),
    Case("--epsilon", "-1", says: "--epsilon must not be negative, not -1.0"),
    Case("--epsilon", "-8/255", says: "--epsilon must not be negative, not -0.03137254901960784"),
    Case("--epsilon", "nan", says: "--epsilon must be a finite number, not nan"),
    Case("--epsilon", "8/0", says: "'8/0' is invalid for '--epsilon <radius>'"),
    Case("--seed", "-1", says: "error: --seed must not be negative, not -1"),
    Case("--seed=-3", says: "error: --seed must not be negative, not -3"),
    Case("--target", "-1", says: "error: --target must not be negative, not -1"),
    Case("--examples", "-4", says: "--examples must be at least 1, not -4"),
    Case("--model", "another.h5", says: "error: --model is given twice: which one is meant? Give it once"),
    Case("--memory-limit", "lots", says: "error: --memory-limit takes a size such as 400MB or 2GB, not 'lots'"),
    Case("--memory-limit", "-5MB", says: "Missing value for '--memory-limit <size>'"),
    Case("--precision", "half", says: "error: --precision takes auto, float32, bfloat16 or float64, not 'half'"),
    Case("--precision", "bfloat61", says: "not 'bfloat61'. Did you mean 'bfloat16'?"),
    Case("--arithmetic", "exact", says: "error: --arithmetic takes log-domain or naive-float32, not 'exact'"),
    Case("--attack-draws", "some", says: "error: --attack-draws takes same, disjoint:N or resampled:N, not 'some'"),
    Case("--attack-draws", "disjoint:8", says: "disjoint:8 leaves no draw to judge: there are 8"),
    Case("--target", "cat", says: "error: --target takes a class number, next, least-likely or each, not 'cat'"),
    Case("--target", "10", says: "there is no class 10 to aim at: classes are 0 to 9"),
    Case("--threads", "0", says: "--threads must be at least 1, not 0"),
    Case("--examples", "0", says: "--examples must be at least 1, not 0"),
    Case("--format", "xml", says: "Please provide one of 'table', 'json' or 'csv'"),
    Case("--checks", "some", says: "error: --checks takes quick, standard or thorough, not 'some'"),
    Case(
      "--gradient", "smoothed:1001",
      says: "error: --gradient takes exact, straight-through or smoothed:N, N from 1 to 1000, not 'smoothed:1001'"),
    Case(
      "--checkpoint", "state",
      says: "error: --checkpoint is about portfolios and certificates: give it with --attack quick"),
    Case("--curve", "--attack", "random", says: "error: --curve needs an attack that searches"),
    Case("--curve", "--format", "csv", says: "error: --curve has no place in CSV"),
    Case("--reject", "mutual-info:0.05", says: "error: --reject has no score named 'mutual-info'. Did you mean"),
    Case("--reject", "entropy", says: "Available: predictive-entropy, expected-entropy, mutual-information"),
    Case("--reject", "mutual-information", says: "as in mutual-information:0.05, not 'mutual-information'"),
    Case(
      "--reject", "mutual-information:1", says: "that may be rejected, between 0 and 1, both excluded, behind the score"
    ),
    Case("--reject", "mutual-information:0.1", "--curve", says: "error: --reject is about one ε at a time"),
    Case("--reject", "mutual-information:0.1", "--target", "3", says: "error: --reject is about any wrong decision"),
    Case("--reject", "mutual-information:0.1", "--draws", "1", says: "needs two draws at least"),
    Case(
      "--reject", "mutual-information:0.1", "--arithmetic", "naive-float32",
      says: "error: --reject needs gradients of the score"),
    Case("--bogus", says: "Unknown option '--bogus'"),
    Case("--output", Sample.main, says: "is read in this run: give the result another name"),
    Case("--output", "same.h5", "--save-adversarial", "same.h5", says: "both name same.h5"),
  ]

  @Test(arguments: usage) func `wrong usage is 64, with a sentence and nothing on standard output`(_ wrong: Case) throws
  {
    let run = try Program.evaluate.run(["--model", Sample.main, "--examples", "5"] + wrong.arguments)
    #expect(run.code == 64 && !run.isSignal)
    #expect(run.errors.contains(wrong.sentence), "\(run.errors)")
    #expect(run.output.isEmpty)
  }

  @Test(arguments: [
    ["--precision", "half"], ["--arithmetic", "exact"], ["--memory-limit", "lots"], ["--attack", "pdg"],
  ])
  func `wrong usage is said before a file is opened`(_ words: [String]) throws {
    let run = try Program.evaluate.run(["--model", "/nonexistent.h5"] + words)
    #expect(run.code == 64 && !run.errors.contains("nonexistent"), "\(run.errors)")
  }

  @Test func `an attack that does not exist is met with those that there are`() throws {
    let list = try Program.evaluate.run(["--list-attacks"])
    let names = list.output.split(separator: "\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }
    #expect(names.contains("pgd"))
    let run = try Program.evaluate.run(["--model", Sample.main, "--attack", "pdg"])
    #expect(run.errors.contains("Available: \(names.joined(separator: ", ")). "), "\(run.errors)")
  }

  @Test func `without a model the question is which`() throws {
    let run = try Program.evaluate.run([])
    #expect(run.code == 64)
    #expect(run.errors.contains("Missing --model: which posterior file is to be evaluated?"))
  }

  static let badData = [
    Case("--model", "/nonexistent.h5", says: "error: /nonexistent.h5: cannot be opened: No such file or directory"),
    Case("--model", #filePath, says: "ErrorTests.swift: is not an HDF5 file"),
    Case("--model", Sample.malformed("truncated"), says: "truncated.h5: cannot be opened as HDF5: it is truncated"),
    Case("--model", Sample.malformed("empty"), says: "error: \(Sample.malformed("empty")): is not an HDF5 file"),
    Case(
      "--model", Sample.malformed("weight-shape"),
      says: "error: \(Sample.malformed("weight-shape")): /posterior/output.weight has shape"),
    Case("--model", Sample.malformed("changed-provenance"), says: "read it all the same with --accept-changed"),
    Case("--model", Sample.main, "--resample", "3", says: "/variational is missing, so --resample has nothing to draw"),
    Case("--model", Sample.main, "--memory-limit", "1MB", says: "Raise --memory-limit"),
    Case("--model", Sample.main, "--data", "/nonexistent.h5", says: "nonexistent.h5: cannot be opened"),
    Case(
      "--model", Sample.main, "--data", Sample.oracle("moons-fc2-leaky"),
      says: "/evaluation_data/inputs has shape (500, 2); the network needs (n, 1, 28, 28)"),
    Case("--model", Sample.main, "--data", Sample.main + "#0", says: "is a posterior file; # names a run"),
  ]

  @Test(arguments: badData) func `data that cannot be evaluated are 65`(_ wrong: Case) throws {
    let run = try Program.evaluate.run(wrong.arguments + ["--attack", "fgsm"])
    #expect(run.code == 65 && !run.isSignal)
    #expect(run.errors.contains(wrong.sentence), "\(run.errors)")
    #expect(run.output.isEmpty)
  }

  @Test func `a posterior without evaluation data asks for --data, and takes it`() throws {
    try withFolder { folder in
      let bare = try SmallPosterior().write(to: folder, hasData: false)
      let run = try Program.evaluate.run(["--model", bare])
      #expect(run.code == 65)
      #expect(run.errors.contains("/evaluation_data is missing; give the inputs and labels with --data FILE"))
      let full = try SmallPosterior().write(to: folder, hasData: true)
      let given = try report(["--model", bare, "--data", full])
      let own = try report(["--model", full])
      #expect(given.runs.map(\.robustAccuracy) == own.runs.map(\.robustAccuracy))
    }
  }

  @Test func `a changed file is evaluated on request, and the verdict says so`() throws {
    let path = Sample.malformed("changed-data-digest")
    let report = try report(["--model", path, "--accept-changed", "--attack", "fgsm"])
    #expect(report.summary.contains("CHANGED since it was signed"))
    #expect(report.verdict.warnings.contains("signature"))
  }

  @Test func `an unsigned file is evaluated, with a warning`() throws {
    try withFolder { folder in
      let path = try SmallPosterior().writeUnsigned(to: folder)
      let report = try report(["--model", path, "--attack", "fgsm"])
      #expect(report.summary.contains("unsigned"))
      #expect(report.verdict.warnings.contains("signature"))
    }
  }
}
