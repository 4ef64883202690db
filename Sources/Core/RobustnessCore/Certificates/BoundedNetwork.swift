/// An ensemble whose draws can be bounded: what a ``RobustnessCertificate`` sees.
public protocol BoundedEnsemble: PosteriorEnsemble {
  /// One draw as steps with bounds.
  ///
  /// - Throws: ``BoundsUnavailable`` where a layer has none; an error of the implementation.
  func boundedMember(_ draw: Int) throws -> BoundedNetwork
}

/// A network as steps each of which is affine, or a function with bounds.
///
/// Value 0 is the input and value i + 1 what step i gives; the last step gives the logits. All is in `Double`, in C
/// order, one row for each example.
public struct BoundedNetwork: Sendable {
  /// One step.
  public struct Step: Sendable {
    /// What the step is called, for messages.
    public let name: String
    /// Numbers that it gives for an example.
    public let outputCount: Int
    /// What it computes.
    public let operation: Operation

    /// A step.
    public init(name: String, outputCount: Int, operation: Operation) {
      self.name = name
      self.outputCount = outputCount
      self.operation = operation
    }
  }

  /// What a step computes.
  public enum Operation: Sendable {
    /// Σ M x + b over one or several values.
    case affine(AffineStep)
    /// A function with bounds, of one value.
    case relaxed(source: Int, any Relaxation)
  }

  /// Numbers of an input.
  public let inputCount: Int
  /// The steps in the order in which they are computed.
  public let steps: [Step]
  /// Whether all of its numbers are numbers. Where one is infinite or NaN there is nothing to bound: a function that
  /// saturates would hide it.
  public let isFinite: Bool

  /// A network.
  public init(inputCount: Int, steps: [Step]) {
    precondition(!steps.isEmpty)
    self.inputCount = inputCount
    self.steps = steps
    isFinite = steps.allSatisfy { step in
      guard case .affine(let affine) = step.operation else { return true }
      return affine.isFinite
    }
  }

  /// About the memory that it takes.
  public var bytes: Int {
    steps.reduce(0) { sum, step in
      guard case .affine(let affine) = step.operation else { return sum }
      return sum + 8 * affine.offset.count + affine.terms.reduce(0) { $0 + $1.map.bytes }
    }
  }

  /// Numbers of a value.
  public func count(_ value: Int) -> Int { value == 0 ? inputCount : steps[value - 1].outputCount }
}

/// Σ M x + b.
public struct AffineStep: Sendable {
  /// A linear map of one value.
  public struct Term: Sendable {
    /// The value.
    public let source: Int
    /// The map.
    public let map: any LinearMap

    /// A term.
    public init(source: Int, map: any LinearMap) {
      self.source = source
      self.map = map
    }
  }

  /// What is added up.
  public let terms: [Term]
  /// b, or empty for 0.
  public let offset: [Double]
  /// How far each element of `offset` may be from the real number that it stands for; empty where it is exact.
  public let offsetError: [Double]

  /// A step.
  public init(_ terms: [Term], offset: [Double] = [], offsetError: [Double] = []) {
    self.terms = terms
    self.offset = offset
    self.offsetError = offsetError
  }

  /// Whether all elements are numbers, and no row's sum of magnitudes overflows.
  fileprivate var isFinite: Bool {
    guard offset.allSatisfy(\.isFinite), offsetError.allSatisfy(\.isFinite) else { return false }
    return terms.allSatisfy { term in
      let ones = [Double](repeating: 1, count: term.map.inputCount)
      var sums = [Double](repeating: 0, count: term.map.outputCount)
      term.map.applyMagnitudes(ones, rows: 1, to: &sums)
      return sums.allSatisfy(\.isFinite)
    }
  }
}

