import ComputeKernels
import Foundation
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

/// A posterior over a small network on data that are a formula.
private struct SmallPosterior {
  let architecture: Architecture
  let examples: TrainingExamples
  let prior: GaussianPrior
  let position: [Double]

  init(
    _ layers: [Architecture.Layer], inputShape: [Int] = [6], count: Int = 70, scale: GaussianPrior.Scale = .global(0.8)
  ) throws {
    architecture = try Architecture(inputShape: inputShape, classCount: 3, layers: layers)
    var stream = RandomStreams(seed: 3, purpose: "test/log-posterior").stream(example: 0)
    let size = inputShape.reduce(1, *)
    examples = TrainingExamples(
      doubles: stream.uniforms(count * size), inputShape: inputShape, labels: (0..<count).map { $0 * 7 % 3 })
    prior = try GaussianPrior(scale, architecture: architecture)
    position = stream.normals(architecture.parameterCount).map { 0.4 * $0 }
  }

  func posterior(_ precision: Precision, threads: Int = 1, temperature: Double = 1) throws -> BayesianNetwork {
    try BayesianNetwork(
      architecture: architecture, prior: prior, examples: examples,
      configuration: .init(precision: precision, threads: threads, temperature: temperature))
  }
}

extension BayesianNetwork {
  fileprivate func value(_ position: [Double]) throws -> LogDensityValue {
    try position.withUnsafeBufferPointer { try evaluate($0, gradient: nil) }
  }

  fileprivate func gradient(_ position: [Double]) throws -> (value: LogDensityValue, gradient: [Double]) {
    var gradient = [Double](repeating: .nan, count: dimension)
    let value = try position.withUnsafeBufferPointer { position in
      try gradient.withUnsafeMutableBufferPointer { try evaluate(position, gradient: $0) }
    }
    return (value, gradient)
  }
}

private let stacks: [String: [Architecture.Layer]] = [
  "tanh": [
    .dense(name: "a", units: 5, activation: .tanh), .dense(name: "b", units: 4, activation: .sigmoid),
    .dense(name: "c", units: 3, activation: .identity),
  ],
  "leaky": [
    .normalize(mean: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], scale: [1, 2, 1, 2, 1, 2]),
    .dense(name: "a", units: 9, activation: .leakyReLU), .dense(name: "c", units: 3, activation: .identity),
  ],
  "linear": [.dense(name: "c", units: 3, activation: .identity)],
]
private let convolution: [Architecture.Layer] = [
  .convolution(name: "a", filters: 4, kernelSize: 3, activation: .leakyReLU), .maxPool(kernelSize: 2, stride: 2),
  .convolution(name: "b", filters: 5, kernelSize: 2, activation: .tanh), .maxPool(kernelSize: 2, stride: 1), .flatten,
  .dense(name: "c", units: 3, activation: .identity),
]

