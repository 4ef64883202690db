import RobustnessCore
import TestSupport
import Testing

@testable import PaperExperiments

/// R of gradients that are all equal (1), that cancel in pairs (below 0), or without an interval.
private enum Signals {
  static let kept = signal { _ in 1 }
  static let vanished = signal { $0 % 2 == 0 ? 1 : -1 }

  private static func signal(_ value: (Int) -> Double) -> SignalInterval {
    let gradients = DrawGradients((0..<400).map(value), dimension: 1, chainCount: 1)
    return SignalInterval(MeanGradientSignal(gradients, areDrawsIndependent: true), groups: 400)
  }
}

/// What decides a claim: only posteriors that are no Markov chain, or one that has converged.
@Suite("Verdicts rest on posteriors that can carry one", .inTurn)
struct VerdictTests {
  @Test("a mean gradient that stays contradicts, unless no chain has converged")
  func meanGradients() {
    func verdict(_ entries: [(SignalInterval, Bool)]) -> ExperimentResult.Verdict {
      GradientDecay.verdict(entries.map { ("one", $0.0, $0.1) }).1
    }
    let (kept, vanished) = (Signals.kept, Signals.vanished)
    #expect(kept.low > 0.9 && vanished.high < 0.01)
    #expect(verdict([(kept, true), (kept, true)]) == .contradicted)
    #expect(verdict([(kept, true), (vanished, false)]) == .contradicted)
    #expect(verdict([(kept, true), (vanished, true)]) == .notSupported)
    #expect(verdict([(vanished, true), (vanished, true)]) == .supported)
    #expect(verdict([(vanished, true), (vanished, false)]) == .undecided)
    #expect(verdict([(kept, false), (kept, false)]) == .undecided)
  }

  @Test("what is below one per cent has vanished, even where it is above 0 beyond doubt")
  func small() {
    // A mean of a twentieth among many draws: R = 0.0025.
    let values = (0..<40_000).map { ($0 % 2 == 0 ? 1.0 : -1) + 0.05 }
    let signal = SignalInterval(
      MeanGradientSignal(DrawGradients(values, dimension: 1, chainCount: 1), areDrawsIndependent: true), groups: 40_000)
    #expect(signal.low > 0 && signal.high < 0.01)
    #expect(signal.vanishing == .supports)
    #expect(GradientDecay.verdict([("one", signal, true)]).1 == .supported)
  }

  @Test("the sentence names every posterior, whether or not it counts")
  func sentence() {
    let text = GradientDecay.verdict([("first", Signals.kept, true), ("second", Signals.vanished, false)]).0
    #expect(text.hasPrefix("In 1 of 2 posteriors"))
    #expect(text.contains("first R = 1") && text.contains("second R = -0.0025"))
  }

  @Test("table 1: PGD stronger than random signs on the posteriors that count")
  func table1() {
    let experiment = Table1(scale: .laptop, seed: 0)
    func cells(_ posterior: String, pgdBreaks: Bool) -> [Table1.Cell] {
      func cell(_ attack: String, _ version: String, _ correct: Bool) -> Table1.Cell {
        Table1.Cell(
          posterior: posterior, attack: attack, version: version, epsilon: 0.1,
          correct: Array(repeating: correct, count: 50))
      }
      return [cell("random", "random", true)]
        + Table1.versions.flatMap { [cell("pgd", $0, !pgdBreaks), cell("fgsm", $0, !pgdBreaks)] }
    }
    let mixed = cells("a", pgdBreaks: true) + cells("b", pgdBreaks: false)
    func verdict(_ cells: [Table1.Cell], _ names: Set<String>) -> ExperimentResult.Verdict {
      experiment.judge(cells, carrying: names).1
    }
    #expect(verdict(mixed, ["a", "b"]) == .notSupported)
    #expect(verdict(mixed, ["a"]) == .contradicted)
    #expect(verdict(mixed, ["b"]) == .undecided)
    #expect(verdict(mixed, []) == .undecided)
    #expect(verdict(cells("b", pgdBreaks: false), ["b"]) == .supported)
    #expect(experiment.judge(mixed, carrying: ["b"]).0.contains("1 of 2 times stronger than random signs"))
  }

