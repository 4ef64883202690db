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

  /// An array that is written before it is read.
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
