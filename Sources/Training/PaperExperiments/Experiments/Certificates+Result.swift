import Foundation
import RobustnessCore

extension Certificates {
  /// Table, figure and sentences from the rows.
  func result(_ rows: [Row], _ dead: DeadInputs, _ context: ExperimentContext) throws -> ExperimentResult {
    ExperimentResult(
      table: table(rows, dead), figure: figure(rows, dead), ran: ran(dead), paper: Self.paper,
      outcome: outcome(rows, dead), judgement: sentence(rows),
      claim:
        "Bayesian neural networks are robust to gradient-based attacks (abstract), seen from below as well: more can be proven of them than of one network.",
      verdict: verdict(rows),
      verdictBasis: "A chain that has not converged leaves it undecided, whichever way the others point.",
      quantities: quantities(rows))
  }

  // MARK: - The CSV

  private func table(_ rows: [Row], _ dead: DeadInputs) -> ResultTable {
    var table = ResultTable([
      .init("subject", "posterior, or `one-network`: the first of the ensemble's"),
      .init(
        "bound",
        "`clean`; `certified` (a fraction, from below); `attacked` (a fraction, from above); `radius` (of the images decided rightly)"
      ),
      .init("method", "`linear` or `joint`; `pgd+standard` for all attacks together"),
      .init("pixels", "`all`, or `live`: those that are dead in the training images are kept from the adversary"),
      .init("epsilon", "radius in L∞, in units of the pixels' range 0…1; empty for `radius`"),
      .init("value", "fraction of the images; for `radius` the median certified radius"),
      .init("low", "lower end of the 95 % Wilson interval; for `radius` the lower quartile"),
      .init("high", "upper end; for `radius` the upper quartile"), .init("n", "number of images"),
      .init(
        "minus_one_network",
        "fraction minus that of the one network on the same images; for `radius` the median difference on the images that both decide rightly"
      ),
      .init("minus_low", "lower end of its paired 95 % interval; for `radius` of the mean difference"),
      .init("minus_high", "upper end"),
      .init("p", "exact two-sided p-value: McNemar's test, for `radius` the sign test"),
      .init("norm_per_unit", "‖w‖₁ of a unit of the first layer, mean over units and draws"),
      .init("dead_norm", "share of that on dead pixels"), .init("dead_pixels", "share of the pixels that are dead"),
    ])
    let one = rows.first { $0.name == Self.oneNetwork }
    for row in rows {
      let other = row.name == Self.oneNetwork ? nil : one
      func add(
        _ bound: String, _ method: String, _ pixels: String, _ epsilon: Double, _ correct: [Bool], _ beside: [Bool]?
      ) {
        let estimate = Estimate.proportion(correct.count { $0 }, of: correct.count)
        let paired = beside.map { PairedComparison(correct, $0) }
        table.append(
          [row.name, bound, method, pixels, ResultTable.number(epsilon)]
            + [estimate.value, estimate.low, estimate.high].map(ResultTable.number) + ["\(correct.count)"]
            + [paired?.difference, paired?.low, paired?.high, paired?.pValue].map(ResultTable.number)
            + [row.norm.perUnit, row.norm.deadShare, dead.share].map(ResultTable.number))
      }
      add("clean", "", "all", 0, row.clean, other?.clean)
      for (index, epsilon) in epsilons.enumerated() {
        add("attacked", "pgd+standard", "all", epsilon, row.attacked[index], other?.attacked[index])
      }
      for (method, pixels, radii) in Self.kinds {
        for epsilon in certifiedGrid {
          add(
            "certified", method, pixels, epsilon, Row.isCertified(radii(row), epsilon),
            other.map { Row.isCertified(radii($0), epsilon) })
        }
        addRadii(row, other, method, pixels, radii, dead, to: &table)
      }
    }
    return table
  }

  /// What was certified, and how.
  private static let kinds: [(method: String, pixels: String, radii: @Sendable (Row) -> [Double])] = [
    ("linear", "all", { $0.radii }), ("linear", "live", { $0.radiiOfLive }), ("joint", "all", { $0.jointRadii }),
  ]

