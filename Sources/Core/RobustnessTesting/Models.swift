import RobustnessCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Logits linear in the flattened input.
struct LinearModel: Model {
  let inputShape: [Int]
  /// `weights[class][feature]`.
  let weights: [[Double]]
  let bias: [Double]

  init(weights: [[Double]], bias: [Double], inputShape: [Int]? = nil) {
    self.inputShape = inputShape ?? [weights[0].count]
    self.weights = weights
    self.bias = bias
  }

  var classCount: Int { weights.count }

  func logits(_ inputs: Tensor) throws -> Tensor {
    let rows = (0..<inputs.rowCount).flatMap { row in
      zip(weights, bias).map { w, b in zip(w, inputs[row: row]).reduce(b) { $0 + $1.0 * $1.1 } }
    }
    return Tensor(shape: [inputs.rowCount, classCount], elements: rows)
  }

  func inputGradient(_ inputs: Tensor, logitGradient: Tensor) throws -> ScaledGradient {
    let rows = (0..<inputs.rowCount).flatMap { row in
      weights[0].indices.map { i in (0..<classCount).reduce(0.0) { $0 + logitGradient[row, $1] * weights[$1][i] } }
    }
    return ScaledGradient(Tensor(shape: inputs.shape, elements: rows))
  }
}

/// One hidden layer of five tanh units between linear maps whose weights are a formula of `phase`.
struct SmoothModel: Model {
  private let hidden: LinearModel
  private let output: LinearModel

  init(inputShape: [Int], classCount: Int, phase: Double) {
    let size = inputShape.reduce(1, *)
    hidden = LinearModel(
      weights: (1...5).map { o in
        (1...size).map { i in
          let angle: Double = 1.3 * Double(o) + 2.1 * Double(i) + phase
          return 6 / Double(size).squareRoot() * sin(angle)
        }
      },
      bias: (1...5).map { o in 0.2 * cos(phase + Double(o)) }, inputShape: inputShape)
    output = LinearModel(
      weights: (1...classCount).map { o in
        (1...5).map { i in
          let angle: Double = 0.9 * Double(o * i) + phase
          return 3 * cos(angle)
        }
      },
      bias: (1...classCount).map { o in 0.1 * sin(phase + 2 * Double(o)) })
  }

  var inputShape: [Int] { hidden.inputShape }
  var classCount: Int { output.classCount }

  func logits(_ inputs: Tensor) throws -> Tensor {
    let a = try hidden.logits(inputs)
    return try output.logits(Tensor(shape: a.shape, elements: a.elements.map { tanh($0) }))
  }

  func inputGradient(_ inputs: Tensor, logitGradient: Tensor) throws -> ScaledGradient {
    let a = try hidden.logits(inputs)
    let activations = Tensor(shape: a.shape, elements: a.elements.map { tanh($0) })
    let back = try output.inputGradient(activations, logitGradient: logitGradient)
    // tanh′ from the pre-activation: 1 − tanh² would be zero beyond |a| = 19.
    let slopes = a.elements.map { a in
      let e = exp(-2 * abs(a))
      return 4 * e / ((1 + e) * (1 + e))
    }
    let product = Tensor(shape: a.shape, elements: zip(back.values.elements, slopes).map { $0 * $1 })
    let front = try hidden.inputGradient(inputs, logitGradient: product)
    return ScaledGradient(values: front.values, exponents: zip(front.exponents, back.exponents).map { $0 + $1 })
  }
}

/// Models in a list; everything else is the protocol's default, in `Double` and in the log domain.
struct ModelList<Member: Model>: PosteriorEnsemble {
  let members: [Member]

  var inputShape: [Int] { members[0].inputShape }
  var classCount: Int { members[0].classCount }
  var drawCount: Int { members.count }
  func member(_ draw: Int) throws -> Member { members[draw] }
}

extension ModelList where Member == SmoothModel {
  /// Three networks that differ a little, as draws of a posterior do.
  static func smooth(inputShape: [Int], classCount: Int) -> ModelList {
    ModelList(
      members: [0, 0.15, -0.2].map { SmoothModel(inputShape: inputShape, classCount: classCount, phase: $0) })
  }
}

/// Inputs spread over the box, the first at a corner of it and the second at its centre, labelled by the ensemble's own
/// decisions and aimed at the next class.
func examples(_ count: Int, of ensemble: some PosteriorEnsemble, in box: ClosedRange<Double> = 0...1) throws -> Examples
{
  let size = ensemble.inputShape.reduce(1, *)
  let streams = RandomStreams(seed: 17, purpose: "conformance/inputs")
  let width = box.upperBound - box.lowerBound
  let rows = (0..<count).flatMap { row -> [Double] in
    var stream = streams.stream(example: row)
    let uniform = stream.uniforms(size)
    switch row {
    case 0: return uniform.map { $0 < 0.5 ? box.lowerBound : box.upperBound }
    case 1: return uniform.map { _ in box.lowerBound + width / 2 }
    default: return uniform.map { box.lowerBound + width * $0 }
    }
  }
  let inputs = Tensor(shape: [count] + ensemble.inputShape, elements: rows)
  let labels = try ensemble.predict(inputs, draws: .all).classes(.predictive)
  return Examples(
    inputs: inputs, labels: labels, targets: labels.map { ($0 + 1) % ensemble.classCount },
    identifiers: (0..<count).map { 40 + $0 })
}
