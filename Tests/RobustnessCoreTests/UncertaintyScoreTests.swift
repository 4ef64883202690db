import Foundation
import TestSupport
import Testing

@testable import RobustnessCore

@Suite(.inTurn) struct `Scores of uncertainty` {
  static let moderate: [[Double]] = [[1.2, -0.4, 0.3, 2.1], [-0.7, 0.9, 1.6, 0.2], [0.5, 2.2, -1.3, 0.4]]

  /// From probabilities, as in a textbook: exact enough while logits are moderate.
  static func textbook(_ score: UncertaintyScore, _ logits: [[Double]]) -> Double {
    let probabilities = logits.map { z in
      let total = z.reduce(0) { $0 + exp($1) }
      return z.map { exp($0) / total }
    }
    func entropy(_ p: [Double]) -> Double { p.reduce(0) { $0 - $1 * log($1) } }
    let mean = logits[0].indices.map { k in probabilities.reduce(0) { $0 + $1[k] } / Double(logits.count) }
    let expected = probabilities.reduce(0) { $0 + entropy($1) } / Double(logits.count)
    switch score {
    case .predictiveEntropy: return entropy(mean)
    case .expectedEntropy: return expected
    case .mutualInformation: return entropy(mean) - expected
    }
  }

  /// The gradient with respect to the logits of one draw, as plain numbers.
  static func gradient(_ score: UncertaintyScore, _ logits: [[Double]], draw: Int) -> [Double] {
    let rows = logits.map { logSoftmax($0) }
    let mean = rows[0].indices.map { k in logSumExp(rows.map { $0[k] }) - log(Double(rows.count)) }
    let (values, factor) = score.logitGradient(rows[draw], shared: score.shared(mean))
    return values.map { $0 * exp(factor) / Double(rows.count) }
  }

  static func members(_ logits: [[Double]]) -> Tensor {
    Tensor(shape: [logits.count, 1, logits[0].count], elements: logits.flatMap { logSoftmax($0) })
  }

  static func prediction(_ logits: [[Double]]) -> Prediction {
    ObjectiveReference(
      logits: logits.map { Tensor(shape: [1, $0.count], elements: $0) }, labels: [0], objective: .predictive
    ).prediction
  }

  @Test(arguments: UncertaintyScore.allCases) func `the value is the textbook's`(_ score: UncertaintyScore) throws {
    let value = try #require(score.values(Self.prediction(Self.moderate), members: Self.members(Self.moderate)))
    #expect(abs(value[0] - Self.textbook(score, Self.moderate)) < 1e-14)
  }

  @Test(arguments: UncertaintyScore.allCases)
  func `the gradient is the textbook's central difference`(_ score: UncertaintyScore) {
    let h = 1e-5
    for draw in 0..<3 {
      let exact = Self.gradient(score, Self.moderate, draw: draw)
      #expect(abs(exact.reduce(0, +)) < 1e-15, "a softmax does not feel a constant")
      for k in 0..<4 {
        var (up, down) = (Self.moderate, Self.moderate)
        up[draw][k] += h
        down[draw][k] -= h
        let difference = (Self.textbook(score, up) - Self.textbook(score, down)) / (2 * h)
        #expect(abs(exact[k] - difference) < 1e-10, "draw \(draw) class \(k)")
      }
    }
  }

  @Test func `a draw that is certain by 500 keeps value and direction`() {
    // Of two classes with odds e^z the entropy has the derivative −z·p(1 − p), here −500·e⁻⁵⁰⁰.
    let logProbabilities = logSoftmax([500.0, 0])
    let (values, factor) = UncertaintyScore.expectedEntropy.logitGradient(logProbabilities, shared: [0, 0])
    #expect(abs(log(-values[0]) + factor - (log(500) - 500)) < 1e-9)
    #expect(values[1] == -values[0])
    // Both draws certain of different classes: mutual information log 2, and nearly flat, not flat.
    let apart = Self.gradient(.mutualInformation, [[500, 0], [0, 500]], draw: 0)
    #expect(apart[0] > 0 && apart[1] == -apart[0])
  }

