import ComputeKernels
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks

private let runsBFloat16 = KernelLibrary.preferred == .oneDNN && KernelLibrary.hasNativeBFloat16
private let libraries: [KernelLibrary] = KernelLibrary.preferred == .portable ? [.portable] : [.preferred, .portable]
private let objectives: [Objective] = [.predictive, .expectedLoss]

/// Every type of layer against what PyTorch computed in float64.
@Suite("Every layer against PyTorch", .inTurnEarly)
struct LayerAnswersTests {
  @Test func `every type of layer occurs, and every activation of a product`() {
    let types = LayerAnswer.all.reduce(into: Set<String>()) { $0.formUnion($1.types) }
    #expect(Set(LayerKinds.all.flatMap { $0.allTypes }).subtracting(types).isEmpty)
    let kinds = LayerAnswer.all.flatMap { $0.architecture.layers.map(\.kind) }
    let dense = Set(kinds.compactMap { ($0 as? Dense)?.activation })
    let convolutions = Set(kinds.compactMap { ($0 as? Convolution)?.activation })
    #expect(dense == Set(Architecture.Activation.allCases))
    #expect(convolutions == Set(Architecture.Activation.allCases))
  }

  @Test(arguments: LayerAnswer.all) func `parameters have the names, the shapes and the order of PyTorch`(
    answer: LayerAnswer
  ) {
    #expect(answer.architecture.parameters.map { "\($0.name) \($0.shape)" } == answer.parameters)
  }

  @Test(arguments: LayerAnswer.all) func `one network in float64`(answer: LayerAnswer) throws {
    let ensemble = try NetworkEnsemble(answer.weights, configuration: .init(precision: .float64))
    for draw in 0..<answer.weights.drawCount {
      let found = try ensemble.member(draw).logits(answer.examples.inputs)
      expectRows(found, answer.logits.member(draw), within: 1e-11, "draw \(draw)")
    }
    for objective in objectives {
      let found = try ensemble.reference.lossAndGradient(answer.examples, objective: objective, draws: .all)
      expectRows(found.gradient.plain, answer.gradients[objective]!, within: 1e-9, "\(objective)")
    }
  }

  @Test(arguments: LayerAnswer.all) func `an ensemble in float64`(answer: LayerAnswer) throws {
    let ensemble = try NetworkEnsemble(answer.weights, configuration: .init(precision: .float64, threads: 1))
    let members = try ensemble.memberLogits(answer.examples.inputs, draws: .all)
    for draw in 0..<answer.weights.drawCount {
      expectRows(members.member(draw), answer.logits.member(draw), within: 1e-11, "draw \(draw)")
    }
    for objective in objectives {
      let found = try ensemble.lossAndGradient(answer.examples, objective: objective, draws: .all)
      expectRows(found.gradient.plain, answer.gradients[objective]!, within: 1e-9, "\(objective)")
    }
  }

  @Test(arguments: LayerAnswer.all, libraries) func `an ensemble in float32`(
    answer: LayerAnswer, library: KernelLibrary
  ) throws {
    let ensemble = try NetworkEnsemble(answer.weights, configuration: .init(threads: 1, library: library))
    let members = try ensemble.memberLogits(answer.examples.inputs, draws: .all)
    for draw in 0..<answer.weights.drawCount {
      // A constant that all logits of a row share says nothing.
      expectRows(
        members.member(draw).centred, answer.logits.member(draw).centred,
        within: 3e-6, of: answer.logits.member(draw), "draw \(draw)")
    }
    for objective in objectives {
      let found = try ensemble.lossAndGradient(answer.examples, objective: objective, draws: .all)
      expectDirections(found.gradient, answer.gradients[objective]!, cosine: 0.99999, log2Norm: 1e-3, "\(objective)")
    }
    let naive = try NetworkEnsemble(
      answer.weights, configuration: .init(arithmetic: .naiveFloat32, threads: 1, library: library))
    let found = try naive.lossAndGradient(answer.examples, objective: .predictive, draws: .all)
    expectDirections(found.gradient, answer.gradients[.predictive]!, cosine: 0.9999, log2Norm: 0.01, "naive")
  }

