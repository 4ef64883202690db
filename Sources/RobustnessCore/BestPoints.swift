/// The best point seen so far for each example: one that reaches the goal beats one that does not, then the larger
/// value wins.
///
/// Success is that of the decision that is scored, so a point that fools the ensemble is never given up for one of
/// larger loss that does not.
public struct BestPoints: Sendable, Hashable {
  /// The best points, one row for each example.
  public private(set) var points: Tensor
  /// Their values; −∞ before any point was considered.
  public private(set) var values: [Double]
  /// Whether they reach the goal.
  public private(set) var successes: [Bool]

  /// Nothing considered yet; `fallback` stands for the points until then.
  public init(fallback: Tensor) {
    points = fallback
    values = [Double](repeating: -.infinity, count: fallback.rowCount)
    successes = [Bool](repeating: false, count: fallback.rowCount)
    considered = [Bool](repeating: false, count: fallback.rowCount)
  }

  private var considered: [Bool]

  /// Keeps row `i` of `candidates` where it is better than the best so far. Of equal points the earlier one stays; NaN
  /// counts as −∞.
  public mutating func consider(_ candidates: Tensor, values: [Double], successes: [Bool]) {
    precondition(candidates.shape == points.shape && values.count == points.rowCount)
    for row in values.indices {
      let value = values[row].isNaN ? -.infinity : values[row]
      let isBetter =
        !considered[row] || (successes[row] != self.successes[row] ? successes[row] : value > self.values[row])
      guard isBetter else { continue }
      considered[row] = true
      points.copyRow(row, of: candidates, to: row)
      self.values[row] = value
      self.successes[row] = successes[row]
    }
  }
}
