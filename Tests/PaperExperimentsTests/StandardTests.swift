import BuiltInPlugins
import EvaluationHarness
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import PaperExperiments

/// The portfolio `standard` beside the paper's attacks.
@Suite("The portfolio beside the paper's attacks", .inTurn)
struct StandardTests {
  private func portfolio(_ companions: Companions = .builtIn) throws -> PortfolioRun {
    try PortfolioRun(
      standardOn: HiddenSlope.examples, within: ThreatModel(epsilon: HiddenSlope.epsilon),
      ensemble: try HiddenSlope.ensemble(), seed: 0, companions: companions)
  }

  @Test("it finds what the paper's FGSM, whose gradient is zero, does not")
  func findsMore() throws {
    let ensemble = try HiddenSlope.ensemble()
    let fgsm = try AttackRun(
      .init(.fgsm), on: HiddenSlope.examples, epsilon: HiddenSlope.epsilon, box: 0...1, attacked: ensemble,
      judge: ensemble, seed: 0)
    #expect(fgsm.correct == [true] && fgsm.zeroGradients == 1)
    let standard = try portfolio()
    #expect(standard.correct == [false])
    #expect(standard.stages.contains { $0.fell == 1 })
    let moved = zip(standard.points.elements, HiddenSlope.examples.inputs.elements).map { abs($0 - $1) }
    #expect(moved.allSatisfy { $0 <= HiddenSlope.epsilon * (1 + 1e-6) })
  }

  @Test("a program without the attacks of a portfolio says so")
  func withoutPortfolio() throws {
    let builtIn = Companions.builtIn
    let error = #expect(throws: CoreError.self) {
      try portfolio(Companions(noise: builtIn.noise, oneStep: builtIn.oneStep))
    }
    #expect(error?.description.contains("has no portfolio") == true)
  }

  // MARK: - Table 1

  private func cell(_ attack: String, _ version: String, _ correct: [Bool], images: [Int]? = nil) -> Table1.Cell {
    Table1.Cell(posterior: "a", attack: attack, version: version, epsilon: 0.1, correct: correct, images: images)
  }

  @Test("table 1: an image that it was not run on is not one that it fools")
  func images() {
    let some = cell("standard", "portfolio", [false, true], images: [1, 3])
    #expect(some.correct(among: 5) == [true, false, true, true, true])
    #expect(cell("standard", "portfolio", [false, true]).correct(among: 2) == [false, true])
  }

  @Test("table 1: it is compared with the strongest PGD on the images that it was run on")
  func sentence() {
    let experiment = Table1(scale: .laptop, seed: 0)
    let images = Array(stride(from: 0, to: 100, by: 2))
    // PGD leaves all of the even images and none of the odd ones.
    let pgd = cell("pgd", "strongest", (0..<100).map { $0 % 2 == 0 })
    let weaker = cell("pgd", "strongest", (0..<100).map { $0 < 20 })
    let standard = cell(
      "standard", "portfolio", Array(repeating: false, count: 20) + Array(repeating: true, count: 30), images: images)
    #expect(
      experiment.standardSentence([pgd, standard])
        == " The portfolio `standard` leaves 60 to 60 %: beyond doubt fewer than the strongest PGD 1 of 1 times.")
    #expect(
      experiment.standardSentence([weaker, standard])
        == " The portfolio `standard` leaves 60 to 60 %: beyond doubt fewer than the strongest PGD 0 of 1 times and more 1 times."
    )
    #expect(experiment.standardSentence([pgd]) == "")
  }

  @Test("table 1: what it finds decides nothing about the paper's attacks")
  func verdict() {
    let experiment = Table1(scale: .laptop, seed: 0)
    let all = Array(repeating: true, count: 50)
    let random = cell("random", "random", all)
    let paper = Table1.versions.flatMap { [cell("pgd", $0, all), cell("fgsm", $0, all)] }
    let standard = cell("standard", "portfolio", all.map { !$0 })
    #expect(experiment.judge([random, standard] + paper, carrying: ["a"]).1 == .supported)
  }

  // MARK: - Figure 4

  private func row(_ portfolio: Figure4.Portfolio?, counts: Bool = true) -> Figure4.Row {
    let estimate = Estimate(value: 0.9, unit: "fraction", count: 200)
    return Figure4.Row(
      cell: Figure4(scale: .laptop, seed: 0).cells[0], accuracy: estimate, robustness: estimate, adversarial: estimate,
      zeros: 0, gap: 1, distinct: 50, counts: counts, carriesVerdict: true, portfolio: portfolio)
  }

  private func portfolio(clean: Int, fgsm: Int, standard: Int) -> Figure4.Portfolio {
    func first(_ count: Int) -> [Bool] { (0..<40).map { $0 < count } }
    return Figure4.Portfolio(
      clean: first(clean), fgsm: first(fgsm), standard: first(standard),
      robustness: Estimate(value: 0.5, unit: "probability", count: 40))
  }

  @Test("figure 4: it stands beside FGSM on the same images, over the networks that count")
  func figure4() {
    let experiment = Figure4(scale: .laptop, seed: 0)
    let rows = [
      row(portfolio(clean: 36, fgsm: 20, standard: 10)), row(portfolio(clean: 40, fgsm: 12, standard: 6)),
      row(portfolio(clean: 4, fgsm: 4, standard: 4), counts: false), row(nil),
    ]
    #expect(
      experiment.portfolioSentence(rows)
        == " Of the images of these networks the portfolio `standard` leaves decided as the label: hmc on mnist 20.0 % (FGSM 40.0 %)."
    )
    #expect(experiment.portfolioSentence([row(nil)]) == "")
    #expect(experiment.portfolioOutcome(rows).contains("| mnist | hmc | 2 | 95.0 % | 40.0 % | 20.0 % | -0.200 |"))
    let quantity = portfolio(clean: 36, fgsm: 20, standard: 10).quantity("figure4/a/standard")
    #expect(quantity.value == 0.25 && abs(quantity.error - (0.25 * 0.75 / 40).squareRoot()) < 1e-12)
  }

  @Test("figure 4: softmax robustness of two attacks counts the larger change of each image")
  func bothAttacks() {
    func prediction(_ rows: [[Double]]) -> Prediction {
      let shape = [rows.count, rows[0].count]
      return Prediction(
        logProbabilities: Tensor(shape: shape, elements: rows.flatMap { $0 }.map { log($0) }),
        votes: Tensor(zeros: shape))
    }
    let clean = prediction([[0.9, 0.1], [0.8, 0.2]])
    let one = prediction([[0.4, 0.6], [0.7, 0.3]])
    let other = prediction([[0.8, 0.2], [0.1, 0.9]])
    // Changes 0.5 and 0.1; 0.1 and 0.7.
    #expect(abs(SoftmaxRobustness.once(clean, one).value - 0.7) < 1e-12)
    #expect(abs(SoftmaxRobustness.once(clean, other).value - 0.6) < 1e-12)
    #expect(abs(SoftmaxRobustness.once(clean, one, other).value - 0.4) < 1e-12)
  }
}
