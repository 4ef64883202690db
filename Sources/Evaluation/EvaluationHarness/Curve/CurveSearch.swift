import Foundation
import RobustnessCore

/// Looks for the smallest perturbation of every example up to the largest ε.
///
/// First come the attacks that look for it themselves. Then an attack within the ball is tried at the next smaller ε of
/// a geometric ladder, example by example, until it fails. Last the point is drawn towards the input as far as it
/// stays adversarial. Every point that was asked about and was wrong counts, whoever asked.
struct CurveSearch {
  /// Ratio of one ε of the ladder to the next.
  static let ratio = 0.95
  /// Halvings of the way from the input to a point.
  static let halvings = 12

  private let evaluator: Evaluator
  private let examples: Examples
  private let largest: ThreatModel
  private(set) var found: SmallestPerturbations
  private(set) var cost: QueryRecord

  /// - Parameter isWrong: Whether each example is decided wrongly as it is.
  init(_ evaluator: Evaluator, _ examples: Examples, within largest: ThreatModel, isWrong: [Bool]) {
    self.evaluator = evaluator
    self.examples = examples
    self.largest = largest
    found = SmallestPerturbations(examples, within: largest)
    cost = QueryRecord(examples)
    let wrong = isWrong.indices.filter { isWrong[$0] }
    found.consider(examples.inputs.rows(wrong), of: wrong, successes: wrong.map { _ in true })
  }

  // MARK: - Parts of the search

  /// Keeps what a run within one ball found.
  mutating func consider(_ outcome: Evaluator.Outcome) {
    found.consider(
      outcome.adversarial.inputs, of: Array(outcome.examples.labels.indices),
      successes: zip(outcome.adversarial.decisions, outcome.examples.labels).map { $0 != $1 })
  }

  /// Tries one attack on the examples `rows` in balls of `epsilon`.
  mutating func attempt<A: Attack>(
    _ attack: A, on rows: [Int], epsilon: Double, objective: Objective, gradient: GradientRule, random: RandomStreams
  ) throws {
    guard !rows.isEmpty else { return }
    var threat = largest
    threat.epsilon = epsilon
    var pursuit = Pursuit(evaluator, examples.subset(rows), within: threat, surrogate: evaluator.plan.surrogate)
    pursuit.tracksSmallest = true
    try pursuit.attempt(
      attack, on: Array(rows.indices), objective: objective, gradient: gradient, random: random)
    try keep(pursuit, of: rows)
  }

  private mutating func keep(_ pursuit: Pursuit, of rows: [Int]) throws {
    cost.addCost(pursuit.record)
    guard let closest = pursuit.closest else { return }
    let hits = rows.indices.filter { closest.distances[$0] < found.distances[rows[$0]] }
    try consider(closest.points.rows(hits), of: hits.map { rows[$0] })
  }

  /// Keeps points that the draws that judge decide wrongly.
  private mutating func consider(_ points: Tensor, of rows: [Int]) throws {
    guard !rows.isEmpty else { return }
    let decisions = try evaluator.observe(points).decisions
    cost.memberForwards += rows.count * evaluator.evaluationDraws.count
    found.consider(points, of: rows, successes: zip(decisions, rows).map { $0 != examples.labels[$1] })
  }

  /// Tries `attack` at ever smaller ε of the ladder, on each example until it fails there.
  ///
  /// An example at which nothing has been found begins at the largest ε.
  mutating func descend<A: Attack>(
    _ attack: A, objective: Objective, gradient: GradientRule, random: RandomStreams
  ) throws {
    // Examples by the step of the ladder that is tried next: largest · ratioᵏ.
    func next(_ radius: Double) -> Int {
      guard radius <= largest.epsilon else { return 0 }
      return max(0, Int((log(radius / largest.epsilon) / log(Self.ratio)).rounded(.down)) + 1)
    }
    var waiting: [Int: [Int]] = [:]
    for row in found.distances.indices where found.distances[row] > 0 {
      waiting[next(found.distances[row]), default: []].append(row)
    }
    while let step = waiting.keys.min() {
      let rows = (waiting.removeValue(forKey: step) ?? []).sorted()
      let before = rows.map { found.distances[$0] }
      let epsilon = largest.epsilon * pow(Self.ratio, Double(step))
      try attempt(
        attack, on: rows, epsilon: epsilon, objective: objective, gradient: gradient,
        random: random.streams(for: "step \(step)"))
      for (row, old) in zip(rows, before) where found.distances[row] < old {
        waiting[max(step + 1, next(found.distances[row])), default: []].append(row)
      }
    }
  }

  /// Draws every point towards its input: the border of what is decided wrongly lies somewhere between.
  mutating func shrink() throws {
    let rows = found.distances.indices.filter { found.distances[$0] > 0 && found.distances[$0].isFinite }
    guard !rows.isEmpty else { return }
    let ends = found.points.rows(rows)
    let origins = examples.inputs.rows(rows)
    var low = [Double](repeating: 0, count: rows.count)
    var high = [Double](repeating: 1, count: rows.count)
    for _ in 0..<Self.halvings {
      try evaluator.progress.checkForInterruption()
      let middle = zip(low, high).map { ($0 + $1) / 2 }
      var points = ends
      for row in rows.indices {
        points[row: row] = ArraySlice(
          zip(origins[row: row], ends[row: row]).map { origin, end in origin + middle[row] * (end - origin) })
      }
      let decisions = try evaluator.observe(points).decisions
      cost.memberForwards += rows.count * evaluator.evaluationDraws.count
      let isWrong = zip(decisions, rows).map { $0 != examples.labels[$1] }
      found.consider(points, of: rows, successes: isWrong)
      for position in rows.indices {
        if isWrong[position] { high[position] = middle[position] } else { low[position] = middle[position] }
      }
    }
  }
}
