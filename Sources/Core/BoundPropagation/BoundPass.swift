import CTensorLoops
public import RobustnessCore

/// Bounds on the values of one draw, for some examples at once.
///
/// Intervals go forward through the steps; linear bounds go backward from a value to the input (CROWN: Zhang et al.,
/// NeurIPS 2018; the same as DeepPoly: Singh et al., POPL 2019). Every result holds for the network in real arithmetic:
/// the rounding of the computation is bounded a priori and taken off.
public struct BoundPass {
  /// How enclosures of hidden values are found.
  public enum Hidden: String, Sendable, Codable, CaseIterable {
    /// By linear bounds back to the input.
    case linear
    /// By intervals, layer by layer.
    case intervals
  }

  /// The draw.
  public let network: BoundedNetwork
  /// Where the inputs lie.
  public let region: InputRegion
  /// Which evaluation of the network the bounds hold for.
  public let arithmetic: BoundedArithmetic
  /// Lower ends of each value's enclosure, row by row; value 0 is the input.
  public private(set) var lower: [[Double]]
  /// Upper ends.
  public private(set) var upper: [[Double]]
  /// Multiplications of products so far.
  public internal(set) var multiplications = 0.0
  /// Values whose hidden bounds came from intervals because linear ones would have cost more than the budget.
  public private(set) var beyondBudget: [String] = []

  /// Lines of the relaxed steps, for each example; nil where there are none yet.
  private var lines: [[RelaxationLines]?]
  /// For affine steps, |M| x̄ of each term and |b|, weighted by their γ: what a unit coefficient of the result costs.
  private var costs: [[Double]?]
  /// What the evaluation that bounds hold for can change in each number of a value; nil where it changes nothing.
  private var errors: [[Double]?]
  /// Whether the numbers of a value vary independently of each other within its enclosure, which is exact.
  private var isBox: [Bool]

  /// Encloses all values.
  ///
  /// - Parameters:
  ///   - hidden: how, in front of functions that are not affine.
  ///   - budget: multiplications that linear bounds of one hidden value may take for one example.
  ///   - slopeSteps: steps by which lines of linear bounds are improved, number by number (``LineMixture``).
  ///   - arithmetic: which evaluation bounds hold for; ``BoundedArithmetic/check(_:)`` must have passed.
  public init(
    _ network: BoundedNetwork, over region: InputRegion, hidden: Hidden, budget: Double = .infinity,
    slopeSteps: Int = 0,
    arithmetic: BoundedArithmetic = .real
  ) {
    precondition(network.inputCount == region.count, "the network takes other inputs")
    self.network = network
    self.region = region
    self.arithmetic = arithmetic
    let values = network.steps.count + 1
    lower = [[Double]](repeating: [], count: values)
    upper = lower
    lines = [[RelaxationLines]?](repeating: nil, count: values)
    costs = [[Double]?](repeating: nil, count: values)
    errors = costs
    isBox = [Bool](repeating: false, count: values)
    lower[0] = region.lower
    upper[0] = region.upper
    isBox[0] = region.norm == .linf && region.cuts.allSatisfy { $0 == nil }
    var isRelaxed = [Bool](repeating: false, count: values)
    for step in network.steps { if case .relaxed(let source, _) = step.operation { isRelaxed[source] = true } }
    for (index, step) in network.steps.enumerated() {
      switch step.operation {
      case .affine(let affine): encloseAffine(affine, index + 1)
      case .relaxed(let source, let relaxation): enclose(relaxation, of: source, index + 1)
      }
      guard hidden == .linear, isRelaxed[index + 1], case .affine(let affine) = step.operation else { continue }
      tighten(index + 1, affine, relaxations(of: index + 1), budget, slopeSteps)
    }
    guard !network.isFinite else { return }
    for value in 1..<values {
      lower[value] = [Double](repeating: -.infinity, count: lower[value].count)
      upper[value] = [Double](repeating: .infinity, count: upper[value].count)
    }
  }

  private func relaxations(of value: Int) -> [any Relaxation] {
    network.steps.compactMap { step in
      if case .relaxed(value, let relaxation) = step.operation { relaxation } else { nil }
    }
  }

