import RobustnessCore

/// The oracle of the harness: answers from the ensemble, counts, and remembers.
struct AccountingOracle: AttackOracle {
  let ensemble: any PosteriorEnsemble
  /// What answers in the ensemble's place, but for decisions.
  let surrogate: Surrogate?
  let examples: Examples
  let threat: ThreatModel
  let objective: Objective
  let decision: Decision
  let draws: QueryDraws
  let gradientRule: GradientRule
  /// Streams of the points around which gradients are averaged.
  let smoothing: RandomStreams
  /// Whether any wrong decision is a success, whatever the attack aims at.
  let countsAnyError: Bool
  let progress: any EvaluationProgress
  var record: QueryRecord
  /// The closest success of each example over all queries, inside the ball or not, where it is asked for.
  var closest: SmallestPerturbations?

  var classCount: Int { ensemble.classCount }

  /// The draws of each query.
  enum QueryDraws: Sendable {
    case fixed([Int])
    /// `count` of `among`, drawn afresh for each query.
    case resampled(count: Int, among: [Int], RandomStreams)
  }

  init(
    ensemble: any PosteriorEnsemble, surrogate: Surrogate? = nil, examples: Examples, threat: ThreatModel,
    objective: Objective, decision: Decision, draws: QueryDraws, gradientRule: GradientRule = .exact,
    smoothing: RandomStreams? = nil, countsAnyError: Bool = false, progress: any EvaluationProgress
  ) {
    self.ensemble = ensemble
    self.surrogate = surrogate
    self.examples = examples
    self.threat = threat
    self.objective = objective
    self.decision = decision
    self.draws = draws
    self.gradientRule = gradientRule
    self.smoothing = smoothing ?? RandomStreams(seed: 0, purpose: "smoothing")
    self.countsAnyError = countsAnyError
    self.progress = progress
    record = QueryRecord(examples)
  }

