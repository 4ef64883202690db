internal import RobustnessCore

/// Lines around a smooth or piecewise smooth function of one number.
///
/// A slope is chosen, which may be any; then the intercept is the least, or the largest, value of f(x) − slope · x over
/// the interval. That is exact up to rounding: between the points where the derivative turns around, or jumps, it is
/// monotone, so that f − slope · x has its extremes at the ends of these pieces or where f′ = slope, which bisection
/// finds.
struct CurveRelaxation: Relaxation {
  let function: ElementwiseFunction
  let inputCount: Int
  /// Where the derivative turns around or jumps, ascending.
  private let breaks: [Double]

  init(_ function: ElementwiseFunction, count: Int) {
    self.function = function
    inputCount = count
    breaks = function.breaks
  }

  var outputCount: Int { inputCount }

  func enclose(
    _ lower: UnsafePointer<Double>, _ upper: UnsafePointer<Double>, _ low: UnsafeMutablePointer<Double>,
    _ high: UnsafeMutablePointer<Double>
  ) {
    for index in 0..<inputCount {
      let (l, u) = (lower[index], upper[index])
      (low[index], high[index]) =
        function.range.map { extremes(l, u, slope: 0).clamped(to: $0) } ?? extremes(l, u, slope: 0).ends
    }
  }

  func relax(
    _ lower: UnsafePointer<Double>, _ upper: UnsafePointer<Double>, near: UnsafePointer<Double>?,
    into lines: inout RelaxationLines
  ) {
    for index in 0..<inputCount {
      let (l, u) = (lower[index], upper[index])
      guard u - l > 1e-8, u - l < 1e8 else {
        // The slope is as good as nothing, or nothing is known: a box.
        let box = extremes(l, u, slope: 0)
        lines.lowerSlope[index] = 0
        lines.upperSlope[index] = 0
        lines.lowerIntercept[index] = box.low
        lines.upperIntercept[index] = box.high
        continue
      }
      let at = near.map { min(max($0[index], l), u) } ?? (l + u) / 2
      let (below, above) = slopes(l, u, at)
      lines.lowerSlope[index] = below
      lines.lowerIntercept[index] = extremes(l, u, slope: below).low
      lines.upperSlope[index] = above
      lines.upperIntercept[index] = extremes(l, u, slope: above).high
    }
  }

  // MARK: - Intercepts

  struct Extremes {
    var low: Double
    var high: Double
    var ends: (Double, Double) { (low, high) }

    func clamped(to range: ClosedRange<Double>) -> (Double, Double) {
      (min(max(low, range.lowerBound), range.upperBound), min(max(high, range.lowerBound), range.upperBound))
    }
  }

  /// Bounds on f(x) − slope · x over [l, u], rounded outwards.
  func extremes(_ l: Double, _ u: Double, slope: Double) -> Extremes {
    guard l > -.infinity, u < .infinity else { return Extremes(low: -.infinity, high: .infinity) }
    var result = Extremes(low: .infinity, high: -.infinity)
    var size = 0.0
    func take(_ x: Double) {
      let f = function.value(x)
      let g = f - slope * x
      result.low = min(result.low, g)
      result.high = max(result.high, g)
      size = max(size, abs(f) + (1 + abs(slope)) * abs(x))
    }
    var start = l
    take(l)
    take(u)
    for end in breaks + [u] where end > start {
      let stop = min(end, u)
      takeInside(start, stop, slope, take)
      take(stop)
      start = stop
      if stop == u { break }
    }
    // A jump has a value on either side, at an end too, and rounding hides where exactly it is.
    for jump in breaks {
      let reach = 0x1p-50 * abs(jump)
      guard l <= jump + reach, jump - reach <= u else { continue }
      take(jump - reach)
      take(jump + reach)
    }
    // The function is known to some units in the last place, and to as many of x where it takes the exponential of it.
    let pad = 0x1p-46 * size + 0x1p-1000
    return Extremes(low: result.low - pad, high: result.high + pad)
  }

