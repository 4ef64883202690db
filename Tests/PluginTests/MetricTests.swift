import Calibration
import Foundation
import RobustAccuracy
import RobustnessCore
import SoftmaxRobustness
import TestSupport
import Testing
import Uncertainty

func isClose(_ a: Double?, _ b: Double, _ relative: Double = 1e-12) -> Bool {
  guard let a else { return false }
  return abs(a - b) <= relative * abs(b)
}

/// Observations of given probabilities; the decision is the largest.
func observed(_ probabilities: [[Double]], members: [[[Double]]]? = nil) -> Observations {
  observedLog(
    probabilities.map { $0.map { log($0) } }, members: members.map { $0.map { $0.map { $0.map { log($0) } } } })
}

func observedLog(_ logProbabilities: [[Double]], members: [[[Double]]]? = nil) -> Observations {
  let rows = tensor(logProbabilities)
  let prediction = Prediction(logProbabilities: rows, votes: Tensor(zeros: rows.shape))
  return Observations(
    inputs: Tensor(zeros: [rows.rowCount, 1]), prediction: prediction, decisions: prediction.classes(.predictive),
    memberLogProbabilities: members.map {
      Tensor(shape: [$0.count, rows.rowCount, rows.shape[1]], elements: $0.flatMap { $0.flatMap { $0 } })
    })
}

func outcomes(_ labels: [Int], clean: Observations, adversarial: Observations, fooled: [Bool]? = nil) throws -> Outcomes
{
  Outcomes(
    labels: labels, clean: clean, adversarial: adversarial,
    fooledByAnyQuery: fooled ?? [Bool](repeating: false, count: labels.count), threat: try ThreatModel(epsilon: 0.1),
    memberGradients: 0)
}

@Suite(.inTurn) struct `Accuracy metrics` {
  // Clean: right, right, right, wrong. Adversarial: wrong, wrong, right, wrong.
  static func sample() throws -> Outcomes {
    try outcomes(
      [0, 1, 0, 1], clean: observed([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]]),
      adversarial: observed([[0.3, 0.7], [0.6, 0.4], [0.6, 0.4], [0.9, 0.1]]), fooled: [true, true, true, true])
  }

  @Test func `clean, robust and best-query accuracy are counts over all examples`() throws {
    #expect(try CleanAccuracy().evaluate(Self.sample()).value == 0.75)
    #expect(try AccuracyUnderAttack().evaluate(Self.sample()).value == 0.25)
    #expect(try BestQueryAccuracy().evaluate(Self.sample()).value == 0)
  }

  @Test func `the drop is paired`() throws {
    let drop = try AccuracyDrop().evaluate(Self.sample())
    #expect(drop.value == 0.5)
    // Two discordant pairs of four, half an observation in each cell: (2.5 − 0.5)/6 ± 1.96·√(3 − 4/6)/6.
    #expect(isClose(drop.low, -0.1656490733, 1e-9))
    #expect(isClose(drop.high, 0.8323157399, 1e-9))
  }

  @Test func `a prediction that is not a number counts as wrong`() throws {
    let broken = try outcomes(
      [0], clean: observed([[0.9, 0.1]]), adversarial: observedLog([[.nan, .nan]]))
    #expect(try AccuracyUnderAttack().evaluate(broken).value == 0)
  }
}

@Suite(.inTurn) struct `Softmax robustness` {
  static func sample() throws -> Outcomes {
    try outcomes(
      [0, 0], clean: observed([[0.9, 0.1], [0.6, 0.4]]), adversarial: observed([[0.2, 0.8], [0.6, 0.4]]))
  }

  @Test func `is one minus the mean of the largest change`() throws {
    let estimate = try PredictiveSoftmaxRobustness().evaluate(Self.sample())
    #expect(isClose(estimate.value, 0.65))
    #expect(estimate.low == 0 && estimate.high == 1)
  }