  /// Twenty steps to the largest ε, with those that are attacked among them.
  private var certifiedGrid: [Double] {
    let largest = epsilons.last ?? 0
    return Set(
      (1...20).map { Double($0) * largest / 20 }.filter { step in !epsilons.contains { abs($0 - step) < 1e-9 } }
    )
    .union(epsilons).sorted()
  }

  private func addRadii(
    _ row: Row, _ other: Row?, _ method: String, _ pixels: String, _ radii: (Row) -> [Double], _ dead: DeadInputs,
    to table: inout ResultTable
  ) {
    let clean = self.clean(row, as: radii(row).count)
    let own = zip(clean, radii(row)).filter { $0.0 }.map(\.1).sorted()
    let quartiles = [0.25, 0.75].map { own.isEmpty ? Double.nan : own[Int($0 * Double(own.count - 1))] }
    let paired = other.map { pair(row, $0, radii) }
    table.append(
      [row.name, "radius", method, pixels, ""]
        + ([PairedRadii.median(own)] + quartiles).map(ResultTable.number) + ["\(own.count)"]
        + [
          paired?.medianDifference, paired?.meanDifference.low, paired?.meanDifference.high, paired?.pValue,
        ].map(ResultTable.number) + [row.norm.perUnit, row.norm.deadShare, dead.share].map(ResultTable.number))
  }

  /// Whether each of the images that a certificate was asked about is decided rightly.
  private func clean(_ row: Row, as count: Int) -> [Bool] {
    count == row.clean.count ? row.clean : evenlySpaced(count, of: row.clean.count).map { row.clean[$0] }
  }

  /// Radii beside those of the network, on the images that both decide rightly.
  private func pair(_ row: Row, _ one: Row, _ radii: (Row) -> [Double]) -> PairedRadii {
    let count = radii(row).count
    let both = zip(clean(row, as: count), clean(one, as: count)).map { $0 && $1 }
    func chosen(_ values: [Double]) -> [Double] { zip(both, values).filter { $0.0 }.map(\.1) }
    return PairedRadii(chosen(radii(row)), chosen(radii(one)))
  }

  private func medianRadius(_ row: Row, _ radii: (Row) -> [Double]) -> Double {
    PairedRadii.median(zip(clean(row, as: radii(row).count), radii(row)).filter { $0.0 }.map(\.1))
  }

  // MARK: - The page

  private func ran(_ dead: DeadInputs) -> String {
    """
    MNIST, \(exampleCount) test images, evenly spaced; pixels stay in [0, 1]; true labels. Table 1's HMC posterior, and with its network, its prior and its training images: variational inference, a deep ensemble of \(memberCount) networks, and the first of these as *one network*. Up to \(drawCount) draws of each, which are attacked, certified and decide. Epochs and learning rates were chosen for accuracies near that of HMC; how far apart they are stands below.

    - **Attacked**: what is left of the images, ε by ε, after PGD with \(steps) steps along \(objectives.map { "`\($0.rawValue)`" }.joined(separator: ", ")) and after the portfolio `standard` of `evaluate`, white box. A point in a smaller ball counts in the larger ones.
    - **Certified**: for every image the largest radius in L∞, up to \(epsilons.last ?? 0), within which `linear` (bounds of each draw by itself) proves that the predictive of these draws decides as the label; for \(min(jointCount, exampleCount)) of the images what `joint` (bounds of all draws together) proves. Radii are at most 2 % below the largest that the certificate can give. What is claimed: `Docs/certify.md`.
    - **Dead pixels** are those that are the same in all images that were trained on: \(dead.isDead.count { $0 }) of \(dead.isDead.count), \(Markdown.percent(dead.share)). What the data say of the weights there is at most their sum, a shift of the unit, so that a posterior has little else than its prior there; the adversary may use these pixels, and the radii of linear bounds go with the inverse of the weights' L1 norm. Radii are looked for once more with these pixels kept from the adversary.

    \(Self.rule) Another network of the ensemble might have been another comparison: the range of median radii over all \(memberCount) stands below.
    """
  }

