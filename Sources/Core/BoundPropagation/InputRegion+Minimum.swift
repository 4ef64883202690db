import CTensorLoops
import RobustnessCore

extension InputRegion {
  /// A lower bound on constant + a·x over an example's region, before rounding, and what rounding can cost.
  ///
  /// L∞: constant + a·middle − |a|·halfWidth. L2: constant + a·x₀ + min a·δ over ball ∩ box, by its dual (one multiplier,
  /// for which every value is sound).
  func minimum(
    _ coefficients: [Double], row: Int, example: Int, constant: Double
  ) -> (value: Double, slack: Double) {
    coefficients.withUnsafeBufferPointer {
      minimum($0.baseAddress! + row * count, example: example, constant: constant)
    }
  }

  func minimum(
    _ a: UnsafePointer<Double>, example: Int, constant: Double
  ) -> (value: Double, slack: Double) {
    let gamma = Rounding.gamma(count + 16)
    let start = example * count
    var sums = [0.0, 0.0, 0.0]
    if norm == .linf {
      middle.withUnsafeBufferPointer { middle in
        halfWidth.withUnsafeBufferPointer { halfWidth in
          ctl_box_sums(a, middle.baseAddress! + start, halfWidth.baseAddress! + start, count, &sums)
        }
      }
      let size = abs(constant) + sums[1] + sums[2]
      return (constant + sums[0] - sums[1], gamma * size + Rounding.underflow)
    }
    var (low, high) = (LinearForms.room(count), LinearForms.room(count))
    for index in 0..<count {
      let (l, u) = (lower[start + index] - centres[start + index], upper[start + index] - centres[start + index])
      low[index] = l < 0 ? l.nextDown : 0
      high[index] = u > 0 ? u.nextUp : 0
    }
    centres.withUnsafeBufferPointer { centres in
      ctl_box_sums(a, centres.baseAddress! + start, centres.baseAddress! + start, count, &sums)
    }
    var size = 0.0
    let change = ctl_ball_box_minimum(a, low, high, radii[example], count, &size)
    return (constant + sums[0] + change, gamma * (abs(constant) + sums[2] + size) + Rounding.underflow)
  }

  /// The point of an example's region where a·x is least, up to rounding: a corner of the box, or a point of the ball
  /// that is clipped to the box.
  public func minimizer(_ a: [Double], example: Int) -> [Double] {
    let start = example * count
    if norm == .linf {
      return (0..<count).map { a[$0] > 0 ? lower[start + $0] : a[$0] < 0 ? upper[start + $0] : middle[start + $0] }
    }
    let length = a.indices.reduce(0) { $0 + (lower[start + $1] < upper[start + $1] ? a[$1] * a[$1] : 0) }.squareRoot()
    guard length > 0 else { return Array(centres[start..<start + count]) }
    return (0..<count).map { index in
      let x = centres[start + index] - radii[example] * a[index] / length
      return min(max(x, lower[start + index]), upper[start + index])
    }
  }
}
