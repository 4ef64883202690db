internal import RobustnessCore

/// x above zero, slope · x below, with a slope of at most 1: convex, so that every line through zero with a slope in
/// between lies below it, and the chord above (CROWN's lines).
struct RectifierRelaxation: Relaxation {
  let slope: Double
  let inputCount: Int

  /// Nil for functions of another kind.
  init?(_ function: ElementwiseFunction, count: Int) {
    switch function {
    case .relu: slope = 0
    case .leakyReLU(let slope) where slope <= 1 && slope >= 0: self.slope = slope
    default: return nil
    }
    inputCount = count
  }

  var outputCount: Int { inputCount }

  /// The slope itself, and its product.
  var singleRoundings: Int? { slope == 0 ? 0 : 3 }

  func profits(lower: Double, upper: Double) -> Bool { lower < 0 && upper > 0 }

  func enclose(
    _ lower: UnsafePointer<Double>, _ upper: UnsafePointer<Double>, _ low: UnsafeMutablePointer<Double>,
    _ high: UnsafeMutablePointer<Double>
  ) {
    for index in 0..<inputCount {
      let (l, u) = (lower[index], upper[index])
      low[index] = l >= 0 ? l : slope == 0 ? 0 : (slope * l).nextDown
      high[index] = u >= 0 ? u : slope == 0 ? 0 : (slope * u).nextUp
    }
  }

  func relax(
    _ lower: UnsafePointer<Double>, _ upper: UnsafePointer<Double>, near: UnsafePointer<Double>?,
    into lines: inout RelaxationLines
  ) {
    for index in 0..<inputCount {
      let (l, u) = (lower[index], upper[index])
      if l >= 0 || u <= 0 {
        set(&lines, index, l >= 0 ? 1 : slope, l >= 0 ? 1 : slope, 0)
        continue
      }
      let isSteep = near.map { $0[index] > 0 } ?? (u > -l)
      guard u - l < .infinity else {
        // Only what needs no end: the line below, and nothing above.
        set(&lines, index, isSteep ? 1 : slope, 0, .infinity)
        continue
      }
      // Any slope serves above as long as both ends lie below the line.
      let above = (u - slope * l) / (u - l)
      let atLower = (slope - above) * l
      let atUpper = (1 - above) * u
      let size = max(abs(l), abs(u)) * 0x1p-50 + 0x1p-1000
      set(&lines, index, isSteep ? 1 : slope, above, max(atLower, atUpper) + size)
    }
  }

  private func set(
    _ lines: inout RelaxationLines, _ index: Int, _ below: Double, _ above: Double, _ intercept: Double
  ) {
    lines.lowerSlope[index] = below
    lines.lowerIntercept[index] = 0
    lines.upperSlope[index] = above
    lines.upperIntercept[index] = intercept
  }
}
