import Foundation
import RobustnessCore

/// Figure 3 of the paper: the distribution of all components of the expected loss gradient on many images.
struct Figure3: Experiment {
  static let name = "figure3"
  static let title = "Figure 3: all components of the expected loss gradient"

  let scale: Scale
  let seed: UInt64
  let images: ImagePosteriors
  let imageCount: Int
  let drawCount: Int

  init(scale: Scale, seed: UInt64) {
    self.scale = scale
    self.seed = seed
    images = ImagePosteriors(scale: scale, seed: seed)
    imageCount = scale.pick(100, 1000, 1000)
    drawCount = scale.pick(100, 250, 500)
  }

  var posteriors: [PosteriorSpec] { images.all }
  var expectedSeconds: Double { scale.pick(4, 60, 10_000) }
  var settings: String { "figure3 2 \(imageCount) \(drawCount)" }

  static let levels = [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999]

  /// What is kept of the components at one number of draws.
  struct Distribution: Sendable {
    let draws: Int
    let quantiles: [Double]
    let standardDeviation: Double
    let meanMagnitude: Double
    let zeros: Double
  }

  /// What is kept of one posterior.
  struct Measured: Sendable {
    let name: String
    let values: [Distribution]
    let signal: SignalInterval
    /// Whether a verdict may rest on it.
    let carriesVerdict: Bool
  }

  func run(_ context: ExperimentContext) throws -> ExperimentResult {
    var table = ResultTable(
      [
        .init("posterior", "data set and method"), .init("draws", "number of draws n in the mean"),
        .init("components", "number of components: images × pixels"),
        .init("standard_deviation", "of the components, nat per unit of a pixel"),
        .init("mean_magnitude", "mean magnitude of a component"),
        .init("zeros", "fraction of components that are exactly zero"),
      ] + Self.levels.map { .init("q\($0)", "quantile \($0) of the components") })
    var all: [Measured] = []
    for spec in posteriors {
      try context.show(spec.name)
      let posterior = try context.open(spec)
      let ensemble = try posterior.ensemble()
      let examples = posterior.testExamples(imageCount, seed: seed)
      let draws = posterior.draws(drawCount)
      var stream = RandomStreams(seed: seed, purpose: "paper/draw-order").stream(example: 0)
      let keys = stream.uniforms(draws.count)
      let order = draws.indices.sorted { keys[$0] < keys[$1] }.map { draws[$0] }
      let distributions = try GradientDecay.counts(draws.count).map { count in
        let gradient = try ensemble.lossAndGradient(
          examples, objective: .expectedLoss, draws: .some(Array(order.prefix(count)).sorted())
        ).gradient.plain
        return Self.distribution(gradient.elements, draws: count)
      }
      let measured = try GradientDecay.measure(
        posterior, images: min(40, imageCount), drawCount: drawCount, context)
      all.append(
        Measured(
          name: spec.name, values: distributions, signal: measured.signal, carriesVerdict: measured.carriesVerdict))
      for one in distributions {
        table.append(
          [
            spec.name, "\(one.draws)", "\(imageCount * examples.inputs.rowSize)",
            ResultTable.number(one.standardDeviation), ResultTable.number(one.meanMagnitude),
            ResultTable.number(one.zeros),
          ] + one.quantiles.map { ResultTable.number($0) })
      }
    }
    let (judgement, verdict) = GradientDecay.verdict(all.map { ($0.name, $0.signal, $0.carriesVerdict) })
    return ExperimentResult(
      table: table, figure: figure(all),
      ran:
        "\(images.reduction) All \(imageCount) × 784 components of the loss gradient averaged over n draws (Eq. 2), at test images drawn at random with the seed. The figure shows quantiles of the components instead of a cloud of points: the line is the median, the boxes hold the middle 90 % and the whiskers the middle 99.8 %. The dashed line is where the outer whiskers would be if they fell from n = 1 like 1/√n.",
      paper:
        "A cloud of components for each of 1, 10, 50 and 100 draws, for MNIST and Fashion-MNIST with HMC and VI: magnitudes drop with the number of draws and settle around zero by 100, for HMC sooner than for VI.",
      outcome: outcome(all), judgement: judgement,
      claim:
        "Components of the expected loss gradient settle around zero by 100 draws, for HMC sooner than for VI (Figure 3).",
      verdict: verdict, quantities: quantities(all))
  }

