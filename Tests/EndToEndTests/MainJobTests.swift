import Foundation
import TestSupport
import Testing

/// The job that a newcomer runs first, in every form in which its result comes.
@Suite(.inTurn) struct MainJobTests {
  /// Times, and the digits that another processor may round differently, become #.
  /// The table without what differs between processors: the numbers of an attack, and the widths that they make.
  private func stable(_ table: String) -> String {
    table.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let line = String(line.replacing(/[ ]{2,}/) { _ in "  " })
      guard ["pgd", "random", "lowest", "Verdict"].contains(where: line.hasPrefix) else { return line }
      return line.replacing(/[0-9][0-9.]*/) { $0.output == "10" ? "10" : "#" }
        .replacing(/# more by the checks|all runs together/, with: "…")
    }.joined(separator: "\n")
  }

  @Test func `the table says what was done, the accuracies and the verdict`() throws {
    let run = try Program.evaluate.run(["--attack", "pgd", "--model", Sample.main])
    #expect(run.code == 0)
    #expect(run.errors.isEmpty)
    let portable = ProcessInfo.processInfo.environment["ROBUSTNESS_KERNELS"] == "portable"
    let expected = """
      mnist-ensemble.h5 · independently trained networks (Adam), stored as chains · trained on mnist · \
      784-64-64-10 ReLU · 8 networks · content c4c365… verified
      500 examples · 8 draws · L∞ ε = 0.1 in [0, 1] · decision: posterior predictive · seed 0

        accuracy  softmax  exactly zero  member
      attack  objective  (95 % interval)  robustness  gradients  gradients  time
      clean  97.8 % (96.1–98.8)  –  –  –
      pgd  predictive  # % ( #– #)  #  # %  #,#  # s
      random  signs, 10 each  # % (#–#)  #  –  –  # s
      lowest found  …  # % ( #– #)  –  –  #,#

      Verdict: believable, as an upper bound on robustness, after # gradients for each example. # checks passed.

      """
    // Behind the settings: kernels, and threads with what limits them.
    let settings = try #require(run.output.split(separator: "\n").dropFirst().first)
    let machine = try #require(settings.firstMatch(of: /\ · seed 0( · .*)/)?.output.1)
    let known = /( · portable kernels, slow[^·]*| · oneDNN [23]\.[0-9]+\.[0-9]+) · [1-9][0-9]* threads?(: .*)?/
    #expect(machine.wholeMatch(of: known) != nil, "\(machine)")
    #expect(!portable || machine.hasPrefix(" · portable kernels, slow: forced by ROBUSTNESS_KERNELS · "))
    #expect(stable(run.output.replacing(machine, with: "")) == expected)
  }

  @Test func `PGD finds what an independent implementation finds`() throws {
    // From the file that came with the fixture: 0.054 by a program in another language.
    let report = try report(["--model", Sample.main])
    #expect(report.cleanAccuracy == 0.978)
    #expect(abs(try report.run("pgd").robustAccuracy - 0.054) <= 0.01)
  }

  @Test func `JSON has every member, and what belongs together agrees`() throws {
    let report = try report([
      "--model", Sample.main, "--examples", "50", "--metric", "softmax-robustness", "--metric", "mutual-information",
    ])
    #expect(report.model == "mnist-ensemble.h5")
    #expect(report.examples == 50)
    #expect(report.draws == 8)
    #expect(report.inputBounds == [0, 1])
    #expect(report.posteriorSHA256?.count == 64)
    #expect(report.runs.map(\.attack) == ["pgd", "random"])
    let run = try report.run("pgd")
    #expect(run.options["steps"] == "15")
    #expect(run.metrics.keys.sorted() == ["mutual-information", "softmax-robustness"])
    #expect(run.memberGradients == 50 * 8 * 15)
    #expect(run.robustAccuracyInterval.count == 2)
    #expect(run.checks.map(\.name).contains("finite-differences"))
    #expect(report.verdict.failed == [])
    #expect(report.worstCase.count == 1)
    #expect(report.worstCase.allSatisfy { $0.robustAccuracy <= run.robustAccuracy })
  }

  @Test func `the threads asked for are those that run, whatever limits there are`() throws {
    let words = ["--model", Sample.main, "--examples", "5", "--attack", "fgsm", "--threads", "3"]
    #expect(try Program.evaluate.run(words).output.contains(" · 3 threads\n"))
    #expect(try report(words).threads == 3)
  }

