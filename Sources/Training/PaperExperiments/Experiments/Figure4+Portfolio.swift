import EvaluationHarness
import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore

/// The portfolio `standard` beside FGSM, on some of the images.
extension Figure4 {
  /// What was left of the same images without an attack, under FGSM, and under `standard`.
  struct Portfolio: Sendable {
    var clean: [Bool]
    var fgsm: [Bool]
    var standard: [Bool]
    /// 1 − mean L∞ change of the predictive, at that of the two attacks' points that changes more. `standard` alone
    /// would say nothing: it stops where the decision turns, and leaves alone what is decided wrongly as it is.
    var robustness: Estimate

    /// The fraction that `standard` leaves.
    var accuracy: Estimate { .proportion(standard.count { $0 }, of: standard.count) }
    /// The fraction that FGSM leaves of these images.
    var fgsmAccuracy: Double { Self.share(fgsm) }
    /// The fraction of these images that is decided as the label without an attack.
    var cleanAccuracy: Double { Self.share(clean) }

    private static func share(_ correct: [Bool]) -> Double {
      Double(correct.count { $0 }) / Double(max(1, correct.count))
    }

    /// The fraction that `standard` leaves, as a smoke run is compared by it.
    func quantity(_ name: String) -> Quantity {
      let p = accuracy.value
      return Quantity(name, p, error: max(0.03, (p * (1 - p) / Double(standard.count)).squareRoot()))
    }
  }

  /// Runs `standard` on some of the examples; clean predictions and FGSM are those of all of them.
  func portfolio(
    _ posterior: OpenPosterior, _ ensemble: NetworkEnsemble, _ examples: Examples, draws: [Int],
    _ clean: Prediction, _ fgsm: AttackRun, _ context: ExperimentContext
  ) throws -> Portfolio {
    let part = "\(posterior.spec.name), standard"
    try context.show(part)
    let chosen = evenlySpaced(min(standardCount, examples.count), of: examples.count)
    let standard = try context.standard(
      part, on: examples.subset(chosen), epsilon: epsilon, box: posterior.file.inputBounds, ensemble: ensemble,
      draws: .some(draws))
    let there = clean.rows(chosen)
    return Portfolio(
      clean: zip(there.classes(.predictive), chosen).map { $0 == examples.labels[$1] },
      fgsm: chosen.map { fgsm.correct[$0] }, standard: standard.correct,
      robustness: SoftmaxRobustness.once(there, fgsm.prediction.rows(chosen), standard.prediction))
  }

  /// The networks that count, by data set and method, where `standard` was run.
  private func groups(_ rows: [Row]) -> [(data: String, method: String, rows: [Row])] {
    var seen: Set<String> = []
    return rows.map(\.cell.data).filter { seen.insert($0).inserted }.flatMap { data in
      Self.methods.map { method in
        (
          data, method,
          rows.filter {
            $0.cell.data == data && $0.cell.member.method == method && $0.counts && $0.portfolio != nil
          }
        )
      }
    }
  }

  private static func pooled(_ rows: [Row], _ outcome: (Portfolio) -> [Bool]) -> [Bool] {
    rows.compactMap(\.portfolio).flatMap(outcome)
  }

  private static func percent(_ rows: [Row], _ outcome: (Portfolio) -> [Bool]) -> String {
    let all = pooled(rows, outcome)
    return Markdown.percent(Double(all.count { $0 }) / Double(all.count))
  }

  /// What `standard` leaves beside what FGSM leaves, over the networks that count; nothing where it was not run.
  func portfolioSentence(_ rows: [Row]) -> String {
    let groups = groups(rows).filter { !$0.rows.isEmpty }
    guard !groups.isEmpty else { return "" }
    let parts = groups.map { group in
      "\(group.method) on \(group.data) \(Self.percent(group.rows, \.standard)) (FGSM \(Self.percent(group.rows, \.fgsm)))"
    }
    return
      " Of the images of these networks the portfolio `standard` leaves decided as the label: \(parts.joined(separator: "; "))."
  }

  /// The table of FGSM beside `standard`.
  func portfolioOutcome(_ rows: [Row]) -> String {
    let streams = RandomStreams(seed: seed, purpose: "paper/figure4-portfolio")
    let lines = groups(rows).map { group -> [String] in
      func correlation(_ robustness: (Portfolio) -> Double) -> String {
        Self.text(
          RankCorrelation(
            group.rows.map(\.accuracy.value), group.rows.compactMap(\.portfolio).map(robustness), random: streams))
      }
      let compared = PairedComparison(Self.pooled(group.rows, \.standard), Self.pooled(group.rows, \.fgsm))
      return [
        group.data, group.method, "\(group.rows.count)", Self.percent(group.rows, \.clean),
        Self.percent(group.rows, \.fgsm), Self.percent(group.rows, \.standard),
        group.rows.isEmpty ? "–" : String(format: "%+.3f", compared.difference),
        correlation(\.robustness.value), correlation(\.accuracy.value),
      ]
    }
    return "\n\nThe networks that count under `standard`, all of a row together, on the images that it was run on:\n\n"
      + Markdown.table(
        [
          "data", "method", "networks counted", "accuracy", "adversarial accuracy, FGSM",
          "adversarial accuracy, `standard`", "`standard` minus FGSM",
          "rank correlation accuracy–softmax robustness, both attacks",
          "rank correlation accuracy–adversarial accuracy, `standard`",
        ], lines)
      + "\n`standard` looks for a wrong decision and stops where it has one, so that it is counted in decisions; *both attacks* takes for every image that of the two points which changes the predictive more. These columns do not enter the verdict, which is about the paper's own attack."
  }
}