  @Test(.enabled(if: runsBFloat16), arguments: LayerAnswer.all) func `gradients in bfloat16 point the same way`(
    answer: LayerAnswer
  ) throws {
    guard CompiledNetwork.supportsBFloat16(answer.architecture) else {
      let error = #expect(throws: CoreError.self) {
        try NetworkEnsemble(answer.weights, configuration: .init(precision: .bfloat16))
      }
      #expect(error?.description.contains("bfloat16") == true)
      return
    }
    let ensemble = try NetworkEnsemble(answer.weights, configuration: .init(precision: .bfloat16, threads: 1))
    let float = try NetworkEnsemble(answer.weights, configuration: .init(threads: 1))
    for objective in objectives {
      let found = try ensemble.lossAndGradient(answer.examples, objective: objective, draws: .all)
      // A unit near its kink may take the other side.
      let cosines = (0..<found.gradient.values.rowCount).map {
        cosine(found.gradient.values[row: $0], answer.gradients[objective]![row: $0])
      }
      #expect(found.gradient.values.elements.areFinite)
      #expect(cosines.sorted()[1] >= 0.95, "\(objective)")
      let expected = try float.lossAndGradient(answer.examples, objective: objective, draws: .all)
      #expect(largestDifference(found.logLosses, expected.logLosses) <= 0.1)
    }
    // Predictions are float32's.
    #expect(
      try ensemble.predict(answer.examples.inputs, draws: .all) == float.predict(answer.examples.inputs, draws: .all))
  }

  @Test(arguments: LayerAnswer.all) func `straight-through gradients are finite and not zero`(answer: LayerAnswer)
    throws
  {
    for precision in [Precision.float32, .float64] {
      let ensemble = try NetworkEnsemble(answer.weights, configuration: .init(precision: precision, threads: 1))
      let found = try ensemble.lossAndGradient(
        answer.examples, objective: .predictive, draws: .all, derivative: .straightThrough)
      #expect(found.gradient.values.elements.areFinite)
      #expect(!found.gradient.isExactlyZero.contains(true))
      let expected = try ensemble.reference.lossAndGradient(
        answer.examples, objective: .predictive, draws: .all, derivative: .straightThrough)
      expectDirections(found.gradient, expected.gradient.plain, cosine: 0.9999, log2Norm: 0.01, "\(precision)")
    }
  }

  @Test(arguments: LayerAnswer.all) func `no bit depends on threads or on the other examples`(answer: LayerAnswer)
    throws
  {
    for precision in [Precision.float32, .float64] {
      let one = try NetworkEnsemble(answer.weights, configuration: .init(precision: precision, threads: 1))
      let all = try one.lossAndGradient(answer.examples, objective: .predictive, draws: .all)
      for rows in [[3], [4, 0], (0..<130).map { $0 % 5 }] {
        let some = try one.lossAndGradient(answer.examples.subset(rows), objective: .predictive, draws: .all)
        #expect(some.gradient == all.gradient.rows(rows), "\(precision), \(rows.count) examples")
        #expect(some.logLosses == rows.map { all.logLosses[$0] }, "\(precision), \(rows.count) examples")
        #expect(some.prediction == all.prediction.rows(rows), "\(precision), \(rows.count) examples")
      }
      let three = try NetworkEnsemble(answer.weights, configuration: .init(precision: precision, threads: 3))
      #expect(try three.lossAndGradient(answer.examples, objective: .predictive, draws: .all) == all, "\(precision)")
      // One group of draws in memory at a time.
      var limited = NetworkEnsemble.Configuration(precision: precision, threads: 1)
      let network = try CompiledNetwork(
        answer.architecture, rows: 16, precision: precision, library: precision == .float64 ? .portable : .preferred)
      limited.packedBytes = network.packing(backward: true).bytes * (network.accumulatesInputGradient ? 8 : 1)
      let streamed = try NetworkEnsemble(answer.weights, configuration: limited)
      #expect(try streamed.lossAndGradient(answer.examples, objective: .predictive, draws: .all) == all, "\(precision)")
    }
  }

  @Test(arguments: LayerAnswer.all) func `the gradient with respect to the parameters`(answer: LayerAnswer) throws {
    let prior = try GaussianPrior(.global(100), architecture: answer.architecture)
    let examples = TrainingExamples(
      doubles: answer.examples.inputs.elements, inputShape: answer.architecture.inputShape,
      labels: answer.examples.labels)
    func network(_ precision: Precision, _ library: KernelLibrary) throws -> BayesianNetwork {
      try BayesianNetwork(
        architecture: answer.architecture, prior: prior, examples: examples,
        configuration: .init(precision: precision, library: library))
    }
    guard !answer.types.contains("batch_norm") else {
      let error = #expect(throws: CoreError.self) { try network(.float64, .portable) }
      #expect(error?.description.contains("statistics of training data") == true)
      return
    }
    let position = answer.weights.draws[0].map(Double.init)
    let largest = answer.parameterGradient.reduce(0) { max($0, abs($1)) }
    for (precision, library, tolerance) in [(Precision.float64, KernelLibrary.portable, 1e-9)]
      + libraries.map({ (.float32, $0, 1e-4) })
    {
      let network = try network(precision, library)
      var gradient = [Double](repeating: .nan, count: position.count)
      let value = try position.withUnsafeBufferPointer { position in
        try gradient.withUnsafeMutableBufferPointer { try network.evaluate(position, gradient: $0) }
      }
      let likelihood = zip(gradient, position).map { $0 + $1 / 10_000 }
      let difference = largestDifference(likelihood, answer.parameterGradient)
      #expect(difference <= tolerance * largest, "\(precision), \(library)")
      #expect(likelihood.areFinite)
      // The likelihood itself: that of the first draw's logits.
      let expected = answer.examples.labels.indices.reduce(0.0) { sum, row in
        let z = answer.logits.member(0)[row: row]
        let top = z.max()!
        return sum + z[z.startIndex + answer.examples.labels[row]] - top - log(z.reduce(0) { $0 + exp($1 - top) })
      }
      #expect(abs(value.logLikelihood - expected) <= tolerance * max(1, abs(expected)), "\(precision), \(library)")
    }
  }

  /// The plain pass that answers of other programs are compared with, and what it says of rounding.
  @Test(arguments: LayerAnswer.all) func `the pass that stored answers are compared with`(answer: LayerAnswer) throws {
    let pass = ReferencePass(answer.architecture)
    let model = RoundingModel(.float32)
    let single = try NetworkEnsemble(answer.weights, configuration: .init(threads: 1))
      .memberLogits(answer.examples.inputs, draws: .all)
    for draw in 0..<answer.weights.drawCount {
      let weights = answer.weights.draws[draw].map(Double.init)
      let found = (0..<answer.examples.count).map { row in
        pass.logits(answer.examples.inputs[row: row], weights: weights, model: model)
      }
      let numbers = Tensor(shape: [found.count, answer.architecture.classCount], elements: found.flatMap(\.numbers))
      expectRows(numbers, answer.logits.member(draw), within: 1e-11, "draw \(draw)")
      for row in found.indices {
        let largest = found[row].numbers.reduce(0) { max($0, abs($1)) }
        let float = Array(single.member(draw)[row: row])
        for (index, square) in found[row].squares.enumerated() {
          let deviation = square.squareRoot()
          #expect(abs(float[index] - found[row].numbers[index]) <= 10 * deviation, "draw \(draw), example \(row)")
          #expect(deviation <= 1e-4 * largest, "draw \(draw), example \(row)")
        }
      }
    }
  }

  /// With deviations of nearly zero the bound is that of one network.
  @Test(arguments: LayerAnswer.all) func `variational inference takes every layer that training takes`(
    answer: LayerAnswer
  )
    throws
  {
    guard !answer.types.contains("batch_norm") else { return }
    let posterior = try BayesianNetwork(
      architecture: answer.architecture, prior: try GaussianPrior(.global(100), architecture: answer.architecture),
      examples: TrainingExamples(
        doubles: answer.examples.inputs.elements, inputShape: answer.architecture.inputShape,
        labels: answer.examples.labels))
    let count = posterior.dimension
    let distribution = answer.weights.draws[0] + [Float](repeating: -20, count: count)
    func estimate(_ estimator: VariationalNetwork.Estimator) throws -> [Float] {
      var gradient = [Float](repeating: .nan, count: 2 * count)
      let network = try posterior.variationalNetwork()
      _ = try distribution.withUnsafeBufferPointer { distribution in
        try gradient.withUnsafeMutableBufferPointer {
          try network.estimateBound(
            distribution, examples: [0, 1, 2, 3, 4], samples: 1, estimator: estimator,
            noise: RandomStreams(seed: 1, purpose: "test").stream(example: 0), gradient: $0)
        }
      }
      return gradient
    }
    for estimator in VariationalNetwork.Estimator.allCases {
      let found = try estimate(estimator)
      let largest = answer.parameterGradient.reduce(0) { max($0, abs($1)) }
      let likelihood = zip(found, answer.weights.draws[0]).map { Double($1) / 10_000 - Double($0) }
      #expect(largestDifference(likelihood, answer.parameterGradient) <= 1e-4 * largest, "\(estimator)")
    }
  }

  /// Each row within so much of the largest magnitude of the expected row, or of the same row of another tensor.
  private func expectRows(
    _ found: Tensor, _ expected: Tensor, within tolerance: Double, of scale: Tensor? = nil, _ what: String,
    location: SourceLocation = #_sourceLocation
  ) {
    #expect(found.shape == expected.shape, sourceLocation: location)
    guard found.shape == expected.shape else { return }
    #expect(found.elements.areFinite, sourceLocation: location)
    for row in 0..<expected.rowCount {
      let largest = (scale ?? expected)[row: row].reduce(0) { max($0, abs($1)) }
      let difference = largestDifference(Array(found[row: row]), Array(expected[row: row]))
      #expect(
        difference <= tolerance * largest, "\(what), example \(row), largest \(largest)", sourceLocation: location)
    }
  }

  private func expectDirections(
    _ found: ScaledGradient, _ expected: Tensor, cosine least: Double, log2Norm: Double, _ what: String,
    location: SourceLocation = #_sourceLocation
  ) {
    #expect(found.values.elements.areFinite, "\(what)", sourceLocation: location)
    let norms = ScaledGradient(expected).log2Norms
    for row in 0..<expected.rowCount {
      #expect(
        cosine(found.values[row: row], expected[row: row]) >= least, "\(what), example \(row)", sourceLocation: location
      )
      #expect(abs(found.log2Norms[row] - norms[row]) <= log2Norm, "\(what), example \(row)", sourceLocation: location)
    }
  }
}

extension Tensor {
  /// Of shape (draws, examples, classes), what belongs to one draw.
  fileprivate func member(_ draw: Int) -> Tensor {
    Tensor(shape: Array(shape.dropFirst()), elements: Array(self[row: draw]))
  }

  /// Every row less its mean.
  fileprivate var centred: Tensor {
    let rows = (0..<rowCount).map { row in
      let mean = self[row: row].reduce(0, +) / Double(rowSize)
      return self[row: row].map { $0 - mean }
    }
    return Tensor(shape: shape, elements: rows.flatMap { $0 })
  }
}
