import Diagnostics
import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TrainingHarness

/// Figure 1 of the paper: components of the expected loss gradient on half-moons, by width and number of training
/// points.
struct Figure1: Experiment {
  static let name = "figure1"
  static let title = "Figure 1: half-moons, by width and number of points"

  /// One network of the grid.
  struct Cell: Sendable, Hashable {
    var width: Int
    var points: Int
    var warmup: Int
  }

  /// The paper's grid (supplement, §9): 36 networks.
  static let paperGrid = grid(widths: [32, 128, 256, 512], points: [5000, 10_000, 15_000], warmups: [100, 200, 500])

  static func grid(widths: [Int], points: [Int], warmups: [Int]) -> [Cell] {
    widths.flatMap { width in
      points.flatMap { points in warmups.map { Cell(width: width, points: points, warmup: $0) } }
    }
  }

  let scale: Scale
  let seed: UInt64
  let cells: [Cell]
  let chains = 2
  let drawsPerChain: Int
  let testPoints: Int

  init(scale: Scale, seed: UInt64) {
    self.scale = scale
    self.seed = seed
    cells = scale.pick(
      Self.grid(widths: [32, 128], points: [200, 1000], warmups: [150]),
      Self.grid(widths: [32, 128, 256, 512], points: [5000, 10_000, 15_000], warmups: [200]), Self.paperGrid)
    testPoints = scale.pick(50, 100, 100)
    drawsPerChain = scale.pick(300, 125, 125)
  }

  var posteriors: [PosteriorSpec] { cells.map(spec) }
  var expectedSeconds: Double { Double(cells.count) * scale.pick(0.2, 1.5, 4) }
  var settings: String { "figure1 3 \(testPoints)" }

  private func spec(_ cell: Cell) -> PosteriorSpec {
    // The authors' code has two hidden layers. Two of 512 units take a hundred times as long as one.
    let layers = scale == .paper ? "\(cell.width),\(cell.width)" : "\(cell.width)"
    var options = TrainingRequest.Options()
    options.architecture = "dense:\(layers),leaky-relu"
    options.prior = .fanIn
    options.priorScale = scale.pick("1", "4", "4")
    options.start = "map"
    options.mapIterations = scale.pick(100, 200, 500)
    options.trainingExamples = cell.points
    options.chains = chains
    options.draws = drawsPerChain
    options.seed = Int(seed)
    options.evaluationExamples = 500
    return PosteriorSpec(
      name: "moons-w\(cell.width)-n\(cell.points)-b\(cell.warmup)", data: .named("half-moons"),
      making: .trained(sampler: "hmc"), options: options,
      samplerOptions: [
        "mass-matrix": "prior", "warmup": "\(cell.warmup)",
        // At smoke scale a step so long that a chain without its accept step goes astray, which the bands notice.
        "target-acceptance": scale.pick("0.4", "0.8", "0.8"), "leapfrog-steps": "\(scale.pick(10, 100, 100))",
      ])
  }

  /// What is measured of one network.
  struct Row: Sendable {
    var cell: Cell
    var means: [[Double]]
    var accuracy: Double
    var signal: SignalInterval
    var magnitude: Double
    var zeros: Double
    var gap: Double
    /// Whether a verdict may rest on it.
    var carriesVerdict: Bool
  }

