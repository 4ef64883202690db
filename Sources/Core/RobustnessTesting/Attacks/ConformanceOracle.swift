import RobustnessCore

/// The oracle of the conformance rules: answers from an ensemble in `Double`, and refuses questions that make no sense.
struct ConformanceOracle<Ensemble: PosteriorEnsemble>: AttackOracle {
  /// What counts as a decision.
  enum Judge {
    case predictive
    /// The class with the largest mean logit: for ensembles of linear models its boundary is a plane.
    case meanLogit
  }

  let ensemble: Ensemble
  let examples: Examples
  let objective: Objective
  let judge: Judge
  let goal: ThreatModel.Goal
  /// Where threads meet before each answer, so that they are inside the attack at the same time.
  var rendezvous: Rendezvous?

  init(
    _ ensemble: Ensemble, _ examples: Examples, objective: Objective = .predictive, judge: Judge = .predictive,
    goal: ThreatModel.Goal = .untargeted, rendezvous: Rendezvous? = nil
  ) {
    self.ensemble = ensemble
    self.examples = examples
    self.objective = objective
    self.judge = judge
    self.goal = goal
    self.rendezvous = rendezvous
  }

  var classCount: Int { ensemble.classCount }

  func ascent(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Ascent {
    let answer = try ensemble.lossAndGradient(
      question(points, rows), objective: objective ?? self.objective, draws: .all)
    return Ascent(
      values: goal == .targeted ? answer.logLosses.map { -$0 } : answer.logLosses,
      successes: try successes(points, rows, answer.prediction),
      gradient: goal == .targeted ? answer.gradient.negated : answer.gradient)
  }

  func ascent(_ points: Tensor, of rows: [Int], toward classes: [Int], objective: Objective?) throws -> Ascent {
    guard classes.count == rows.count, classes.allSatisfy({ (0..<classCount).contains($0) }) else {
      throw Finding("it asks about the classes \(classes) of \(rows.count) rows; there are \(classCount) classes")
    }
    var asked = try question(points, rows)
    asked = Examples(inputs: asked.inputs, labels: classes)
    let answer = try ensemble.lossAndGradient(asked, objective: objective ?? self.objective, draws: .all)
    return Ascent(
      values: answer.logLosses.map { -$0 }, successes: try successes(points, rows, answer.prediction),
      gradient: answer.gradient.negated)
  }

  func values(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Values {
    let answer = try ensemble.loss(question(points, rows), objective: objective ?? self.objective, draws: .all)
    return Values(
      values: goal == .targeted ? answer.logLosses.map { -$0 } : answer.logLosses,
      successes: try successes(points, rows, answer.prediction))
  }

  func logProbabilities(_ points: Tensor, of rows: [Int]) throws -> Tensor {
    try ensemble.predict(question(points, rows).inputs, draws: .all).logProbabilities
  }

  func successes(_ points: Tensor, of rows: [Int]) throws -> [Bool] {
    try successes(points, rows, ensemble.predict(question(points, rows).inputs, draws: .all))
  }

  /// Whether the goal is reached at the points that an attack returned.
  func isReached(at points: Tensor) throws -> [Bool] { try successes(points, of: Array(0..<examples.count)) }

  private func question(_ points: Tensor, _ rows: [Int]) throws -> Examples {
    rendezvous?.arrive()
    guard points.rowCount == rows.count, points.rowShape == examples.inputs.rowShape else {
      throw Finding("it asks about points of shape \(points.shape) for \(rows.count) rows of \(examples.inputs.shape)")
    }
    guard rows.allSatisfy({ (0..<examples.count).contains($0) }) else {
      throw Finding("it asks about rows \(rows); there are \(examples.count) examples")
    }
    let aims = goal == .targeted ? examples.targets ?? examples.labels : examples.labels
    return Examples(inputs: points, labels: rows.map { aims[$0] })
  }

  private func successes(_ points: Tensor, _ rows: [Int], _ prediction: Prediction) throws -> [Bool] {
    let chosen: [Int]
    switch judge {
    case .predictive: chosen = prediction.classes(.predictive)
    case .meanLogit:
      var sum = Tensor(zeros: prediction.logProbabilities.shape)
      for draw in 0..<ensemble.drawCount { sum.add(try ensemble.member(draw).logits(points)) }
      chosen = Prediction(logProbabilities: sum, votes: sum).classes(.predictive)
    }
    return zip(chosen, rows).map { chosen, row in
      goal == .targeted ? chosen == examples.targets?[row] : chosen != examples.labels[row]
    }
  }
}
