import Foundation
public import RobustnessCore
import Synchronization

extension NetworkEnsemble {
  /// The uncertainty, in the precision of predictions, and its gradient with respect to the inputs, in the precision of
  /// gradients: one pass for what all draws say, and one for the gradient.
  ///
  /// - Throws: `CoreError` in the naive arithmetic, in which no other tool differentiates it.
  public func uncertaintyAndGradient(
    _ inputs: Tensor, score: UncertaintyScore, draws: DrawSelection
  ) throws -> UncertaintyAndGradient {
    guard configuration.arithmetic == .logDomain else {
      throw CoreError("uncertainties are differentiated in the log domain, not in naive-float32")
    }
    let indices = try checked(inputs, draws)
    var scores: [Double] = []
    var gradient = ScaledGradient(Tensor(zeros: inputs.shape))
    for rows in uncertaintyBlocks(inputs.rowCount, draws: draws) {
      let block = inputs.rows(rows)
      let answer = try passes.withLock { _ in try uncertaintyOfBlock(block, score, indices) }
      scores += answer.values
      gradient.values.replaceRows(rows, with: answer.gradient.values)
      gradient.exponents.replaceSubrange(rows, with: answer.gradient.exponents)
    }
    return UncertaintyAndGradient(values: scores, gradient: gradient)
  }

  private func uncertaintyOfBlock(
    _ inputs: Tensor, _ score: UncertaintyScore, _ draws: [Int]
  ) throws -> UncertaintyAndGradient {
    let labels = [Int](repeating: 0, count: inputs.rowCount)
    let output: MemberOutput? = score.needsMembers ? .logProbabilities : nil
    let first = try values.run(inputs, labels: labels, draws: draws, BlockEngine.Request(members: output))
    let prediction = values.finish(first, objective: .predictive, labels: labels).prediction
    let members = first.members.map { memory in
      let shape = [draws.count, inputs.rowCount, classCount]
      return Tensor(
        shape: shape, elements: Array(UnsafeBufferPointer(start: memory, count: shape.reduce(1, *))))
    }
    let slopes = ScoreSlopes(
      own: score.ownSlope, shared: score.shared(prediction.logProbabilities.elements))
    let sums = try gradients.run(
      inputs, labels: labels, draws: draws, BlockEngine.Request(prediction: false, score: slopes))
    let logFactors = [Double](repeating: -log(Double(draws.count)), count: labels.count)
    return UncertaintyAndGradient(
      values: score.values(prediction, members: members) ?? [],
      gradient: gradients.gradient(sums, logFactors: logFactors, shape: inputs.shape))
  }
}

/// What the gradient of an uncertainty needs beside the logits of a draw: `UncertaintyScore.logitGradient`.
struct ScoreSlopes: Sendable {
  /// What multiplies the log-probabilities of the draw itself.
  let own: Double
  /// What is the same for all draws, examples × classes.
  let shared: [Double]
}
