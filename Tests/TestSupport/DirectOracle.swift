public import RobustnessCore

/// An oracle that asks the ensemble and keeps nothing but the points it was shown: for tests of attacks without a
/// harness.
public struct DirectOracle<Ensemble: PosteriorEnsemble>: AttackOracle {
  /// One question of the attack.
  public struct Query: Sendable {
    /// The points asked about.
    public let points: Tensor
    /// Whether a gradient was asked for.
    public let isGradient: Bool
  }

  let ensemble: Ensemble
  let examples: Examples
  let objective: Objective
  let decision: Decision
  let goal: ThreatModel.Goal

  /// Every question so far, in order.
  public private(set) var queries: [Query] = []
  /// Number of questions that asked for a gradient.
  public var gradientQueryCount: Int { queries.count { $0.isGradient } }
  /// Number of questions that did not.
  public var valueQueryCount: Int { queries.count { !$0.isGradient } }

  /// An oracle over all draws of an ensemble.
  public init(
    _ ensemble: Ensemble, _ examples: Examples, objective: Objective = .predictive, decision: Decision = .predictive,
    goal: ThreatModel.Goal = .untargeted
  ) {
    self.ensemble = ensemble
    self.examples = examples
    self.objective = objective
    self.decision = decision
    self.goal = goal
  }

  /// Number of classes.
  public var classCount: Int { ensemble.classCount }

  private func isSuccess(_ prediction: Prediction, at points: Tensor, _ rows: [Int]) throws -> [Bool] {
    var prediction = prediction
    if case .singleDraw(let draw) = decision {
      prediction = try ensemble.predict(points, draws: .some([draw]))
    }
    return zip(prediction.classes(decision), rows).map { chosen, row in
      goal == .targeted ? chosen == examples.targets![row] : chosen != examples.labels[row]
    }
  }

  /// Value, ascent direction and success.
  public mutating func ascent(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Ascent {
    queries.append(Query(points: points, isGradient: true))
    return try answer(points, rows, objective)
  }

  /// The same as if the goal were other classes.
  public mutating func ascent(
    _ points: Tensor, of rows: [Int], toward classes: [Int], objective: Objective?
  ) throws -> Ascent {
    queries.append(Query(points: points, isGradient: true))
    let result = try ensemble.lossAndGradient(
      Examples(inputs: points, labels: classes), objective: objective ?? self.objective, draws: .all)
    return Ascent(
      values: result.logLosses.map { -$0 }, successes: try isSuccess(result.prediction, at: points, rows),
      gradient: result.gradient.negated)
  }

  /// Value and success.
  public mutating func values(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Values {
    queries.append(Query(points: points, isGradient: false))
    let answer = try answer(points, rows, objective)
    return Values(values: answer.values, successes: answer.successes)
  }

  private func answer(_ points: Tensor, _ rows: [Int], _ objective: Objective?) throws -> Ascent {
    let isTargeted = goal == .targeted
    let aims = rows.map { isTargeted ? examples.targets![$0] : examples.labels[$0] }
    let result = try ensemble.lossAndGradient(
      Examples(inputs: points, labels: aims), objective: objective ?? self.objective, draws: .all)
    return Ascent(
      values: isTargeted ? result.logLosses.map { -$0 } : result.logLosses,
      successes: try isSuccess(result.prediction, at: points, rows),
      gradient: isTargeted ? result.gradient.negated : result.gradient)
  }

  /// Log-probabilities of the predictive over all draws.
  public mutating func logProbabilities(_ points: Tensor, of rows: [Int]) throws -> Tensor {
    queries.append(Query(points: points, isGradient: false))
    return try ensemble.predict(points, draws: .all).logProbabilities
  }

  /// Whether the goal is reached.
  public mutating func successes(_ points: Tensor, of rows: [Int]) throws -> [Bool] {
    queries.append(Query(points: points, isGradient: false))
    return try isSuccess(ensemble.predict(points, draws: .all), at: points, rows)
  }
}
