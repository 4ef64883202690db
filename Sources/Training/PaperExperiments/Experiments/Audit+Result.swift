import Foundation
import RobustnessCore

extension Audit {
  private static func rate(_ correct: [Bool]) -> Estimate { .proportion(correct.count { $0 }, of: correct.count) }

  /// The fraction of the images that are correct without an attack and still are.
  static func surviving(_ correct: [Bool], of clean: [Bool]) -> Double {
    Double(zip(correct, clean).count { $0 && $1 }) / Double(clean.count { $0 })
  }

  private func baseline(_ row: Row, _ rows: [Row]) -> Row? {
    rows.first { $0.variant.label == row.variant.baseline && $0.arithmetic == .logDomain && $0.derivative == .exact }
  }

  func result(_ rows: [Row], _ context: ExperimentContext) throws -> ExperimentResult {
    var table = ResultTable([
      .init("deviation", "what differs from the correct evaluation of the method"),
      .init("arithmetic", "`log-domain` or `naive-float32`, of the attacked loss"),
      .init("gradient", "`exact`, or `straight-through`: wide derivatives in place of the activations' own"),
      .init("attack", "`none`, `random`, `fgsm`, `pgd`"), .init("epsilon", "radius in L∞"),
      .init("value", "adversarial accuracy, fraction"),
      .init("low", "lower end of its 95 % Wilson interval"), .init("high", "upper end"), .init("n", "number of images"),
      .init("of_correct", "the same among the images that are decided as their label without an attack"),
      .init("created", "accuracy minus that of the method without deviation in the log domain, on the same images"),
      .init("created_low", "lower end of its paired 95 % interval"),
      .init("created_high", "upper end"),
      .init(
        "vanished",
        "accuracy under exact gradients minus that under straight-through ones: same deviation, same attack, same images"
      ),
      .init("vanished_low", "lower end of its paired 95 % interval"), .init("vanished_high", "upper end"),
      .init("vanished_p", "exact two-sided p-value of McNemar's test of that difference"),
      .init("softmax_robustness", "1 − mean L∞ change of the predictive under FGSM"),
      .init("softmax_robustness_twice", "the same after a second softmax (the metric of the authors' code)"),
      .init("zero_gradients", "fraction of images whose gradient is exactly zero"),
      .init("logit_gap", "median over images and draws of the largest logit minus the second"),
    ])
    let number = ResultTable.number
    for row in rows {
      let base = row.derivative == .exact ? baseline(row, rows) : nil
      let exact = exactCounterpart(of: row, rows)
      var attacks = [("fgsm", row.fgsm, base?.fgsm, exact?.fgsm), ("pgd", row.pgd, base?.pgd, exact?.pgd)]
      if row.derivative == .exact {
        attacks = [("none", row.clean, base?.clean, nil), ("random", row.random, base?.random, nil)] + attacks
      }
      for (attack, correct, other, exact) in attacks {
        let estimate = Self.rate(correct)
        let created = other.map { PairedComparison(correct, $0) }
        let vanished = exact.map { PairedComparison($0, correct) }
        table.append([
          row.variant.label, row.arithmetic.rawValue, GradientRule(row.derivative).description, attack,
          attack == "none" ? "0" : "\(epsilon)",
          number(estimate.value), number(estimate.low),
          number(estimate.high), "\(estimate.count)", number(Self.surviving(correct, of: row.clean)),
          number(created?.difference), number(created?.low),
          number(created?.high), number(vanished?.difference), number(vanished?.low), number(vanished?.high),
          number(vanished?.pValue), number(row.robustness.value), number(row.doubleRobustness.value),
          number(row.zeroGradients),
          number(row.logitGap),
        ])
      }
    }
    let (judgement, verdict) = judge(rows)
    return ExperimentResult(
      table: table, figure: figure(rows),
      ran: """
        MNIST, ε = \(epsilon), \(exampleCount) images, up to \(drawCount) draws. A correct evaluation of the HMC and of the VI posterior, and then one deviation of the authors' published code at a time; each with losses and gradients in the log domain, and as automatic differentiation in single precision computes them, so that what the objective does and what rounding does are told apart; and once more with straight-through gradients, which have wide derivatives in place of those of the activations (for these networks l + (1 − l)·σ(4a/s) for a ReLU at a, with s the root mean square of its layer and l its slope below zero, here 0), so that robustness is seen that is only there because exact gradients do not lead anywhere. Steps, start and objective are the same for all three. All points are judged by the exact predictive.

        \(variants.map { "- **\($0.label)**: \($0.about)" }.joined(separator: "\n"))
        - **softmax twice in the metric** is a column: the softmax difference of softmaxed probabilities cannot exceed 0.147 with ten classes, so that this robustness is at least 0.853 whatever happens.
        """,
      paper:
        "Nothing: these are differences between the text and the code that its authors published later. Which version of it drew the figures is not known.",
      outcome: outcome(rows.filter { $0.derivative == .exact }) + straightThroughOutcome(rows), judgement: judgement,
      claim: "The reported robustness is a property of the posteriors, not of how it was computed.", verdict: verdict,
      verdictBasis:
        "It is about how a number was computed, so that chains that have not converged count: they are among what is audited.",
      quantities: quantities(rows))
  }

