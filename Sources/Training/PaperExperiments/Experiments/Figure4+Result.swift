import Foundation
import RobustnessCore

extension Figure4 {
  /// Table, figure and sentences from the rows.
  func result(_ rows: [Row]) -> ExperimentResult {
    var table = ResultTable([
      .init("data", "data set"), .init("method", "`hmc`, `vi` or `sgd`"),
      .init("width", "hidden units of a layer in the grid"), .init("depth", "hidden layers"),
      .init("activation", "of the hidden layers"), .init("options", "the other options of the grid"),
      .init("accuracy", "of the predictive, fraction"),
      .init("accuracy_low", "lower end of its 95 % interval"), .init("accuracy_high", "upper end"),
      .init("softmax_robustness", "1 − mean L∞ change of the predictive under FGSM"),
      .init("robustness_low", "lower end of its 95 % interval"),
      .init("robustness_high", "upper end"), .init("adversarial_accuracy", "fraction decided as the label under FGSM"),
      .init("zero_gradients", "fraction of images whose gradient is exactly zero"),
      .init("logit_gap", "median over images and draws of the largest logit minus the second"),
      .init("distinct_draws", "number of draws that differ"),
      .init(
        "counts",
        "1 where the network has learned (accuracy beyond doubt twice that of guessing) and its chain has moved"),
      .init("standard", "fraction decided as the label under the portfolio `standard`, on some of the images"),
      .init("standard_low", "lower end of its 95 % interval"), .init("standard_high", "upper end"),
      .init("standard_n", "number of these images"),
      .init("fgsm_of_these", "fraction decided as the label under FGSM, on the same images"),
      .init("clean_of_these", "fraction decided as the label without an attack, on the same images"),
      .init(
        "robustness_of_both",
        "1 − mean L∞ change of the predictive, at that point of FGSM's and `standard`'s that changes more, on the same images"
      ),
      .init("carries_verdict", "0 for a Markov chain that has not converged by its own diagnostics"),
    ])
    let number = ResultTable.number
    for row in rows {
      let member = row.cell.member
      table.append([
        row.cell.data, member.method, "\(member.width)", "\(member.depth)", member.activation,
        member.options.sorted { $0.key < $1.key }.map { "\($0.key)=\(number($0.value))" }.joined(separator: " "),
        number(row.accuracy.value), number(row.accuracy.low), number(row.accuracy.high), number(row.robustness.value),
        number(row.robustness.low), number(row.robustness.high), number(row.adversarial.value), number(row.zeros),
        number(row.gap), row.distinct.map { "\($0)" } ?? "", row.counts ? "1" : "0",
        number(row.portfolio?.accuracy.value), number(row.portfolio?.accuracy.low),
        number(row.portfolio?.accuracy.high), row.portfolio.map { "\($0.standard.count)" } ?? "",
        number(row.portfolio?.fgsmAccuracy), number(row.portfolio?.cleanAccuracy),
        number(row.portfolio?.robustness.value), row.carriesVerdict ? "1" : "0",
      ])
    }
    let all = correlations(rows)
    let text = Self.text
    let (correlation, verdict) = judge(rows)
    let sentence = correlation + portfolioSentence(rows)
    let lines = all.map { one -> [String] in
      let chosen = rows.filter { $0.cell.data == one.data && $0.cell.member.method == one.method }
      func range(_ value: (Row) -> Double) -> String {
        "\(Markdown.fixed(chosen.map(value).min() ?? .nan)) to \(Markdown.fixed(chosen.map(value).max() ?? .nan))"
      }
      return [
        one.data, one.method, "\(chosen.count), \(chosen.count { $0.counts })", range { $0.accuracy.value },
        range { $0.robustness.value },
        range { $0.adversarial.value }, text(one.value), text(one.everything), text(one.width),
        Markdown.percent(chosen.map(\.zeros).max() ?? .nan),
      ]
    }
    return ExperimentResult(
      table: table, figure: figure(rows),
      ran: """
        \(cells.count) networks: \(scale == .paper ? "all" : "a sample, stratified by width and drawn with the seed,") of the supplement's grids (HMC \(Figure4Grid.hmc.count), VI \(Figure4Grid.vi.count), SGD \(Figure4Grid.sgd.count) on each data set); \(exampleCount) test images; FGSM on the expected loss with ε = \(epsilon), which the paper never states for this figure; beside it the portfolio `standard` of `evaluate`, white box with the same draws, on \(standardCount) of these images, evenly spaced (it takes hundreds of gradients for an image that stands). \(scale.pick("500 training images, an eighth of the widths, 8 draws.", "1,000 training images of each set for HMC, 6,000 for VI and SGD (the paper: 60,000), batches an eighth of the grid's for SGD, and a tenth of the grid's draws for HMC after 25 transitions from a maximum of the posterior.", "60,000 training images."))

        The third table of the supplement has the same title as the second, *SGD*; it is taken for that of VI. The text has three hidden layers of 512 for VI, another table a convolutional network: this grid has two to five dense layers. Its numbers of fully connected layers are read as those of hidden layers. \(scale == .laptop ? "HMC's number of steps is the grid's; its step size adapts, since with most of the grid's a chain never moves: the likelihood here is that of all images." : "HMC's step sizes are the grid's and are not adapted: where a step is too large every proposal is rejected and the chain stays where it began, which the diagnosis of that posterior says.")
        """,
      paper:
        "Over more than a thousand networks: for HMC, more accurate networks are more robust; for SGD there is a trade-off; for VI a negative correlation. Robustness grows with the width for HMC; less clearly for VI.",
      outcome: Markdown.table(
        [
          "data", "method", "networks, counted", "accuracy", "softmax robustness", "adversarial accuracy",
          "rank correlation accuracy–robustness", "the same of all networks", "rank correlation width–robustness",
          "largest share of zero gradients",
        ], lines)
        + "\nSpearman's ρ with a bootstrap interval over networks. A network counts that is beyond doubt twice as accurate as guessing and, for HMC, whose chain has moved: others say nothing of their method. The verdict counts only those of these whose chains have also converged (a column of the CSV), where they are \(RankCorrelation.minimumForInterval) or more on each data set. A network that is unsure of everything changes little under any attack: at the left end of the figure this robustness rewards ignorance."
        + portfolioOutcome(rows),
      judgement: sentence,
      claim: "For HMC accuracy and robustness grow together, for SGD they trade off (Figure 4).", verdict: verdict,
      quantities: rows.flatMap { row in
        [Quantity("\(Self.name)/\(row.cell.spec.name)/softmax robustness", row.robustness.value, error: 0.04)]
          + (row.portfolio.map { [$0.quantity("\(Self.name)/\(row.cell.spec.name)/standard")] } ?? [])
      })
  }
}
