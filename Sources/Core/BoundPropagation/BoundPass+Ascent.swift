import Foundation
import RobustnessCore

extension BoundPass {
  /// Lower bounds of forms with lines that each row chooses for itself, by ascent on its own bound.
  ///
  /// Every step's bound is sound, since every mixture of lines is; the largest is kept. For one hidden layer the bound is
  /// concave in the positions, and the largest that any lines give is the optimum of the linear program with all of
  /// them. A step is Adam's (Kingma and Ba, ICLR 2015), with a rate that falls.
  mutating func ascend(_ forms: LinearForms, at value: Int, steps: Int) -> FormMinima {
    var first = forms
    var coefficients: [Int: [Double]] = [:]
    var result = minima(of: propagate(&first, from: value, .best) { coefficients[$0] = $1 }, &first)
    let functions = coefficients.keys.sorted()
    guard !functions.isEmpty else { return result }
    var ascent = LineAscent(LineMixture(self, values: functions, examples: forms.examples))
    for step in 0..<steps {
      var moved = forms
      let input = propagate(&moved, from: value, .mixed(ascent.mixture)) { coefficients[$0] = $1 }
      let bounds = minima(of: input, &moved)
      for row in bounds.bounds.indices where bounds.bounds[row] > result.bounds[row] {
        result.bounds[row] = bounds.bounds[row]
        result.slack[row] = bounds.slack[row]
      }
      guard step + 1 < steps else { break }
      var points: [Double] = []
      points.reserveCapacity(input.count)
      for (row, example) in forms.examples.enumerated() {
        points += region.minimizer(Array(input[row * region.count..<(row + 1) * region.count]), example: example)
      }
      let arguments = valuesOnLines(
        points, forms.examples, upTo: functions[functions.count - 1], ascent.mixture, coefficients)
      ascent.step(arguments, coefficients, examples: forms.examples)
    }
    return result
  }

  /// The arguments of functions where each row's lines take the place of the functions, up to rounding: with them the
  /// row's bound is an affine function of every position by itself.
  private mutating func valuesOnLines(
    _ points: [Double], _ examples: [Int], upTo last: Int, _ mixture: LineMixture, _ coefficients: [Int: [Double]]
  ) -> [Int: [Double]] {
    let rows = examples.count
    var values: [Int: [Double]] = [0: points]
    var arguments: [Int: [Double]] = [:]
    for value in 1...last {
      let count = network.count(value)
      switch network.steps[value - 1].operation {
      case .affine(let affine):
        guard affine.terms.allSatisfy({ values[$0.source] != nil }) else { continue }
        var sum = LinearForms.room(rows * count)
        if !affine.offset.isEmpty {
          for row in 0..<rows { for j in 0..<count { sum[row * count + j] = affine.offset[j] } }
        }
        var product = LinearForms.room(rows * count)
        for term in affine.terms {
          term.map.apply(values[term.source]!, rows: rows, to: &product)
          multiplications += term.map.multiplications * Double(rows)
          for index in sum.indices { sum[index] += product[index] }
        }
        values[value] = sum
      case .relaxed(let source, let relaxation):
        guard let a = coefficients[value], let x = values[source] else { continue }
        let from = relaxation.inputCount
        var y = LinearForms.room(rows * count)
        for (row, example) in examples.enumerated() {
          let lines = mixture.lines(of: value, row: row, example: example)
          for j in 0..<count {
            let isUp = a[row * count + j] >= 0
            let sources = isUp ? lines.lowerSources : lines.upperSources
            let argument = x[row * from + (sources.isEmpty ? j : Int(sources[j]))]
            let (slope, intercept) =
              isUp ? (lines.lowerSlope[j], lines.lowerIntercept[j]) : (lines.upperSlope[j], lines.upperIntercept[j])
            y[row * count + j] = slope * argument + intercept
          }
        }
        arguments[value] = x
        values[value] = y
      }
    }
    return arguments
  }
}

/// Moves the positions of a mixture along the gradient of the bounds.
struct LineAscent {
  var mixture: LineMixture
  private var moments: [Int: (mean: LineMixture.Positions, square: LineMixture.Positions)] = [:]
  private var steps = 0

  init(_ mixture: LineMixture) {
    self.mixture = mixture
    for (value, positions) in mixture.positions {
      let zero = [Double](repeating: 0, count: positions.below.count)
      let none = LineMixture.Positions(below: zero, above: zero)
      moments[value] = (none, none)
    }
  }

  /// The derivative of a row's bound by the position of a line is its coefficient, where the line is taken at all, times
  /// the difference of the two lines at the argument.
  mutating func step(_ arguments: [Int: [Double]], _ coefficients: [Int: [Double]], examples: [Int]) {
    steps += 1
    let rate = Self.rate * pow(Self.decay, Double(steps - 1))
    for (value, x) in arguments {
      guard let a = coefficients[value], var positions = mixture.positions[value], var (mean, square) = moments[value]
      else { continue }
      let ends = mixture.ends[value]!
      guard ends[0].first.lowerSources.isEmpty else { continue }
      moments[value] = nil
      mixture.positions[value] = nil
      let count = a.count / examples.count
      for (row, example) in examples.enumerated() {
        let (first, second) = ends[example]
        for j in 0..<count {
          let index = row * count + j
          if a[index] > 0 {
            let slope = second.lowerSlope[j] - first.lowerSlope[j]
            let gradient = a[index] * (slope * x[index] + second.lowerIntercept[j] - first.lowerIntercept[j])
            move(&positions.below[index], gradient, &mean.below[index], &square.below[index], rate)
          } else if a[index] < 0 {
            let slope = second.upperSlope[j] - first.upperSlope[j]
            let gradient = a[index] * (slope * x[index] + second.upperIntercept[j] - first.upperIntercept[j])
            move(&positions.above[index], gradient, &mean.above[index], &square.above[index], rate)
          }
        }
      }
      mixture.positions[value] = positions
      moments[value] = (mean, square)
    }
  }

  static let rate = 0.3
  static let decay = 0.9

  private func move(
    _ position: inout Double, _ gradient: Double, _ mean: inout Double, _ square: inout Double, _ rate: Double
  ) {
    guard gradient != 0, gradient.isFinite else { return }
    mean = 0.9 * mean + 0.1 * gradient
    square = 0.999 * square + 0.001 * gradient * gradient
    let m = mean / (1 - pow(0.9, Double(steps)))
    let v = square / (1 - pow(0.999, Double(steps)))
    position = min(max(position + rate * m / (v.squareRoot() + 1e-300), 0), 1)
  }
}
