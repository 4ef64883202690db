import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TrainingHarness

/// Figure 4 of the paper: accuracy against softmax robustness under FGSM, over grids of networks.
struct Figure4: Experiment {
  static let name = "figure4"
  static let title = "Figure 4: accuracy against robustness, over grids of networks"

  /// A network of a sample on a data set.
  struct Cell: Sendable {
    var data: String
    var member: Figure4Grid.Member
    var spec: PosteriorSpec
  }

  let scale: Scale
  let seed: UInt64
  let cells: [Cell]
  let exampleCount: Int
  let epsilon = 0.1

  init(scale: Scale, seed: UInt64) {
    self.scale = scale
    self.seed = seed
    exampleCount = scale.pick(100, 200, 500)
    let data = scale.pick(["mnist"], ["mnist", "fashion-mnist"], ["mnist", "fashion-mnist"])
    let grids = [Figure4Grid.hmc, Figure4Grid.vi, Figure4Grid.sgd]
    let count = scale.pick(2, 12, Int.max)
    // The smoke run's networks are the same with every seed, so that its numbers can be compared.
    let sampleSeed = scale == .smoke ? 0 : seed
    cells = data.flatMap { name in
      grids.flatMap { grid in
        Figure4Grid.stratified(grid, count: count, seed: sampleSeed).enumerated().map { index, member in
          Cell(data: name, member: member, spec: Self.spec(name, member, index, scale, seed))
        }
      }
    }
  }

  private static func spec(
    _ data: String, _ member: Figure4Grid.Member, _ index: Int, _ scale: Scale, _ seed: UInt64
  ) -> PosteriorSpec {
    // Smoke takes an eighth of the width.
    let width = scale == .smoke ? member.width / 8 : member.width
    let widths = Array(repeating: "\(width)", count: member.depth).joined(separator: ",")
    var options = TrainingRequest.Options()
    options.architecture = "dense:\(widths),\(member.activation)"
    options.seed = Int(seed)
    options.prior = .fanIn
    options.priorScale = "3"
    options.evaluationExamples = scale.pick(200, 500, 1000)
    // HMC passes over all of them at every step.
    options.trainingExamples = scale.pick(500, member.method == "hmc" ? 1000 : 6000, nil)
    var samplerOptions: [String: String]
    func number(_ name: String) -> Double { member.options[name] ?? 0 }
    switch member.method {
    case "hmc":
      // A tenth of the draws after a short warm-up. The grid's step sizes are too large for most of these posteriors:
      // chains that never move would say nothing of HMC, so that the laptop's adapt.
      options.start = "map"
      options.mapIterations = scale.pick(100, 150, 500)
      options.chains = 1
      options.draws = scale.pick(8, Int(number("samples")) / 10, Int(number("samples")))
      samplerOptions = ["warmup": "\(scale.pick(8, 25, 100))", "leapfrog-steps": "\(Int(number("steps")))"]
      if scale != .laptop { samplerOptions["step-size"] = "\(number("step"))" }
    case "vi":
      options.draws = scale.pick(20, 50, 250)
      samplerOptions = [
        "learning-rate": "\(number("rate"))", "epochs": "\(Int(number("epochs")))", "schedule": "constant",
        "initial-scale": "0.05",
      ]
      if scale == .smoke { samplerOptions["batch-size"] = "32" }
    default:
      samplerOptions = [
        "learning-rate": "\(number("rate"))", "epochs": "\(Int(number("epochs")))",
        "batch-size": "\(Int(number("batch")) / scale.pick(16, 8, 1))", "regularization": "none",
      ]
    }
    return PosteriorSpec(
      name: "grid-\(data)-\(member.method)-\(index + 1)", data: .named(data),
      making: .trained(sampler: member.method), options: options, samplerOptions: samplerOptions)
  }

  var posteriors: [PosteriorSpec] { cells.map(\.spec) }
  var expectedSeconds: Double { Double(cells.count) * scale.pick(0.2, 1.2, 60) }
  var settings: String { "figure4 3 \(exampleCount)" }

  /// One network's numbers.
  struct Row: Sendable {
    var cell: Cell
    var accuracy: Estimate
    var robustness: Estimate
    var adversarial: Estimate
    var zeros: Double
    var gap: Double
    /// Number of draws that differ, where it is known.
    var distinct: Int?
    /// Whether the network says something of its method: its accuracy is beyond doubt twice that of guessing, and a
    /// Markov chain has moved.
    var counts: Bool
    /// Whether a verdict may rest on it: its draws are no Markov chain, or one that has converged.
    var carriesVerdict: Bool
  }

