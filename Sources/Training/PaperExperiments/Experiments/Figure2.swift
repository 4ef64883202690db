import Foundation
import RobustnessCore

/// Figure 2 of the paper: heat maps of the expected loss gradient over growing numbers of draws.
struct Figure2: Experiment {
  static let name = "figure2"
  static let title = "Figure 2: the expected loss gradient of single images"

  let scale: Scale
  let seed: UInt64
  let images: ImagePosteriors
  let imageCount: Int
  let drawCount: Int

  init(scale: Scale, seed: UInt64) {
    self.scale = scale
    self.seed = seed
    images = ImagePosteriors(scale: scale, seed: seed)
    imageCount = scale.pick(12, 40, 100)
    drawCount = scale.pick(100, 250, 500)
  }

  var posteriors: [PosteriorSpec] { images.all }
  var expectedSeconds: Double { scale.pick(3, 30, 4000) }
  var settings: String { "figure2 2 \(imageCount) \(drawCount)" }

  func run(_ context: ExperimentContext) throws -> ExperimentResult {
    var table = ResultTable([
      .init("posterior", "data set and method"), .init("image", "position among the test images"),
      .init("label", "its class"),
      .init("draws", "number of draws n in the mean"),
      .init("linf_norm", "largest magnitude of a component of the mean loss gradient, nat per unit of a pixel"),
      .init("l2_norm", "its Euclidean norm"),
      .init("l2_relative", "that norm over the root mean square norm of single gradients"),
      .init("independent", "1/√n: what l2_relative would be with independent draws and without any signal"),
      .init(
        "authors_rule", "1 where the authors' rule would draw the image: L∞ norm never rising over 1, 10, 50, 100 draws"
      ),
    ])
    var figure = Figure(name: Self.name, width: 980, height: 70 + 2 * posteriors.count * 175)
    var measured: [GradientDecay.Measured] = []
    figure.add(
      "set multiplot layout \(2 * posteriors.count),5 margins 0.17,0.99,0.01,\(1 - 62.0 / Double(figure.height)) spacing 0.012,\(26.0 / Double(figure.height)) title \"mean loss gradient over n draws: orange raises the loss, blue lowers it; each row scaled to its largest component\" font \",11\"",
      "unset key", "unset xtics", "unset ytics", "unset border", "unset grid", "set size ratio -1", "unset colorbox",
      "set palette defined (-1 \"#0072B2\", -0.3 \"#9fc8e6\", 0 \"#ffffff\", 0.3 \"#f0b48c\", 1 \"#D55E00\")",
      "set xrange [-0.5:27.5]", "set yrange [27.5:-0.5]")
    for spec in posteriors {
      try context.show(spec.name)
      let posterior = try context.open(spec)
      let one = try GradientDecay.measure(posterior, images: imageCount, drawCount: drawCount, context)
      measured.append(one)
      let counts = GradientDecay.counts(one.order.count)
      for image in one.indices.indices {
        let rms = Self.rootMeanSquare(one.gradients[image])
        for (count, norms) in zip(counts, one.norms[image]) {
          table.append([
            one.name, "\(one.indices[image])", "\(one.labels[image])", "\(count)", ResultTable.number(norms.linf),
            ResultTable.number(norms.l2), ResultTable.number(norms.l2 / rms),
            ResultTable.number(1 / Double(count).squareRoot()), one.isKept(image) ? "1" : "0",
          ])
        }
      }
      // Chosen before anything was looked at: the first of the random images; and the first that the rule keeps.
      draw(one, image: 0, "random image", counts, &figure)
      draw(one, image: one.indices.indices.first { one.isKept($0) }, "authors' rule", counts, &figure)
    }
    figure.add("unset multiplot")
    let (judgement, verdict) = GradientDecay.verdict(measured.map { ($0.name, $0.signal, $0.carriesVerdict) })
    return ExperimentResult(
      table: table, figure: figure,
      ran: """
        \(images.reduction) The gradient of the cross-entropy with respect to the pixels, averaged over n draws (Eq. 2), at \(imageCount) test images drawn at random with the seed; the draws in a random order, so that those of a smaller n are among those of a larger one. Each row of the figure has one colour scale, whose ends are the largest component of its panels (orange raises the loss, blue lowers it), and the title of a panel is its L∞ norm. The upper row of a posterior is the first of the random images, the lower one the first that the rule of the authors' code keeps: it draws only images whose norm never rises from 1 to 10, 50 and 100 draws.
        """,
      paper:
        "Heat maps of a few images, called anecdotal, whose components approach zero as draws are added from 1 to 100; single networks' gradients are far from zero.",
      outcome: outcome(measured), judgement: judgement,
      claim:
        "The expected loss gradient approaches zero as draws are added; it is the average that cancels (Figure 2).",
      verdict: verdict, quantities: try quantities(measured, context))
  }

