import BoundPropagation

/// A part of an example's region: a box, of which in L2 only what lies in the ball counts.
struct InputBox {
  var lower: [Double]
  var upper: [Double]
  /// Lower bound on the margin.
  var bound = -Double.infinity
  /// How much the bound falls along each feature; empty where it is not known.
  var slopes: [Double] = []

  /// All of an example's box.
  init(_ region: InputRegion, example: Int) {
    let rows = example * region.count..<(example + 1) * region.count
    lower = Array(region.lower[rows])
    upper = Array(region.upper[rows])
  }

  var middle: [Double] { zip(lower, upper).map { $0 / 2 + $1 / 2 } }

  /// Both halves, cut where it promises most: the feature along which the bound falls most, but none that is less than a
  /// quarter as wide as the widest; nil where no number lies between the ends.
  func halves() -> [InputBox]? {
    let widths = zip(lower, upper).map { $1 - $0 }
    guard let widest = widths.max(), widest > 0 else { return nil }
    let feature = widths.indices.max { score($0, widths, widest) < score($1, widths, widest) }!
    let cut = middle[feature]
    guard cut > lower[feature], cut < upper[feature] else { return nil }
    var (first, second) = (self, self)
    first.upper[feature] = cut
    second.lower[feature] = cut
    return [first, second]
  }

  private func score(_ feature: Int, _ widths: [Double], _ widest: Double) -> Double {
    guard widths[feature] >= widest / 4 else { return -1 }
    return slopes.isEmpty ? widths[feature] : slopes[feature] * widths[feature]
  }

  /// Takes off what lies outside a ball: |x_i − c_i|² ≤ r² − Σ of the least squares of the other features. False where
  /// nothing is left.
  mutating func contract(to centre: ArraySlice<Double>, radius: Double) -> Bool {
    let centre = Array(centre)
    // The least distances, rounded down.
    let least = lower.indices.map { index -> Double in
      let outside = max(0, lower[index] - centre[index], centre[index] - upper[index])
      return outside * outside * (1 - 1e-12)
    }
    let all = least.reduce(0, +) * (1 - 1e-12)
    let square = radius * radius * (1 + 1e-12)
    guard all <= square else { return false }
    for index in lower.indices where lower[index] < upper[index] {
      // What is left for one feature, and its root, rounded up.
      let left = square - (all - least[index]) + 1e-12 * (square + all)
      let reach = max(0, left).squareRoot() * (1 + 1e-12) + 1e-15 * abs(centre[index])
      lower[index] = min(max(lower[index], centre[index] - reach), upper[index])
      upper[index] = max(min(upper[index], centre[index] + reach), lower[index])
    }
    return true
  }
}
