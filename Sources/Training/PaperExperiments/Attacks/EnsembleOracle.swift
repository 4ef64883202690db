import RobustnessCore

/// Answers attacks from an ensemble: an untargeted goal, all draws, the posterior predictive's decision.
///
/// The harness of `evaluate` counts and checks as well; tables of many attacks need the answers alone, and the same
/// random streams.
struct EnsembleOracle: AttackOracle {
  let ensemble: any PosteriorEnsemble
  let examples: Examples
  let objective: Objective
  let draws: DrawSelection
  /// What gradients are made of; values and decisions are the ensemble's, whatever it is.
  let derivative: ActivationDerivative
  /// Examples whose first gradient was exactly zero.
  private(set) var zeroGradients: Set<Int> = []
  private var seen: Set<Int> = []

  init(
    ensemble: any PosteriorEnsemble, examples: Examples, objective: Objective, draws: DrawSelection = .all,
    derivative: ActivationDerivative = .exact
  ) {
    self.ensemble = ensemble
    self.examples = examples
    self.objective = objective
    self.draws = draws
    self.derivative = derivative
  }

  var classCount: Int { ensemble.classCount }

  private func question(_ points: Tensor, _ rows: [Int], classes: [Int]? = nil) -> Examples {
    Examples(
      inputs: points, labels: classes ?? rows.map { examples.labels[$0] },
      identifiers: rows.map { examples.identifiers[$0] })
  }

  private func successes(_ prediction: Prediction, _ rows: [Int]) -> [Bool] {
    zip(rows, prediction.classes(.predictive)).map { $1 != examples.labels[$0] }
  }

  mutating func ascent(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Ascent {
    try ascent(question(points, rows), rows, objective)
  }

  mutating func ascent(
    _ points: Tensor, of rows: [Int], toward classes: [Int], objective: Objective?
  ) throws -> Ascent {
    let away = try ascent(question(points, rows, classes: classes), rows, objective)
    return Ascent(values: away.values.map { -$0 }, successes: away.successes, gradient: away.gradient.negated)
  }

  private mutating func ascent(_ question: Examples, _ rows: [Int], _ objective: Objective?) throws -> Ascent {
    let answer = try ensemble.lossAndGradient(
      question, objective: objective ?? self.objective, draws: draws, derivative: derivative)
    for (row, isZero) in zip(rows, answer.gradient.isExactlyZero) where seen.insert(row).inserted && isZero {
      zeroGradients.insert(row)
    }
    return Ascent(
      values: answer.logLosses, successes: successes(answer.prediction, rows), gradient: answer.gradient)
  }

  mutating func values(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Values {
    let answer = try ensemble.loss(question(points, rows), objective: objective ?? self.objective, draws: draws)
    return Values(values: answer.logLosses, successes: successes(answer.prediction, rows))
  }

  mutating func logProbabilities(_ points: Tensor, of rows: [Int]) throws -> Tensor {
    try ensemble.predict(points, draws: draws).logProbabilities
  }

  mutating func successes(_ points: Tensor, of rows: [Int]) throws -> [Bool] {
    successes(try ensemble.predict(points, draws: draws), rows)
  }
}