  /// Of two classes with odds e^z the entropy is log(1 + e⁻ᶻ) + z/(1 + eᶻ), a sum of terms that are never negative.
  @Test(arguments: [0.1, 3, 20, 28, 30, 33, 36, 40, 200]) func `the entropy of a certain prediction is exact`(
    _ z: Double
  ) {
    let exact = log1p(exp(-z)) + z / (1 + exp(z))
    for shift in [0, 7.3, -1e3] {
      let value = UncertaintyScore.entropy(logSoftmax([shift + z, shift]))
      // The odds themselves lose digits to the shift.
      #expect(abs(value / exact - 1) < (shift == 0 ? 1e-14 * (1 + z) : 1e-12 * (1 + z)), "\(value) \(exact)")
    }
  }

  /// Of C classes of which one has the odds e^z against each of the others, which are equally probable.
  @Test(arguments: [1.0, 25, 31, 38]) func `the entropy of a certain prediction among ten classes is exact`(_ z: Double)
  {
    let logProbabilities = logSoftmax([z] + [Double](repeating: 0, count: 9))
    let exact = log1p(9 * exp(-z)) + 9 * z / (9 + exp(z))
    #expect(abs(UncertaintyScore.entropy(logProbabilities) / exact - 1) < 1e-14 * (1 + z))
  }

  @Test func `the entropy of what is no prediction stays what it was`() {
    #expect(UncertaintyScore.entropy([0]) == 0)
    #expect(UncertaintyScore.entropy([0, -.infinity]) == 0)
    #expect(UncertaintyScore.entropy([0, .nan]).isNaN && UncertaintyScore.entropy([.nan, 0]).isNaN)
    #expect(UncertaintyScore.entropy([Double]()) == 0)
    #expect(abs(UncertaintyScore.entropy([log(0.5), log(0.5)]) - log(2)) < 1e-15)
  }

  @Test func `draws that agree have no mutual information and no slope of it`() throws {
    let same = [Self.moderate[0], Self.moderate[0]]
    #expect(Self.gradient(.mutualInformation, same, draw: 0) == [0, 0, 0, 0])
    #expect(try #require(UncertaintyScore.mutualInformation.values(nil, members: Self.members(same))) == [0])
  }

  @Test func `an impossible class contributes nothing`() {
    let z = [1.0, 0.2, -.infinity]
    let with = Self.gradient(.predictiveEntropy, [z, [0.3, 0.1, -.infinity]], draw: 0)
    let without = Self.gradient(.predictiveEntropy, [[1.0, 0.2], [0.3, 0.1]], draw: 0)
    #expect(with == without + [0])
    #expect(Self.gradient(.expectedEntropy, [[0, -.infinity, -.infinity]], draw: 0) == [0, 0, 0])
  }

  @Test func `what is needed and was not given is asked for`() {
    #expect(UncertaintyScore.mutualInformation.values(Self.prediction(Self.moderate), members: nil) == nil)
    #expect(UncertaintyScore.predictiveEntropy.values(nil, members: Self.members(Self.moderate)) == nil)
  }

  @Test(arguments: UncertaintyScore.allCases)
  func `an ensemble's input gradient is the central difference of its score`(_ score: UncertaintyScore) throws {
    let ensemble = ClosedFormEnsemble(phases: [0, 0.15, -0.2])
    let inputs = Tensor(shape: [2, 4], elements: [0.3, 0.6, 0.2, 0.8, 0.5, 0.4, 0.7, 0.1])
    let answer = try ensemble.uncertaintyAndGradient(inputs, score: score, draws: .some([0, 2]))
    let gradient = answer.gradient.plain
    #expect(answer.values == (try ensemble.uncertainties(inputs, score: score, draws: .some([0, 2]))))
    for i in 0..<4 {
      var (up, down) = (inputs, inputs)
      for row in 0..<2 {
        up[row, i] += 1e-5
        down[row, i] -= 1e-5
      }
      let above = try ensemble.uncertainties(up, score: score, draws: .some([0, 2]))
      let below = try ensemble.uncertainties(down, score: score, draws: .some([0, 2]))
      for row in 0..<2 { #expect(abs(gradient[row, i] - (above[row] - below[row]) / 2e-5) < 1e-8) }
    }
  }
}
