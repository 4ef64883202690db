import RobustnessCore

/// Enclosures of hidden values by linear bounds of every number that matters.
extension BoundPass {
  /// Linear bounds of every number of a value whose enclosure matters.
  mutating func tighten(
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
  static let numbersAtOnce = 1 << 17

  typealias SignedNumber = (example: Int, number: Int, sign: Double)

  /// Each number and its negative, example by example: rows of one example have much in common.
  func signed(_ chosen: ArraySlice<(example: Int, number: Int)>) -> [SignedNumber] {
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
  mutating func unitForms(
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
  func costOfRow(from value: Int) -> Double {
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
}
