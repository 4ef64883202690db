/// Affine functions of one value of a network, each for one of the examples: rows of coefficients, a constant, and what
/// rounding has cost so far.
struct LinearForms {
  /// The example of each row.
  let examples: [Int]
  /// Numbers of the value.
  private(set) var count: Int
  /// Rows of `count` numbers.
  var coefficients: [Double]
  var constants: [Double]
  /// To be subtracted from a lower bound.
  var slack: [Double]

  var rows: Int { examples.count }

  init(examples: [Int], count: Int, coefficients: [Double]) {
    precondition(coefficients.count == examples.count * count)
    self.examples = examples
    self.count = count
    self.coefficients = coefficients
    constants = [Double](repeating: 0, count: examples.count)
    slack = constants
  }

  /// Forms that are more than multiples of a value.
  init(examples: [Int], count: Int, coefficients: [Double], constants: [Double], slack: [Double]) {
    self.init(examples: examples, count: count, coefficients: coefficients)
    (self.constants, self.slack) = (constants, slack)
  }

  /// The runs of rows about one example with many rows, and what lies between them.
  var runs: [Range<Int>] {
    var runs: [Range<Int>] = []
    var start = 0
    while start < rows {
      var end = start + 1
      while end < rows, examples[end] == examples[start] { end += 1 }
      if end - start < Self.manyRows, let last = runs.last, last.count < Self.manyRows || !isRun(last) {
        runs[runs.count - 1] = last.lowerBound..<end
      } else {
        runs.append(start..<end)
      }
      start = end
    }
    return runs
  }

  private func isRun(_ range: Range<Int>) -> Bool { examples[range.lowerBound] == examples[range.upperBound - 1] }

  /// From so many rows on an example is taken by itself, for what its rows have in common.
  private static let manyRows = 48

  /// Zeros.
  static func room(_ count: Int) -> [Double] {
    [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
      buffer.initialize(repeating: 0)
      initialized = count
    }
  }
}

/// Lower bounds of forms over the region.
public struct FormMinima: Sendable {
  /// Lower bound of each form, rounding subtracted.
  public var bounds: [Double]
  /// What was subtracted.
  public var slack: [Double]
}

/// Affine functions of the input that bound forms from below throughout the region.
public struct InputForms: Sendable {
  /// Rows of coefficients, one for each form.
  public var coefficients: [Double]
  /// Constants, from which rounding is subtracted.
  public var constants: [Double]
  /// What was subtracted.
  public var slack: [Double]
}
