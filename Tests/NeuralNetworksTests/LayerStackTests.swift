import ComputeKernels
import Foundation
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

/// Stacks of layers that the known answers do not have: every activation behind every kind of layer, pools in front and
/// behind, normalisation, no flatten.
private struct Stack: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let architecture: Architecture

  init(_ name: String, _ shape: [Int], _ classes: Int, _ layers: [Architecture.Layer]) {
    testDescription = name
    architecture = try! Architecture(inputShape: shape, classCount: classes, layers: layers)
  }

  static let all: [Stack] = [
    Stack(
      "dense, no flatten, sigmoid", [7], 3,
      [
        .dense(name: "a", units: 9, activation: .sigmoid), .dense(name: "o", units: 3, activation: .identity),
      ]),
    Stack(
      "hidden identity, last layer tanh", [5], 4,
      [
        .dense(name: "a", units: 6, activation: .identity), .dense(name: "b", units: 7, activation: .leakyReLU),
        .dense(name: "o", units: 4, activation: .tanh),
      ]),
    Stack(
      "last layer leaky ReLU", [5], 2,
      [
        .dense(name: "a", units: 6, activation: .relu), .dense(name: "o", units: 2, activation: .leakyReLU),
      ]),
    Stack(
      "normalised images, convolution, tanh, overlapping pool", [3, 9, 8], 5,
      [
        .normalize(mean: [0.4, 0.5, 0.3], scale: [0.2, 0.3, 0.25]),
        .convolution(name: "c", filters: 6, kernelSize: 3, activation: .tanh), .maxPool(kernelSize: 3, stride: 2),
        .flatten,
        .dense(name: "o", units: 5, activation: .identity),
      ]),
    Stack(
      "two convolutions without a pool, sigmoid", [1, 10, 10], 3,
      [
        .convolution(name: "c", filters: 4, kernelSize: 3, activation: .sigmoid),
        .convolution(name: "d", filters: 5, kernelSize: 4, activation: .relu), .flatten,
        .dense(name: "o", units: 3, activation: .identity),
      ]),
    Stack(
      "a pool first, then two pools", [2, 12, 12], 4,
      [
        .maxPool(kernelSize: 2, stride: 1), .convolution(name: "c", filters: 3, kernelSize: 2, activation: .leakyReLU),
        .maxPool(kernelSize: 2, stride: 2), .maxPool(kernelSize: 2, stride: 1), .flatten,
        .dense(name: "h", units: 11, activation: .tanh), .dense(name: "o", units: 4, activation: .identity),
      ]),
    Stack(
      "convolution behind a convolution behind a pool, 17 filters", [1, 14, 13], 10,
      [
        .convolution(name: "c", filters: 17, kernelSize: 3, activation: .relu), .maxPool(kernelSize: 2, stride: 2),
        .convolution(name: "d", filters: 3, kernelSize: 2, activation: .identity), .flatten,
        .dense(name: "o", units: 10, activation: .identity),
      ]),
  ]

  /// A few draws, and inputs inside the unit box.
  func problem(draws: Int = 10, examples count: Int = 9) throws -> (InMemoryWeights, Examples) {
    let streams = RandomStreams(seed: 5, purpose: testDescription)
    let weights = (0..<draws).map { draw -> [Float] in
      var stream = streams.stream(example: draw)
      return stream.normals(architecture.parameterCount).map { Float($0 * 0.5) }
    }
    let size = architecture.inputShape.reduce(1, *)
    var stream = streams.stream(example: -1)
    let inputs = Tensor(shape: [count] + architecture.inputShape, elements: stream.uniforms(count * size))
    return (
      InMemoryWeights(architecture: architecture, draws: weights),
      Examples(inputs: inputs, labels: (0..<count).map { $0 % architecture.classCount })
    )
  }
}

@Suite("Any stack of layers", .inTurn)
struct LayerStackTests {
  @Test(
    "the packed engine in float64 is the plain statement of the objectives", arguments: Stack.all, Objective.allCases)
  fileprivate func engineAgainstReference(stack: Stack, objective: Objective) throws {
    guard objective.minimumClasses <= stack.architecture.classCount else { return }
    let (weights, examples) = try stack.problem()
    let packed = try NetworkEnsemble(weights, configuration: .init(precision: .float64))
    let found = try packed.lossAndGradient(examples, objective: objective, draws: .all)
    let expected = try packed.reference.lossAndGradient(examples, objective: objective, draws: .all)
    #expect(largestDifference(found.logLosses, expected.logLosses) <= 1e-10)
    let a = found.gradient.plain
    let b = expected.gradient.plain
    for row in 0..<examples.count {
      let largest = b[row: row].reduce(0) { max($0, abs($1)) }
      #expect(largestDifference(Array(a[row: row]), Array(b[row: row])) <= 1e-10 * largest, "example \(row)")
    }
    #expect(found.prediction.votes == expected.prediction.votes)
  }