  private func quantities(_ rows: [Row]) -> [Quantity] {
    rows.filter { $0.arithmetic == .logDomain }.flatMap { row in
      let isExact = row.derivative == .exact
      let attacks =
        isExact
        ? [("fgsm", row.fgsm)] : [("fgsm straight-through", row.fgsm), ("pgd straight-through", row.pgd)]
      return attacks.map { attack, correct in
        let p = Self.rate(correct).value
        return Quantity(
          "\(Self.name)/\(row.variant.label.replacing(",", with: ""))/\(attack)", p,
          error: max(0.02, (p * (1 - p) / Double(exampleCount)).squareRoot()))
      }
    }
  }

  private func outcome(_ rows: [Row]) -> String {
    Markdown.table(
      [
        "deviation", "arithmetic", "clean", "random", "FGSM", "PGD", "FGSM, of the correct", "PGD, of the correct",
        "created, FGSM", "created, PGD",
        "softmax robustness", "… twice",
        "zero gradients", "logit gap",
      ],
      rows.map { row in
        let base = baseline(row, rows)
        func created(_ own: [Bool], _ other: [Bool]?) -> String {
          guard let other else { return "–" }
          let paired = PairedComparison(own, other)
          return String(format: "%+.3f [%+.3f, %+.3f]", paired.difference, paired.low, paired.high)
        }
        return [
          row.variant.label, row.arithmetic.rawValue, Markdown.fixed(Self.rate(row.clean).value, 3),
          Markdown.fixed(Self.rate(row.random).value, 3),
          Markdown.fixed(Self.rate(row.fgsm).value, 3), Markdown.fixed(Self.rate(row.pgd).value, 3),
          Markdown.fixed(Self.surviving(row.fgsm, of: row.clean), 3),
          Markdown.fixed(Self.surviving(row.pgd, of: row.clean), 3), created(row.fgsm, base?.fgsm),
          created(row.pgd, base?.pgd), Markdown.fixed(row.robustness.value, 3),
          Markdown.fixed(row.doubleRobustness.value, 3),
          Markdown.percent(row.zeroGradients), Markdown.number(row.logitGap),
        ]
      })
      + "\n*Created* is adversarial accuracy minus that of the same method without any deviation, on the same images, with its paired 95 % interval. *Of the correct*: among the images that are right without an attack; a network that knows nothing has none to lose."
  }

