/// The closest successful point seen so far for each example: what an attack keeps that looks for the smallest
/// perturbation, whatever ε is.
public struct SmallestPerturbations: Sendable {
  /// The closest points, one row for each example; the input where nothing has succeeded.
  public private(set) var points: Tensor
  /// Their distances from the inputs in the threat model's norm, ∞ where nothing has succeeded.
  public private(set) var distances: [Double]

  private let inputs: Tensor
  private let threat: ThreatModel

  /// Nothing found yet.
  public init(_ examples: Examples, within threat: ThreatModel) {
    inputs = examples.inputs
    points = examples.inputs
    distances = [Double](repeating: .infinity, count: examples.count)
    self.threat = threat
  }

  /// Keeps each candidate that reaches the goal, lies in the box, changes only what the mask allows, and is closer than
  /// what was found before.
  ///
  /// - Parameters:
  ///   - candidates: shape (rows, …input); they may lie outside the ball.
  ///   - rows: the example that each candidate belongs to; repetitions are allowed.
  ///   - successes: whether each reaches the goal.
  public mutating func consider(_ candidates: Tensor, of rows: [Int], successes: [Bool]) {
    precondition(candidates.rowCount == rows.count && successes.count == rows.count)
    let hits = rows.indices.filter { successes[$0] }
    guard !hits.isEmpty else { return }
    let found = candidates.rows(hits)
    let origins = inputs.rows(hits.map { rows[$0] })
    var unbounded = threat
    unbounded.epsilon = .infinity
    unbounded.epsilonPerFeature = nil
    let isAllowed = zip(unbounded.respectsBudget(found, around: origins), unbounded.respectsBox(found)).map { $0 && $1 }
    let away = threat.distances(found, from: origins)
    for (position, hit) in hits.enumerated() where isAllowed[position] && away[position] < distances[rows[hit]] {
      distances[rows[hit]] = away[position]
      points.copyRow(position, of: found, to: rows[hit])
    }
  }

  /// What the attack returns: points found inside the ball as they are, those outside brought onto it.
  public func pointsWithinBall() -> Tensor {
    var result = points
    let isInside = threat.respectsBudget(points, around: inputs)
    var projected = points
    threat.project(&projected, around: inputs)
    for row in isInside.indices where !isInside[row] { result.copyRow(row, of: projected, to: row) }
    return result
  }
}