  @Test("float32 points the same way", arguments: Stack.all, Objective.allCases)
  fileprivate func float32(stack: Stack, objective: Objective) throws {
    guard objective.minimumClasses <= stack.architecture.classCount else { return }
    let (weights, examples) = try stack.problem()
    let ensemble = try NetworkEnsemble(weights)
    let found = try ensemble.lossAndGradient(examples, objective: objective, draws: .all)
    let expected = try ensemble.reference.lossAndGradient(examples, objective: objective, draws: .all)
    #expect(largestDifference(found.logLosses, expected.logLosses) <= 1e-4)
    // The ratio of differences is constant where the label is the third class.
    let isConstant = expected.gradient.isExactlyZero
    #expect(found.gradient.isExactlyZero == isConstant)
    for row in 0..<examples.count where !isConstant[row] {
      #expect(cosine(found.gradient.values[row: row], expected.gradient.values[row: row]) >= 0.9999, "example \(row)")
    }
  }

  @Test("the gradient is the derivative of the loss", arguments: Stack.all, Objective.allCases)
  fileprivate func finiteDifferences(stack: Stack, objective: Objective) throws {
    guard objective.minimumClasses <= stack.architecture.classCount else { return }
    let (weights, examples) = try stack.problem(draws: 3, examples: 4)
    let reference = try NetworkEnsemble(weights).reference
    let exact = try reference.lossAndGradient(examples, objective: objective, draws: .all)
    let gradient = exact.gradient.plain
    var stream = RandomStreams(seed: 1, purpose: "directions").stream(example: 0)
    for _ in 0..<3 {
      let direction = Tensor(shape: examples.inputs.shape, elements: stream.normals(examples.inputs.elements.count))
      let step = 1e-6
      var values: [[Double]] = []
      for sign in [1.0, -1.0] {
        var moved = examples.inputs
        moved.add(direction, scaledBy: sign * step)
        values.append(try reference.loss(examples.moved(to: moved), objective: objective, draws: .all).logLosses)
      }
      for row in 0..<examples.count {
        // Of the log-loss; of some objectives the value is the loss itself.
        let scale = objective.isSigned ? 1 : exp(-exact.logLosses[row])
        let predicted = zip(gradient[row: row], direction[row: row]).reduce(0) { $0 + $1.0 * $1.1 } * scale
        let numeric = (values[0][row] - values[1][row]) / (2 * step)
        let norm = gradient[row: row].reduce(0) { $0 + $1 * $1 }.squareRoot() * scale
        #expect(abs(numeric - predicted) <= 1e-5 * max(norm, 1e-3), "example \(row)")
      }
    }
  }

  @Test("the naive arithmetic agrees where nothing is small", arguments: Stack.all, Objective.allCases)
  fileprivate func naive(stack: Stack, objective: Objective) throws {
    guard objective.minimumClasses <= stack.architecture.classCount else { return }
    let (weights, examples) = try stack.problem(draws: 10)
    let gentle = InMemoryWeights(
      architecture: stack.architecture,
      draws: try (0..<10).map { draw in
        var parameters = [Float](repeating: 0, count: stack.architecture.parameterCount)
        try parameters.withUnsafeMutableBufferPointer { try weights.read(draw: draw, into: $0) }
        return parameters.map { $0 * 0.3 }
      })
    let scaled = try NetworkEnsemble(gentle).lossAndGradient(examples, objective: objective, draws: .all)
    let naive = try NetworkEnsemble(gentle, configuration: .init(arithmetic: .naiveFloat32))
      .lossAndGradient(examples, objective: objective, draws: .all)
    #expect(largestDifference(scaled.logLosses, naive.logLosses) <= 1e-3)
    let isConstant = scaled.gradient.isExactlyZero
    #expect(naive.gradient.isExactlyZero == isConstant)
    for row in 0..<examples.count where !isConstant[row] {
      #expect(cosine(scaled.gradient.values[row: row], naive.gradient.values[row: row]) >= 0.999, "example \(row)")
      #expect(abs(scaled.gradient.log2Norms[row] - naive.gradient.log2Norms[row]) <= 0.01, "example \(row)")
    }
  }
}
