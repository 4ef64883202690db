import ComputeKernels
import Foundation
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

private let objectives: [Objective] = [.expectedLoss, .predictive, .meanLogit, .doubleSoftmax]

/// The packed engine in float64 against float64 answers: the same code as in float32, but for the products.
@Suite("Known answers of the packed engine in float64", .inTurn)
struct Float64EngineTests {
  private func ensemble(_ answer: KnownAnswer) throws -> NetworkEnsemble {
    try answer.ensemble(.init(precision: .float64))
  }

  @Test("log-losses lie within 10⁻⁹", arguments: KnownAnswer.names, objectives)
  func logLosses(name: String, objective: Objective) throws {
    let answer = try KnownAnswer(name)
    let expected = try answer.numbers("log_loss/\(objective.rawValue.replacing("-", with: "_"))")
    let found = try ensemble(answer).lossAndGradient(try answer.examples(), objective: objective, draws: .all)
    #expect(largestDifference(found.logLosses, expected) <= 1e-9)
  }

  @Test("input gradients agree to 10⁻⁹ of the row's largest", arguments: KnownAnswer.names, objectives)
  func gradients(name: String, objective: Objective) throws {
    let answer = try KnownAnswer(name)
    let expected = try answer.tensor("input_gradient/\(objective.rawValue.replacing("-", with: "_"))")
    let found = try ensemble(answer).lossAndGradient(try answer.examples(), objective: objective, draws: .all)
    let plain = found.gradient.plain
    for row in 0..<expected.rowCount {
      let largest = expected[row: row].reduce(0) { max($0, abs($1)) }
      #expect(largestDifference(Array(plain[row: row]), Array(expected[row: row])) <= 1e-9 * largest, "row \(row)")
    }
  }

  @Test("predictive log-probabilities and uncertainties agree to 10⁻⁹", arguments: KnownAnswer.names)
  func uncertainty(name: String) throws {
    let answer = try KnownAnswer(name)
    let inputs = try answer.examples().inputs
    let ensemble = try ensemble(answer)
    let prediction = try ensemble.predict(inputs, draws: .all)
    let expected = try answer.tensor("log_predictive")
    let relative = zip(prediction.logProbabilities.elements, expected.elements).map { abs($0 - $1) / max(1, abs($1)) }
    #expect((relative.max() ?? 1) <= 1e-9)
    let members = try ensemble.memberLogProbabilities(inputs, draws: .all)
    let draws = members.shape[0]
    let examples = members.shape[1]
    let classes = members.shape[2]
    let expectedEntropy = try answer.numbers("uncertainty/expected_entropy")
    let mutualInformation = try answer.numbers("uncertainty/mutual_information")
    for example in 0..<examples {
      var entropy = 0.0
      var information = 0.0
      for draw in 0..<draws {
        for c in 0..<classes {
          let l = members.elements[(draw * examples + example) * classes + c]
          entropy -= exp(l) * l / Double(draws)
          information += exp(l) * (l - prediction.logProbabilities[example, c]) / Double(draws)
        }
      }
      #expect(abs(entropy - expectedEntropy[example]) <= 1e-9)
      #expect(abs(information - mutualInformation[example]) <= 1e-9)
    }
  }

  @Test(
    "FGSM's and PGD's points agree to 10⁻⁹ but for coordinates whose gradient is zero to rounding",
    arguments: KnownAnswer.names, objectives)
  func points(name: String, objective: Objective) throws {
    let answer = try KnownAnswer(name)
    let examples = try answer.examples()
    let ensemble = try ensemble(answer)
    let epsilon = try answer.attribute("epsilon")
    let step = try answer.attribute("pgd_alpha")
    let threat = try ThreatModel(epsilon: epsilon)
    let key = objective.rawValue.replacing("-", with: "_")
    let gradient = try ensemble.lossAndGradient(examples, objective: objective, draws: .all).gradient.values
    var oneStep = examples.inputs
    oneStep.stepAlongSign(of: gradient, by: epsilon)
    threat.project(&oneStep, around: examples.inputs)
    #expect(largestDifference(oneStep.elements, try answer.numbers("fgsm/\(key)")) <= 1e-9)
    var points = examples.inputs
    for _ in 0..<Int(try answer.attribute("pgd_steps")) {
      let g = try ensemble.lossAndGradient(examples.moved(to: points), objective: objective, draws: .all).gradient
        .values
      points.stepAlongSign(of: g, by: step)
      threat.project(&points, around: examples.inputs)
    }
    let expected = try answer.numbers("pgd/\(key)")
    let off = zip(points.elements, expected).count { abs($0 - $1) > 1e-9 }
    // The sign of a gradient that is zero to rounding is nobody's to know.
    #expect(off * 10_000 <= expected.count)
  }
}

@Suite("When float32 is not enough", .inTurn)
struct PrecisionNeedTests {
  private func needs(_ name: String) throws -> (saturated: Double, logit: Double) {
    let answer = try KnownAnswer(name)
    let ensemble = try answer.ensemble()
    let inputs = try answer.examples().inputs
    return (try ensemble.saturatedFraction(inputs), try ensemble.largestLogit(inputs))
  }

  @Test("the saturated network is known by its layers, the sharp one is not")
  func saturation() throws {
    #expect(try needs("mnist-fc2-tanh-saturated").saturated > 0.1)
    #expect(try needs("mnist-fc1-tanh-sharp").saturated < 0.1)
    #expect(try needs("mnist-fc2-relu").saturated == 0)
  }

  @Test("the largest logit is that of the answers, over the draws looked at", arguments: KnownAnswer.names)
  func logits(name: String) throws {
    let answer = try KnownAnswer(name)
    let logits = try answer.tensor("logits")
    let draws = logits.shape[0]
    let perDraw = logits.elements.count / draws
    let looked = Set((0..<4).map { $0 * draws / 4 })
    let expected = looked.flatMap { logits.elements[$0 * perDraw..<($0 + 1) * perDraw].map { abs($0) } }.max() ?? 0
    #expect(abs(try needs(name).logit - expected) <= 1e-9 * expected)
  }
}
