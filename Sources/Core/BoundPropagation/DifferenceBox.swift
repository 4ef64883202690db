import Foundation

/// Bounds on the differences of logits t_j = z_j − z_y of one draw, y the label.
public struct DifferenceBox: Sendable {
  /// The label.
  public let label: Int
  /// The lower end of each difference's interval; 0 at the label.
  public var lower: [Double]
  /// The upper end.
  public var upper: [Double]

  /// Wraps bounds.
  public init(label: Int, lower: [Double], upper: [Double]) {
    precondition(lower.count == upper.count && lower.indices.contains(label))
    self.label = label
    self.lower = lower
    self.upper = upper
  }

  /// Whether the draw's own decision is the label throughout.
  public var isSafe: Bool { upper.indices.allSatisfy { $0 == label || upper[$0] < 0 } }

  /// What the result of ``minimumMargin(against:)`` has had subtracted for rounding.
  public static func slack(classes: Int) -> Double { Double(2 * classes + 24) * Rounding.unit }

  /// A lower bound on p_y − p_k over all differences in the box, the exact minimum up to rounding.
  ///
  /// p_y − p_k = (1 − e^{t_k}) / (1 + Σ e^{t_j}) falls in t_k; in every other t_j it falls where t_k < 0 and grows where
  /// t_k > 0. So the least value is at b_k with the others at their upper ends where b_k ≤ 0, at their lower ends else.
  public func minimumMargin(against rival: Int) -> Double {
    let b = upper[rival]
    guard b < .infinity else { return -1 }
    let others = b <= 0 ? upper : lower
    var largest = max(0, b)
    for j in others.indices where j != label && j != rival { largest = max(largest, others[j]) }
    // An unbounded other class takes everything.
    guard largest < .infinity else { return -Self.slack(classes: upper.count) }
    let (own, other) = (exp(-largest), exp(b - largest))
    var sum = own + other
    for j in others.indices where j != label && j != rival { sum += exp(others[j] - largest) }
    return (own - other) / sum - Self.slack(classes: upper.count)
  }

  /// The same from intervals of the logits themselves: with l_y and u_k, the others at their upper ends where
  /// l_y ≥ u_k, at their lower ends else.
  public static func minimumMargin(
    lower: ArraySlice<Double>, upper: ArraySlice<Double>, label: Int, rival: Int
  ) -> Double {
    let classes = lower.count
    let (l, u) = (lower.startIndex, upper.startIndex)
    let (a, b) = (lower[l + label], upper[u + rival])
    guard a > -.infinity, b < .infinity else { return -1 }
    var largest = max(a, b)
    func other(_ j: Int) -> Double { a >= b ? upper[u + j] : lower[l + j] }
    for j in 0..<classes where j != label && j != rival { largest = max(largest, other(j)) }
    guard largest < .infinity else { return a >= b ? -slack(classes: classes) : -1 }
    let (own, their) = (exp(a - largest), exp(b - largest))
    var sum = own + their
    for j in 0..<classes where j != label && j != rival { sum += exp(other(j) - largest) }
    return (own - their) / sum - slack(classes: classes)
  }
}
