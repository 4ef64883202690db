internal import RobustnessCore

/// Intervals, forward through the steps.
extension BoundPass {
  /// Middle and half-width of a value's intervals, the latter rounded up.
  func ball(_ value: Int) -> (middle: [Double], halfWidth: [Double]) {
    if value == 0 { return (region.middle, region.halfWidth) }
    let count = lower[value].count
    var middle = LinearForms.room(count)
    var halfWidth = LinearForms.room(count)
    for index in 0..<count {
      let (l, u) = (lower[value][index], upper[value][index])
      let centre = l / 2 + u / 2
      middle[index] = centre
      halfWidth[index] = l == u ? 0 : max(u - centre, centre - l).nextUp
    }
    return (middle, halfWidth)
  }

  /// The middle goes through the map, the half-width through its magnitudes (interval bound propagation), and what
  /// rounding can add is added.
  mutating func encloseAffine(_ affine: AffineStep, _ value: Int) {
    let rows = region.rows
    let count = network.count(value)
    var centre = LinearForms.room(rows * count)
    var radius = LinearForms.room(rows * count)
    var product = LinearForms.room(rows * count)
    var largest = 0
    for term in affine.terms {
      let gamma = Rounding.gamma(term.map.longestRow + term.map.elementRoundings + affine.terms.count + 4)
      largest = max(largest, term.map.longestRow + term.map.elementRoundings)
      var (middle, halfWidth) = ball(term.source)
      term.map.apply(middle, rows: rows, to: &product)
      for index in product.indices { centre[index] += product[index] }
      for index in middle.indices { halfWidth[index] += gamma * abs(middle[index]) }
      term.map.applyMagnitudes(halfWidth, rows: rows, to: &product)
      for index in product.indices { radius[index] += product[index] }
      middle = []
      multiplications += 2 * term.map.multiplications * Double(rows)
    }
    if arithmetic == .float32 { errors[value] = singleErrors(of: affine, value) }
    let gamma = Rounding.gamma(largest + affine.terms.count + 6)
    var (low, high) = (LinearForms.room(rows * count), LinearForms.room(rows * count))
    for row in 0..<rows {
      for j in 0..<count {
        let index = row * count + j
        let b = affine.offset.isEmpty ? 0 : affine.offset[j]
        let error = (affine.offsetError.isEmpty ? 0 : affine.offsetError[j]) + (errors[value]?[index] ?? 0)
        let y = centre[index] + b
        let r = radius[index] * (1 + 4 * gamma) + gamma * (abs(b) + abs(y)) + error + Rounding.underflow
        low[index] = (y - r).nextDown.orNothingBelow
        high[index] = (y + r).nextUp.orNothingAbove
      }
    }
    (lower[value], upper[value]) = (low, high)
    isBox[value] =
      affine.terms.count == 1 && isBox[affine.terms[0].source] && affine.terms[0].map.longestRow <= 1
      && affine.terms[0].map.longestColumn <= 1
  }

  mutating func enclose(_ relaxation: any Relaxation, of source: Int, _ value: Int) {
    let (from, to) = (relaxation.inputCount, relaxation.outputCount)
    var (low, high) = (LinearForms.room(region.rows * to), LinearForms.room(region.rows * to))
    low.withUnsafeMutableBufferPointer { low in
      high.withUnsafeMutableBufferPointer { high in
        lower[source].withUnsafeBufferPointer { l in
          upper[source].withUnsafeBufferPointer { u in
            for row in 0..<region.rows {
              relaxation.enclose(
                l.baseAddress! + row * from, u.baseAddress! + row * from, low.baseAddress! + row * to,
                high.baseAddress! + row * to)
            }
          }
        }
      }
    }
    let error =
      arithmetic == .float32
      ? SinglePrecision.gamma(relaxation.singleRoundings ?? .max / 2) * (1 + 0x1p-20) : 0
    if error > 0 { errors[value] = LinearForms.room(low.count) }
    for index in low.indices {
      if error > 0 {
        let own = error * Rounding.reach(low[index], high[index]) + SinglePrecision.underflow
        errors[value]![index] = own
        low[index] = (low[index] - own).nextDown
        high[index] = (high[index] + own).nextUp
      }
      low[index] = low[index].orNothingBelow
      high[index] = high[index].orNothingAbove
    }
    (lower[value], upper[value]) = (low, high)
  }
}
