import CTensorLoops
public import RobustnessCore

/// Linear bounds, backward from a value to the input.
extension BoundPass {
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

  mutating func minima(of forms: LinearForms, at value: Int, slopeSteps: Int) -> FormMinima {
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
  func merge(_ waiting: inout [Int: [Double]], _ a: [Double], _ source: Int, _ forms: inout LinearForms) {
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

  func magnitudeDot(_ a: [Double], _ row: Int, _ count: Int, _ e: [Double], _ start: Int) -> Double {
    a.withUnsafeBufferPointer { a in
      e.withUnsafeBufferPointer { e in
        ctl_magnitude_dot(a.baseAddress! + row * count, e.baseAddress! + start, count)
      }
    }
  }
}
