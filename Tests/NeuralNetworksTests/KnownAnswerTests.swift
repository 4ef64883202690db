import Foundation
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

/// The objectives that the answers cover.
private let objectives: [Objective] = [.expectedLoss, .predictive, .meanLogit, .doubleSoftmax]

private func key(_ objective: Objective) -> String {
  objective.rawValue.replacing("-", with: "_")
}

@Suite("Known answers in float32", .inTurn)
struct Float32KnownAnswerTests {
  @Test("logits lie within 10⁻⁵ of the row's largest", arguments: KnownAnswer.names)
  func logits(name: String) throws {
    let answer = try KnownAnswer(name)
    let examples = try answer.examples()
    let expected = try answer.tensor("logits")
    let found = try answer.ensemble().memberLogits(examples.inputs, draws: .all)
    #expect(found.shape == expected.shape)
    let classes = expected.shape[2]
    for row in 0..<expected.elements.count / classes {
      let a = expected.elements[row * classes..<(row + 1) * classes]
      let b = found.elements[row * classes..<(row + 1) * classes]
      let largest = a.reduce(0) { max($0, abs($1)) }
      let difference = largestDifference(Array(a), Array(b))
      #expect(difference <= 1e-5 * largest, "row \(row)")
    }
  }

  @Test("log-losses lie within 10⁻³", arguments: KnownAnswer.names, objectives)
  func logLosses(name: String, objective: Objective) throws {
    let answer = try KnownAnswer(name)
    let expected = try answer.numbers("log_loss/\(key(objective))")
    let found = try answer.ensemble().lossAndGradient(try answer.examples(), objective: objective, draws: .all)
    #expect(largestDifference(found.logLosses, expected) <= 1e-3)
  }

  @Test(
    "input gradients point the same way, and none is exactly zero", arguments: KnownAnswer.names, objectives)
  func gradients(name: String, objective: Objective) throws {
    let answer = try KnownAnswer(name)
    let expected = try answer.tensor("input_gradient/\(key(objective))")
    let found = try answer.ensemble().lossAndGradient(try answer.examples(), objective: objective, draws: .all)
    let cosines = (0..<expected.rowCount).map { cosine(expected[row: $0], found.gradient.values[row: $0]) }
    #expect(!found.gradient.isExactlyZero.contains(true))
    #expect(cosines.min() ?? 0 >= 0.999)
    let close = cosines.count { $0 >= 0.99999 }
    #expect(Double(close) >= 0.95 * Double(cosines.count))
  }

  @Test("the predictive's log-probabilities and entropy", arguments: KnownAnswer.names)
  func predictive(name: String) throws {
    let answer = try KnownAnswer(name)
    let prediction = try answer.ensemble().predict(try answer.examples().inputs, draws: .all)
    let expected = try answer.tensor("log_predictive")
    let probabilities = prediction.logProbabilities.elements.map { exp($0) }
    #expect(largestDifference(probabilities, expected.elements.map { exp($0) }) <= 1e-4)
    let entropies = try answer.numbers("uncertainty/predictive_entropy")
    let found = (0..<prediction.count).map { row in
      prediction.logProbabilities[row: row].reduce(0) { $1 > -.infinity ? $0 - exp($1) * $1 : $0 }
    }
    #expect(largestDifference(found, entropies) <= 1e-4)
  }
}

@Suite("Known answers in Double", .inTurn)
struct DoubleKnownAnswerTests {
  /// Double itself has a limit where a saturated layer's derivative comes out of e^{-2|a|}: the relative error of that
  /// factor is |a| times rounding.
  @Test("log-losses lie within 10⁻⁹", arguments: KnownAnswer.names, objectives)
  func logLosses(name: String, objective: Objective) throws {
    let answer = try KnownAnswer(name)
    let expected = try answer.numbers("log_loss/\(key(objective))")
    let found = try answer.ensemble().reference.lossAndGradient(
      try answer.examples(), objective: objective, draws: .all)
    #expect(largestDifference(found.logLosses, expected) <= 1e-9)
  }

  @Test("logits lie within 10⁻⁹ of the row's largest", arguments: KnownAnswer.names)
  func logits(name: String) throws {
    let answer = try KnownAnswer(name)
    let inputs = try answer.examples().inputs
    let expected = try answer.tensor("logits")
    let ensemble = try answer.ensemble()
    for draw in 0..<ensemble.drawCount {
      let found = try ensemble.member(draw).logits(inputs)
      let wanted = Array(expected.elements[draw * found.elements.count..<(draw + 1) * found.elements.count])
      let largest = wanted.reduce(0) { max($0, abs($1)) }
      #expect(largestDifference(found.elements, wanted) <= 1e-9 * largest)
    }
  }

  @Test("input gradients agree to 10⁻⁹ of the row's largest", arguments: KnownAnswer.names, objectives)
  func gradients(name: String, objective: Objective) throws {
    let answer = try KnownAnswer(name)
    let expected = try answer.tensor("input_gradient/\(key(objective))")
    let found = try answer.ensemble().reference.lossAndGradient(
      try answer.examples(), objective: objective, draws: .all
    ).gradient.plain
    for row in 0..<expected.rowCount {
      let largest = expected[row: row].reduce(0) { max($0, abs($1)) }
      let difference = largestDifference(Array(found[row: row]), Array(expected[row: row]))
      #expect(difference <= 1e-9 * largest, "row \(row)")
    }
  }
}