  /// Adversarial accuracy that is created contradicts, and so does what vanishes under straight-through gradients;
  /// softmax robustness that is created does not support, since a network that is unsure, or does not look at its
  /// input, has it too.
  func judge(_ all: [Row]) -> (String, ExperimentResult.Verdict) {
    let rows = all.filter { $0.derivative == .exact }
    var creating: [String] = []
    var steadier: [String] = []
    var metric: [Double] = []
    let comparisons = rows.compactMap { row -> (row: Row, base: Row)? in
      guard let base = baseline(row, rows) else { return nil }
      metric.append(row.doubleRobustness.value - row.robustness.value)
      return row.variant.label != row.variant.baseline || row.arithmetic == .naiveFloat32 ? (row, base) : nil
    }
    for (row, base) in comparisons {
      // In float32 only what the log domain does not show: rounding.
      if row.arithmetic == .naiveFloat32,
        let exact = rows.first(where: { $0.variant.label == row.variant.label && $0.arithmetic == .logDomain }),
        abs(PairedComparison(row.fgsm, exact.fgsm).difference) < 0.005,
        abs(PairedComparison(row.pgd, exact.pgd).difference) < 0.005
      {
        continue
      }
      let label = "\(row.variant.label)\(row.arithmetic == .naiveFloat32 ? " (float32)" : "")"
      if row.robustness.value - base.robustness.value > 0.1 {
        steadier.append("\(label) \(String(format: "%+.2f", row.robustness.value - base.robustness.value))")
      }
      let best = [("FGSM", PairedComparison(row.fgsm, base.fgsm)), ("PGD", PairedComparison(row.pgd, base.pgd))].max {
        $0.1.difference < $1.1.difference
      }
      // Two attacks for each: one in twenty among all of them, not for each.
      if let best, best.1.difference > 0, best.1.pValue * Double(2 * comparisons.count) < 0.05 {
        creating.append("\(label) \(String(format: "%+.0f", 100 * best.1.difference)) points under \(best.0)")
      }
    }
    let accuracy =
      creating.isEmpty
      ? "No deviation raises adversarial accuracy beyond chance here"
      : "Deviations that create adversarial accuracy: \(creating.joined(separator: "; "))"
    let softmax =
      (steadier.isEmpty
        ? "No deviation adds a tenth to the softmax robustness"
        : "Deviations that add more than a tenth to the softmax robustness: \(steadier.joined(separator: "; "))")
      + "; a second softmax in the metric adds \(Markdown.fixed(metric.min() ?? .nan)) to \(Markdown.fixed(metric.max() ?? .nan)) to it."
    let straightThrough = straightThroughJudgement(all)
    return (
      "\(accuracy). \(softmax)\(straightThrough.sentence.map { " " + $0 } ?? "")",
      !creating.isEmpty || straightThrough.vanishes
        ? .contradicted : !steadier.isEmpty || metric.contains { $0 > 0.1 } ? .notSupported : .supported
    )
  }

  private func figure(_ rows: [Row]) -> Figure {
    var figure = Figure(name: Self.name, width: 980, height: 620)
    figure.add(
      "set multiplot layout 1,2 margins 0.27,0.98,0.1,0.87 spacing 0.02,0", "set xrange [0:1.02]",
      "set xlabel \"adversarial accuracy at ε = \(epsilon)\"", "set grid xtics", "unset grid",
      "set grid xtics linecolor rgb \"#dddddd\" linewidth 0.5",
      "set yrange [\(Double(variants.count) - 0.4):-0.6]", "unset key",
      "set boxwidth 0.35", "set border 3")
    figure.addLegend([
      ("log domain", .blue, 7), ("naive float32", .orange, 5), ("straight-through gradients", .green, 9),
      ("random signs", .black, 2),
    ])
    let ticks = variants.enumerated().map { "\(Figure.quoted($1.label)) \($0)" }.joined(separator: ", ")
    for (panel, attack) in ["FGSM", "PGD"].enumerated() {
      figure.add("set title \"\(attack)\"", panel == 0 ? "set ytics (\(ticks)) font \",10\"" : "set ytics (\"\" 0)")
      let plots = Self.computations.enumerated().map { index, computation -> String in
        let lines = variants.enumerated().compactMap { position, variant -> [Double]? in
          rows.first {
            $0.variant.label == variant.label && $0.arithmetic == computation.arithmetic
              && $0.derivative == computation.derivative
          }.map {
            let estimate = Self.rate(attack == "FGSM" ? $0.fgsm : $0.pgd)
            return [
              estimate.value, Double(position) + 0.24 * Double(index - 1), estimate.low ?? .nan,
              estimate.high ?? .nan,
            ]
          }
        }
        let block = figure.block(lines)
        let colour = [Figure.Colour.blue, .orange, .green][index].rawValue
        let points = [7, 5, 9]
        return
          "\(block) using 1:2:3:4 with xerrorbars pointtype \(points[index]) pointsize 0.9 linewidth 1.5 linecolor rgb \"\(colour)\""
      }
      let random = figure.block(
        variants.enumerated().compactMap { position, variant in
          rows.first { $0.variant.label == variant.label }.map { [Self.rate($0.random).value, Double(position)] }
        })
      figure.add(
        "plot "
          + (plots + ["\(random) using 1:2 with points pointtype 2 linecolor rgb \"#000000\""]).joined(
            separator: ", \\\n  "))
      if panel == 0 { figure.removeLegend() }
    }
    figure.add("unset multiplot")
    return figure
  }
}