  @Test("the theorem: HMC's R against the bootstrap's on the data sets whose chain has converged")
  func theorem() throws {
    let experiment = Theorem(scale: .laptop, seed: 0)
    func rows(_ hmc: [SignalInterval], _ bootstrap: SignalInterval) -> [Theorem.Row] {
      let settings = experiment.settingsList.filter { $0.series == .methods }
      let data = settings.filter { $0.method == "hmc" }.map(\.data)
      let flip = SignFlipTest(
        [DrawGradients([1, 1, 1], dimension: 1, chainCount: 1)], blockLength: 1, flips: 9,
        random: RandomStreams(seed: 0, purpose: "test"))
      return settings.filter { ["hmc", "bootstrap"].contains($0.method) }.flatMap { setting in
        let isImages = setting.data == .named("mnist")
        let decisive = setting.method == "hmc" ? hmc[data.firstIndex(of: setting.data)!] : bootstrap
        // What decides is the part across the manifold, and the loss of images; all else says the opposite.
        let other = decisive.low > 0 ? Signals.vanished : Signals.kept
        return ["loss", "margin"].map { scalar in
          Theorem.Row(
            setting: setting, scalar: scalar, place: "data",
            signal: isImages && scalar == "loss" ? decisive : other, flip: flip, blockLength: 1, cosine: 1,
            splitHalf: 1, tangent: isImages ? nil : other,
            normal: isImages ? nil : scalar == "margin" ? decisive : other,
            normalToTangent: nil, zeros: 0, logitGap: 1, draws: 3)
        }
      }
    }
    let specs = experiment.settingsList.filter { $0.series == .methods && $0.method == "hmc" }.map(\.spec)
    let (kept, vanished) = (Signals.kept, Signals.vanished)
    try #require(specs.count == 4)
    let mixed = rows([kept, vanished, vanished, vanished], kept)
    #expect(experiment.judge(mixed, carrying: Set(specs)).1 == .notSupported)
    #expect(experiment.judge(mixed, carrying: [specs[0]]).1 == .contradicted)
    #expect(experiment.judge(mixed, carrying: [specs[1]]).1 == .undecided)
    #expect(experiment.judge(mixed, carrying: []).1 == .undecided)
    let all = rows([vanished, vanished, vanished, vanished], kept)
    #expect(experiment.judge(all, carrying: Set(specs)).1 == .supported)
    #expect(experiment.judge(mixed, carrying: [specs[1]]).0.contains("above 0 beyond doubt on 1 of 4 data sets"))
    // On images, too.
    let images = rows([vanished, vanished, vanished, kept], kept)
    #expect(experiment.judge(images, carrying: Set(specs)).1 == .notSupported)
  }

  @Test("figure 4: a correlation of chains that have not converged decides nothing")
  func figure4() {
    let experiment = Figure4(scale: .laptop, seed: 0)
    func estimate(_ value: Double) -> Estimate { Estimate(value: value, unit: "fraction", count: 200) }
    func verdict(hmcRises: Bool, hasConverged: (Int) -> Bool) -> ExperimentResult.Verdict {
      let rows = experiment.cells.enumerated().map { index, cell in
        // Robustness follows accuracy for HMC, or falls with it; for SGD it falls.
        let accuracy = 0.5 + 0.4 * Double(index) / Double(experiment.cells.count)
        let rises = cell.member.method == "hmc" ? hmcRises : false
        return Figure4.Row(
          cell: cell, accuracy: estimate(accuracy), robustness: estimate(rises ? accuracy : 1 - accuracy),
          adversarial: estimate(0.1), zeros: 0, gap: 1, distinct: 50, counts: true,
          carriesVerdict: cell.member.method != "hmc" || hasConverged(index))
      }
      return experiment.judge(rows).1
    }
    #expect(verdict(hmcRises: true) { _ in true } == .supported)
    #expect(verdict(hmcRises: false) { _ in true } == .contradicted)
    #expect(verdict(hmcRises: true) { _ in false } == .undecided)
    #expect(verdict(hmcRises: false) { _ in false } == .undecided)
    #expect(verdict(hmcRises: false) { $0 % 6 == 0 } == .undecided)
  }

