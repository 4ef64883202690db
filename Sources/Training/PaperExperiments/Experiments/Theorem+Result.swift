import Foundation
import RobustnessCore

extension Theorem {
  func result(_ rows: [Row], _ context: ExperimentContext) throws -> ExperimentResult {
    var table = ResultTable([
      .init("series", "`methods`, `width` or `points`: the comparison that the row belongs to"),
      .init("data", "data set"), .init("method", "how the draws came about"), .init("width", "hidden units"),
      .init("training_examples", "number of training examples"),
      .init("scalar", "`loss`, or `margin`: largest other logit minus the label's"),
      .init("place", "`data`, or `distance ε`: a random corner of the L∞ ball of radius ε around it"),
      .init("epsilon", "that radius, in the data's units"),
      .init("draws", "number of draws"), .init("R", "‖E g‖²/E‖g‖², unbiased; mean over points"),
      .init("R_low", "lower end of its 95 % interval (jackknife, Student's t)"),
      .init("R_high", "upper end"), .init("cancellation", "‖mean g‖ / root mean square, biased"),
      .init("one_over_sqrt_n", "what cancellation is without signal for independent draws"),
      .init("sign_flip_p", "p-value of the sign-flip test over all points at once"),
      .init("sign_flip_blocks", "independent blocks of draws in it; below about 10 it cannot be small"),
      .init("sign_flip_block_length", "draws in such a block"),
      .init("cosine", "mean pairwise cosine of single gradients"),
      .init("split_half", "fraction of components whose mean has the same sign in two halves of the draws"),
      .init("R_tangent", "R of the part along the manifold, at the data"),
      .init("R_tangent_low", "lower end of its 95 % interval"), .init("R_tangent_high", "upper end"),
      .init("R_normal", "R of the part across it, at the data"),
      .init("R_normal_low", "lower end of its 95 % interval"), .init("R_normal_high", "upper end"),
      .init(
        "normal_to_tangent",
        "mean square of a single gradient across the manifold over that along it, each for one dimension"),
      .init("zero_gradients", "fraction of single gradients that are exactly zero"),
      .init("logit_gap", "median over points and draws of the largest logit minus the second"),
    ])
    for row in rows {
      let number = ResultTable.number
      table.append([
        row.setting.series.rawValue, row.setting.data.name, row.setting.method, "\(row.setting.width)",
        row.setting.method == "prior" ? "0" : "\(row.setting.points)", row.scalar, row.place,
        row.place == "data" ? "0" : "\(Self.epsilon(row.setting.data))", "\(row.draws)",
        number(row.signal.signal.ratio),
        number(row.signal.low), number(row.signal.high), number(row.signal.signal.cancellation),
        number(row.signal.signal.cancellationWithoutSignal), number(row.flip.pValue), "\(row.flip.blockCount)",
        "\(row.blockLength)", number(row.cosine), number(row.splitHalf), number(row.tangent?.signal.ratio),
        number(row.tangent?.low), number(row.tangent?.high), number(row.normal?.signal.ratio), number(row.normal?.low),
        number(row.normal?.high), number(row.normalToTangent), number(row.zeros), number(row.logitGap),
      ])
    }
    let carrying = Set(try posteriors.filter { try context.carriesVerdict($0) })
    let (judgement, verdict) = judge(rows, carrying: carrying)
    return ExperimentResult(
      table: table, figure: figure(rows),
      ran: """
        Gradients of single draws at \(pointCount) test points, \(drawCount) draws of every method, of the loss and of the logit margin, at the data and at a random corner of the L∞ ball of radius ε. Where a loss is zero its gradient is zero for every single network, so the loss alone cannot test the theorem. Data: half-moons without noise (a curve in the plane), the same laid isometrically into more dimensions, two concentric spheres, and images; tangents and normals are known for all but the images, and only at the data. Priors are normal and wide for points (standard deviation 4 over the root of the number of inputs of a layer), 0.2 for images. Methods: Hamiltonian Monte Carlo, mean-field variational inference, deep ensemble, bootstrap, draws from the prior, one network. \(scale == .smoke ? "Small networks and few draws." : "")

        R is ‖E g‖² / E‖g‖² without bias: for HMC from pairs of draws of different chains, with a jackknife over chains; otherwise from all pairs, leaving out one draw at a time. Draws are evenly thinned; sign flips are of blocks of consecutive ones, as long as four autocorrelation times of the slowest components but at most a fifth of a chain (the data have both numbers): where a chain has not converged the p-value is too small.

        What the theorem says is different for the two scalars. Networks that all agree on the manifold have one derivative along it: there the average of the margin's gradient cancels nothing, and what Lemma 2 cancels is the part across. The verdict rests on that part of the margin's gradient; for images, whose manifold nobody knows, on the loss. A single network has R = 1 by definition, which is why it has no row in the figure.
        """,
      paper:
        "Theorem 1: for a fully trained, infinitely wide Bayesian network with a flat prior the expected loss gradient vanishes almost everywhere on the data manifold. §4: ensembles from bootstrap should not have this property. Nothing is measured beyond Figures 1 to 3.",
      outcome: outcome(rows), judgement: judgement,
      claim:
        "The expected loss gradient vanishes over the posterior, and not over a bootstrap ensemble (Theorem 1, §4).",
      verdict: verdict,
      quantities: rows.filter {
        $0.setting.series == .methods && $0.setting.method != "sgd" && $0.signal.signal.ratio.isFinite
      }
      .map {
        Quantity(
          "\(Self.name)/\($0.setting.spec.name)/R \($0.scalar) \($0.place)", $0.signal.signal.ratio,
          error: max(0.02, $0.signal.signal.ratioError.isFinite ? $0.signal.signal.ratioError : 0.1))
      })
  }