  func run(_ context: ExperimentContext) throws -> ExperimentResult {
    var rows: [Row] = []
    var table = ResultTable([
      .init("width", "hidden units"), .init("training_points", "number of training points"),
      .init("warmup", "transitions before the first draw"),
      .init("point", "position among the test points"),
      .init("dx1", "mean over the draws of ∂loss/∂x₁, nat per unit of the input"),
      .init("dx2", "mean over the draws of ∂loss/∂x₂"), .init("accuracy", "of the network's predictive, fraction"),
      .init("R", "‖E g‖²/E‖g‖² of the network, unbiased; mean over points"),
    ])
    for cell in cells {
      try context.show("width \(cell.width), \(cell.points) points")
      let posterior = try context.open(spec(cell))
      let ensemble = try posterior.ensemble()
      let indices = posterior.testIndices(testPoints)
      let examples = posterior.testExamples(testPoints)
      let draws = posterior.draws(posterior.file.drawCount)
      let gradients = try DrawGradients.collect(
        ensemble, examples, objective: .expectedLoss, draws: draws, chainCount: posterior.chainCount)
      let order = Array(draws.indices)
      let means = gradients.map { one -> [Double] in
        let factor = Double(sign: .plus, exponent: max(-1074, one.exponent), significand: 1)
        return one.means([draws.count], order: order)[0].map { $0 * factor }
      }
      let accuracy = try context.report(posterior).quality?.predictive.accuracy ?? .nan
      // Draws of two chains: pairs of different chains, without an interval; independent of the other networks.
      let signal = MeanGradientSignal(pooling: gradients, areDrawsIndependent: false)
      for (position, mean) in means.enumerated() {
        table.append(
          ["\(cell.width)", "\(cell.points)", "\(cell.warmup)", "\(indices[position])"]
            + (mean + [accuracy, signal.ratio]).map { ResultTable.number($0) })
      }
      let zeros = gradients.reduce(0.0) { total, one in
        total + Double((0..<one.drawCount).count { draw in one[draw: draw].allSatisfy { $0 == 0 } })
      }
      rows.append(
        Row(
          cell: cell, means: means, accuracy: accuracy, signal: SignalInterval(signal, groups: chains),
          magnitude: means.joined().reduce(0) { $0 + abs($1) } / Double(2 * means.count),
          zeros: zeros / Double(gradients.count * draws.count),
          gap: try Theorem.medianLogitGap(ensemble, examples.inputs, draws),
          carriesVerdict: try context.carriesVerdict(posterior.spec)))
    }
    return result(rows, table, try cells.flatMap { try context.quantities(spec($0), Self.name) })
  }

  /// Rank correlations over posteriors, of the magnitude of a component and of R.
  ///
  /// Networks that differ in their warm-up only are draws of one posterior: they count once, by their mean.
  private struct Correlations {
    let width, points, ratioWidth, ratioPoints: RankCorrelation

    init(_ rows: [Row], random: RandomStreams) {
      let groups = Dictionary(grouping: rows) { Cell(width: $0.cell.width, points: $0.cell.points, warmup: 0) }
      let posteriors = groups.keys.sorted { ($0.width, $0.points) < ($1.width, $1.points) }.map { groups[$0]! }
      func correlation(_ x: (Row) -> Double, _ y: (Row) -> Double) -> RankCorrelation {
        RankCorrelation(
          posteriors.map { x($0[0]) }, posteriors.map { $0.map(y).reduce(0, +) / Double($0.count) }, random: random)
      }
      width = correlation({ Double($0.cell.width) }, \.magnitude)
      points = correlation({ Double($0.cell.points) }, \.magnitude)
      ratioWidth = correlation({ Double($0.cell.width) }, { $0.signal.signal.ratio })
      ratioPoints = correlation({ Double($0.cell.points) }, { $0.signal.signal.ratio })
    }
  }

  /// The sentence counts all networks, the verdict those that may carry one.
  func judge(_ rows: [Row]) -> (String, ExperimentResult.Verdict) {
    let random = RandomStreams(seed: seed, purpose: "paper/figure1")
    func text(_ one: RankCorrelation) -> String {
      "\(Markdown.fixed(one.value)) [\(Markdown.fixed(one.low)), \(Markdown.fixed(one.high))]"
    }
    let all = Correlations(rows, random: random)
    let ratios = rows.map { $0.signal.signal.ratio }
    let sentence =
      "Over \(rows.count) networks the mean magnitude of a component has a rank correlation of \(text(all.width)) with the width and \(text(all.points)) with the number of points; for R, the part that averaging does not cancel, it is \(text(all.ratioWidth)) and \(text(all.ratioPoints)), and R lies between \(Markdown.number(ratios.min() ?? .nan, 2)) and \(Markdown.number(ratios.max() ?? .nan, 2))."
    // Too few networks that may carry a verdict have no interval, and decide nothing.
    let judged = Correlations(rows.filter(\.carriesVerdict), random: random)
    let falls = judged.width.high < 0 && judged.points.high < 0
    let cancels = judged.ratioWidth.high < 0 && judged.ratioPoints.high < 0
    let verdict: ExperimentResult.Verdict =
      falls && cancels
      ? .supported
      : judged.width.low > 0 || judged.points.low > 0 ? .contradicted : falls ? .notSupported : .undecided
    return (sentence, verdict)
  }