  func run(_ context: ExperimentContext) throws -> ExperimentResult {
    let rows = try cells.map { cell -> Row in
      try context.show(cell.spec.name)
      let posterior = try context.open(cell.spec)
      let ensemble = try posterior.ensemble()
      let examples = posterior.testExamples(exampleCount)
      let draws = posterior.draws(min(100, posterior.file.drawCount))
      let clean = try ensemble.predict(examples.inputs, draws: .some(draws))
      let fgsm = try AttackRun(
        .init(.fgsm), on: examples, epsilon: epsilon, box: posterior.file.inputBounds, attacked: ensemble,
        judge: ensemble, draws: .some(draws), seed: seed)
      let distinct = posterior.file.distinctDrawCount
      let correct = zip(clean.classes(.predictive), examples.labels).count { $0 == $1 }
      let accuracy = Estimate.proportion(correct, of: examples.count)
      return Row(
        cell: cell, accuracy: accuracy,
        robustness: SoftmaxRobustness.once(clean, fgsm.prediction),
        adversarial: .proportion(fgsm.correct.count { $0 }, of: examples.count), zeros: fgsm.zeroGradients,
        gap: try Theorem.medianLogitGap(ensemble, examples.inputs, Array(draws.prefix(20))),
        distinct: distinct,
        counts: (accuracy.low ?? 0) > 2 / Double(ensemble.classCount)
          && !(cell.member.method == "hmc" && distinct == 1),
        carriesVerdict: try context.carriesVerdict(cell.spec))
    }
    return result(rows)
  }

  private static let methods = ["hmc", "vi", "sgd"]

  func correlations(_ rows: [Row]) -> [(
    data: String, method: String, value: RankCorrelation, width: RankCorrelation, everything: RankCorrelation,
    judged: RankCorrelation
  )] {
    let random = RandomStreams(seed: seed, purpose: "paper/figure4")
    var seen: Set<String> = []
    return rows.map(\.cell.data).filter { seen.insert($0).inserted }.flatMap { data in
      Self.methods.map { method in
        let everything = rows.filter { $0.cell.data == data && $0.cell.member.method == method }
        let chosen = everything.filter(\.counts)
        func correlation(_ rows: [Row], _ value: (Row) -> Double) -> RankCorrelation {
          RankCorrelation(rows.map(value), rows.map(\.robustness.value), random: random)
        }
        return (
          data, method, correlation(chosen, \.accuracy.value), correlation(chosen) { Double($0.cell.member.width) },
          correlation(everything, \.accuracy.value), correlation(chosen.filter(\.carriesVerdict), \.accuracy.value)
        )
      }
    }
  }

  private static func text(_ one: RankCorrelation) -> String {
    one.low.isNaN
      ? "\(Markdown.fixed(one.value)) (\(one.count) networks, no interval)"
      : "\(Markdown.fixed(one.value)) [\(Markdown.fixed(one.low)), \(Markdown.fixed(one.high))]"
  }

  /// The sentence counts the networks that count, the verdict those of them that may carry one.
  func judge(_ rows: [Row]) -> (String, ExperimentResult.Verdict) {
    let all = correlations(rows)
    let sentence =
      "Rank correlation of accuracy and softmax robustness under FGSM, over the networks that learned and whose chains moved (\(rows.count { $0.counts }) of \(rows.count)): "
      + all.map { "\($0.method) on \($0.data) \(Self.text($0.value))" }.joined(separator: "; ") + "."
    let hmc = all.filter { $0.method == "hmc" }.map(\.judged)
    let sgd = all.filter { $0.method == "sgd" }.map(\.judged)
    // Too few networks that may carry a verdict have no interval, and decide nothing.
    let verdict: ExperimentResult.Verdict =
      hmc.contains { $0.low.isNaN }
      ? .undecided
      : hmc.allSatisfy { $0.low > 0 } && sgd.allSatisfy { $0.high < 0 }
        ? .supported : hmc.allSatisfy { $0.high < 0 } ? .contradicted : .notSupported
    return (sentence, verdict)
  }

