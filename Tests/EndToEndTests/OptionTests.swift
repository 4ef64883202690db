import ComputeKernels
import Foundation
import TestSupport
import Testing

/// What the options do, seen from outside.
@Suite(.inTurn) struct OptionTests {
  private func main(_ arguments: String...) throws -> Report {
    try report(["--model", Sample.main, "--examples", "100"] + arguments)
  }

  @Test(.enabled(if: KernelLibrary.hasNativeBFloat16 && KernelLibrary.preferred == .oneDNN, "needs bfloat16 products"))
  func `bfloat16 gradients find as many adversarial inputs`() throws {
    let exact = try report(["--model", Sample.main])
    let rounded = try report(["--model", Sample.main, "--precision", "bfloat16"])
    #expect(rounded.precision == "bfloat16")
    #expect(abs(try rounded.run("pgd").robustAccuracy - (try exact.run("pgd")).robustAccuracy) <= 0.02)
  }

  @Test(.enabled(if: !(KernelLibrary.hasNativeBFloat16 && KernelLibrary.preferred == .oneDNN), "bfloat16 works here"))
  func `bfloat16 where there is none is refused`() throws {
    let run = try Program.evaluate.run(["--model", Sample.main, "--precision", "bfloat16"])
    #expect(run.code == 64)
    #expect(run.errors.contains("float32 works here"))
  }

  @Test func `draws that the attack does not see judge it`() throws {
    let report = try main("--attack-draws", "disjoint:3")
    #expect(report.attackDraws == "disjoint:3")
    #expect(report.draws == 5)
    #expect(try report.run("pgd").memberGradients == 100 * 3 * 15)
  }

  @Test func `more examples or draws than there are is said`() throws {
    try withFolder { folder in
      let model = try SmallPosterior().write(to: folder)
      func notes(_ words: String...) throws -> String {
        let run = try Program.evaluate.run(["--model", model, "--attack", "fgsm", "--checks", "quick"] + words)
        #expect(run.code == 0)
        return run.errors
      }
      #expect(
        try notes("--examples", "99", "--draws", "7")
          == "note: --examples 99 is more than there are: all 60 examples are used\n"
          + "note: --draws 7 is more than there are: all 6 draws are used\n")
      #expect(try notes("--examples", "60", "--draws", "6") == "")
    }
  }

  @Test func `resampled draws cost what they are`() throws {
    let report = try main("--attack-draws", "resampled:2")
    #expect(report.attackDraws == "resampled:2")
    #expect(report.draws == 8)
    #expect(try report.run("pgd").memberGradients == 100 * 2 * 15)
  }

  @Test func `a surrogate answers in the posterior's place, and the posterior decides`() throws {
    let own = try main()
    for (surrogate, draws) in [("draw:2", 1), ("draws:3", 3), (Fixtures.url("mnist-deep-ensemble.h5").path, 10)] {
      let report = try main("--surrogate", surrogate)
      #expect(try report.run("pgd").memberGradients == 100 * draws * 15)
      #expect(try report.run("pgd").robustAccuracy > (try own.run("pgd")).robustAccuracy)
      #expect(report.draws == 8)
    }
  }

  @Test(arguments: [
    ("draw:8", "draws are 0 to 7"), ("draws:9", "more draws than the 8"),
    (Fixtures.url("oracles/moons-fc2-leaky.h5").path, "takes inputs of shape [2], the posterior [1, 28, 28]"),
    ("draws:0", "--surrogate takes draw:K, draws:N with N from 1, or a posterior file, not 'draws:0'"),
  ])
  func `a surrogate that does not fit is refused`(_ surrogate: String, _ words: String) throws {
    let run = try Program.evaluate.run(["--model", Sample.main, "--surrogate", surrogate])
    #expect(run.code == 64)
    #expect(run.errors.contains(words), "\(run.errors)")
  }

  @Test func `fresh draws come from the variational parameters`() throws {
    try withFolder { folder in
      let path = try SmallPosterior(draws: 2, isVariational: true).write(to: folder)
      let stored = try report(["--model", path])
      let fresh = try report(["--model", path, "--resample", "30"])
      #expect(stored.draws == 2)
      #expect(fresh.draws == 30)
      #expect(fresh.summary.contains("30 fresh draws"))
      // The scale is a twentieth of the weights' own, so any draws of it know the task.
      #expect(fresh.cleanAccuracy > 0.8)
      #expect(try report(["--model", path, "--resample", "30", "--seed", "4"]).runs != fresh.runs)
    }
  }

  @Test func `a targeted attack says how often it reached its class`() throws {
    let report = try main("--target", "next")
    let reached = try #require(try report.run("pgd").targetReached)
    #expect(reached > 0.2)
    // What became the target is no longer what it was.
    #expect(try report.run("pgd").robustAccuracy <= 1 - reached + 1e-12)
    #expect(try main("--target", "3").run("pgd").targetReached != nil)
    #expect(try main().run("pgd").targetReached == nil)
  }

  @Test func `L2 has a ball of its own, and random noise in the same one`() throws {
    let report = try main("--attack", "pgd:norm=l2", "--epsilon", "1.5")
    #expect(report.runs.map(\.norm) == ["l2", "l2"])
    #expect(try report.run("pgd").robustAccuracy < (try report.run("random")).robustAccuracy)
  }

  @Test func `several radii, the last larger than the box, make accuracy fall`() throws {
    let report = try main("--epsilon", "0", "--epsilon", "0.05", "--epsilon", "3")
    let runs = report.runs.filter { $0.attack == "pgd" }
    #expect(runs.map(\.epsilon) == [0, 0.05, 3])
    #expect(runs[0].robustAccuracy == report.cleanAccuracy)
    #expect(runs[0].robustAccuracy > runs[1].robustAccuracy)
    #expect(runs[2].robustAccuracy == 0)
    #expect(!report.verdict.failed.contains("box-respected"))
  }

  @Test func `every objective can be asked for at once`() throws {
    let report = try main("--objective", "all", "--attack", "fgsm")
    #expect(
      Set(report.runs.filter { $0.attack == "fgsm" }.map(\.objective))
        == [
          "predictive", "expected-loss", "mean-logit", "margin", "probability-margin", "dlr", "double-softmax",
        ])
  }

  @Test func `the decisions of all draws, of their votes and of one draw are told apart`() throws {
    let votes = try main("--decision", "majority-vote", "--attack", "fgsm")
    let one = try main("--decision", "draw:3", "--attack", "fgsm")
    #expect(votes.decision == "majority-vote")
    #expect(one.decision == "draw:3")
    // One network of eight is no better than all of them together.
    #expect(one.cleanAccuracy <= votes.cleanAccuracy)
  }

  @Test func `fewer draws are spaced evenly`() throws {
    let report = try main("--draws", "4", "--attack", "fgsm")
    #expect(report.draws == 4)
  }

  @Test func `a seed may be as large as its type`() throws {
    #expect(try main("--seed", "18446744073709551615", "--attack", "fgsm").seed == .max)
  }
}