/// A matrix M that is applied, not necessarily stored: products with it, its magnitudes and its transpose.
///
/// Sums may be taken in any order and with fused operations; what a certificate subtracts for their rounding covers all
/// of them, as long as the counts below are no smaller than the truth.
public protocol LinearMap: Sendable {
  /// Columns of M.
  var inputCount: Int { get }
  /// Rows of M.
  var outputCount: Int { get }
  /// Elements of a row of M that are not zero, at most.
  var longestRow: Int { get }
  /// Elements of a column of M that are not zero, at most.
  var longestColumn: Int { get }
  /// Roundings in an element of M itself: 0 where it is a number of the file.
  var elementRoundings: Int { get }
  /// y = M x, row by row.
  func apply(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>)
  /// y = |M| x, row by row.
  func applyMagnitudes(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>)
  /// y = a M, row by row: `a` has `outputCount` columns, `y` `inputCount`.
  func applyTransposed(_ a: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>)
  /// One row of M.
  func copyRow(_ output: Int, to row: UnsafeMutablePointer<Double>)
  /// Multiplications of one row's product.
  var multiplications: Double { get }
  /// About the memory that it takes.
  var bytes: Int { get }
}

extension LinearMap {
  /// Elements are numbers of the file.
  public var elementRoundings: Int { 0 }
  /// Nothing to speak of.
  public var bytes: Int { 0 }

  /// Those of a full matrix with rows of this length.
  public var multiplications: Double { Double(longestRow) * Double(outputCount) }

  /// By a product with a unit vector.
  public func copyRow(_ output: Int, to row: UnsafeMutablePointer<Double>) {
    var unit = [Double](repeating: 0, count: outputCount)
    unit[output] = 1
    applyTransposed(unit, rows: 1, to: row)
  }
}

/// A function that is not affine, with bounds on what it gives.
public protocol Relaxation: Sendable {
  /// Numbers that it takes.
  var inputCount: Int { get }
  /// Numbers that it gives.
  var outputCount: Int { get }

  /// An enclosure of the results from one of the arguments, rounded outwards.
  ///
  /// - Parameters:
  ///   - lower, upper: `inputCount` numbers each, `lower` ≤ `upper`.
  ///   - low, high: receive `outputCount` numbers each.
  func enclose(
    _ lower: UnsafePointer<Double>, _ upper: UnsafePointer<Double>, _ low: UnsafeMutablePointer<Double>,
    _ high: UnsafeMutablePointer<Double>)

  /// Lines below and above every result, each in one of the arguments, that hold for all arguments of the enclosure,
  /// in real arithmetic.
  ///
  /// - Parameter near: arguments near which the lines should be close, where the function leaves a choice; nil for what
  ///   is best over all of the enclosure.
  func relax(
    _ lower: UnsafePointer<Double>, _ upper: UnsafePointer<Double>, near: UnsafePointer<Double>?,
    into lines: inout RelaxationLines)

  /// Whether lines become better when the enclosure of one argument does.
  func profits(lower: Double, upper: Double) -> Bool

  /// Roundings in a result where the function is computed in single precision: 0 for one that only chooses among its
  /// arguments; nil where nobody says.
  var singleRoundings: Int? { get }
}

extension Relaxation {
  /// Yes, unless it is a point.
  public func profits(lower: Double, upper: Double) -> Bool { lower < upper }

  /// Nobody says.
  public var singleRoundings: Int? { nil }
}

/// lowerSlope[j] · x[i] + lowerIntercept[j] ≤ y[j] ≤ upperSlope[j] · x[i] + upperIntercept[j] with i = sources[j].
public struct RelaxationLines: Sendable {
  /// Which argument each result's lines are in; empty: result j goes with argument j. Both lines of a result may be in
  /// different arguments.
  public var lowerSources: [Int32]
  /// The same for the lines above.
  public var upperSources: [Int32]
  /// Slopes below.
  public var lowerSlope: [Double]
  /// Intercepts below.
  public var lowerIntercept: [Double]
  /// Slopes above.
  public var upperSlope: [Double]
  /// Intercepts above.
  public var upperIntercept: [Double]

  /// Room for `count` results; with `sources`, results that go with other arguments than their own.
  public init(count: Int, sources: Bool = false) {
    lowerSources = sources ? [Int32](repeating: 0, count: count) : []
    upperSources = lowerSources
    lowerSlope = [Double](repeating: 0, count: count)
    lowerIntercept = lowerSlope
    upperSlope = lowerSlope
    upperIntercept = lowerSlope
  }
}
