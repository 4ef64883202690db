import CTensorLoops
public import RobustnessCore

/// What each step does to forms on their way back, and what that costs in rounding.
extension BoundPass {
  mutating func addOffsets(_ affine: AffineStep, _ value: Int, _ a: [Double], _ forms: inout LinearForms) {
    let count = network.count(value)
    let costs = costs(of: affine, value)
    let gamma = Rounding.gamma(count + 4)
    for row in 0..<forms.rows {
      forms.slack[row] += magnitudeDot(a, row, count, costs, forms.examples[row] * count) + Rounding.underflow
      guard !affine.offset.isEmpty else { continue }
      var sums = (0.0, 0.0, 0.0)
      a.withUnsafeBufferPointer { a in
        withUnsafeMutableBytes(of: &sums) {
          ctl_box_sums(
            a.baseAddress! + row * count, affine.offset, affine.offset, count,
            $0.assumingMemoryBound(to: Double.self).baseAddress!)
        }
      }
      forms.constants[row] += sums.0
      forms.slack[row] += gamma * sums.2 + 2 * Rounding.unit * abs(forms.constants[row])
    }
  }

  /// What one unit of coefficient on each number of an affine step's result can lose to rounding on the way through the
  /// step.
  mutating func costs(of affine: AffineStep, _ value: Int) -> [Double] {
    if let known = costs[value] { return known }
    let rows = region.rows
    let count = network.count(value)
    var sum = LinearForms.room(rows * count)
    var product = LinearForms.room(rows * count)
    for term in affine.terms {
      let size = network.count(term.source)
      var reach = LinearForms.room(rows * size)
      for index in reach.indices { reach[index] = Rounding.reach(lower[term.source][index], upper[term.source][index]) }
      term.map.applyMagnitudes(reach, rows: rows, to: &product)
      multiplications += term.map.multiplications * Double(rows)
      let gamma = Rounding.gamma(term.map.longestColumn + term.map.elementRoundings + 4)
      let wide = 1 + Rounding.gamma(term.map.longestRow + term.map.elementRoundings + 8)
      for index in sum.indices { sum[index] += gamma * wide * product[index] + Rounding.underflow }
    }
    if !affine.offsetError.isEmpty {
      for row in 0..<rows { for j in 0..<count { sum[row * count + j] += affine.offsetError[j] } }
    }
    if let own = errors[value] { for index in sum.indices { sum[index] += own[index] } }
    costs[value] = sum
    return sum
  }

  mutating func prepareLines(_ relaxation: any Relaxation, _ source: Int, _ value: Int) {
    guard lines[value] == nil else { return }
    lines[value] = (0..<region.rows).map { lines(of: relaxation, source, example: $0, near: nil) }
  }

  func lines(
    of relaxation: any Relaxation, _ source: Int, example: Int, near: (values: [[Double]], row: Int)?
  ) -> RelaxationLines {
    var result = RelaxationLines(count: relaxation.outputCount)
    let start = example * relaxation.inputCount
    lower[source].withUnsafeBufferPointer { l in
      upper[source].withUnsafeBufferPointer { u in
        guard let near else {
          return relaxation.relax(l.baseAddress! + start, u.baseAddress! + start, near: nil, into: &result)
        }
        near.values[source].withUnsafeBufferPointer {
          relaxation.relax(
            l.baseAddress! + start, u.baseAddress! + start, near: $0.baseAddress! + near.row * relaxation.inputCount,
            into: &result)
        }
      }
    }
    return result
  }

  func relax(
    _ a: inout [Double], _ relaxation: any Relaxation, _ source: Int, _ value: Int, _ choice: LineChoice,
    _ forms: inout LinearForms
  ) {
    let (from, to) = (relaxation.inputCount, relaxation.outputCount)
    let gamma = Rounding.gamma(2 * to + 4)
    var result = LinearForms.room(0)
    var held: (example: Int, lines: RelaxationLines, reach: [Double])?
    for row in 0..<forms.rows {
      let example = forms.examples[row]
      if held?.example != example { held = (example, RelaxationLines(count: 0), reach(source, example)) }
      switch choice {
      case .best: held!.lines = lines[value]![example]
      case .near(let values): held!.lines = lines(of: relaxation, source, example: example, near: (values, row))
      case .mixed(let mixture): held!.lines = mixture.lines(of: value, row: row, example: example)
      }
      let (lines, reach) = (held!.lines, held!.reach)
      if let own = errors[value] {
        forms.slack[row] += magnitudeDot(a, row, to, own, example * to) * (1 + 0x1p-20)
      }
      if lines.lowerSources.isEmpty {
        var sums = (0.0, 0.0)
        a.withUnsafeMutableBufferPointer { a in
          withUnsafeMutablePointer(to: &sums) { sums in
            sums.withMemoryRebound(to: Double.self, capacity: 2) {
              ctl_relax_row(
                a.baseAddress! + row * to, lines.lowerSlope, lines.lowerIntercept, lines.upperSlope,
                lines.upperIntercept, to, $0)
            }
          }
        }
        forms.constants[row] += sums.0
        forms.slack[row] +=
          gamma * sums.1 + 2 * Rounding.unit * abs(forms.constants[row])
          + 4 * Rounding.unit * magnitudeDot(a, row, to, reach, 0) + Rounding.underflow
        continue
      }
      if result.isEmpty { result = LinearForms.room(forms.rows * from) }
      scatter(&forms, a, row, lines, reach, into: &result)
    }
    if !result.isEmpty { a = result }
  }

  /// Lines in other arguments than their own: every result's coefficient goes to the argument that its line is in.
  func scatter(
    _ forms: inout LinearForms, _ a: [Double], _ row: Int, _ lines: RelaxationLines, _ reach: [Double],
    into result: inout [Double]
  ) {
    let (from, to) = (reach.count, lines.lowerSlope.count)
    var (sum, size, lost) = (0.0, 0.0, 0.0)
    for j in 0..<to {
      let c = a[row * to + j]
      guard c != 0 else { continue }
      let isUp = c > 0
      let place = Int((isUp ? lines.lowerSources : lines.upperSources)[j])
      let intercept = c * (isUp ? lines.lowerIntercept[j] : lines.upperIntercept[j])
      let slope = c * (isUp ? lines.lowerSlope[j] : lines.upperSlope[j])
      sum += intercept
      size += abs(intercept)
      result[row * from + place] += slope
      // A rounding of the product, and one of each sum.
      lost += (abs(slope) + abs(result[row * from + place])) * reach[place]
    }
    forms.constants[row] += sum
    forms.slack[row] +=
      Rounding.gamma(to + 4) * size + 2 * Rounding.unit * (abs(forms.constants[row]) + 2 * lost) + Rounding.underflow
  }
}