  @Test func `is 0 when certainty moves to another class`() throws {
    let flipped = try outcomes([0], clean: observed([[1, 0, 0]]), adversarial: observed([[0, 0, 1]]))
    #expect(try PredictiveSoftmaxRobustness().evaluate(flipped).value == 0)
  }

  @Test func `of doubled softmax uses softmax of probabilities`() throws {
    // σ(0.8) = 0.68997448, σ(−0.6) = 0.35434369
    #expect(isClose(try DoubleSoftmaxRobustness().evaluate(Self.sample()).value, 1 - 0.3356307872 / 2, 1e-9))
  }

  @Test func `of doubled softmax cannot fall below 0.853 for ten classes`() throws {
    let certain = { (k: Int) in observed([(0..<10).map { $0 == k ? 1.0 : 0 }]) }
    let flipped = try outcomes([0], clean: certain(0), adversarial: certain(7))
    // 1 − (e − 1)/(e + 9) by mpmath
    #expect(isClose(try DoubleSoftmaxRobustness().evaluate(flipped).value, 0.85336742590658451512))
  }

  @Test func `is not a number when a probability is not`() throws {
    let broken = try outcomes([0], clean: observed([[0.5, 0.5]]), adversarial: observedLog([[.nan, 0]]))
    #expect(try PredictiveSoftmaxRobustness().evaluate(broken).value.isNaN)
  }
}

/// Constants by mpmath with 40 to 400 digits.
@Suite(.inTurn) struct `Entropies` {
  func evaluate(_ predictive: [Double], _ members: [[Double]]) throws -> (Double, Double, Double) {
    let adversarial = observedLog([predictive], members: members.map { [$0] })
    let sample = try outcomes([0], clean: adversarial, adversarial: adversarial)
    return (
      try PredictiveEntropy().evaluate(sample).value, try ExpectedEntropy().evaluate(sample).value,
      try MutualInformation().evaluate(sample).value
    )
  }

  @Test func `two draws that disagree in part`() throws {
    let members = [[0.7, 0.2, 0.1], [0.2, 0.5, 0.3]].map { $0.map { log($0) } }
    let (total, expected, mutual) = try evaluate([0.45, 0.35, 0.2].map { log($0) }, members)
    #expect(isClose(total, 1.0486537893593544906))
    #expect(isClose(expected, 0.91573578330395541799))
    #expect(isClose(mutual, 0.13291800605539907264))
  }

  @Test func `two draws certain of different classes disagree by log 2`() throws {
    let (total, expected, mutual) = try evaluate(
      [log(0.5), log(0.5)], [[0, -.infinity], [-.infinity, 0]])
    #expect(isClose(total, 0.69314718055994530942))
    #expect(expected == 0)
    #expect(isClose(mutual, 0.69314718055994530942))
  }

  @Test func `draws that agree to nine digits have a small positive mutual information`() throws {
    // Predictive minus expected entropy would be rounding here.
    let (_, _, mutual) = try evaluate(
      [log(0.5 + 5e-10), log(0.5 - 5e-10)], [[log(0.5 + 1e-9), log(0.5 - 1e-9)], [log(0.5), log(0.5)]])
    #expect(isClose(mutual, 5.0000000000000000058e-19, 1e-6))
  }

  @Test func `identical draws have none`() throws {
    let row = [0.7, 0.2, 0.1].map { log($0) }
    let mutual = try evaluate(row, [row, row, row]).2
    #expect(mutual >= 0 && mutual < 1e-30)
  }

  @Test func `probabilities of 10⁻¹³⁰ keep their digits`() throws {
    // Draws with logits (0, −300) and (0, −301).
    let rest = { (x: Double) in -log1p(exp(x)) }
    let members = [[rest(-300), -300], [rest(-301), -301]]
    let predictive = [-(exp(-300.0) + exp(-301.0)) / 2, log((exp(-300.0) + exp(-301.0)) / 2)]
    let (total, expected, mutual) = try evaluate(predictive, members)
    #expect(isClose(total, 1.0611762442028908237e-128))
    #expect(isClose(expected, 1.0607856036228117057e-128))
    #expect(isClose(mutual, 3.9064058007911797027e-132, 1e-11))
  }

