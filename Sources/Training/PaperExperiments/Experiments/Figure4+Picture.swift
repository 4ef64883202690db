import Foundation
import RobustnessCore

extension Figure4 {
  func figure(_ rows: [Row]) -> Figure {
    var seen: Set<String> = []
    let data = rows.map(\.cell.data).filter { seen.insert($0).inserted }
    var figure = Figure(name: Self.name, width: 1400, height: 60 + 340 * data.count)
    let colours: [Figure.Colour] = [.vermilion, .green, .blue]
    let points = [7, 9, 5]
    figure.add(
      "set multiplot layout \(data.count),3 margins 0.06,0.985,\(64.0 / Double(figure.height)),\(1 - 70.0 / Double(figure.height)) spacing 0.065,\(95.0 / Double(figure.height))",
      "unset key")
    figure.addLegend(
      Self.methods.enumerated().map { ($1.uppercased(), colours[$0], points[$0]) }, at: 1 - 22.0 / Double(figure.height)
    )
    for name in data {
      figure.add(
        "set title \"\(name)\"", "set xlabel \"accuracy\"", "set xrange [0:1.02]", "set xtics auto font \",10\"",
        "set yrange [0:1.03]", "set ylabel \"softmax robustness under FGSM\"")
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
      addPortfolio(rows.filter { $0.cell.data == name }, title: name, to: &figure, colours, points)
    }
    figure.add("unset multiplot")
    return figure
  }

  /// What FGSM leaves of the images against what `standard` leaves of the same: points below the diagonal are networks
  /// that FGSM calls more robust than they are.
  private func addPortfolio(
    _ rows: [Row], title: String, to figure: inout Figure, _ colours: [Figure.Colour], _ points: [Int]
  ) {
    figure.add(
      "set title \"\(title), FGSM against standard\"", "set xlabel \"adversarial accuracy under FGSM\"",
      "set ylabel \"the same under standard\"", "set xrange [0:1.02]", "set yrange [0:1.03]",
      "set xtics auto font \",10\"")
    let diagonal = figure.block([[0, 0], [1, 1]])
    let scatter = Self.methods.enumerated().map { index, method -> String in
      let block = figure.block(
        rows.filter { $0.cell.member.method == method }.compactMap { row in
          row.portfolio.map { [$0.fgsmAccuracy, $0.accuracy.value] }
        })
      return
        "\(block) using 1:2 with points pointtype \(points[index]) pointsize 0.9 linecolor rgb \"\(colours[index].rawValue)\""
    }
    figure.add(
      "plot "
        + (["\(diagonal) using 1:2 with lines dashtype 2 linecolor rgb \"#888888\""] + scatter).joined(
          separator: ", \\\n  "))
  }
}