  static func distribution(_ values: [Double], draws: Int) -> Distribution {
    let sorted = values.sorted()
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    return Distribution(
      draws: draws, quantiles: levels.map { sorted[Int(($0 * (count - 1)).rounded())] },
      standardDeviation: variance.squareRoot(), meanMagnitude: values.reduce(0) { $0 + abs($1) } / count,
      zeros: Double(values.count { $0 == 0 }) / count)
  }

  private func figure(_ all: [Measured]) -> Figure {
    var figure = Figure(name: Self.name, width: 980, height: all.count > 2 ? 720 : 420)
    figure.add(
      "set multiplot layout \((all.count + 1) / 2),2 margins 0.1,0.98,\(all.count > 2 ? "0.09,0.89" : "0.16,0.84") spacing 0.12,0.17 title \"line: median; box: middle 90 %; whiskers: middle 99.8 % of the components; dashed: whiskers that fall like 1/√n\" font \",11\"",
      "unset key",
      "set xlabel \"number of draws n\"", "set ylabel \"component of the mean loss gradient, nat\" offset -1",
      "set boxwidth 0.5")
    for (index, one) in all.enumerated() {
      let box = figure.block(
        one.values.enumerated().map { position, value in
          let q = value.quantiles
          return [Double(position), q[2], q[0], q[8], q[6], q[4]]
        })
      let n = one.values.map { Double($0.draws) }
      let reference = figure.block(
        one.values.indices.map { position in
          let factor = (n[0] / n[position]).squareRoot()
          return [Double(position), one.values[0].quantiles[0] * factor, one.values[0].quantiles[8] * factor]
        })
      let ticks = one.values.enumerated().map { "\"\($1.draws)\" \($0)" }.joined(separator: ", ")
      let colour = Figure.Colour.series(index).rawValue
      figure.add(
        "set title \"\(one.name)\"", "set xtics (\(ticks))", "set xrange [-0.6:\(Double(one.values.count) - 0.4)]",
        "plot \(box) using 1:2:3:4:5 with candlesticks linecolor rgb \"\(colour)\" fillstyle solid 0.5 whiskerbars 0.5, \\",
        "  \(box) using 1:6:6:6:6 with candlesticks linecolor rgb \"#000000\" linewidth 2, \\",
        "  \(reference) using 1:2 with lines dashtype 2 linewidth 1.5 linecolor rgb \"#000000\", \\",
        "  \(reference) using 1:3 with lines dashtype 2 linewidth 1.5 linecolor rgb \"#000000\"")
    }
    figure.add("unset multiplot")
    return figure
  }

  private func outcome(_ all: [Measured]) -> String {
    let rows = all.map { one -> [String] in
      let first = one.values[0]
      let last = one.values[one.values.count - 1]
      return [
        one.name, Markdown.number(first.standardDeviation), "\(last.draws)", Markdown.number(last.standardDeviation),
        Markdown.number(last.standardDeviation / first.standardDeviation),
        Markdown.number((Double(first.draws) / Double(last.draws)).squareRoot()),
        Markdown.number(one.signal.signal.ratio), Markdown.percent(first.zeros), Markdown.percent(last.zeros),
      ]
    }
    let orders = ["mnist", "fashion-mnist"].compactMap { data -> String? in
      guard let hmc = all.first(where: { $0.name == "\(data)-hmc" })?.signal,
        let vi = all.first(where: { $0.name == "\(data)-vi" })?.signal
      else { return nil }
      let order =
        hmc.high < vi.low ? "clearly below" : hmc.low > vi.high ? "clearly above" : "not clearly different from"
      return "on \(data) HMC's R is \(order) VI's"
    }
    return Markdown.table(
      [
        "posterior", "standard deviation at n = 1", "n", "at n", "ratio", "1/√n", "R (40 images)",
        "exact zeros at n = 1",
        "exact zeros at n",
      ], rows)
      + "\nR is that of figure 2, of the same draws at 40 images: the verdict is the same measurement. Whether a mean stays is for R to say; the ratio of deviations depends on the one draw that is n = 1, and on the draws' autocorrelation. HMC before VI: \(orders.joined(separator: ", ")). Exact zeros are components at pixels whose weights no unit that is active uses, or gradients that have underflowed."
  }

  private func quantities(_ all: [Measured]) -> [Quantity] {
    all.compactMap { one in
      guard let last = one.values.last, last.meanMagnitude > 0 else { return nil }
      // Logarithms: magnitudes of losses of confident networks vary by factors.
      return Quantity("\(Self.name)/\(one.name)/log mean magnitude", log(last.meanMagnitude), error: 0.15)
    }
  }
}
