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
    let plain = plainMinimum(a, example: example, constant: constant)
    guard let cut = cuts[example] else { return plain }
    let combined = cutCombination(a, cut, example: example)
    guard combined.lambda > 0 else { return plain }
    let offset = combined.lambda * cut.constant
    let (value, slack) = combined.coefficients.withUnsafeBufferPointer {
      plainMinimum($0.baseAddress!, example: example, constant: constant + offset)
    }
    // A product and a sum in each coefficient, and in the constant.
    let size = cut.size * combined.lambda + magnitude(a, example: example) + abs(constant) + abs(offset)
    let lost = slack + Rounding.gamma(count + 8) * size
    return value - lost > plain.value - plain.slack ? (value, lost) : plain
  }

  private func plainMinimum(
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
    centres.withUnsafeBufferPointer { centres in
      ctl_box_sums(a, centres.baseAddress! + start, centres.baseAddress! + start, count, &sums)
    }
    var size = 0.0
    let change = moves.down.withUnsafeBufferPointer { down in
      moves.up.withUnsafeBufferPointer { up in
        ctl_ball_box_minimum(a, down.baseAddress! + start, up.baseAddress! + start, radii[example], count, &size)
      }
    }
    return (constant + sums[0] + change, gamma * (abs(constant) + sums[2] + size) + Rounding.underflow)
  }

  /// The point of an example's region where a·x is least, up to rounding: a corner of the box, or a point of the ball
  /// that is clipped to the box.
  public func minimizer(_ a: [Double], example: Int) -> [Double] {
    guard let cut = cuts[example] else { return plainMinimizer(a, example: example) }
    let combined = a.withUnsafeBufferPointer { cutCombination($0.baseAddress!, cut, example: example) }
    return plainMinimizer(combined.coefficients, example: example)
  }

  func plainMinimizer(_ a: [Double], example: Int) -> [Double] {
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

  /// The point of an example's box nearest to a point, and in L2 on its way to the centre if it is outside the ball; the
  /// centre for what is not finite.
  public func nearest(to point: [Double], example: Int) -> [Double] {
    let start = example * count
    var moved = (0..<count).map { index in
      point[index].isFinite
        ? min(max(point[index], lower[start + index]), upper[start + index]) : centre(start + index)
    }
    guard norm == .l2 else { return moved }
    let squares = moved.indices.reduce(0) { sum, index in
      let d = moved[index] - centres[start + index]
      return sum + d * d
    }
    let length = squares.squareRoot()
    guard length > radii[example] else { return moved }
    for index in moved.indices {
      moved[index] = centres[start + index] + (moved[index] - centres[start + index]) * (radii[example] / length)
    }
    return moved
  }

  /// Where a search begins: between the centre and a suspect, or at the centre. Nothing is assumed about the suspect.
  public func start(example: Int, suspect: [Double]?) -> [Double] {
    let first = example * count
    guard let suspect else { return (first..<first + count).map(centre) }
    return nearest(to: suspect, example: example).enumerated().map { centre(first + $0) / 2 + $1 / 2 }
  }

  /// The input of an example.
  public func centre(example: Int) -> ArraySlice<Double> { centres[example * count..<(example + 1) * count] }

  private func centre(_ place: Int) -> Double { norm == .linf ? middle[place] : centres[place] }
}