@Suite("The log-posterior of a network", .inTurn)
struct LogPosteriorTests {
  /// Bytes go through a table, floats and doubles through arithmetic.
  @Test(
    arguments: [Precision.float32, .float64]
      + (KernelLibrary.preferred == .oneDNN && KernelLibrary.hasNativeBFloat16 ? [.bfloat16] : []))
  func `normalised bytes, floats and doubles give the same bits`(_ precision: Precision) throws {
    let architecture = try Architecture(
      inputShape: [2, 3, 5], classCount: 3,
      layers: [
        .normalize(mean: [0.3, 0.6], scale: [0.2, 1.7]), .flatten, .dense(name: "a", units: 9, activation: .relu),
        .dense(name: "c", units: 3, activation: .identity),
      ])
    let count = 40
    let bytes = (0..<count * 30).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 / 7) }
    let labels = (0..<count).map { $0 % 3 }
    // Quotients of single precision are no doubles: those of eighths are.
    let eighths = bytes.map { Float($0 / 32) / 8 }
    let pairs: [(TrainingExamples, TrainingExamples)] = [
      (
        TrainingExamples(bytes: bytes, inputShape: [2, 3, 5], labels: labels),
        TrainingExamples(doubles: bytes.map { Double($0) / 255 }, inputShape: [2, 3, 5], labels: labels)
      ),
      (
        TrainingExamples(floats: eighths, inputShape: [2, 3, 5], labels: labels),
        TrainingExamples(doubles: eighths.map(Double.init), inputShape: [2, 3, 5], labels: labels)
      ),
    ]
    for (stored, doubles) in pairs {
      let results = try [stored, doubles].map { examples in
        let prior = try GaussianPrior(.global(0.5), architecture: architecture)
        let posterior = try BayesianNetwork(
          architecture: architecture, prior: prior, examples: examples, configuration: .init(precision: precision))
        let position = (0..<posterior.dimension).map { sin(Double($0)) / 3 }
        return try posterior.gradient(position)
      }
      #expect(results[0].value.total == results[1].value.total)
      #expect(results[0].gradient == results[1].gradient)
      #expect(results[0].gradient.contains { $0 != 0 })
    }
  }

  private func small(_ name: String) throws -> SmallPosterior {
    if name == "convolution" { return try SmallPosterior(convolution, inputShape: [1, 10, 10]) }
    return try SmallPosterior(stacks[name]!)
  }

  @Test("gradients in Double are central differences", arguments: ["tanh", "leaky", "linear", "convolution"])
  func finiteDifferences(name: String) throws {
    let small = try small(name)
    let posterior = try small.posterior(.float64, temperature: 1.7)
    let (_, gradient) = try posterior.gradient(small.position)
    let step = 1e-6
    for index in stride(from: 0, to: posterior.dimension, by: max(1, posterior.dimension / 60)) {
      var plus = small.position
      var minus = small.position
      plus[index] += step
      minus[index] -= step
      let slope = (try posterior.value(plus).total - posterior.value(minus).total) / (2 * step)
      #expect(abs(slope - gradient[index]) <= 1e-6 * max(1, abs(slope)), "parameter \(index)")
    }
  }

  @Test("float32 agrees with Double", arguments: ["tanh", "leaky", "linear", "convolution"])
  func float32(name: String) throws {
    let small = try small(name)
    // The same parameters for both.
    let position = small.position.map { Double(Float($0)) }
    let exact = try small.posterior(.float64).gradient(position)
    let float = try small.posterior(.float32).gradient(position)
    let largest = exact.gradient.reduce(0) { max($0, abs($1)) }
    #expect(abs(exact.value.logLikelihood - float.value.logLikelihood) <= 1e-4)
    #expect(abs(exact.value.logPrior - float.value.logPrior) <= 1e-9 * abs(exact.value.logPrior))
    #expect(zip(exact.gradient, float.gradient).allSatisfy { abs($0 - $1) <= 1e-5 * largest })
  }

  @Test(
    "bfloat16 gradients point the same way, and the value is float32's", .enabled(if: KernelLibrary.hasNativeBFloat16))
  func bfloat16() throws {
    guard case .oneDNN = KernelLibrary.preferred else { return }
    let small = try small("leaky")
    let float = try small.posterior(.float32).gradient(small.position)
    let half = try small.posterior(.bfloat16).gradient(small.position)
    #expect(half.value == float.value)
    #expect(cosine(half.gradient, float.gradient) > 0.999)
    #expect(half.gradient != float.gradient)
  }

  @Test("the number of threads changes no bit", arguments: [60, 1300, 11_000])
  func threads(count: Int) throws {
    let small = try SmallPosterior(stacks["leaky"]!, count: count)
    let one = try small.posterior(.float32, threads: 1).gradient(small.position)
    for threads in [2, 3, 7] {
      let several = try small.posterior(.float32, threads: threads).gradient(small.position)
      #expect(one.value == several.value)
      #expect(one.gradient == several.gradient)
    }
  }

  @Test("value with and without gradient is the same")
  func valueAlone() throws {
    for name in ["tanh", "convolution"] {
      let small = try small(name)
      for precision in [Precision.float32, .float64] {
        let posterior = try small.posterior(precision)
        #expect(try posterior.value(small.position) == posterior.gradient(small.position).value)
      }
    }
  }

  @Test("mini-batches add up to all examples, and a repeated example counts twice")
  func miniBatches() throws {
    let small = try small("tanh")
    let posterior = try small.posterior(.float32)
    let parameters = small.position.map { Float($0) }
    func part(_ indices: [Int64]) throws -> (Double, [Float]) {
      var gradient = [Float](repeating: .nan, count: posterior.dimension)
      let value = try parameters.withUnsafeBufferPointer { parameters in
        try gradient.withUnsafeMutableBufferPointer {
          try posterior.logLikelihood(parameters, examples: indices, gradient: $0)
        }
      }
      return (value, gradient)
    }
    let all = try posterior.value(small.position)
    let (a, b) = (try part(Array(0..<41)), try part(Array(41..<70)))
    #expect(abs(a.0 + b.0 - all.logLikelihood) < 1e-4)
    let (once, twice) = (try part([5]), try part([5, 5]))
    #expect(abs(2 * once.0 - twice.0) < 1e-6)
    #expect(zip(once.1, twice.1).allSatisfy { abs(2 * $0 - $1) < 1e-5 })
  }

  @Test("the prior is a normalised normal density, by layer and by fan-in")
  func priors() throws {
    let small = try SmallPosterior(stacks["linear"]!, scale: .perLayer([0.5]))
    let logPrior = try small.posterior(.float64).value(small.position).logPrior
    let expected = small.position.reduce(0) { $0 - 0.5 * $1 * $1 / 0.25 - log(0.5) - 0.5 * log(2 * Double.pi) }
    #expect(abs(logPrior - expected) < 1e-10)
    let fanIn = try GaussianPrior(.fanIn(2), architecture: small.architecture)
    #expect(fanIn.deviations == [2 / 6.0.squareRoot(), 2])
    #expect(throws: CoreError.self) { try GaussianPrior(.perLayer([1, 2]), architecture: small.architecture) }
    #expect(throws: CoreError.self) { try GaussianPrior(.global(0), architecture: small.architecture) }
    var stream = RandomStreams(seed: 1, purpose: "test").stream(example: 0)
    let draws = (0..<2000).map { _ in fanIn.draw(&stream) }
    for index in [0, 20] {
      let variance = draws.reduce(0) { $0 + Double($1[index] * $1[index]) } / 2000
      #expect(abs(variance / (fanIn.deviationOfEach[index] * fanIn.deviationOfEach[index]) - 1) < 0.15)
    }
  }

  @Test("the ratio of two densities is their difference, and keeps what the difference of large sums loses")
  func ratio() throws {
    let small = try small("tanh")
    let posterior = try small.posterior(.float64)
    var other = small.position
    other[7] += 0.3
    let (a, b) = (try posterior.value(other), try posterior.value(small.position))
    let ratio = other.withUnsafeBufferPointer { new in
      small.position.withUnsafeBufferPointer { old in
        posterior.logRatio(of: LocatedValue(position: new, value: a), to: LocatedValue(position: old, value: b))
      }
    }
    #expect(abs(ratio - (a.total - b.total)) < 1e-12)
  }

  @Test("a position beyond float32 has density zero instead of a wrong value")
  func divergence() throws {
    let small = try small("leaky")
    let posterior = try small.posterior(.float32)
    var position = small.position
    position[0] = 1e39
    #expect(try posterior.gradient(position).value.total == -.infinity)
  }
}