  @Test("figure 1: the same, by width and number of points")
  func figure1() {
    let experiment = Figure1(scale: .laptop, seed: 0)
    func verdict(_ magnitude: (Figure1.Cell) -> Double, hasConverged: Bool) -> ExperimentResult.Verdict {
      experiment.judge(
        experiment.cells.map {
          Figure1.Row(
            cell: $0, means: [], accuracy: 1, signal: Signals.kept, magnitude: magnitude($0), zeros: 0, gap: 1,
            carriesVerdict: hasConverged)
        }
      ).1
    }
    #expect(verdict({ Double($0.width) }, hasConverged: true) == .contradicted)
    #expect(verdict({ Double($0.width) }, hasConverged: false) == .undecided)
    // Falls with both, and R does not: not the cancellation that is claimed.
    #expect(verdict({ 1 / (Double($0.width).squareRoot() * Double($0.points)) }, hasConverged: true) == .notSupported)
    #expect(verdict({ 1 / (Double($0.width).squareRoot() * Double($0.points)) }, hasConverged: false) == .undecided)
  }

  @Test("figure 1: networks that differ in their warm-up only are one posterior")
  func warmups() {
    let experiment = Figure1(scale: .paper, seed: 0)
    // Four posteriors, of three warm-ups each: twelve networks, and too few for an interval.
    let rows = experiment.cells.filter { $0.width <= 128 && $0.points <= 10_000 }.map {
      Figure1.Row(
        cell: $0, means: [], accuracy: 1, signal: Signals.kept, magnitude: Double($0.width), zeros: 0, gap: 1,
        carriesVerdict: true)
    }
    #expect(rows.count == 12)
    #expect(experiment.judge(rows).1 == .undecided)
  }

  @Test("table 1: best of many tries is not enough where one try of FGSM is no better than random signs")
  func singleTry() {
    let experiment = Table1(scale: .laptop, seed: 0)
    func cell(_ attack: String, _ version: String, _ correct: Bool) -> Table1.Cell {
      Table1.Cell(
        posterior: "a", attack: attack, version: version, epsilon: 0.1, correct: Array(repeating: correct, count: 50))
    }
    let cells =
      [cell("random", "random", true)]
      + Table1.versions.flatMap { [cell("pgd", $0, false), cell("fgsm", $0, true)] }
    #expect(experiment.judge(cells, carrying: ["a"]).1 == .notSupported)
  }

  @Test("the audit: accuracy that is created contradicts, steadiness that is created does not support")
  func audit() {
    let experiment = Audit(scale: .laptop, seed: 0)
    func estimate(_ value: Double) -> Estimate { Estimate(value: value, unit: "probability", count: 500) }
    func rows(_ accuracy: Double, robustness: Double, twice: Double) -> [Audit.Row] {
      experiment.variants.map { variant in
        let isChanged = variant.label == "HMC, N(0,1) prior"
        let right = (0..<500).map { Double($0) < 500 * (isChanged ? accuracy : 0.5) }
        let all = Array(repeating: true, count: 500)
        return Audit.Row(
          variant: variant, arithmetic: .logDomain, clean: all, random: all, fgsm: right, pgd: right,
          robustness: estimate(isChanged ? robustness : 0.5),
          doubleRobustness: estimate(twice + (isChanged ? robustness - 0.5 : 0)), zeroGradients: 0, logitGap: 1)
      }
    }
    let created = experiment.judge(rows(0.7, robustness: 0.5, twice: 0.5))
    #expect(created.1 == .contradicted)
    #expect(created.0.contains("HMC, N(0,1) prior +20 points"))
    // Seven of 500 images more is beyond chance for one variant, and not for the best of eight.
    #expect(PairedComparison((0..<500).map { $0 < 257 }, (0..<500).map { $0 < 250 }).low > 0)
    #expect(experiment.judge(rows(0.514, robustness: 0.5, twice: 0.5)).1 == .supported)
    let steady = experiment.judge(rows(0.5, robustness: 0.9, twice: 0.5))
    #expect(steady.1 == .notSupported)
    #expect(steady.0.contains("HMC, N(0,1) prior +0.40"))
    #expect(experiment.judge(rows(0.5, robustness: 0.5, twice: 0.9)).1 == .notSupported)
    #expect(Audit.surviving([true, false, true, false], of: [true, true, false, false]) == 0.5)
  }
}
