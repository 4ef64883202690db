import Foundation
import RobustnessCore

/// What straight-through gradients make of the robustness that exact ones report.
extension Audit {
  /// The row that differs from one with straight-through gradients in its gradients alone; nil for other rows.
  func exactCounterpart(of row: Row, _ rows: [Row]) -> Row? {
    guard row.derivative == .straightThrough else { return nil }
    return rows.first {
      $0.variant.label == row.variant.label && $0.arithmetic == row.arithmetic && $0.derivative == .exact
    }
  }

  private func pairs(_ rows: [Row]) -> [(exact: Row, wide: Row)] {
    rows.compactMap { row in exactCounterpart(of: row, rows).map { ($0, row) } }
  }

  /// Whether accuracy that exact gradients report is gone under straight-through ones, beyond chance: one in twenty
  /// among all deviations and both attacks, by McNemar's test.
  ///
  /// - Returns: A sentence, nil where there are no such gradients among the rows.
  func straightThroughJudgement(_ rows: [Row]) -> (sentence: String?, vanishes: Bool) {
    let pairs = pairs(rows)
    guard !pairs.isEmpty else { return (nil, false) }
    let vanishing = pairs.compactMap { exact, wide -> String? in
      let attacks = [("FGSM", exact.fgsm, wide.fgsm), ("PGD", exact.pgd, wide.pgd)].filter { _, exact, wide in
        let compared = PairedComparison(exact, wide)
        return compared.difference > 0 && compared.pValue * Double(2 * pairs.count) < 0.05
      }
      let largest = attacks.max {
        PairedComparison($0.1, $0.2).difference < PairedComparison($1.1, $1.2).difference
      }
      return largest.map { name, exact, other in
        "\(wide.variant.label) from \(Self.percent(exact)) to \(Self.percent(other)) under \(name)"
      }
    }
    func range(_ accuracy: ((exact: Row, wide: Row)) -> [Bool]) -> String {
      let rates = pairs.map { Self.share(accuracy($0)) }
      return String(format: "%.0f to %.0f %%", 100 * (rates.min() ?? .nan), 100 * (rates.max() ?? .nan))
    }
    let sentence =
      vanishing.isEmpty
      ? "No robustness that exact gradients report vanishes under straight-through ones: PGD leaves \(range { $0.exact.pgd }) along exact gradients, \(range { $0.wide.pgd }) along straight-through ones."
      : "Robustness that exact gradients report vanishes under straight-through ones: \(vanishing.joined(separator: "; "))."
    return (sentence, !vanishing.isEmpty)
  }

  /// The table of exact gradients beside straight-through ones.
  func straightThroughOutcome(_ rows: [Row]) -> String {
    let lines = pairs(rows).map { exact, wide -> [String] in
      func vanished(_ exact: [Bool], _ wide: [Bool]) -> String {
        let paired = PairedComparison(exact, wide)
        return String(format: "%+.3f [%+.3f, %+.3f]", paired.difference, paired.low, paired.high)
      }
      return [wide.variant.label]
        + [exact.fgsm, wide.fgsm, exact.pgd, wide.pgd, WorstCase([exact.pgd, wide.pgd]).correct].map {
          Markdown.fixed(Self.share($0), 3)
        } + [
          vanished(exact.fgsm, wide.fgsm), vanished(exact.pgd, wide.pgd), Markdown.percent(exact.zeroGradients),
          Markdown.percent(wide.zeroGradients),
        ]
    }
    return "\n\nExact gradients beside straight-through ones, both in the log domain:\n\n"
      + Markdown.table(
        [
          "deviation", "FGSM, exact", "FGSM, straight-through", "PGD, exact", "PGD, straight-through",
          "PGD, either", "vanished, FGSM", "vanished, PGD", "zero gradients, exact", "zero gradients, straight-through",
        ], lines)
      + "\n*Vanished* is adversarial accuracy under exact gradients minus that under straight-through ones, on the same images, with its paired 95 % interval: above zero where exact gradients report robustness that is not there. *Either*: an image survives that neither fools."
  }

  private static func share(_ correct: [Bool]) -> Double {
    Double(correct.count { $0 }) / Double(max(1, correct.count))
  }

  private static func percent(_ correct: [Bool]) -> String { Markdown.percent(share(correct)) }
}

extension GradientRule {
  /// The rule of `--gradient` that follows these derivatives.
  init(_ derivative: ActivationDerivative) {
    self =
      switch derivative {
      case .exact: .exact
      case .straightThrough: .straightThrough
      }
  }
}
