import ComputeKernels
import Foundation
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

@Suite("Networks as people have them", .inTurn)
struct NetworkAnswersTests {
  @Test("float32: logits up to a constant within 3·10⁻⁶ of the row's largest", arguments: NetworkAnswer.names)
  func logits(name: String) throws {
    let answer = try NetworkAnswer(name)
    let found = try answer.ensemble().memberLogits(answer.answered.inputs, draws: .all)
    #expect(try largestLogitError(found, answer.tensor("logits")) <= 3e-6)
  }

  @Test("float64: the same within 10⁻⁹", arguments: NetworkAnswer.names)
  func logitsInDouble(name: String) throws {
    let answer = try NetworkAnswer(name)
    let ensemble = try answer.ensemble(.init(precision: .float64))
    let found = try ensemble.memberLogits(answer.answered.inputs, draws: .all)
    #expect(try largestLogitError(found, answer.tensor("logits")) <= 1e-9)
    let prediction = try ensemble.predict(answer.answered.inputs, draws: .all)
    #expect(
      largestDifference(prediction.logProbabilities.elements, try answer.tensor("log_predictive").elements) <= 1e-9)
  }

  @Test(
    "float32: losses within 10⁻⁴, and input gradients point the same way", arguments: NetworkAnswer.names,
    NetworkAnswer.objectives)
  func gradients(name: String, objective: Objective) throws {
    let answer = try NetworkAnswer(name)
    let found = try answer.ensemble().lossAndGradient(answer.answered, objective: objective, draws: .all)
    let losses = try answer.tensor("loss_\(NetworkAnswer.key(objective))").elements
    #expect(largestDifference(found.logLosses.map { exp($0) }, losses) <= 1e-4)
    let expected = try answer.tensor("gradient_\(NetworkAnswer.key(objective))")
    let cosines = (0..<expected.rowCount).map { cosine(expected[row: $0], found.gradient.values[row: $0]) }
    #expect(cosines.min() ?? 0 >= 0.999)
    #expect(cosines.count { $0 >= 0.99999 } >= 15)
  }

  @Test("float64: everything within 10⁻⁹", arguments: NetworkAnswer.names, NetworkAnswer.objectives)
  func gradientsInDouble(name: String, objective: Objective) throws {
    let answer = try NetworkAnswer(name)
    let found = try answer.ensemble(.init(precision: .float64)).lossAndGradient(
      answer.answered, objective: objective, draws: .all)
    let losses = try answer.tensor("loss_\(NetworkAnswer.key(objective))").elements
    #expect(largestDifference(found.logLosses.map { exp($0) }, losses) <= 1e-9)
    let expected = try answer.tensor("gradient_\(NetworkAnswer.key(objective))")
    for row in 0..<expected.rowCount {
      let scale = scalbn(1, found.gradient.exponents[row])
      let own = found.gradient.values[row: row].map { $0 * scale }
      let largest = expected[row: row].reduce(0) { max($0, abs($1)) }
      #expect(largestDifference(own, Array(expected[row: row])) <= 1e-9 * largest, "row \(row)")
    }
  }

  @Test("clean accuracy is exact, FGSM and PGD within two examples", arguments: NetworkAnswer.names)
  func accuracies(name: String) throws {
    let answer = try NetworkAnswer(name)
    let ensemble = try answer.ensemble()
    func accuracy(_ inputs: Tensor) throws -> Double {
      let prediction = try ensemble.predict(inputs, draws: .all)
      let right = answer.examples.labels.indices.count {
        let row = Array(prediction.logProbabilities[row: $0])
        return row.firstIndex(of: row.max()!) == answer.examples.labels[$0]
      }
      return Double(right)
    }
    let count = Double(answer.examples.labels.count)
    let expected = answer.expected
    #expect(try accuracy(answer.examples.inputs) == (expected.accuracy["clean"]! * count).rounded())
    for objective in NetworkAnswer.objectives {
      for (attack, steps, step) in [
        ("fgsm", 1, expected.epsilon), ("pgd", expected.steps, expected.step),
      ] {
        var inputs = answer.examples.inputs
        for _ in 0..<steps {
          let gradient = try ensemble.lossAndGradient(
            Examples(inputs: inputs, labels: answer.examples.labels), objective: objective, draws: .all
          ).gradient.values
          let moved = inputs.elements.indices.map { index in
            let clean = answer.examples.inputs.elements[index]
            let sign = gradient.elements[index] > 0 ? 1.0 : gradient.elements[index] < 0 ? -1 : 0
            let x = inputs.elements[index] + step * sign
            return min(max(min(max(x, clean - expected.epsilon), clean + expected.epsilon), 0), 1)
          }
          inputs = Tensor(shape: inputs.shape, elements: moved)
        }
        let key = "\(attack) \(NetworkAnswer.key(objective))"
        #expect(abs(try accuracy(inputs) - expected.accuracy[key]! * count) <= 2, "\(key)")
      }
    }
  }

  /// Largest difference of logits, up to a constant for each row, relative to the row's largest.
  private func largestLogitError(_ found: Tensor, _ expected: Tensor) -> Double {
    #expect(found.shape == expected.shape)
    let classes = expected.shape[2]
    return (0..<expected.elements.count / classes).map { row in
      let a = expected.elements[row * classes..<(row + 1) * classes]
      let b = found.elements[row * classes..<(row + 1) * classes]
      let shift = zip(a, b).reduce(0) { $0 + $1.0 - $1.1 } / Double(classes)
      let largest = a.reduce(0) { max($0, abs($1)) }
      return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1 - shift)) } / largest
    }.max() ?? 0
  }
}