  private func result(_ rows: [Row], _ table: ResultTable, _ quantities: [Quantity]) -> ExperimentResult {
    let (sentence, verdict) = judge(rows)
    let lines = rows.map { row in
      [
        "\(row.cell.width)", "\(row.cell.points)", "\(row.cell.warmup)", Markdown.percent(row.accuracy),
        Markdown.number(row.magnitude), Markdown.number(row.signal.signal.ratio), Markdown.percent(row.zeros),
        Markdown.number(row.gap),
      ]
    }
    return ExperimentResult(
      table: table, figure: figure(rows),
      ran:
        "Half-moons with noise 0.1, \(rows.count) of the paper's \(Self.paperGrid.count) networks\(rows.count < Self.paperGrid.count ? scale.pick(" (smaller ones)", " (every width and number of points, with the warm-up of 200)", "") : ""): \(scale.pick("one hidden layer (the authors' code has two)", "one hidden layer (the authors' code has two, which take a hundred times as long)", "two hidden layers")), leaky ReLU, a normal prior whose standard deviation is \(scale.pick("1", "4", "4")) over the root of the number of inputs of a layer, \(chains) chains of \(drawsPerChain) draws (the paper: 250 draws of one chain), full-batch HMC from a maximum of the posterior, \(scale.pick(10, 100, 100)) leapfrog steps (the paper gives none; with 15 no chain converges). Components of the gradient of the expected loss at \(testPoints) test points. All networks are shown, not only those above 70 % accuracy, as the authors' plotting script has it.",
      paper:
        "One panel for each width, coloured by the number of training points: components of the expected loss gradient shrink as width and number of points grow.",
      outcome: Markdown.table(
        [
          "width", "points", "warm-up", "accuracy", "mean magnitude of a component", "R", "zero gradients",
          "median logit gap",
        ], lines)
        + "\nA magnitude that falls says less than it seems: where networks get more confident (a larger logit gap) the loss and with it every single gradient falls too. R compares the mean with single gradients and is free of that.",
      judgement: sentence,
      claim: "The expected loss gradient shrinks as width and number of training points grow (Figure 1).",
      verdict: verdict, quantities: quantities)
  }

  private func figure(_ rows: [Row]) -> Figure {
    let widths = Set(rows.map(\.cell.width)).sorted()
    let points = Set(rows.map(\.cell.points)).sorted()
    var figure = Figure(name: Self.name, width: max(700, 300 * widths.count + 60), height: 420)
    let all = rows.flatMap { $0.means.joined() }.map { abs($0) }.sorted()
    // The outermost half per cent would make the rest a dot.
    let limit = max(all.isEmpty ? 1 : all[Int(0.995 * Double(all.count - 1))] * 1.1, 1e-12)
    figure.add(
      "set multiplot layout 1,\(widths.count) margins \(80.0 / Double(figure.width)),0.99,0.15,0.82 spacing \(30.0 / Double(figure.width)),0",
      "set xrange [-\(limit):\(limit)]", "set yrange [-\(limit):\(limit)]", "set xlabel \"mean ∂loss/∂x₁, nat\"",
      "set ylabel \"mean ∂loss/∂x₂, nat\" offset 1.5", "unset key", "set xtics font \",9\"",
      "set ytics font \",9\"")
    figure.addLegend(points.enumerated().map { ("\($1) training points", .series($0), [7, 5, 9][$0 % 3]) })
    for (panel, width) in widths.enumerated() {
      figure.add("set title \"\(width) hidden units\"")
      let plots = points.enumerated().map { index, count -> String in
        let block = figure.block(rows.filter { $0.cell.width == width && $0.cell.points == count }.flatMap(\.means))
        return
          "\(block) using 1:2 with points pointtype \([7, 5, 9][index % 3]) pointsize 0.5 linecolor rgb \"\(Figure.Colour.series(index).rawValue)\""
      }
      figure.add("plot " + plots.joined(separator: ", \\\n  "))
      if panel == 0 { figure.add("unset ylabel", "set format y \"\"") }
      if panel == 0 { figure.removeLegend() }
    }
    figure.add("unset multiplot")
    return figure
  }
}
