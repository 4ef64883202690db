import RobustnessCore

/// The oracle of the harness: answers from the ensemble, counts, and remembers.
struct AccountingOracle: AttackOracle {
  let ensemble: any PosteriorEnsemble
  let examples: Examples
  let threat: ThreatModel
  let objective: Objective
  let decision: Decision
  let draws: QueryDraws
  let progress: any EvaluationProgress
  var record: QueryRecord

  var classCount: Int { ensemble.classCount }

  /// The draws of each query.
  enum QueryDraws: Sendable {
    case fixed([Int])
    /// `count` of `among`, drawn afresh for each query.
    case resampled(count: Int, among: [Int], RandomStreams)
  }

  init(
    ensemble: any PosteriorEnsemble, examples: Examples, threat: ThreatModel, objective: Objective, decision: Decision,
    draws: QueryDraws, progress: any EvaluationProgress
  ) {
    self.ensemble = ensemble
    self.examples = examples
    self.threat = threat
    self.objective = objective
    self.decision = decision
    self.draws = draws
    self.progress = progress
    record = QueryRecord(examples)
  }

  mutating func ascent(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Ascent {
    let asked = try question(points, rows)
    let selection = nextDraws()
    let answer = try ensemble.lossAndGradient(asked, objective: objective ?? self.objective, draws: .some(selection))
    let passes = rows.count * selection.count
    record.memberGradients += passes
    progress.didPass(memberGradients: passes)
    remember(gradient: answer.gradient, rows)
    probe(asked, rows, objective ?? self.objective, answer.gradient)
    let values = try judged(points, rows, answer.prediction, answer.logLosses)
    return Ascent(
      values: values.values, successes: values.successes,
      gradient: threat.goal == .targeted ? answer.gradient.negated : answer.gradient)
  }

  mutating func values(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Values {
    let asked = try question(points, rows)
    let answer = try ensemble.loss(asked, objective: objective ?? self.objective, draws: .some(nextDraws()))
    return try judged(points, rows, answer.prediction, answer.logLosses)
  }

  mutating func logProbabilities(_ points: Tensor, of rows: [Int]) throws -> Tensor {
    _ = try question(points, rows)
    let prediction = try ensemble.predict(points, draws: .some(nextDraws()))
    _ = try judged(points, rows, prediction, [])
    return prediction.logProbabilities
  }

  mutating func successes(_ points: Tensor, of rows: [Int]) throws -> [Bool] {
    _ = try question(points, rows)
    return try judged(points, rows, try ensemble.predict(points, draws: .some(nextDraws())), []).successes
  }

  // MARK: - Accounting

  /// The labels (or targets) of `rows` at `points`.
  private mutating func question(_ points: Tensor, _ rows: [Int]) throws -> Examples {
    try progress.checkForInterruption()
    guard points.rowCount == rows.count, points.rowShape == examples.inputs.rowShape,
      rows.allSatisfy({ (0..<examples.count).contains($0) })
    else {
      throw CoreError(
        "the attack asked about points of shape \(points.shape) for \(rows.count) rows; "
          + "the examples have the shape \(examples.inputs.shape)")
    }
    record.queries += rows.count
    for row in rows { record.queriesOfExample[row] += 1 }
    record.nonFinitePoints += points.nonFiniteCount
    let classes = threat.goal == .targeted ? examples.targets ?? examples.labels : examples.labels
    return Examples(
      inputs: points, labels: rows.map { classes[$0] }, identifiers: rows.map { examples.identifiers[$0] })
  }

  private mutating func nextDraws() -> [Int] {
    switch draws {
    case .fixed(let indices): return indices
    case .resampled(let count, let among, let streams):
      var stream = streams.stream(example: record.calls)
      record.calls += 1
      return Array(among.shuffled(using: &stream).prefix(count)).sorted()
    }
  }

  /// Larger is better for the attacker.
  private mutating func judged(
    _ points: Tensor, _ rows: [Int], _ prediction: Prediction, _ logLosses: [Double]
  ) throws -> Values {
    record.nonFiniteAnswers += prediction.logProbabilities.elements.count { $0.isNaN } + logLosses.count { $0.isNaN }
    var judged = prediction
    if case .singleDraw(let draw) = decision { judged = try ensemble.predict(points, draws: .some([draw])) }
    let classes = judged.classes(decision)
    let successes = zip(rows, classes).map { row, decided in
      decided >= 0
        && (threat.goal == .targeted ? decided == examples.targets?[row] : decided != examples.labels[row])
    }
    rememberAdversarial(points, rows, successes)
    return Values(values: threat.goal == .targeted ? logLosses.map { -$0 } : logLosses, successes: successes)
  }

  private mutating func remember(gradient: ScaledGradient, _ rows: [Int]) {
    record.nonFiniteAnswers += gradient.values.nonFiniteCount
    let zero = gradient.isExactlyZero
    var norms: [Double]?
    for (position, row) in rows.enumerated() {
      record.hadGradient[row] = true
      if zero[position] { record.hadZeroGradient[row] = true }
      if record.firstLog2Norm[row] == nil {
        norms = norms ?? gradient.log2Norms
        record.firstLog2Norm[row] = norms?[position]
      }
    }
  }

  private mutating func probe(_ asked: Examples, _ rows: [Int], _ objective: Objective, _ gradient: ScaledGradient) {
    record.objectives.insert(objective)
    guard record.probes.count < record.probedRows.count else { return }
    for (position, row) in rows.enumerated() where record.probedRows.contains(row) && record.probes[row] == nil {
      record.probes[row] = GradientProbe(
        point: asked.inputs.rows([position]), label: asked.labels[position], objective: objective,
        gradient: gradient.rows([position]))
    }
  }

  /// Keeps the first point inside the threat model that reaches the goal.
  private mutating func rememberAdversarial(_ points: Tensor, _ rows: [Int], _ successes: [Bool]) {
    let news = rows.indices.filter { successes[$0] && !record.reachedGoal[rows[$0]] }
    guard !news.isEmpty else { return }
    let candidates = points.rows(news)
    let origins = examples.inputs.rows(news.map { rows[$0] })
    let inside = zip(threat.respectsBudget(candidates, around: origins), threat.respectsBox(candidates)).map {
      $0 && $1
    }
    var kept: [Int] = []
    for (position, index) in news.enumerated() where inside[position] && !record.reachedGoal[rows[index]] {
      record.reachedGoal[rows[index]] = true
      record.firstSuccess[rows[index]] = record.queriesOfExample[rows[index]]
      kept.append(position)
    }
    // All rows in one call: row by row, the record was copied as a whole for each of them.
    record.adversarialPoints.replaceRows(kept.map { rows[news[$0]] }, with: candidates.rows(kept))
  }
}
