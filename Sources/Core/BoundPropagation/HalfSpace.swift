import CTensorLoops
import RobustnessCore

/// The points with constant + coefficients·x ≤ 0, in real arithmetic.
public struct HalfSpace: Sendable {
  /// One for each number of an input.
  public let coefficients: [Double]
  /// What is added to coefficients·x.
  public let constant: Double
  /// Magnitudes that its left side adds up within a region, at most.
  let size: Double
}

extension InputRegion {
  /// Some rows of the region, any number of times, each with a half-space that is known to contain the inputs in
  /// question; nil for none.
  public func rows(_ chosen: [Int], cuts: [HalfSpace?]) -> InputRegion {
    var region = InputRegion(
      count: count, norm: norm, radii: chosen.map { radii[$0] }, centres: gather(centres, chosen),
      lower: gather(lower, chosen), upper: gather(upper, chosen), middle: gather(middle, chosen),
      halfWidth: gather(halfWidth, chosen))
    region.cuts = cuts
    return region
  }

  private func gather(_ numbers: [Double], _ chosen: [Int]) -> [Double] {
    chosen.flatMap { numbers[$0 * count..<($0 + 1) * count] }
  }

  func magnitude(_ a: UnsafePointer<Double>, example: Int) -> Double {
    reach.withUnsafeBufferPointer { ctl_magnitude_dot(a, $0.baseAddress! + example * count, count) }
  }

  /// How far apart the values of a·x in an example's region are, about.
  func width(_ a: [Double], example: Int) -> Double {
    let start = example * count
    let box = halfWidth.withUnsafeBufferPointer { 2 * ctl_magnitude_dot(a, $0.baseAddress! + start, count) }
    guard norm == .l2 else { return box }
    let squares = a.indices.reduce(0) { $0 + (halfWidth[start + $1] > 0 ? a[$1] * a[$1] : 0) }
    return min(box, 2 * radii[example] * squares.squareRoot())
  }

  /// a + λ·cut with the λ ≥ 0 for which its minimum over ball ∩ box is about largest. For every λ ≥ 0 that minimum is
  /// below a·x wherever the cut's left side is not above 0 (Lagrange), so that the search need not be exact.
  ///
  /// The minimum is concave in λ, and its derivative is the cut's left side where a + λ·cut is least: positive at 0 if
  /// the cut excludes that point. Tangents at both ends of an interval with the largest value meet at the next λ.
  func cutCombination(_ a: UnsafePointer<Double>, _ cut: HalfSpace, example: Int) -> (
    lambda: Double, coefficients: [Double]
  ) {
    var sums = [0.0, 0.0]
    func tangent(_ lambda: Double) -> (lambda: Double, value: Double, slope: Double) {
      if norm == .linf {
        let start = example * count
        middle.withUnsafeBufferPointer { middle in
          halfWidth.withUnsafeBufferPointer { halfWidth in
            ctl_cut_sums(
              a, cut.coefficients, lambda, middle.baseAddress! + start, halfWidth.baseAddress! + start, count, &sums)
          }
        }
      } else {
        let v = (0..<count).map { a[$0] + lambda * cut.coefficients[$0] }
        let x = plainMinimizer(v, example: example)
        sums = [0, 0]
        for index in 0..<count {
          sums[0] += v[index] * x[index]
          sums[1] += cut.coefficients[index] * x[index]
        }
      }
      return (lambda, sums[0] + lambda * cut.constant, sums[1] + cut.constant)
    }
    var low = tangent(0)
    guard low.slope > 0 else { return (0, Array(UnsafeBufferPointer(start: a, count: count))) }
    var best = low
    var high = tangent(magnitude(a, example: example) / max(cut.size, 1e-300))
    for _ in 0..<40 where high.slope > 0 {
      low = high
      if high.value > best.value { best = high }
      high = tangent(2 * high.lambda)
    }
    if high.value > best.value { best = high }
    for _ in 0..<10 where high.slope <= 0 {
      var next = (high.value - low.value + low.slope * low.lambda - high.slope * high.lambda) / (low.slope - high.slope)
      let width = high.lambda - low.lambda
      guard next.isFinite, width > 1e-9 * high.lambda else { break }
      next = min(max(next, low.lambda + 0.02 * width), high.lambda - 0.02 * width)
      let new = tangent(next)
      if new.value > best.value { best = new }
      if new.slope > 0 { low = new } else { high = new }
    }
    let lambda = best.lambda
    return (lambda, (0..<count).map { a[$0] + lambda * cut.coefficients[$0] })
  }
}
