import Foundation
import RobustnessCore

/// What is known in one ball of points that a defence accepts and the ensemble decides wrongly: the union of everything
/// that was run there, and the adaptive attack behind each run.
struct BallRejection {
  let evaluator: Evaluator
  let defence: Defence
  let examples: Examples
  let threat: ThreatModel
  /// Whether each example is robust: its clean input is accepted and decided as its label, and no point is accepted and
  /// decided otherwise.
  private(set) var stands: [Bool]
  /// What each example fell to; nil where it stands, or falls as it is.
  private(set) var foundBy: [String?]
  /// What the joint attack finds knows nothing of other attacks, so that it is run once.
  private var joint: (search: AdaptiveSearch, seconds: Double)?

  init(_ evaluator: Evaluator, _ defence: Defence, _ examples: Examples, within threat: ThreatModel) {
    self.evaluator = evaluator
    self.defence = defence
    self.examples = examples
    self.threat = threat
    stands = defence.standsAsGiven
    foundBy = Array(repeating: nil, count: examples.count)
  }

  // MARK: - The union

  /// Adds points of the examples `rows`. Of several names that found an example the first is kept: the order in which
  /// they are added changes nothing.
  mutating func add(_ points: Tensor, of rows: [Int], named name: String) throws {
    guard !rows.isEmpty else { return }
    let decisions = try evaluator.observe(points).decisions
    let scores = try evaluator.scores(points, defence.detector.score)
    let isAllowed = isAllowed(points, of: rows)
    for (position, row) in rows.enumerated() where stands[row] || foundBy[row] != nil {
      guard decisions[position] != examples.labels[row], isAllowed[position],
        !defence.detector.rejects(scores[position])
      else { continue }
      fall(row, to: name)
    }
  }

  /// The same for what is known of one point of each example.
  private mutating func add(_ measures: RejectionMeasures, named name: String) {
    let standsAsGiven = defence.standsAsGiven
    for row in stands.indices where standsAsGiven[row] && !measures.robust[row] { fall(row, to: name) }
  }

  private mutating func fall(_ row: Int, to name: String) {
    stands[row] = false
    foundBy[row] = min(name, foundBy[row] ?? name)
  }

  private func isAllowed(_ points: Tensor, of rows: [Int]) -> [Bool] {
    zip(
      threat.respectsBudget(points, around: examples.inputs.rows(rows)), threat.respectsBox(points)
    ).map { $0 && $1 }
  }

  private func measures(_ points: Tensor) throws -> RejectionMeasures {
    defence.measures(
      decisions: try evaluator.observe(points).decisions,
      scores: try evaluator.scores(points, defence.detector.score),
      isAllowed: isAllowed(points, of: Array(0..<examples.count)))
  }

  // MARK: - Runs

  /// What the defence makes of noise, which nothing adaptive is compared with.
  mutating func noise(_ outcome: Evaluator.Outcome) throws -> RunRejection {
    let known = try measures(outcome.adversarial.inputs)
    add(known, named: outcome.request.attack.name)
    return RunRejection(blind: known, adaptive: nil, defence: defence)
  }

  /// The adaptive attack behind a run: down the score from what the run found, and the joint loss from the inputs and
  /// from random points, which is made once in a ball.
  mutating func attack(after outcome: Evaluator.Outcome) throws -> RunRejection {
    let blind = outcome.adversarial.inputs
    let known = try measures(blind)
    let attacked = defence.attacked
    let part = examples.subset(attacked)
    let steps = evaluator.plan.adaptiveSteps ?? evaluator.plan.checks.adaptiveSteps
    let joint = try self.joint ?? Self.timed { try jointSearch(part, steps) }
    self.joint = joint
    let isAllowed = isAllowed(blind, of: Array(0..<examples.count))
    let fooled = attacked.indices.filter {
      known.decisions[attacked[$0]] != part.labels[$0] && isAllowed[attacked[$0]]
    }
    let behind = try Self.timed {
      var search = AdaptiveSearch(evaluator, defence.detector, part, within: threat, steps: steps)
      try search.climb(.downScore, from: blind.rows(fooled.map { attacked[$0] }), of: fooled)
      return search
    }
    var search = behind.search
    search.consider(joint.search)
    var points = examples.inputs
    points.replaceRows(attacked, with: search.best.points)
    let adaptive = try measures(points)
    add(known, named: outcome.request.text)
    add(adaptive, named: "adaptive")
    var result = RunRejection(blind: known, adaptive: adaptive, defence: defence)
    result.cost = behind.search.cost + joint.search.cost
    result.seconds = behind.seconds + joint.seconds
    result.adaptiveInputs = points
    return result
  }

  private func jointSearch(_ part: Examples, _ steps: Int) throws -> AdaptiveSearch {
    var search = AdaptiveSearch(evaluator, defence.detector, part, within: threat, steps: steps)
    let all = Array(0..<part.count)
    let random = RandomStreams(seed: evaluator.plan.seed, purpose: "rejection/joint")
    try search.climb(.jointLoss, from: part.inputs, of: all)
    try search.climb(.jointLoss, from: threat.randomStart(around: part, random: random), of: all)
    return search
  }

  private static func timed(_ body: () throws -> AdaptiveSearch) rethrows -> (search: AdaptiveSearch, seconds: Double) {
    let start = ContinuousClock.now
    let search = try body()
    let duration = start.duration(to: .now)
    return (search, duration.inSeconds)
  }
}

extension Evaluator {
  /// How uncertain the draws that judge are at some points.
  func scores(_ points: Tensor, _ score: UncertaintyScore) throws -> [Double] {
    try subject.ensemble.uncertainties(points, score: score, draws: .some(evaluationDraws))
  }
}
