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
    precondition(candidates.shape == points.shape)
    consider(candidates, of: 0..<points.rowCount, values: values, successes: successes)
  }

  /// Keeps row `i` of `candidates` where it is better than the best so far of example `rows[i]`.
  public mutating func consider(
    _ candidates: Tensor, of rows: some Collection<Int>, values: [Double], successes: [Bool]
  ) {
    precondition(
      candidates.rowCount == rows.count && values.count == rows.count && successes.count == rows.count)
    for (position, row) in rows.enumerated() {
      let value = values[position].isNaN ? -.infinity : values[position]
      let isBetter =
        !considered[row]
        || (successes[position] != self.successes[row] ? successes[position] : value > self.values[row])
      guard isBetter else { continue }
      considered[row] = true
      points.copyRow(position, of: candidates, to: row)
      self.values[row] = value
      self.successes[row] = successes[position]
    }
  }

  /// Keeps what another search found for the examples `rows`.
  public mutating func consider(_ other: BestPoints, of rows: some Collection<Int>) {
    consider(other.points, of: rows, values: other.values, successes: other.successes)
  }
}