  private func result(_ rows: [Row]) -> ExperimentResult {
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
        row.carriesVerdict ? "1" : "0",
      ])
    }
    let all = correlations(rows)
    let text = Self.text
    let (sentence, verdict) = judge(rows)
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
        \(cells.count) networks: \(scale == .paper ? "all" : "a sample, stratified by width and drawn with the seed,") of the supplement's grids (HMC \(Figure4Grid.hmc.count), VI \(Figure4Grid.vi.count), SGD \(Figure4Grid.sgd.count) on each data set); \(exampleCount) test images; FGSM on the expected loss with ε = \(epsilon), which the paper never states for this figure. \(scale.pick("500 training images, an eighth of the widths, 8 draws.", "1,000 training images of each set for HMC, 6,000 for VI and SGD (the paper: 60,000), batches an eighth of the grid's for SGD, and a tenth of the grid's draws for HMC after 25 transitions from a maximum of the posterior.", "60,000 training images."))

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
        + "\nSpearman's ρ with a bootstrap interval over networks. A network counts that is beyond doubt twice as accurate as guessing and, for HMC, whose chain has moved: others say nothing of their method. The verdict counts only those of these whose chains have also converged (a column of the CSV), where they are \(RankCorrelation.minimumForInterval) or more on each data set. A network that is unsure of everything changes little under any attack: at the left end of the figure this robustness rewards ignorance.",
      judgement: sentence,
      claim: "For HMC accuracy and robustness grow together, for SGD they trade off (Figure 4).", verdict: verdict,
      quantities: rows.map {
        Quantity(
          "\(Self.name)/\($0.cell.spec.name)/softmax robustness", $0.robustness.value, error: 0.04)
      })
  }

  private func figure(_ rows: [Row]) -> Figure {
    var seen: Set<String> = []
    let data = rows.map(\.cell.data).filter { seen.insert($0).inserted }
    var figure = Figure(name: Self.name, width: 980, height: 60 + 340 * data.count)
    let colours: [Figure.Colour] = [.vermilion, .green, .blue]
    let points = [7, 9, 5]
    figure.add(
      "set multiplot layout \(data.count),2 margins 0.08,0.98,\(64.0 / Double(figure.height)),\(1 - 70.0 / Double(figure.height)) spacing 0.09,\(95.0 / Double(figure.height))",
      "unset key", "set yrange [0:1.03]", "set ylabel \"softmax robustness under FGSM\"")
    figure.addLegend(
      Self.methods.enumerated().map { ($1.uppercased(), colours[$0], points[$0]) }, at: 1 - 22.0 / Double(figure.height)
    )
    for name in data {
      figure.add(
        "set title \"\(name)\"", "set xlabel \"accuracy\"", "set xrange [0:1.02]", "set xtics auto font \",10\"")
      let scatter = Self.methods.enumerated().map { index, method -> String in
        let block = figure.block(
          rows.filter { $0.cell.data == name && $0.cell.member.method == method }.map {
            [$0.accuracy.value, $0.robustness.value]
          })
        return
          "\(block) using 1:2 with points pointtype \(points[index]) pointsize 0.9 linecolor rgb \"\(colours[index].rawValue)\""
      }
      figure.add("plot " + scatter.joined(separator: ", \\\n  "))
      figure.removeLegend()
      let widths = Set(rows.map(\.cell.member.width)).sorted()
      let ticks = widths.enumerated().map { "\"\($1)\" \($0)" }.joined(separator: ", ")
      figure.add(
        "set title \"\(name), by width\"", "set xlabel \"hidden units of a layer\"",
        "set xrange [-0.6:\(Double(widths.count) - 0.4)]",
        "set xtics (\(ticks))")
      var boxes: [String] = []
      for (index, method) in Self.methods.enumerated() {
        for (position, width) in widths.enumerated() {
          let values = rows.filter {
            $0.cell.data == name && $0.cell.member.method == method && $0.cell.member.width == width
          }.map(\.robustness.value)
          guard !values.isEmpty else { continue }
          let x = Double(position) + 0.26 * (Double(index) - 1)
          let block = figure.block(values.map { [x, $0] })
          let colour = "linecolor rgb \"\(colours[index].rawValue)\""
          // Of a few networks the box alone would promise too much.
          if values.count >= 3 { boxes.append("\(block) using 1:2 with boxplot fillstyle empty \(colour)") }
          if values.count < 15 {
            boxes.append("\(block) using 1:2 with points pointtype \(points[index]) pointsize 0.7 \(colour)")
          }
        }
      }
      figure.add(
        "set style boxplot nooutliers", "set boxwidth 0.2",
        "plot " + boxes.joined(separator: ", \\\n  "))
    }
    figure.add("unset multiplot")
    return figure
  }
}
