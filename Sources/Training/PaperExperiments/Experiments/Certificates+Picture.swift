import RobustnessCore

extension Certificates {
  private static let colours: [Figure.Colour] = [.vermilion, .green, .blue, .black]
  private static let points = [7, 9, 5, 13]

  func figure(_ rows: [Row], _ dead: DeadInputs) -> Figure {
    var figure = Figure(name: Self.name, width: 1400, height: 520)
    figure.addLegend(
      rows.enumerated().map { ($1.name, Self.colours[$0], Self.points[$0]) }, at: 0.955)
    addCurves(rows, to: &figure)
    figure.removeLegend()
    figure.add(
      "set grid xtics ytics linecolor rgb \"#dddddd\" linetype 1 linewidth 0.5",
      "set xrange [-0.6:\(Double(rows.count) - 0.4)]")
    addRadii(rows, to: &figure)
    addShares(rows, dead, to: &figure)
    figure.add("unset multiplot")
    return figure
  }

  /// Certified from below, attacked from above.
  private func addCurves(_ rows: [Row], to figure: inout Figure) {
    figure.add(
      "set multiplot", "set lmargin at screen 0.05", "set rmargin at screen 0.47", "set bmargin at screen 0.13",
      "set tmargin at screen 0.85", "unset key",
      "set title \"lines: certified by linear (at least); points: left by attacks (at most), 95 %\"",
      "set xlabel \"ε (L∞, pixels in [0, 1])\"", "set ylabel \"fraction of the images\"", "set yrange [0:1.03]",
      "set xrange [-0.002:\((epsilons.last ?? 0) * 1.03)]")
    var plots: [String] = []
    for (index, row) in rows.enumerated() {
      let colour = "linecolor rgb \"\(Self.colours[index].rawValue)\""
      plots.append("\(figure.block(steps(row))) using 1:2 with fsteps linewidth 1.8 \(colour)")
      // Side by side: intervals of four subjects at one ε cover each other.
      let shift = (Double(index) - 1.5) * (epsilons.last ?? 0) * 0.005
      let left = figure.block(
        zip([0] + epsilons, [row.clean] + row.attacked).map { epsilon, stands in
          let estimate = Estimate.proportion(stands.count { $0 }, of: stands.count)
          return [epsilon + shift, estimate.value, estimate.low ?? .nan, estimate.high ?? .nan]
        })
      plots.append("\(left) using 1:2 with lines dashtype 3 linewidth 1 \(colour)")
      plots.append(
        "\(left) using 1:2:3:4 with yerrorbars pointtype \(Self.points[index]) pointsize 0.9 linewidth 1 \(colour)")
    }
    figure.add("plot " + plots.joined(separator: ", \\\n  "))
  }

  /// The fraction certified, with a step behind each radius; it begins with what is decided rightly at all. Radii that
  /// reach the largest ε have no step: nobody has looked further.
  private func steps(_ row: Row) -> [[Double]] {
    let largest = epsilons.last ?? 0
    let radii = row.radii.filter { $0 > 0 }.sorted()
    let total = Double(row.clean.count)
    var points = [[0, row.accuracy.value]]
    for (index, radius) in radii.enumerated() {
      points.append([radius, Double(radii.count - index) / total])
      if radius >= largest { return points }
    }
    return points + [[radii.last ?? 0, 0]]
  }

  /// Median and quartiles of the radii, with all pixels free and with the dead ones fixed.
  private func addRadii(_ rows: [Row], to figure: inout Figure) {
    addNames(rows, to: &figure)
    figure.add(
      "set lmargin at screen 0.53", "set rmargin at screen 0.75",
      "set title \"certified radius: median, quartiles\"", "set ylabel \"ε\"", "set yrange [0:*]")
    var plots: [String] = []
    for (index, row) in rows.enumerated() {
      let colour = "linecolor rgb \"\(Self.colours[index].rawValue)\""
      for (position, radii) in [row.radii, row.radiiOfLive].enumerated() {
        let sorted = zip(row.clean, radii).filter { $0.0 }.map(\.1).sorted()
        guard !sorted.isEmpty else { continue }
        let quartiles = [0.25, 0.75].map { sorted[Int($0 * Double(sorted.count - 1))] }
        let block = figure.block(
          [[Double(index) + (position == 0 ? -0.14 : 0.14), PairedRadii.median(sorted)] + quartiles])
        // Filled where all pixels are free, open where dead ones are fixed.
        let point = position == 0 ? Self.points[index] : Self.points[index] - 1
        plots.append("\(block) using 1:2:3:4 with yerrorbars pointtype \(point) pointsize 1.2 linewidth 1.3 \(colour)")
      }
    }
    figure.add(
      "set label 950 \"filled: all pixels free; open: dead pixels fixed\" at graph 0.5,0.04 center font \",9\" textcolor rgb \"#555555\"",
      "plot " + plots.joined(separator: ", \\\n  "), "unset label 950")
  }

  /// How much of the first layer looks at pixels that never change.
  private func addShares(_ rows: [Row], _ dead: DeadInputs, to figure: inout Figure) {
    figure.add(
      "set lmargin at screen 0.81", "set rmargin at screen 0.985",
      "set title \"first layer's L1 norm on dead pixels\"", "set ylabel \"share\"", "set boxwidth 0.6")
    let line = figure.block([[-0.6, dead.share], [Double(rows.count) - 0.4, dead.share]])
    var plots = ["\(line) using 1:2 with lines dashtype 2 linewidth 1.5 linecolor rgb \"#888888\""]
    for (index, row) in rows.enumerated() {
      let block = figure.block([[Double(index), row.norm.deadShare]])
      plots.append("\(block) using 1:2 with boxes linecolor rgb \"\(Self.colours[index].rawValue)\"")
    }
    figure.add(
      "set label 951 \"dashed: share of the pixels\" at graph 0.5,0.97 center font \",9\" textcolor rgb \"#555555\"",
      "plot " + plots.joined(separator: ", \\\n  "), "unset label 951")
  }

  private func addNames(_ rows: [Row], to figure: inout Figure) {
    let ticks = rows.enumerated().map {
      "\(Figure.quoted($1.name.replacing("mnist-", with: "").replacing("-", with: "\\n"))) \($0)"
    }
    figure.add("unset xlabel", "set xtics (\(ticks.joined(separator: ", "))) font \",10\"")
  }
}
