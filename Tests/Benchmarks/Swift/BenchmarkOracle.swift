import NeuralNetworks
import RobustnessCore

/// Answers an attack as the harness does: value, direction and success of all draws, without its accounting.
struct BenchmarkOracle: AttackOracle {
  let ensemble: NetworkEnsemble
  let labels: [Int]
  /// Points whose gradient was asked for.
  private(set) var gradientRows = 0

  init(ensemble: NetworkEnsemble, labels: [Int]) { (self.ensemble, self.labels) = (ensemble, labels) }

  var classCount: Int { ensemble.classCount }

  mutating func ascent(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Ascent {
    gradientRows += rows.count
    let answer = try ensemble.lossAndGradient(
      asked(points, rows), objective: objective ?? .predictive, draws: .all)
    return Ascent(
      values: answer.logLosses, successes: successes(answer.prediction, rows), gradient: answer.gradient)
  }

  mutating func ascent(
    _ points: Tensor, of rows: [Int], toward classes: [Int], objective: Objective?
  ) throws -> Ascent {
    let answer = try ensemble.lossAndGradient(
      Examples(inputs: points, labels: classes, identifiers: rows), objective: objective ?? .predictive, draws: .all)
    return Ascent(
      values: answer.logLosses.map { -$0 }, successes: successes(answer.prediction, rows),
      gradient: answer.gradient.negated)
  }

  mutating func values(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Values {
    let answer = try ensemble.loss(asked(points, rows), objective: objective ?? .predictive, draws: .all)
    return Values(values: answer.logLosses, successes: successes(answer.prediction, rows))
  }

  mutating func logProbabilities(_ points: Tensor, of rows: [Int]) throws -> Tensor {
    try ensemble.predict(points, draws: .all).logProbabilities
  }

  mutating func successes(_ points: Tensor, of rows: [Int]) throws -> [Bool] {
    successes(try ensemble.predict(points, draws: .all), rows)
  }

  private func asked(_ points: Tensor, _ rows: [Int]) -> Examples {
    Examples(inputs: points, labels: rows.map { labels[$0] }, identifiers: rows)
  }

  private func successes(_ prediction: Prediction, _ rows: [Int]) -> [Bool] {
    zip(rows, prediction.classes(.predictive)).map { labels[$0] != $1 }
  }
}
