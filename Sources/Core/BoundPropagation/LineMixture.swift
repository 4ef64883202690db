import RobustnessCore

/// Which lines a row of coefficients takes where a function leaves a choice.
enum LineChoice {
  /// The same for all rows of an example: what is best over all of the enclosure.
  case best
  /// Those close to the numbers of each value, a row for each row.
  case near([[Double]])
  /// Row by row, between two.
  case mixed(LineMixture)
}

/// Lines between two, for each row and each function: those that are close near the lower end of the argument's
/// enclosure, and those near its upper end. For a rectifier these have the slopes 0 and 1 below, and everything between
/// them is sound (α-CROWN: Xu et al., *Fast and complete*, ICLR 2021); for other functions so is every mixture of two
/// sound lines.
struct LineMixture {
  /// What an ascent moves: 0 for the lines near the lower end, 1 for those near the upper.
  struct Positions {
    var below: [Double]
    var above: [Double]
  }

  /// The two lines of each function for each example; `first` near the lower ends.
  private(set) var ends: [Int: [(first: RelaxationLines, second: RelaxationLines)]] = [:]
  /// For each function, rows of positions.
  var positions: [Int: Positions] = [:]
  /// For each function and example, what rounding of the mixture can cost each line.
  private var rounding: [Int: [(below: [Double], above: [Double])]] = [:]

  /// The lines of some functions, with positions as close as possible to the lines that are best over all.
  init(_ pass: BoundPass, values: [Int], examples: [Int]) {
    for value in values {
      guard case .relaxed(let source, let relaxation) = pass.network.steps[value - 1].operation else { continue }
      let count = relaxation.outputCount
      var (pairs, best, lost): ([(RelaxationLines, RelaxationLines)], [RelaxationLines], [([Double], [Double])]) =
        ([], [], [])
      for example in 0..<pass.region.rows {
        var first = pass.lines(of: relaxation, source, example: example, near: (pass.lower, example))
        var second = pass.lines(of: relaxation, source, example: example, near: (pass.upper, example))
        let middle = pass.lines(of: relaxation, source, example: example, near: nil)
        // Lines in different arguments do not mix.
        if !middle.lowerSources.isEmpty { (first, second) = (middle, middle) }
        let reach = pass.reach(source, example)
        func loss(_ slope: (RelaxationLines) -> [Double], _ intercept: (RelaxationLines) -> [Double]) -> [Double] {
          guard middle.lowerSources.isEmpty else { return [Double](repeating: 0, count: count) }
          return (0..<count).map { j in
            if slope(first)[j] == slope(second)[j], intercept(first)[j] == intercept(second)[j] { return 0 }
            let slopes = abs(slope(first)[j]) + abs(slope(second)[j])
            return 8 * Rounding.unit * (slopes * reach[j] + abs(intercept(first)[j]) + abs(intercept(second)[j]))
          }
        }
        lost.append((loss(\.lowerSlope, \.lowerIntercept), loss(\.upperSlope, \.upperIntercept)))
        pairs.append((first, second))
        best.append(middle)
      }
      ends[value] = pairs
      rounding[value] = lost
      var start = Positions(below: [], above: [])
      for example in examples {
        let (first, second) = pairs[example]
        start.below += Self.start(first.lowerSlope, second.lowerSlope, best[example].lowerSlope)
        start.above += Self.start(first.upperSlope, second.upperSlope, best[example].upperSlope)
      }
      positions[value] = start
    }
  }

  private static func start(_ first: [Double], _ second: [Double], _ wanted: [Double]) -> [Double] {
    wanted.indices.map { j in
      let position = (wanted[j] - first[j]) / (second[j] - first[j])
      return position.isFinite ? min(max(position, 0), 1) : 0
    }
  }

  /// The lines of one row.
  func lines(of value: Int, row: Int, example: Int) -> RelaxationLines {
    let (first, second) = ends[value]![example]
    guard first.lowerSources.isEmpty else { return first }
    let (lost, place) = (rounding[value]![example], positions[value]!)
    var lines = first
    let count = lines.lowerSlope.count
    for j in 0..<count {
      // Equal lines need no mixture, and may have intercepts that are not finite.
      if lost.below[j] > 0 {
        let position = place.below[row * count + j]
        lines.lowerSlope[j] += position * (second.lowerSlope[j] - first.lowerSlope[j])
        lines.lowerIntercept[j] += position * (second.lowerIntercept[j] - first.lowerIntercept[j]) - lost.below[j]
      }
      if lost.above[j] > 0 {
        let position = place.above[row * count + j]
        lines.upperSlope[j] += position * (second.upperSlope[j] - first.upperSlope[j])
        lines.upperIntercept[j] += position * (second.upperIntercept[j] - first.upperIntercept[j]) + lost.above[j]
      }
    }
    return lines
  }
}