  private static var paper: String {
    let mnist = Table1.published.filter { $0.posterior.hasPrefix("mnist") }
    let shares = mnist.map { String(format: "%@ %.1f %%", $0.posterior, 100 * min($0.fgsm, $0.pgd)) }
    return
      "Attacks alone: on MNIST they leave, with 250 draws, \(shares.joined(separator: " and ")) of the images (table 1). Nothing is certified, so that of this robustness nothing is known from below; and how much one network has of it is not in the table."
  }

  private func outcome(_ rows: [Row], _ dead: DeadInputs) -> String {
    let all = comparisons(rows)
    let header = ["", "clean"] + epsilons.map { "ε = \($0)" }
    let curves = rows.map { row in
      [row.name, Self.share(row.clean)]
        + epsilons.enumerated().map { index, epsilon in
          "\(Self.share(Row.isCertified(row.radii, epsilon))) … \(Self.share(row.attacked[index]))"
        }
    }
    let attacks = all.map { one in
      [one.name, "\(one.images)"]
        + one.attacked.map { String(format: "%+.3f [%+.3f, %+.3f]", $0.difference, $0.low, $0.high) } + [
          Self.word(one.attackedEnd)
        ]
    }
    let radii = rows.map { row -> [String] in
      let paired = all.first { $0.name == row.name }
      let chosen = evenlySpaced(row.jointRadii.count, of: row.radii.count)
      return [
        row.name, radius(medianRadius(row, \.radii)),
        "\(radius(medianRadius(row) { row in chosen.map { row.radii[$0] } })) → \(radius(medianRadius(row, \.jointRadii)))",
      ]
        + (paired.map { Self.cells($0.radii) + [Self.word($0.certifiedEnd)] } ?? ["–", "–", "–", "–", "–"])
    }
    let live = rows.map { row -> [String] in
      let paired = all.first { $0.name == row.name }
      let (free, fixed) = (medianRadius(row, \.radii), medianRadius(row, \.radiiOfLive))
      return [
        row.name, Markdown.number(row.norm.perUnit), Markdown.percent(row.norm.deadShare), radius(free),
        radius(fixed), free > 0 ? String(format: "%+.1f %%", 100 * (fixed / free - 1)) : "–",
        paired.map { "\($0.radiiOfLive.larger), \($0.radiiOfLive.smaller)" } ?? "–",
        paired.map { Self.word($0.certifiedEndOfLive) } ?? "–",
      ]
    }
    return """
      Fraction of the images, certified … left by attacks: the truth is between them. Wilson's intervals are in the CSV.

      \(Markdown.table(header, curves))
      \(accuracies(rows))

      What attacks leave, minus what they leave of the one network, on the images that both decide rightly (paired 95 % intervals):

      \(Markdown.table(["", "images"] + epsilons.map { "ε = \($0)" } + ["upper end"], attacks))
      Certified radii (L∞) of the images decided rightly, and beside those of the one network on the images that both decide rightly:

      \(Markdown.table(["", "median, `linear`", "median, `linear` → `joint`, \(jointImages)", "median difference", "mean difference [95 %]", "larger, smaller", "sign test, p", "lower end"], radii))
      \(joint(rows)) \(members(rows))

      The first layer on the \(Markdown.percent(dead.share)) of the pixels that are dead, and radii of `linear` where these are kept from the adversary:

      \(Markdown.table(["", "‖w‖₁ of a unit", "of it on dead pixels", "median radius", "… dead pixels fixed", "change", "larger, smaller than one network's", "lower end then"], live))
      \(deadSentence(rows))
      """
  }

  private static func share(_ correct: [Bool]) -> String {
    Markdown.percent(Double(correct.count { $0 }) / Double(max(1, correct.count)))
  }

  private var jointImages: String { jointCount < exampleCount ? "\(jointCount) images" : "all images" }

