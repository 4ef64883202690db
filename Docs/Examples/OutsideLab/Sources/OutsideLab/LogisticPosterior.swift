import Foundation
public import RobustnessCore

/// A posterior that comes from no file: draws from a Gaussian over the weights of a logistic regression.
///
/// `inputShape`, `classCount`, `drawCount` and `member` are enough; predictions, objectives and gradients follow from them.
public struct LogisticPosterior: PosteriorEnsemble {
  public let inputShape: [Int]
  public let classCount = 2
  public let drawCount: Int
  let mean: [Double]
  let spread: Double

  public init(mean: [Double], spread: Double, drawCount: Int) {
    inputShape = [mean.count]
    self.mean = mean
    self.spread = spread
    self.drawCount = drawCount
  }

  public func member(_ draw: Int) throws -> LogisticModel {
    var stream = RandomStreams(seed: 1, purpose: "outside-lab/draws").stream(example: draw)
    return LogisticModel(weights: zip(mean, stream.normals(mean.count)).map { $0 + spread * $1 })
  }
}

/// One draw: logits ±w·(x − ½)/2.
public struct LogisticModel: Model {
  let weights: [Double]
  public var inputShape: [Int] { [weights.count] }
  public var classCount: Int { 2 }

  public func logits(_ inputs: Tensor) throws -> Tensor {
    let rows = (0..<inputs.rowCount).flatMap { row in
      let half = zip(weights, inputs[row: row]).reduce(0) { $0 + $1.0 * ($1.1 - 0.5) } / 2
      return [half, -half]
    }
    return Tensor(shape: [inputs.rowCount, 2], elements: rows)
  }

  public func inputGradient(_ inputs: Tensor, logitGradient: Tensor) throws -> ScaledGradient {
    let rows = (0..<inputs.rowCount).flatMap { row in
      weights.map { $0 * (logitGradient[row, 0] - logitGradient[row, 1]) / 2 }
    }
    return ScaledGradient(Tensor(shape: inputs.shape, elements: rows))
  }
}