  private func find(_ rows: [Row], _ data: DataSpec, _ method: String, _ scalar: String, _ place: String) -> Row? {
    rows.first {
      $0.setting.series == .methods && $0.setting.data == data && $0.setting.method == method && $0.scalar == scalar
        && $0.place == place
    }
  }

  private var dataSets: [DataSpec] {
    var seen: Set<DataSpec> = []
    return settingsList.map(\.data).filter { seen.insert($0).inserted }
  }

  /// What Theorem 1 says vanishes: of the margin the part across the manifold, of images, whose manifold is not known,
  /// the loss.
  private func decisive(_ rows: [Row], _ data: DataSpec, _ method: String) -> SignalInterval? {
    let margin = find(rows, data, method, "margin", "data")
    return margin?.normal ?? find(rows, data, method, "loss", "data")?.signal
  }

  /// The sentence counts all data sets, the verdict those whose HMC posterior may carry one.
  func judge(_ rows: [Row], carrying specs: Set<PosteriorSpec>) -> (String, ExperimentResult.Verdict) {
    let measured = dataSets.compactMap { data -> (spec: PosteriorSpec, hmc: SignalInterval, other: SignalInterval)? in
      guard let spec = find(rows, data, "hmc", "margin", "data")?.setting.spec,
        let hmc = decisive(rows, data, "hmc"), let other = decisive(rows, data, "bootstrap")
      else { return nil }
      return (spec, hmc, other)
    }
    func range(_ method: String, onManifold: Bool) -> String? {
      let values = dataSets.filter { (find(rows, $0, method, "margin", "data")?.normal != nil) == onManifold }
        .compactMap { decisive(rows, $0, method)?.signal.ratio }.filter(\.isFinite)
      guard let low = values.min(), let high = values.max() else { return nil }
      return low == high ? Markdown.number(low, 2) : "\(Markdown.number(low, 2)) to \(Markdown.number(high, 2))"
    }
    func sentence(_ subject: String, onManifold: Bool) -> String? {
      range("hmc", onManifold: onManifold).map { hmc in
        let others = [("a bootstrap ensemble", "bootstrap"), ("draws from the prior", "prior")].compactMap { entry in
          range(entry.1, onManifold: onManifold).map { "over \(entry.0) R = \($0)" }
        }
        return (["\(subject) over HMC draws keeps R = \(hmc) of its mean square"] + others).joined(separator: ", ")
          + "."
      }
    }
    let positive = measured.count { $0.hmc.low > 0 }
    let lower = measured.count { $0.hmc.high < $0.other.low }
    let text = [
      sentence("Across the manifold the mean gradient of the logit margin", onManifold: true),
      sentence("On images the mean gradient of the loss", onManifold: false),
      "HMC's R is above 0 beyond doubt on \(positive) of \(measured.count) data sets, and clearly below the bootstrap's on \(lower).",
    ].compactMap { $0 }.joined(separator: " ")
    let judged = measured.filter { specs.contains($0.spec) }
    // Where a bootstrap's mean vanishes too, the posterior is nothing special.
    let evidence = judged.map { one -> Evidence in
      one.hmc.vanishing == .supports && !(one.other.low > 0.01) ? .neither : one.hmc.vanishing
    }
    return (text, .init(evidence, isComplete: judged.count == measured.count))
  }