  @Test func `JSON says what computed which product`() throws {
    let report = try report(["--model", Sample.main, "--examples", "5", "--attack", "fgsm"])
    #expect(try #require(report.threads) > 0)
    #expect(report.processor?.isEmpty == false)
    #expect(Set(report.products.map(\.pass)) == ["forward", "to-input"])
    #expect(Set(report.products.map(\.precision)) == ["float32"])
    // 784-64-64-10: each layer in both directions.
    let layers = Set(report.products.map(\.layer))
    #expect(layers.count == 3)
    for layer in layers {
      #expect(Set(report.products.filter { $0.layer == layer }.map(\.pass)) == ["forward", "to-input"], "\(layer)")
    }
    let isPortable = ProcessInfo.processInfo.environment["ROBUSTNESS_KERNELS"] == "portable"
    for product in report.products {
      #expect(product.rows > 0 && !product.layer.isEmpty && !product.implementation.isEmpty, "\(product)")
      #expect(!isPortable || product.implementation == "portable", "\(product)")
    }
  }

  @Test func `CSV has one row for each run, under its names`() throws {
    let run = try Program.evaluate.run([
      "--model", Sample.main, "--examples", "20", "--format", "csv", "--epsilon", "0.05", "--epsilon", "0.1",
      "--attack", "fgsm", "--metric", "clean-accuracy",
    ])
    let lines = run.output.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let columns = try #require(lines.first)
    #expect(columns.first == "model" && columns.last == "clean-accuracy")
    #expect(lines.allSatisfy { $0.count == columns.count })
    let attack = try #require(columns.firstIndex(of: "attack"))
    let epsilon = try #require(columns.firstIndex(of: "epsilon"))
    #expect(
      lines.dropFirst().map { "\($0[attack]) \($0[epsilon])" } == [
        "fgsm 0.05", "fgsm 0.1", "random 0.05", "random 0.1",
      ])
  }

  static let attacks = """
    apgd
    cw
    ddn
    deepfool
    fab
    fgsm
    fmn
    feature-guided
    mifgsm
    nes
    pgd
    random
    rays
    square
    quick
    standard
    thorough

    """

  @Test func `completions offer the names of attacks and metrics`() throws {
    let attacks = try Program.evaluate.run(["---completion", "--", "--attack", "0", "0"])
    #expect(attacks.code == 0)
    #expect(attacks.output == Self.attacks)
    let metrics = try Program.evaluate.run(["---completion", "--", "--metric", "0", "0"])
    #expect(metrics.output.contains("\nsoftmax-robustness\n"))
  }

  @Test func `names of attacks and metrics come first, one a line`() throws {
    let attacks = try Program.evaluate.run(["--list-attacks"])
    #expect(attacks.code == 0)
    #expect(attacks.output.hasPrefix(Self.attacks + "\napgd: "))
    #expect(attacks.output.contains("  steps=15\n"))
    let metrics = try Program.evaluate.run(["--list-metrics"])
    #expect(metrics.code == 0)
    let names = try #require(metrics.output.components(separatedBy: "\n\n").first).split(separator: "\n")
    #expect(names.contains("softmax-robustness") && names.contains("robust-accuracy"))
    #expect(names.allSatisfy { $0.allSatisfy { $0.isLetter || $0 == "-" } })
  }

  @Test func `help names every exit code and every option`() throws {
    let run = try Program.evaluate.run(["--help"])
    #expect(run.code == 0)
    for text in [
      "0 done, whatever the verdict", "64 usage", "65 bad data", "70 a failed", "75 interrupted", "--attack",
      "--epsilon",
      "--data",
      "--memory-limit", "--save-adversarial", "--attack-draws", "--accept-changed", "out.h5#0",
    ] { #expect(run.output.contains(text), "\(text)") }
  }

  @Test func `an attack that does nothing is not believed, and that is no error`() throws {
    let run = try Program.evaluate.run(["--model", Sample.main, "--attack", "pgd:steps=0"])
    #expect(run.code == 0)
    #expect(run.output.contains("Verdict: NOT believable."))
    #expect(run.output.contains("fgsm-not-stronger"))
  }
}