  /// No radius is looked for beyond the largest ε.
  private func radius(_ value: Double) -> String {
    value.isFinite ? (value >= (epsilons.last ?? 0) ? "≥ " : "") + String(format: "%.4f", value) : "–"
  }

  private static func word(_ direction: Direction) -> String {
    switch direction {
    case .higher: "▲ higher"
    case .lower: "▼ lower"
    case .undecided: "not beyond doubt"
    }
  }

  private static func cells(_ paired: PairedRadii) -> [String] {
    [
      String(format: "%+.4f", paired.medianDifference),
      String(
        format: "%+.4f [%+.4f, %+.4f]", paired.meanDifference.value, paired.meanDifference.low ?? .nan,
        paired.meanDifference.high ?? .nan), "\(paired.larger), \(paired.smaller)", Markdown.number(paired.pValue, 2),
    ]
  }

  /// How far apart the accuracies are.
  private func accuracies(_ rows: [Row]) -> String {
    let shares = rows.map(\.accuracy.value)
    let gap = (shares.max() ?? .nan) - (shares.min() ?? .nan)
    let one = rows.first { $0.name == Self.oneNetwork }
    let apart = rows.filter { row in one.map { PairedComparison(row.clean, $0.clean).pValue < 0.05 } ?? false }
    return
      "Clean accuracies are \(Markdown.fixed(100 * gap, 1)) points apart at most on these images; "
      + (apart.isEmpty
        ? "none differs beyond chance from that of the one network (McNemar's test)."
        : "beyond chance another than that of the one network (McNemar's test) is that of \(apart.map(\.name).joined(separator: ", ")).")
      + " On all test images of the files they stand in the table of the posteriors."
  }

  /// Whether bounds of all draws together change the order.
  private func joint(_ rows: [Row]) -> String {
    guard let one = rows.first(where: { $0.name == Self.oneNetwork }) else { return "" }
    let parts = rows.filter { $0.name != one.name }.map { row in
      let paired = pair(row, one, \.jointRadii)
      return
        "\(row.name) \(paired.larger) larger and \(paired.smaller) smaller (p = \(Markdown.number(paired.pValue, 2)))"
    }
    return
      "With `joint`, on \(one.jointRadii.count) of the images, beside the one network: \(parts.joined(separator: "; "))."
  }

  /// Whether another network of the ensemble would have been another comparison.
  private func members(_ rows: [Row]) -> String {
    let medians = rows.flatMap(\.medians)
    guard let low = medians.min(), let high = medians.max() else { return "" }
    return
      "Of the ensemble's \(medians.count) networks, each by itself, the median certified radius over all images is between \(radius(low)) and \(radius(high))."
  }

  /// What dead pixels explain.
  private func deadSentence(_ rows: [Row]) -> String {
    let changed = comparisons(rows).filter { $0.certifiedEnd != $0.certifiedEndOfLive }
    return changed.isEmpty
      ? "Kept from the adversary or not, dead pixels change the lower end of none of them: they do not explain how the radii compare."
      : "Dead pixels change how radii compare with those of the one network for \(changed.map(\.name).joined(separator: ", "))."
  }

  private func quantities(_ rows: [Row]) -> [Quantity] {
    rows.flatMap { row -> [Quantity] in
      func share(_ name: String, _ correct: [Bool]) -> Quantity {
        let p = Double(correct.count { $0 }) / Double(correct.count)
        let error = max(0.03, (p * (1 - p) / Double(correct.count)).squareRoot())
        return Quantity("\(Self.name)/\(row.name)/\(name)", p, error: error)
      }
      return epsilons.enumerated().flatMap { index, epsilon in
        [
          share("certified \(epsilon)", Row.isCertified(row.radii, epsilon)),
          share("attacked \(epsilon)", row.attacked[index]),
        ]
      } + [Quantity("\(Self.name)/\(row.name)/dead norm", row.norm.deadShare, error: 0.01)]
    }
  }
}