  /// The point of a piece where f′ = slope, if there is one.
  private func takeInside(_ start: Double, _ stop: Double, _ slope: Double, _ take: (Double) -> Void) {
    guard start < stop else { return }
    var (a, b) = (start == stop ? start : start.nextUp, stop.nextDown)
    guard a < b else { return }
    let isAbove = function.derivative(a) > slope
    guard isAbove != (function.derivative(b) > slope) else { return }
    for _ in 0..<80 {
      let middle = a / 2 + b / 2
      guard a < middle, middle < b else { break }
      if (function.derivative(middle) > slope) == isAbove { a = middle } else { b = middle }
    }
    take(a)
    take(b)
  }

  // MARK: - Slopes

  /// Slopes of the convex hull's lower and upper edge at a point, from some points of the curve.
  private func slopes(_ l: Double, _ u: Double, _ at: Double) -> (below: Double, above: Double) {
    var points = [l, u, at]
    for step in 1..<16 { points.append(l + (u - l) * Double(step) / 16) }
    for center in breaks + [0] {
      for distance in [0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 10] {
        points.append(center - distance)
        points.append(center + distance)
      }
    }
    let xs = points.filter { $0 >= l && $0 <= u }.sorted()
    var curve: [(x: Double, y: Double)] = []
    for x in xs where curve.last.map({ x > $0.x }) ?? true { curve.append((x, function.value(x))) }
    return (edge(curve, at, sign: 1), edge(curve, at, sign: -1))
  }

  private func edge(_ curve: [(x: Double, y: Double)], _ at: Double, sign: Double) -> Double {
    var hull: [(x: Double, y: Double)] = []
    for point in curve {
      while hull.count > 1 {
        let (a, b) = (hull[hull.count - 2], hull[hull.count - 1])
        guard sign * ((b.y - a.y) * (point.x - b.x) - (point.y - b.y) * (b.x - a.x)) >= 0 else { break }
        hull.removeLast()
      }
      hull.append(point)
    }
    // A vertex inside lies on the curve: its tangent.
    if hull.dropFirst().dropLast().contains(where: { $0.x == at }) { return function.derivative(at) }
    let next = hull.firstIndex { $0.x > at } ?? hull.count - 1
    let (a, b) = (hull[max(0, next - 1)], hull[next])
    return b.x > a.x ? (b.y - a.y) / (b.x - a.x) : 0
  }
}

extension ElementwiseFunction {
  /// Where the derivative turns around or jumps, ascending.
  var breaks: [Double] {
    switch self {
    case .identity: []
    case .relu, .leakyReLU, .tanh, .sigmoid, .elu, .selu: [0]
    case .relu6: [0, 6]
    case .silu: [-Self.inflectionOfSiLU, Self.inflectionOfSiLU]
    case .gelu: [-1.4142135623730951, 1.4142135623730951]
    case .geluTanh: Self.inflectionsOfTanhGELU
    case .softplus(let beta, let threshold): [threshold / beta]
    case .hardswish, .hardsigmoid: [-3, 3]
    }
  }

  /// What its values cannot leave.
  var range: ClosedRange<Double>? {
    switch self {
    case .tanh: -1...1
    case .sigmoid, .hardsigmoid: 0...1
    case .relu6: 0...6
    // Not the largest number of the machine: what overflows here has a value all the same.
    case .relu, .softplus: 0...(.infinity)
    default: nil
    }
  }

  /// Where x tanh(x/2) = 2.
  private static let inflectionOfSiLU = 2.3993572805154677
  /// Zeros of the second derivative of the approximation, which has two more far out, where it is as good as 0 and x.
  private static let inflectionsOfTanhGELU: [Double] = secondDerivativeZeros(of: .geluTanh, within: 12)

  /// Zeros of the second derivative by bisection of differences of the first.
  private static func secondDerivativeZeros(of function: ElementwiseFunction, within limit: Double) -> [Double] {
    func second(_ x: Double) -> Double {
      let h = 1e-5
      return function.derivative(x + h) - function.derivative(x - h)
    }
    var zeros: [Double] = []
    let steps = 4800
    for step in 0..<steps {
      var a = -limit + 2 * limit * Double(step) / Double(steps)
      var b = -limit + 2 * limit * Double(step + 1) / Double(steps)
      guard second(a) != 0, second(a).sign != second(b).sign else { continue }
      for _ in 0..<60 {
        let middle = a / 2 + b / 2
        if second(middle).sign == second(a).sign { a = middle } else { b = middle }
      }
      zeros.append(a / 2 + b / 2)
    }
    return zeros
  }
}
