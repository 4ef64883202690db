import Foundation
public import RobustnessCore

/// A network with one hidden layer in `Double`, small enough that its weights are a formula.
public struct ClosedFormNetwork: Model {
  /// The hidden layer's activation.
  public enum Activation: Sendable {
    /// Hyperbolic tangent.
    case tanh
    /// Logistic function.
    case sigmoid

    func value(_ a: Double) -> Double {
      switch self {
      case .tanh: Foundation.tanh(a)
      case .sigmoid: 1 / (1 + exp(-a))
      }
    }

    // From the pre-activation: 1 − tanh² is zero beyond |a| = 19.
    func derivative(_ a: Double) -> Double {
      switch self {
      case .tanh:
        let e = exp(-2 * abs(a))
        return 4 * e / ((1 + e) * (1 + e))
      case .sigmoid:
        let e = exp(-abs(a))
        return e / ((1 + e) * (1 + e))
      }
    }
  }

  let hidden: [[Double]]
  let hiddenBias: [Double]
  let output: [[Double]]
  let outputBias: [Double]
  let activation: Activation

  /// A network with `hidden[unit][input]` and `output[class][unit]` weights.
  public init(
    hidden: [[Double]], hiddenBias: [Double], output: [[Double]], outputBias: [Double], activation: Activation
  ) {
    self.hidden = hidden
    self.hiddenBias = hiddenBias
    self.output = output
    self.outputBias = outputBias
    self.activation = activation
  }

  /// The 4-5-4 tanh network of `attack_fixtures.json`; its `meta` states the formula of the weights.
  public init(phase: Double) {
    func first(_ o: Int, _ i: Int) -> Double {
      let angle: Double = 1.3 * Double(o + 1) + 2.1 * Double(i + 1)
      return 3 * sin(angle + phase)
    }
    func second(_ o: Int, _ i: Int) -> Double {
      let angle: Double = 0.9 * Double((o + 1) * (i + 1))
      return 3 * cos(angle + phase)
    }
    self.init(
      hidden: (0..<5).map { o in (0..<4).map { i in first(o, i) } },
      hiddenBias: (0..<5).map { (o: Int) -> Double in 0.2 * cos(phase + Double(o)) },
      output: (0..<4).map { o in (0..<5).map { i in second(o, i) } },
      outputBias: (0..<4).map { (o: Int) -> Double in 0.1 * sin(phase + 2 * Double(o)) },
      activation: .tanh)
  }

  /// The 2-2-2 sigmoid network of the tests of CleverHans: logits = sigmoid(x·w1)·w2.
  public static let cleverHansSimpleModel = ClosedFormNetwork(
    hidden: [[1.5, -2], [0.3, 0.3]], hiddenBias: [0, 0], output: [[-2.4, 0.5], [1.2, -2.3]], outputBias: [0, 0],
    activation: .sigmoid)

  /// Shape of one input.
  public var inputShape: [Int] { [hidden[0].count] }
  /// Number of classes.
  public var classCount: Int { output.count }

  private func preactivations(_ x: ArraySlice<Double>) -> [Double] {
    zip(hidden, hiddenBias).map { weights, bias in zip(weights, x).reduce(bias) { $0 + $1.0 * $1.1 } }
  }

  /// Logits, shape (examples, classes).
  public func logits(_ inputs: Tensor) throws -> Tensor {
    let rows = (0..<inputs.rowCount).flatMap { row -> [Double] in
      let h = preactivations(inputs[row: row]).map(activation.value)
      return zip(output, outputBias).map { weights, bias in zip(weights, h).reduce(bias) { $0 + $1.0 * $1.1 } }
    }
    return Tensor(shape: [inputs.rowCount, classCount], elements: rows)
  }

  /// Gradient of Σ logitGradient · logits with respect to the inputs.
  public func inputGradient(_ inputs: Tensor, logitGradient: Tensor) throws -> ScaledGradient {
    let rows = (0..<inputs.rowCount).flatMap { row -> [Double] in
      let back = preactivations(inputs[row: row]).enumerated().map { (unit, a) -> Double in
        var sum = 0.0
        for k in 0..<classCount { sum += logitGradient[row, k] * output[k][unit] }
        return sum * activation.derivative(a)
      }
      return hidden[0].indices.map { (i: Int) -> Double in
        var sum = 0.0
        for unit in hidden.indices { sum += back[unit] * hidden[unit][i] }
        return sum
      }
    }
    return ScaledGradient(Tensor(shape: inputs.shape, elements: rows))
  }
}