  @Test func `clean metrics look at the clean inputs`() throws {
    let flat = observed([[0.5, 0.5]], members: [[[0.5, 0.5]]])
    let sure = observed([[1, 0]], members: [[[1, 0]]])
    let sample = try outcomes([0], clean: flat, adversarial: sure)
    #expect(isClose(try CleanPredictiveEntropy().evaluate(sample).value, 0.69314718055994530942))
    #expect(isClose(try CleanExpectedEntropy().evaluate(sample).value, 0.69314718055994530942))
    #expect(try CleanMutualInformation().evaluate(sample).value == 0)
    #expect(try PredictiveEntropy().evaluate(sample).value == 0)
  }

  @Test func `draws that were not recorded are asked for`() throws {
    let sample = try outcomes([0], clean: observed([[0.5, 0.5]]), adversarial: observed([[0.5, 0.5]]))
    #expect(throws: CoreError.self) { try MutualInformation().evaluate(sample) }
    #expect(MutualInformation.needsMembers && ExpectedEntropy.needsMembers && !PredictiveEntropy.needsMembers)
  }
}

@Suite(.inTurn) struct `Scores of the predictive` {
  static func sample() throws -> Outcomes {
    let clean = observed([[0.25, 0.5, 0.25], [0.25, 0.25, 0.5]])
    return try outcomes([0, 2], clean: clean, adversarial: observed([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1]]))
  }

  @Test func `negative log-likelihood is the mean of −log p of the label`() throws {
    // (log 4 + log 2)/2 and −(log 0.7 + log 0.1)/2
    #expect(isClose(try CleanNegativeLogLikelihood().evaluate(Self.sample()).value, 1.0397207708399179, 1e-14))
    #expect(isClose(try NegativeLogLikelihood().evaluate(Self.sample()).value, 1.32963001846638895))
  }

  @Test func `Brier score sums squared errors over classes`() throws {
    // 0.09 + 0.04 + 0.01 and 0.49 + 0.04 + 0.81
    #expect(isClose(try BrierScore().evaluate(Self.sample()).value, (0.14 + 1.34) / 2))
  }

  @Test func `calibration error is the gap of each bin, weighted by its share`() throws {
    let adversarial = observed([[0.9, 0.1], [0.9, 0.1], [0.61, 0.39], [0.39, 0.61]])
    let sample = try outcomes([0, 1, 0, 1], clean: adversarial, adversarial: adversarial)
    // |0.5 − 0.9|/2 + |1 − 0.61|/2
    #expect(isClose(try ExpectedCalibrationError().evaluate(sample).value, 0.395))
  }

  @Test func `certain and right is calibrated, certain and wrong is not at all`() throws {
    let sure = observed([[1, 0], [1, 0]])
    #expect(try ExpectedCalibrationError().evaluate(outcomes([0, 0], clean: sure, adversarial: sure)).value == 0)
    #expect(try ExpectedCalibrationError().evaluate(outcomes([1, 1], clean: sure, adversarial: sure)).value == 1)
  }

  @Test func `what is not a number gives no calibration error`() throws {
    let broken = observedLog([[.nan, .nan]])
    #expect(
      try ExpectedCalibrationError().evaluate(outcomes([0], clean: broken, adversarial: broken)).value.isNaN)
  }

  @Test func `an impossible label has infinite loss and no interval`() throws {
    let sure = observed([[1, 0], [0.5, 0.5]])
    let estimate = try NegativeLogLikelihood().evaluate(outcomes([1, 0], clean: sure, adversarial: sure))
    #expect(estimate.value == .infinity)
    #expect(estimate.low == nil && estimate.high == nil)
  }
}