  mutating func ascent(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Ascent {
    let answer = try ascent(try question(points, rows), rows, objective)
    guard threat.goal == .targeted else { return answer }
    return Ascent(
      values: answer.values.map { -$0 }, successes: answer.successes, gradient: answer.gradient.negated)
  }

  mutating func ascent(
    _ points: Tensor, of rows: [Int], toward classes: [Int], objective: Objective?
  ) throws -> Ascent {
    guard classes.count == rows.count, classes.allSatisfy({ (0..<classCount).contains($0) }) else {
      throw CoreError(
        "the attack asked for \(rows.count) rows toward the classes \(classes); there are \(classCount) classes")
    }
    let asked = try question(points, rows)
    let away = try ascent(
      Examples(inputs: points, labels: classes, identifiers: asked.identifiers), rows, objective)
    return Ascent(values: away.values.map { -$0 }, successes: away.successes, gradient: away.gradient.negated)
  }

  /// Value and gradient of the loss for the labels of `asked`.
  private mutating func ascent(_ asked: Examples, _ rows: [Int], _ objective: Objective?) throws -> Ascent {
    let objective = objective ?? self.objective
    let selection = answeringDraws()
    let answer = try gradient(asked, rows, objective, selection)
    remember(gradient: answer.gradient, rows)
    if gradientRule == .exact, surrogate == nil { probe(asked, rows, objective, answer.gradient) }
    let successes = try successes(asked.inputs, rows, try judgement(asked.inputs, answer.prediction), answer.logLosses)
    return Ascent(values: answer.logLosses, successes: successes, gradient: answer.gradient)
  }

  private mutating func gradient(
    _ asked: Examples, _ rows: [Int], _ objective: Objective, _ selection: [Int]
  ) throws -> LossAndGradient {
    let ensemble = surrogate?.ensemble ?? self.ensemble
    let derivative: ActivationDerivative = gradientRule == .straightThrough ? .straightThrough : .exact
    var answer = try ensemble.lossAndGradient(
      asked, objective: objective, draws: .some(selection), derivative: derivative)
    count(gradients: rows.count * selection.count, objective)
    guard case .smoothed(let count) = gradientRule else { return answer }
    // Half of the ball: points that say something about the slope that an attack within it can use.
    var neighbourhood = threat
    neighbourhood.epsilon = threat.epsilon / 2
    neighbourhood.epsilonPerFeature = threat.epsilonPerFeature?.map { $0 / 2 }
    var gradients = [answer.gradient]
    for neighbour in 0..<count {
      try progress.checkForInterruption()
      var points = asked.inputs
      // A query of its own for each example, however many are asked about together.
      for (position, row) in rows.enumerated() {
        let streams = smoothing.streams(for: "\(record.queriesOfExample[row])")
        points.replaceRows(
          [position],
          with: neighbourhood.randomPerturbations(
            .uniform, shape: [1] + points.rowShape, identifiers: [asked.identifiers[position]], restart: neighbour,
            random: streams))
      }
      points.add(asked.inputs)
      threat.clipToBox(&points)
      gradients.append(
        try ensemble.lossAndGradient(asked.moved(to: points), objective: objective, draws: .some(selection)).gradient)
      self.count(gradients: rows.count * selection.count, objective)
    }
    answer.gradient = .mean(of: gradients)
    return answer
  }

  private mutating func count(gradients passes: Int, _ objective: Objective) {
    record.memberGradients += passes
    progress.didPass(memberGradients: passes)
  }

  mutating func values(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Values {
    let asked = try question(points, rows)
    let selection = answeringDraws()
    let answer = try (surrogate?.ensemble ?? ensemble).loss(
      asked, objective: objective ?? self.objective, draws: .some(selection))
    record.memberForwards += rows.count * selection.count
    return Values(
      values: threat.goal == .targeted ? answer.logLosses.map { -$0 } : answer.logLosses,
      successes: try successes(points, rows, try judgement(points, answer.prediction), answer.logLosses))
  }

  mutating func logProbabilities(_ points: Tensor, of rows: [Int]) throws -> Tensor {
    _ = try question(points, rows)
    guard let surrogate else {
      let prediction = try predict(points)
      _ = try successes(points, rows, prediction, [])
      return prediction.logProbabilities
    }
    _ = try successes(points, rows, try predict(points), [])
    record.memberForwards += rows.count * surrogate.draws.count
    return try surrogate.ensemble.predict(points, draws: .some(surrogate.draws)).logProbabilities
  }

  mutating func successes(_ points: Tensor, of rows: [Int]) throws -> [Bool] {
    _ = try question(points, rows)
    return try successes(points, rows, try predict(points), [])
  }

  /// What decides at `points`: the prediction that came with an answer, unless a surrogate gave it.
  private mutating func judgement(_ points: Tensor, _ answered: Prediction) throws -> Prediction {
    surrogate == nil ? answered : try predict(points)
  }

  private mutating func predict(_ points: Tensor) throws -> Prediction {
    let selection = nextDraws()
    record.memberForwards += points.rowCount * selection.count
    return try ensemble.predict(points, draws: .some(selection))
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

  /// The draws of the surrogate, where there is one.
  private mutating func answeringDraws() -> [Int] {
    if let surrogate { return surrogate.draws }
    return nextDraws()
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

  /// Whether the goal is reached at each point; the points that reach it are remembered.
  private mutating func successes(
    _ points: Tensor, _ rows: [Int], _ prediction: Prediction, _ logLosses: [Double]
  ) throws -> [Bool] {
    record.nonFiniteAnswers += prediction.logProbabilities.elements.count { $0.isNaN } + logLosses.count { $0.isNaN }
    var judged = prediction
    if case .singleDraw(let draw) = decision { judged = try ensemble.predict(points, draws: .some([draw])) }
    let classes = judged.classes(decision)
    let isAimed = threat.goal == .targeted && !countsAnyError
    let successes = zip(rows, classes).map { row, decided in
      decided >= 0 && (isAimed ? decided == examples.targets?[row] : decided != examples.labels[row])
    }
    rememberAdversarial(points, rows, successes)
    closest?.consider(points, of: rows, successes: successes)
    return successes
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