  private func outcome(_ rows: [Row]) -> String {
    var text = ""
    for data in dataSets {
      let header = [
        "method", "scalar", "place", "R", "95 %", "sign-flip p (blocks)", "cosine", "split-half", "‖mean‖/rms (1/√n)",
        "R along | across the manifold", "zero gradients", "logit gap",
      ]
      let lines = rows.filter { $0.setting.series == .methods && $0.setting.data == data && $0.setting.method != "sgd" }
        .map {
          row -> [String] in
          [
            row.setting.method, row.scalar, row.place, Markdown.number(row.signal.signal.ratio),
            "[\(Markdown.number(row.signal.low, 2)), \(Markdown.number(row.signal.high, 2))]",
            "\(Markdown.number(row.flip.pValue, 2)) (\(row.flip.blockCount))", Markdown.number(row.cosine, 2),
            Markdown.fixed(row.splitHalf),
            "\(Markdown.number(row.signal.signal.cancellation, 2)) (\(Markdown.number(row.signal.signal.cancellationWithoutSignal, 2)))",
            row.tangent.map { t in
              "\(Markdown.number(t.signal.ratio, 2)), \(Markdown.number(row.normal?.signal.ratio ?? .nan, 2))"
            } ?? "–",
            Markdown.percent(row.zeros), Markdown.number(row.logitGap, 2),
          ]
        }
      text +=
        "### \(data.name)\n\n" + Markdown.table(header, lines).replacing("R along | across", with: "R along, across")
        + "\n"
    }
    for series in [Setting.Series.width, .points] {
      let lines = rows.filter { $0.setting.series == series && $0.place == "data" }.map { row -> [String] in
        [
          "\(row.setting.width)", "\(row.setting.points)", row.scalar, Markdown.number(row.signal.signal.ratio),
          "[\(Markdown.number(row.signal.low, 2)), \(Markdown.number(row.signal.high, 2))]",
          Markdown.number(row.signal.signal.plainMeanSquare), Markdown.percent(row.zeros),
          Markdown.number(row.logitGap, 2),
        ]
      }
      text +=
        "### HMC on \(dataSets[0].name), by \(series == .width ? "width" : "number of training points")\n\n"
        + Markdown.table(
          ["width", "points", "scalar", "R", "95 %", "mean ‖g‖²", "zero gradients", "logit gap"], lines)
        + "\n"
    }
    return text
  }

  // MARK: - Figure