  /// The enclosure of one value for one example.
  public func interval(_ value: Int, example: Int) -> (lower: ArraySlice<Double>, upper: ArraySlice<Double>) {
    let count = network.count(value)
    let range = example * count..<(example + 1) * count
    return (lower[value][range], upper[value][range])
  }

  /// What a reader should know: which hidden layers were too large for linear bounds.
  public var notes: Set<String> {
    guard let first = beyondBudget.first else { return [] }
    let count = Set(beyondBudget).count
    return [
      "in front of \(first)\(count == 1 ? "" : " and \(count - 1) more layers") intervals took the place of linear bounds, "
        + "which would take more than the budget"
    ]
  }

  /// The value that holds the logits.
  public var logits: Int { network.steps.count }

  /// Bytes that the bounds of one example take, at most: ends, costs, and lines of every value.
  public static func bytesPerExample(_ network: BoundedNetwork) -> Int {
    8
      * network.steps.reduce(0) { sum, step in
        if case .affine = step.operation { return sum + 3 * step.outputCount }
        return sum + 7 * step.outputCount
      }
  }

  /// Bytes that the network and all bounds take, at most; the region is shared.
  public var bytes: Int { network.bytes + region.rows * Self.bytesPerExample(network) }

  // MARK: - Intervals

  /// Middle and half-width of a value's intervals, the latter rounded up.
  private func ball(_ value: Int) -> (middle: [Double], halfWidth: [Double]) {
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
  private mutating func encloseAffine(_ affine: AffineStep, _ value: Int) {
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

  private mutating func enclose(_ relaxation: any Relaxation, of source: Int, _ value: Int) {
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

  // MARK: - Hidden bounds

  /// Linear bounds of every number of a value whose enclosure matters.
  private mutating func tighten(
    _ value: Int, _ affine: AffineStep, _ relaxations: [any Relaxation], _ budget: Double, _ slopeSteps: Int
  ) {
    // One product of a box: intervals are exact.
    if affine.terms.count == 1, isBox[affine.terms[0].source] { return }
    let count = network.count(value)
    var chosen: [(example: Int, number: Int)] = []
    for example in 0..<region.rows {
      for number in 0..<count {
        let (l, u) = (lower[value][example * count + number], upper[value][example * count + number])
        if relaxations.contains(where: { $0.profits(lower: l, upper: u) }) { chosen.append((example, number)) }
      }
    }
    guard !chosen.isEmpty else { return }
    guard 2 * Double(count) * costOfRow(from: value) <= budget else {
      beyondBudget.append(network.steps[value - 1].name)
      return
    }
    let most = (0...value).map(network.count).max() ?? count
    let perPart = max(1, Self.numbersAtOnce / most)
    for steps in slopeSteps > 0 ? [0, slopeSteps] : [0] {
      for start in stride(from: 0, to: chosen.count, by: perPart) {
        let places = signed(chosen[start..<min(start + perPart, chosen.count)])
        let (forms, source) = unitForms(places, value, affine)
        let minima = minima(of: forms, at: source, slopeSteps: steps)
        for (place, bound) in zip(places, minima.bounds) {
          let index = place.example * count + place.number
          if place.sign > 0 {
            lower[value][index] = max(lower[value][index], bound)
          } else {
            upper[value][index] = min(upper[value][index], -bound)
          }
        }
      }
      // What is decided needs no better lines.
      chosen.removeAll { place in
        let index = place.example * count + place.number
        return !relaxations.contains { $0.profits(lower: lower[value][index], upper: upper[value][index]) }
      }
    }
    // Rounding may have crossed the ends of a point.
    for index in lower[value].indices where lower[value][index] > upper[value][index] {
      swap(&lower[value][index], &upper[value][index])
    }
  }

  /// Numbers that go back through a network at once: what stays in a processor's cache.
  private static let numbersAtOnce = 1 << 17

  private typealias SignedNumber = (example: Int, number: Int, sign: Double)

  /// Each number and its negative, example by example: rows of one example have much in common.
  private func signed(_ chosen: ArraySlice<(example: Int, number: Int)>) -> [SignedNumber] {
    var places: [SignedNumber] = []
    var rest = chosen
    while let first = rest.first {
      let own = rest.prefix { $0.example == first.example }
      for sign in [1.0, -1] { places += own.map { ($0.example, $0.number, sign) } }
      rest = rest.dropFirst(own.count)
    }
    return places
  }

  /// Single numbers of an affine value as forms of what it is made of, where that is one value: rows of its matrix.
  private mutating func unitForms(
    _ places: [SignedNumber], _ value: Int, _ affine: AffineStep
  ) -> (forms: LinearForms, value: Int) {
    let examples = places.map(\.example)
    guard affine.terms.count == 1 else {
      let count = network.count(value)
      var coefficients = LinearForms.room(places.count * count)
      for (row, place) in places.enumerated() { coefficients[row * count + place.number] = place.sign }
      return (LinearForms(examples: examples, count: count, coefficients: coefficients), value)
    }
    let (map, count) = (affine.terms[0].map, affine.terms[0].map.inputCount)
    var coefficients = LinearForms.room(places.count * count)
    var slack = LinearForms.room(places.count)
    let isExact = map.elementRoundings == 0 && affine.offsetError.isEmpty && errors[value] == nil
    let costs = isExact ? [] : costs(of: affine, value)
    coefficients.withUnsafeMutableBufferPointer { coefficients in
      for (row, place) in places.enumerated() {
        let start = coefficients.baseAddress! + row * count
        map.copyRow(place.number, to: start)
        if place.sign < 0 { for index in 0..<count { start[index] = -start[index] } }
        // Elements that are numbers of the file are exact.
        if !costs.isEmpty { slack[row] = costs[place.example * network.count(value) + place.number] }
      }
    }
    let constants = places.map { affine.offset.isEmpty ? 0 : $0.sign * affine.offset[$0.number] }
    return (
      LinearForms(examples: examples, count: count, coefficients: coefficients, constants: constants, slack: slack),
      affine.terms[0].source
    )
  }

  /// Multiplications of a row of coefficients on its way from a value to the input.
  private func costOfRow(from value: Int) -> Double {
    var needed = Set([value])
    var cost = 0.0
    for v in stride(from: value, to: 0, by: -1) where needed.contains(v) {
      switch network.steps[v - 1].operation {
      case .affine(let affine):
        for term in affine.terms {
          cost += term.map.multiplications
          needed.insert(term.source)
        }
      case .relaxed(let source, _): needed.insert(source)
      }
    }
    return cost
  }

  // MARK: - Linear bounds

  /// Lower bounds of affine functions of a value, Σ coefficients · value + 0, over the region.
  ///
  /// - Parameters:
  ///   - coefficients: Rows, one for each element of `examples`.
  ///   - examples: The example that each row is about.
  ///   - slopeSteps: Steps by which lines are improved for each row.
  public mutating func minima(
    of coefficients: [Double], examples: [Int], at value: Int, slopeSteps: Int = 0
  ) -> FormMinima {
    minima(
      of: LinearForms(examples: examples, count: network.count(value), coefficients: coefficients), at: value,
      slopeSteps: slopeSteps)
  }

  /// Affine functions of the input below affine functions of a value.
  ///
  /// - Parameters:
  ///   - coefficients: Rows, one for each element of `examples`.
  ///   - examples: The example that each row is about.
  ///   - near: For each value, numbers near which lines should be close, a row for each row of coefficients; nil for
  ///     lines that are best over all of the enclosure.
  public mutating func inputForms(
    of coefficients: [Double], examples: [Int], at value: Int, near: [[Double]]? = nil
  ) -> InputForms {
    var forms = LinearForms(examples: examples, count: network.count(value), coefficients: coefficients)
    let input = propagate(&forms, from: value, near.map(LineChoice.near) ?? .best)
    var constants = forms.constants
    for row in constants.indices {
      let constant = (constants[row] - forms.slack[row] * (1 + 1e-9)).nextDown.orNothingBelow
      constants[row] = network.isFinite ? constant : -.infinity
    }
    return InputForms(coefficients: input, constants: constants, slack: forms.slack)
  }

  private mutating func minima(of forms: LinearForms, at value: Int, slopeSteps: Int) -> FormMinima {
    if slopeSteps > 0 { return ascend(forms, at: value, steps: slopeSteps) }
    var forms = forms
    return minima(of: propagate(&forms, from: value, .best), &forms)
  }

  /// The minima of forms of the input.
  func minima(of input: [Double], _ forms: inout LinearForms) -> FormMinima {
    var bounds = forms.constants
    for row in 0..<forms.rows {
      let (low, slack) = region.minimum(input, row: row, example: forms.examples[row], constant: forms.constants[row])
      forms.slack[row] += slack
      let bound = (low - forms.slack[row] * (1 + 1e-9)).nextDown.orNothingBelow
      bounds[row] = network.isFinite ? bound : -.infinity
    }
    return FormMinima(bounds: bounds, slack: forms.slack)
  }

  /// Takes forms from a value back to the input; the coefficients are returned, constants and slack stay in the forms.
  ///
  /// - Parameter seen: is called with the coefficients of every function that is not affine.
  mutating func propagate(
    _ forms: inout LinearForms, from value: Int, _ choice: LineChoice, seen: ((Int, [Double]) -> Void)? = nil
  ) -> [Double] {
    let rows = forms.rows
    var waiting: [Int: [Double]] = [value: forms.coefficients]
    forms.coefficients = []
    for v in stride(from: value, to: 0, by: -1) {
      guard var a = waiting.removeValue(forKey: v) else { continue }
      switch network.steps[v - 1].operation {
      case .affine(let affine):
        addOffsets(affine, v, a, &forms)
        for term in affine.terms {
          let (from, to) = (term.map.outputCount, term.map.inputCount)
          let b = [Double](unsafeUninitializedCapacity: rows * to) { b, count in
            a.withUnsafeBufferPointer { a in
              for run in forms.runs {
                term.map.applyTransposed(
                  a.baseAddress! + run.lowerBound * from, rows: run.count, to: b.baseAddress! + run.lowerBound * to)
              }
            }
            count = rows * to
          }
          multiplications += term.map.multiplications * Double(rows)
          merge(&waiting, b, term.source, &forms)
        }
      case .relaxed(let source, let relaxation):
        if case .best = choice { prepareLines(relaxation, source, v) }
        seen?(v, a)
        relax(&a, relaxation, source, v, choice, &forms)
        merge(&waiting, a, source, &forms)
      }
    }
    return waiting[0] ?? LinearForms.room(rows * region.count)
  }

  /// Adds coefficients to those that wait for the same value.
  private func merge(_ waiting: inout [Int: [Double]], _ a: [Double], _ source: Int, _ forms: inout LinearForms) {
    guard var sum = waiting.removeValue(forKey: source) else {
      waiting[source] = a
      return
    }
    for index in a.indices { sum[index] += a[index] }
    let count = network.count(source)
    for row in 0..<forms.rows {
      forms.slack[row] += 2 * Rounding.unit * magnitudeDot(sum, row, count, reach(source, forms.examples[row]), 0)
    }
    waiting[source] = sum
  }

  /// The largest magnitudes within a value's enclosure for one example.
  func reach(_ value: Int, _ example: Int) -> [Double] {
    let count = network.count(value)
    return (example * count..<(example + 1) * count).map { Rounding.reach(lower[value][$0], upper[value][$0]) }
  }

  private func magnitudeDot(_ a: [Double], _ row: Int, _ count: Int, _ e: [Double], _ start: Int) -> Double {
    a.withUnsafeBufferPointer { a in
      e.withUnsafeBufferPointer { e in
        ctl_magnitude_dot(a.baseAddress! + row * count, e.baseAddress! + start, count)
      }
    }
  }

  private mutating func addOffsets(_ affine: AffineStep, _ value: Int, _ a: [Double], _ forms: inout LinearForms) {
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
  private mutating func costs(of affine: AffineStep, _ value: Int) -> [Double] {
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

  private mutating func prepareLines(_ relaxation: any Relaxation, _ source: Int, _ value: Int) {
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

  private func relax(
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
  private func scatter(
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
