import RobustnessCore

/// Where one run stands: a row for each example that is still asked about.
///
/// Comparisons are of values, which are logarithms of losses: what grows is the same.
struct Climb: Sendable {
  private(set) var points: Tensor
  private var origins: Tensor
  /// xᵏ⁻¹ of every xᵏ.
  private var previous: Tensor
  /// The gradient that the next step follows, of any magnitude.
  private var gradients: Tensor
  /// The point of the largest value, whether it reaches the goal or not, with its gradient.
  private var bestPoints: Tensor
  private var bestGradients: Tensor
  private var bestValues: [Double]
  /// Length of the step as a multiple of ε.
  private var steps: [Double]
  private var lastValues: [Double]
  /// Steps since the last check that climbed.
  private var climbs: [Int]
  private var bestAtCheck: [Double]
  /// Whether the last check halved the step. The first check asks only how many steps climbed.
  private var wasHalved: [Bool]
  private var isAtStart = true

  init(from start: Tensor, around inputs: Tensor) {
    points = start
    origins = inputs
    previous = start
    gradients = Tensor(zeros: start.shape)
    bestPoints = start
    bestGradients = gradients
    let count = start.rowCount
    bestValues = [Double](repeating: -.infinity, count: count)
    steps = [Double](repeating: 2, count: count)
    lastValues = bestValues
    climbs = [Int](repeating: 0, count: count)
    bestAtCheck = bestValues
    wasHalved = [Bool](repeating: true, count: count)
  }

  /// Takes in what the oracle says of `points`; NaN counts as −∞.
  mutating func observe(_ values: [Double], _ gradients: Tensor) {
    self.gradients = gradients
    for row in values.indices {
      let value = values[row].isNaN ? -.infinity : values[row]
      if !isAtStart, value > lastValues[row] { climbs[row] += 1 }
      lastValues[row] = value
      guard isAtStart || value > bestValues[row] else { continue }
      bestValues[row] = value
      bestPoints.copyRow(row, of: points, to: row)
      bestGradients.copyRow(row, of: gradients, to: row)
    }
    if isAtStart { bestAtCheck = bestValues }
    isAtStart = false
  }

  /// Halves steps that do not pay and goes back to the best points, by the two conditions of §3.3. The first is with ≤,
  /// as in the authors' program.
  mutating func check(window: Int, rho: Double) {
    for row in steps.indices {
      let isStuck = Double(climbs[row]) <= rho * Double(window)
      let isUnchanged = !wasHalved[row] && bestAtCheck[row] >= bestValues[row]
      climbs[row] = 0
      bestAtCheck[row] = bestValues[row]
      wasHalved[row] = isStuck || isUnchanged
      guard wasHalved[row] else { continue }
      steps[row] /= 2
      points.copyRow(row, of: bestPoints, to: row)
      gradients.copyRow(row, of: bestGradients, to: row)
    }
  }

  /// One step along the gradients, with the weight `momentum` for what is new.
  mutating func step(within threat: ThreatModel, momentum: Double, projection: Projection) {
    var ahead = points
    threat.step(&ahead, along: gradients, byMultiples: steps)
    threat.project(&ahead, around: origins, by: projection)
    points.moveWithMomentum(to: ahead, weight: momentum, previous: &previous)
    threat.project(&points, around: origins, by: projection)
  }

  /// Goes on with these rows only.
  mutating func keep(_ rows: [Int]) {
    points = points.rows(rows)
    origins = origins.rows(rows)
    previous = previous.rows(rows)
    gradients = gradients.rows(rows)
    bestPoints = bestPoints.rows(rows)
    bestGradients = bestGradients.rows(rows)
    bestValues = rows.map { bestValues[$0] }
    steps = rows.map { steps[$0] }
    lastValues = rows.map { lastValues[$0] }
    climbs = rows.map { climbs[$0] }
    bestAtCheck = rows.map { bestAtCheck[$0] }
    wasHalved = rows.map { wasHalved[$0] }
  }
}