  private func figure(_ rows: [Row]) -> Figure {
    let methods = Self.methods.filter { $0 != "sgd" }
    let columns = max(dataSets.count, 2)
    var figure = Figure(name: Self.name, width: max(900, 300 * columns + 60), height: 720)
    figure.add(
      "set multiplot layout 2,\(columns) margins \(70.0 / Double(figure.width)),0.99,0.09,0.9 spacing \(50.0 / Double(figure.width)),0.2",
      "set yrange [-0.1:1.05]", "unset key",
      "set ylabel \"R = ‖E g‖² / E‖g‖²\" offset 1.5")
    let kinds: [(scalar: String, place: String, colour: Figure.Colour, point: Int)] = [
      ("loss", "data", .sky, 4), ("margin", "data", .blue, 7), ("loss", "distance ε", .orange, 6),
      ("margin", "distance ε", .vermilion, 9),
    ]
    figure.addLegend(kinds.map { ("\($0.scalar), at \($0.place)", $0.colour, $0.point) })
    let ticks = methods.enumerated().map { "\"\($1)\" \($0)" }.joined(separator: ", ")
    for (panel, data) in dataSets.enumerated() {
      figure.add(
        "set title \"\(data.name)\"", "set xrange [-0.5:\(Double(methods.count) - 0.5)]",
        "set xtics (\(ticks)) rotate by 20 right font \",9\"")
      let plots = kinds.enumerated().map { index, kind -> String in
        let block = figure.block(
          methods.enumerated().compactMap { position, method in
            find(rows, data, method, kind.scalar, kind.place).map {
              [Double(position) + 0.14 * (Double(index) - 1.5), $0.signal.signal.ratio, $0.signal.low, $0.signal.high]
            }
          })
        return
          "\(block) using 1:2:3:4 with yerrorbars pointtype \(kind.point) pointsize 0.8 linecolor rgb \"\(kind.colour.rawValue)\""
      }
      figure.add("plot 0 notitle linecolor rgb \"#888888\" linewidth 0.7, " + plots.joined(separator: ", \\\n  "))
      if panel == 0 { figure.removeLegend() }
      if panel == 0 { figure.add("unset ylabel") }
    }
    for _ in dataSets.count..<columns { figure.add("set multiplot next") }
    figure.add("set ylabel \"R of the margin's gradient\" offset 1.5", "set xtics norotate autojustify font \",10\"")
    for (series, label) in [(Setting.Series.width, "hidden units"), (.points, "training points")] {
      let chosen = rows.filter { $0.setting.series == series && $0.scalar == "margin" }
      let x: (Row) -> Double = { Double(series == .width ? $0.setting.width : $0.setting.points) }
      let ticks = Set(chosen.map(x)).sorted().map { "\(Int($0))" }.joined(separator: ", ")
      figure.add(
        "set title \"HMC on \(dataSets[0].name)\"", "set xlabel \"\(label)\"", "set logscale x 2",
        "set xrange [\((chosen.map(x).min() ?? 1) / 1.6):\((chosen.map(x).max() ?? 1) * 1.6)]", "set xtics (\(ticks))")
      let plots = kinds.filter { $0.scalar == "margin" }.map { kind -> String in
        let block = figure.block(
          chosen.filter { $0.place == kind.place }.map {
            [x($0), $0.signal.signal.ratio, $0.signal.low, $0.signal.high]
          })
        return
          "\(block) using 1:2:3:4 with yerrorbars pointtype \(kind.point) linecolor rgb \"\(kind.colour.rawValue)\" notitle, \(block) using 1:2 with lines linecolor rgb \"\(kind.colour.rawValue)\" notitle"
      }
      figure.add("plot 0 notitle linecolor rgb \"#888888\" linewidth 0.7, " + plots.joined(separator: ", \\\n  "))
      figure.add("unset ylabel")
    }
    if columns >= 3 { figure.add("unset logscale x", "unset xlabel"); partsPanel(rows, &figure) }
    figure.add("unset multiplot")
    return figure
  }

  /// R along and across the manifold, for HMC and the bootstrap.
  private func partsPanel(_ rows: [Row], _ figure: inout Figure) {
    let known = dataSets.filter { find(rows, $0, "hmc", "margin", "data")?.tangent != nil }
    let ticks = known.enumerated().map {
      "\"\($1.name.replacing("half-moons", with: "moons").replacing("-noise-free", with: ""))\" \($0)"
    }.joined(separator: ", ")
    figure.add(
      "set title \"HMC, margin, at the data\"", "set xrange [-0.5:\(Double(known.count) - 0.5)]",
      "set xtics (\(ticks)) font \",9\"",
      "set key at graph 0.5,-0.16 center top vertical")
    func block(_ part: (Row) -> SignalInterval?, shift: Double) -> [[Double]] {
      known.enumerated().compactMap { position, data in
        find(rows, data, "hmc", "margin", "data").flatMap(part).map {
          [Double(position) + shift, $0.signal.ratio, $0.low, $0.high]
        }
      }
    }
    let tangent = figure.block(block({ $0.tangent }, shift: -0.1))
    let normal = figure.block(block({ $0.normal }, shift: 0.1))
    figure.add(
      "plot 0 notitle linecolor rgb \"#888888\" linewidth 0.7, \(tangent) using 1:2:3:4 with yerrorbars pointtype 7 linecolor rgb \"\(Figure.Colour.green.rawValue)\" title \"along the manifold\", \\",
      "  \(normal) using 1:2:3:4 with yerrorbars pointtype 5 linecolor rgb \"\(Figure.Colour.purple.rawValue)\" title \"across it\""
    )
  }
}
