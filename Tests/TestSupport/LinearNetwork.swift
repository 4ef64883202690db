public import RobustnessCore

/// Logits that are linear in the input: what an attack reaches is known exactly. With zero weights it is a constant
/// model.
public struct LinearNetwork: Model {
  let weights: [[Double]]
  let bias: [Double]

  /// A model with `weights[class][input]`.
  public init(weights: [[Double]], bias: [Double]) {
    self.weights = weights
    self.bias = bias
  }

  /// Shape of one input.
  public var inputShape: [Int] { [weights[0].count] }
  /// Number of classes.
  public var classCount: Int { weights.count }

  /// Logits, shape (examples, classes).
  public func logits(_ inputs: Tensor) throws -> Tensor {
    let rows = (0..<inputs.rowCount).flatMap { row in
      zip(weights, bias).map { w, b in zip(w, inputs[row: row]).reduce(b) { $0 + $1.0 * $1.1 } }
    }
    return Tensor(shape: [inputs.rowCount, classCount], elements: rows)
  }

  /// Gradient of Σ logitGradient · logits with respect to the inputs.
  public func inputGradient(_ inputs: Tensor, logitGradient: Tensor) throws -> ScaledGradient {
    let rows = (0..<inputs.rowCount).flatMap { row in
      weights[0].indices.map { i in (0..<classCount).reduce(0.0) { $0 + logitGradient[row, $1] * weights[$1][i] } }
    }
    return ScaledGradient(Tensor(shape: inputs.shape, elements: rows))
  }
}