  static func rootMeanSquare(_ gradients: DrawGradients) -> Double {
    let square = gradients.values.reduce(0) { $0 + $1 * $1 } / Double(gradients.drawCount)
    return square.squareRoot() * Double(sign: .plus, exponent: max(-1074, gradients.exponent), significand: 1)
  }

  private func draw(
    _ one: GradientDecay.Measured, image: Int?, _ rule: String, _ counts: [Int], _ figure: inout Figure
  ) {
    guard let image else {
      for _ in 0..<5 { figure.add("set multiplot next") }
      return
    }
    let gradients = one.gradients[image]
    let means = gradients.means(counts, order: one.order)
    let range = max(means.joined().reduce(0) { max($0, abs($1)) }, .leastNonzeroMagnitude)
    let scale = Double(sign: .plus, exponent: max(-1000, gradients.exponent), significand: 1)
    for (column, mean) in means.enumerated() {
      // Relative to the row's range: gradients can be below what gnuplot reads.
      let block = figure.block((0..<28).map { row in (0..<28).map { mean[row * 28 + $0] / range } })
      let norm = mean.reduce(0) { max($0, abs($1)) } * scale
      figure.add(
        "set cbrange [-1:1]",
        "set title \"n = \(counts[column]),  L∞ \(Markdown.number(norm, 2))\" offset 0,-0.9 font \",10\"")
      if column == 0 {
        figure.add(
          "set label 1 \"\(one.name)\\n\(rule)\\ntest image \(one.indices[image]),\\nclass \(one.labels[image])\" at graph -0.08,0.65 right font \",10\""
        )
      }
      figure.add("plot \(block) matrix with image pixels", "unset label 1")
    }
    for _ in counts.count..<max(5, counts.count) { figure.add("set multiplot next") }
  }

  private func outcome(_ measured: [GradientDecay.Measured]) -> String {
    let rows = measured.map { one -> [String] in
      let counts = GradientDecay.counts(one.order.count)
      let kept = one.indices.indices.filter { one.isKept($0) }
      func median(_ images: [Int]) -> Double {
        let ratios = images.compactMap { image -> Double? in
          guard let first = one.norms[image].first?.l2, let last = one.norms[image].last?.l2, first > 0 else {
            return nil
          }
          return last / first
        }.sorted()
        return ratios.isEmpty ? .nan : ratios[ratios.count / 2]
      }
      let zeros = one.norms.count { $0[0].linf == 0 }
      return [
        one.name, "\(counts.last ?? 0)", Markdown.number(one.signal.signal.cancellation),
        Markdown.number(one.signal.signal.cancellationWithoutSignal), Markdown.number(one.signal.signal.ratio),
        "[\(Markdown.number(one.signal.low)), \(Markdown.number(one.signal.high))]",
        "\(kept.count) of \(one.indices.count)", Markdown.number(median(Array(one.indices.indices))),
        Markdown.number(median(kept)), "\(zeros)",
      ]
    }
    return Markdown.table(
      [
        "posterior", "n", "‖mean‖ / root mean square", "1/√n", "R", "95 %", "kept by the authors' rule",
        "median ‖·‖ at n over that at 1, all", "the same, kept ones", "images with a zero gradient at n = 1",
      ], rows)
      + "\nR = ‖E g‖² / E‖g‖², estimated without bias from pairs of draws (of different chains, for HMC): 0 where the expectation vanishes, 1 where all gradients are equal. The norm of the mean falls towards √R, and towards 1/√n for any set of independent vectors, so that its fall alone shows nothing."
  }

  private func quantities(_ measured: [GradientDecay.Measured], _ context: ExperimentContext) throws -> [Quantity] {
    measured.map {
      Quantity("\(Self.name)/\($0.name)/R", $0.signal.signal.ratio, error: max(0.01, $0.signal.signal.ratioError))
    }
  }
}
