import RobustnessCore
import TestSupport
import Testing

@testable import PaperExperiments

/// The audit's straight-through gradients beside the exact ones.
@Suite("Robustness that only exact gradients report", .inTurn)
struct StraightThroughAuditTests {
  private let experiment = Audit(scale: .laptop, seed: 0)

  private func run(_ steps: AttackRecipe.Steps, _ derivative: ActivationDerivative) throws -> AttackRun {
    let ensemble = try HiddenSlope.ensemble()
    return try AttackRun(
      .init(steps, .expectedLoss, .logDomain, derivative), on: HiddenSlope.examples, epsilon: HiddenSlope.epsilon,
      box: 0...1, attacked: ensemble, judge: ensemble, seed: 0)
  }

  @Test("a unit that is off hides its slope from FGSM, and not from straight-through gradients")
  func hidden() throws {
    let exact = try run(.fgsm, .exact)
    #expect(exact.correct == [true] && exact.zeroGradients == 1)
    let wide = try run(.fgsm, .straightThrough)
    #expect(wide.correct == [false] && wide.zeroGradients == 0)
    #expect(zip(wide.points.elements, [0.6, 0.6]).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(try run(.pgd(steps: 15, restarts: 1), .straightThrough).correct == [false])
  }

  /// A row of each kind for every deviation: of 500 images, all right without an attack, so many survive.
  private func rows(exact: Int, wide: (Audit.Variant) -> Int) -> [Audit.Row] {
    let all = Array(repeating: true, count: 500)
    let half = Estimate(value: 0.5, unit: "probability", count: 500)
    return experiment.variants.flatMap { variant in
      Audit.computations.map { arithmetic, derivative in
        let surviving = (0..<500).map { $0 < (derivative == .exact ? exact : wide(variant)) }
        return Audit.Row(
          variant: variant, arithmetic: arithmetic, derivative: derivative, clean: all, random: all, fgsm: surviving,
          pgd: surviving, robustness: half, doubleRobustness: half, zeroGradients: 0, logitGap: 1)
      }
    }
  }

  @Test("what vanishes beyond chance contradicts, with the deviation and what is left")
  func vanishes() {
    let judged = experiment.judge(rows(exact: 300) { $0.label == "VI, KL overweighted" ? 50 : 300 })
    #expect(judged.1 == .contradicted)
    #expect(
      judged.0.contains(
        "vanishes under straight-through ones: VI, KL overweighted from 60.0 % to 10.0 % under"))
    #expect(!judged.0.contains("HMC, none from"))
  }

  @Test("what does not vanish, or not beyond chance, is said to stay")
  func stays() {
    // Seven images are beyond chance for one comparison (p = 0.016), and not for the best of twenty.
    #expect(PairedComparison((0..<500).map { $0 < 300 }, (0..<500).map { $0 < 293 }).pValue < 0.05)
    for (wide, percent) in [(300, 60), (293, 59), (420, 84)] {
      let judged = experiment.judge(rows(exact: 300) { _ in wide })
      #expect(judged.1 == .supported)
      #expect(
        judged.0.hasSuffix(
          "No robustness that exact gradients report vanishes under straight-through ones: PGD leaves 60 to 60 % along exact gradients, \(percent) to \(percent) % along straight-through ones."
        ), "\(judged.0)")
    }
  }

  @Test("nothing is said of gradients that were not followed")
  func without() {
    let rows = rows(exact: 300) { _ in 0 }.filter { $0.derivative == .exact }
    #expect(experiment.judge(rows).1 == .supported)
    #expect(!experiment.judge(rows).0.contains("straight-through"))
  }

  @Test("the table has both on a line, and what neither leaves")
  func table() {
    let text = experiment.straightThroughOutcome(rows(exact: 300) { _ in 250 })
    #expect(text.contains("| HMC, none | 0.600 | 0.500 | 0.600 | 0.500 | 0.500 | +0.100 ["))
    #expect(text.split(separator: "\n").count { $0.hasPrefix("| ") } == 2 + experiment.variants.count)
  }
}
