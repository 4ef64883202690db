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
  public internal(set) var lower: [[Double]]
  /// Upper ends.
  public internal(set) var upper: [[Double]]
  /// Multiplications of products so far.
  public internal(set) var multiplications = 0.0
  /// Values whose hidden bounds came from intervals because linear ones would have cost more than the budget.
  public internal(set) var beyondBudget: [String] = []

  /// Lines of the relaxed steps, for each example; nil where there are none yet.
  var lines: [[RelaxationLines]?]
  /// For affine steps, |M| x̄ of each term and |b|, weighted by their γ: what a unit coefficient of the result costs.
  var costs: [[Double]?]
  /// What the evaluation that bounds hold for can change in each number of a value; nil where it changes nothing.
  var errors: [[Double]?]
  /// Whether the numbers of a value vary independently of each other within its enclosure, which is exact.
  var isBox: [Bool]

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

  func relaxations(of value: Int) -> [any Relaxation] {
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
}
