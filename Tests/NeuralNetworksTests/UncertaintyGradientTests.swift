import ComputeKernels
import Foundation
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

/// Gradients of uncertainties through packed networks.
@Suite("Uncertainty gradients", .inTurn)
struct UncertaintyGradientTests {
  static func ensemble(_ weights: InMemoryWeights, _ precision: Precision = .float32, threads: Int = 2) throws
    -> NetworkEnsemble
  {
    try NetworkEnsemble(weights, configuration: .init(precision: precision, threads: threads))
  }

  static func cosine(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
    let dot = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    return dot / (a.reduce(0) { $0 + $1 * $1 } * b.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }

  /// At scale 12 most draws are certain, and gradients lie below the smallest float.
  @Test(arguments: UncertaintyScore.allCases, [0.5, 12.0])
  func `are those of the members in Double`(_ score: UncertaintyScore, _ scale: Double) throws {
    for activation in StraightThroughTests.activations {
      let (weights, examples) = try StraightThroughTests.problem(activation, scale: scale)
      let ensemble = try Self.ensemble(weights, .float64)
      let packed = try ensemble.uncertaintyAndGradient(examples.inputs, score: score, draws: .all)
      let plain = try ensemble.reference.uncertaintyAndGradient(examples.inputs, score: score, draws: .all)
      for row in 0..<examples.count where plain.gradient.log2Norms[row] > -.infinity {
        #expect(abs(packed.values[row] - plain.values[row]) <= 1e-9 * (1e-3 + abs(plain.values[row])))
        #expect(abs(packed.gradient.log2Norms[row] - plain.gradient.log2Norms[row]) < 1e-5, "\(activation) \(row)")
        #expect(Self.cosine(packed.gradient.values[row: row], plain.gradient.values[row: row]) > 1 - 1e-9)
      }
    }
  }

  @Test(arguments: UncertaintyScore.allCases)
  func `in float32 are those in Double to its rounding`(_ score: UncertaintyScore) throws {
    let (weights, examples) = try StraightThroughTests.problem(.tanh, scale: 0.5)
    let ensemble = try Self.ensemble(weights)
    let packed = try ensemble.uncertaintyAndGradient(examples.inputs, score: score, draws: .all)
    let plain = try ensemble.reference.uncertaintyAndGradient(examples.inputs, score: score, draws: .all)
    for row in 0..<examples.count {
      #expect(Self.cosine(packed.gradient.values[row: row], plain.gradient.values[row: row]) > 1 - 1e-6)
      #expect(abs(packed.values[row] - plain.values[row]) < 1e-5)
    }
  }

  @Test func `do not depend on threads, on the order of examples, or on how many there are`() throws {
    let (weights, few) = try StraightThroughTests.problem(.relu, scale: 0.7, draws: 11)
    // More than one block.
    let inputs = Tensor(
      shape: [300, 5],
      elements: (0..<300).flatMap { row in few.inputs[row: row % 8].map { $0 * (1 + Double(row) / 400) } })
    let one = try Self.ensemble(weights, threads: 1)
    let all = try one.uncertaintyAndGradient(inputs, score: .mutualInformation, draws: .all)
    #expect(
      try Self.ensemble(weights, threads: 3).uncertaintyAndGradient(inputs, score: .mutualInformation, draws: .all)
        == all)
    let order = [299, 40, 7, 0]
    let some = try one.uncertaintyAndGradient(inputs.rows(order), score: .mutualInformation, draws: .all)
    #expect(some.values == order.map { all.values[$0] })
    #expect(some.gradient == all.gradient.rows(order))
  }

  @Test func `are refused in the arithmetic of other tools`() throws {
    let (weights, examples) = try StraightThroughTests.problem(.relu, scale: 0.7)
    let naive = try NetworkEnsemble(weights, configuration: .init(arithmetic: .naiveFloat32))
    #expect(throws: CoreError.self) {
      try naive.uncertaintyAndGradient(examples.inputs, score: .expectedEntropy, draws: .all)
    }
  }
}
