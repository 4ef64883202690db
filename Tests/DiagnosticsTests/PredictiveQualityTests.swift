import Diagnostics
import Foundation
import RobustnessCore
import TestSupport
import Testing

@Suite(.inTurn) struct `Quality of predictions` {
  /// Certain and right, certain and wrong, 60 % and right, 60 % and wrong.
  static let logProbabilities = Tensor(
    shape: [4, 2], elements: [0, -800, 0, -800, log(0.6), log(0.4), log(0.6), log(0.4)])
  static let labels = [0, 1, 0, 1]

  @Test func `scores by hand`() {
    let quality = PredictiveQuality(logProbabilities: Self.logProbabilities, labels: Self.labels)
    #expect(quality.accuracy == 0.5)
    #expect(abs(quality.negativeLogLikelihood - (800 - log(0.6) - log(0.4)) / 4) < 1e-12)
    // 0, 1 + 1, 0.4² + 0.4², 0.6² + 0.6²
    #expect(abs(quality.brierScore - (0 + 2 + 0.32 + 0.72) / 4) < 1e-15)
    // The bin that ends at 1 has accuracy 1/2 and confidence 1; that of 0.6 has accuracy 1/2 and confidence 0.6.
    #expect(abs(quality.expectedCalibrationError - (0.5 * 0.5 + 0.5 * 0.1)) < 1e-15)
  }

  @Test func `ties at a confidence of exactly 1 are counted`() {
    let certain = Tensor(shape: [5, 2], elements: (0..<5).flatMap { _ in [0, -800.0] })
    let quality = PredictiveQuality(logProbabilities: certain, labels: [0, 0, 0, 0, 1])
    #expect(abs(quality.expectedCalibrationError - 0.2) < 1e-15)
  }

  @Test func `no examples and no numbers are not defined`() {
    let none = PredictiveQuality(logProbabilities: Tensor(zeros: [0, 2]), labels: [])
    #expect(none.accuracy.isNaN && none.negativeLogLikelihood.isNaN && none.expectedCalibrationError.isNaN)
    let bad = PredictiveQuality(logProbabilities: Tensor(shape: [1, 2], elements: [.nan, .nan]), labels: [0])
    #expect(bad.accuracy == 0)
    #expect(bad.brierScore.isNaN && bad.expectedCalibrationError.isNaN)
  }

  @Test func `each draw and the predictive`() throws {
    // Three draws with p(class 0) = 0.9, 0.6 and 0.3 whatever the input; the predictive has 0.6.
    let probabilities = [0.9, 0.6, 0.3]
    var posterior = PlantedDraws.posterior(probabilities.map { [log($0 / (1 - $0))] }, origin: .ensemble)
    posterior.inputs = Tensor(shape: [4, 1], elements: [0, 0, 0, 0])
    posterior.labels = [0, 0, 0, 1]
    let quality = try #require(try PosteriorReport(of: posterior).quality)
    #expect(quality.exampleCount == 4)
    #expect(quality.draws.map(\.accuracy) == [0.75, 0.75, 0.25])
    #expect(quality.predictive.accuracy == 0.75)
    #expect(abs(quality.predictive.negativeLogLikelihood + (3 * log(0.6) + log(0.4)) / 4) < 1e-12)
    for (draw, p) in zip(quality.draws, probabilities) {
      #expect(abs(draw.negativeLogLikelihood + (3 * log(p) + log(1 - p)) / 4) < 1e-12)
      #expect(abs(draw.brierScore - (3 * 2 * (1 - p) * (1 - p) + 2 * p * p) / 4) < 1e-12)
      #expect(abs(draw.expectedCalibrationError - abs(p > 0.5 ? 0.75 - p : 0.25 - (1 - p))) < 1e-12)
    }
    let spread = quality.spread { $0.accuracy }
    #expect(abs(spread.mean - 1.75 / 3) < 1e-15)
    #expect(spread.minimum == 0.25)
    #expect(spread.maximum == 0.75)
  }
}
