import ComputeKernels
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks

private let stacks: [String: (inputShape: [Int], layers: [Architecture.Layer])] = [
  "dense": (
    [4],
    [
      .normalize(mean: [0.1, 0.2, 0.3, 0.4], scale: [1, 2, 1, 2]), .dense(name: "a", units: 5, activation: .tanh),
      .dense(name: "b", units: 6, activation: .leakyReLU), .dense(name: "c", units: 3, activation: .identity),
    ]
  ),
  "behind": ([3], [.dense(name: "a", units: 4, activation: .sigmoid), .dense(name: "b", units: 3, activation: .tanh)]),
  "convolution": (
    [1, 8, 8],
    [
      .convolution(name: "a", filters: 3, kernelSize: 3, activation: .leakyReLU), .maxPool(kernelSize: 2, stride: 2),
      .convolution(name: "b", filters: 4, kernelSize: 2, activation: .tanh), .maxPool(kernelSize: 2, stride: 1),
      .flatten, .dense(name: "c", units: 3, activation: .identity),
    ]
  ),
]

/// Graphs, and layers whose parameters no product takes.
private let graphs = [
  "graph": #"""
  {"input_shape":[4],"class_count":3,"layers":[
  {"type":"dense","name":"a","units":6,"activation":"tanh"},
  {"type":"dense","name":"b","units":6,"activation":"silu","bias":false},
  {"type":"add","name":"sum","inputs":["a","b"]},
  {"type":"layer_norm","name":"norm","normalized_shape":[6],"eps":1e-5},
  {"type":"dense","name":"c","units":3,"activation":"identity"}]}
  """#,
  "residual": #"""
  {"input_shape":[2,6,6],"class_count":3,"layers":[
  {"type":"conv2d","name":"a","filters":4,"kernel_size":3,"padding":[1,1,1,1],"activation":"identity"},
  {"type":"filter_response_norm","name":"norm","eps":1e-6},
  {"type":"silu","name":"first"},
  {"type":"max_pool2d","name":"pool","kernel_size":2,"stride":2},
  {"type":"conv2d","name":"b","filters":4,"kernel_size":3,"padding":[1,1,1,1],"groups":2,"activation":"silu"},
  {"type":"add","name":"sum","inputs":["pool","b"]},
  {"type":"flatten","name":"flat"},
  {"type":"dense","name":"c","units":3,"activation":"identity"}]}
  """#,
]

/// A distribution over a small network, and data that are a formula.
private struct SmallVariational {
  let architecture: Architecture
  let posterior: BayesianNetwork
  let inputs: [Float]
  let labels: [Int]
  let distribution: [Float]
  let deviations: [Double]

  init(
    _ name: String, count: Int = 23, temperature: Double = 1, threads: Int = 1, library: KernelLibrary = .preferred,
    scale: Double = 0.3
  ) throws {
    architecture =
      if let graph = graphs[name] {
        try Architecture(json: graph)
      } else {
        try Architecture(inputShape: stacks[name]!.inputShape, classCount: 3, layers: stacks[name]!.layers)
      }
    let shape = architecture.inputShape
    var stream = RandomStreams(seed: 8, purpose: "test/variational").stream(example: 0)
    let size = shape.reduce(1, *)
    inputs = stream.uniforms(count * size).map { Float($0) }
    labels = (0..<count).map { $0 * 7 % 3 }
    let layers = Set(architecture.parameters.map(\.layer)).count
    let prior = try GaussianPrior(.perLayer(Array([0.7, 1.2, 0.9, 0.8].prefix(layers))), architecture: architecture)
    deviations = prior.deviationOfEach
    posterior = try BayesianNetwork(
      architecture: architecture, prior: prior,
      examples: TrainingExamples(floats: inputs, inputShape: shape, labels: labels),
      configuration: .init(threads: threads, library: library, temperature: temperature))
    let parameters = architecture.parameterCount
    distribution =
      stream.normals(parameters).map { Float(0.5 * $0) }
      + stream.normals(parameters).map { Float(log(scale) + 0.3 * $0) }
  }

  func estimate(
    _ distribution: [Float]? = nil, examples: [Int64], samples: Int = 1, estimator: VariationalNetwork.Estimator,
    noise: RandomStream
  ) throws -> (estimate: BoundEstimate, gradient: [Float]) {
    let distribution = distribution ?? self.distribution
    var gradient = [Float](repeating: .nan, count: distribution.count)
    let network = try posterior.variationalNetwork()
    let estimate = try distribution.withUnsafeBufferPointer { distribution in
      try gradient.withUnsafeMutableBufferPointer {
        try network.estimateBound(
          distribution, examples: examples, samples: samples, estimator: estimator, noise: noise, gradient: $0)
      }
    }
    return (estimate, gradient)
  }

  func input(_ example: Int64) -> [Double] {
    let size = inputs.count / labels.count
    return inputs[Int(example) * size..<(Int(example) + 1) * size].map { Double($0) }
  }

  /// The estimate of the bound with local noise, in Double, with its own formula of the divergence.
  func reference(
    _ distribution: [Double], examples: [Int64], samples: Int, key: UInt64, temperature: Double
  ) -> (expectedLogLikelihood: Double, divergence: Double) {
    let network = ReferenceNetwork(architecture: architecture)
    let count = architecture.parameterCount
    let (means, logScales) = (Array(distribution[..<count]), Array(distribution[count...]))
    let layers = UInt64(architecture.parameters.count / 2)
    var sum = 0.0
    for row in 0..<samples * examples.count {
      let example = examples[row % examples.count]
      let logits = network.logits(input(example), means: means, logScales: logScales) { layer, outputs in
        VariationalNetwork.normals(key: key, stream: UInt64(row) * layers + UInt64(layer), count: outputs)
      }
      sum += ReferenceNetwork.logProbability(logits, labels[Int(example)])
    }
    var divergence = 0.0
    for index in 0..<count {
      let variance = temperature * deviations[index] * deviations[index]
      let own = exp(2 * logScales[index])
      divergence += 0.5 * log(variance / own) + (own + means[index] * means[index]) / (2 * variance) - 0.5
    }
    return (sum * Double(labels.count) / Double(examples.count * samples) / temperature, divergence)
  }
}

@Suite("The evidence lower bound of a network", .inTurn)
struct VariationalNetworkTests {
  private let streams = RandomStreams(seed: 4, purpose: "test/bound")

  @Test(
    "with fixed noise, value and gradient are those of loops in Double and their central differences",
    arguments: ["dense", "behind", "convolution"])
  func localReparametrization(name: String) throws {
    let temperature = 1.7
    // Portable kernels store images in C order, as the reference numbers the noise.
    let small = try SmallVariational(name, temperature: temperature, library: .portable)
    let examples: [Int64] = [3, 11, 4, 22, 9]
    let noise = streams.stream(example: 1)
    var stream = noise
    let key = stream.next()
    let (estimate, gradient) = try small.estimate(
      examples: examples, samples: 2, estimator: .localReparametrization, noise: noise)
    func bound(_ distribution: [Double]) -> Double {
      let (logLikelihood, divergence) = small.reference(
        distribution, examples: examples, samples: 2, key: key, temperature: temperature)
      return logLikelihood - divergence
    }
    let at = small.distribution.map { Double($0) }
    let exact = small.reference(at, examples: examples, samples: 2, key: key, temperature: temperature)
    #expect(abs(estimate.expectedLogLikelihood - exact.expectedLogLikelihood) < 1e-4)
    #expect(abs(estimate.divergence - exact.divergence) < 1e-5 * exact.divergence)
    let largest = gradient.reduce(0) { max($0, abs($1)) }
    let step = 1e-5
    for index in at.indices {
      var (plus, minus) = (at, at)
      plus[index] += step
      minus[index] -= step
      let slope = -(bound(plus) - bound(minus)) / (2 * step)
      #expect(abs(slope - Double(gradient[index])) < 2e-5 * Double(largest), "parameter \(index)")
    }
  }

  @Test(
    "oneDNN's gradient is the directional derivative of its value",
    arguments: ["dense", "convolution", "graph", "residual"])
  func directionalDerivative(name: String) throws {
    let small = try SmallVariational(name, count: 70)
    let examples = (0..<Int64(70)).map { $0 }
    let noise = streams.stream(example: 2)
    for estimator in VariationalNetwork.Estimator.allCases {
      let (_, gradient) = try small.estimate(examples: examples, estimator: estimator, noise: noise)
      let length = gradient.reduce(0) { $0 + Double($1 * $1) }.squareRoot()
      // Along the gradient itself, so that nothing cancels.
      func moved(_ step: Double) -> [Float] {
        zip(small.distribution, gradient).map { $0 + Float(step * Double($1) / length) }
      }
      func value(_ step: Double) throws -> Double {
        try small.estimate(moved(step), examples: examples, estimator: estimator, noise: noise).estimate.bound
      }
      let slope = try (value(-2e-3) - value(2e-3)) / 4e-3
      #expect(abs(slope / length - 1) < 5e-3, "\(estimator)")
    }
  }

  @Test(
    "both estimators have the expectation of draws of the weights, on all examples and on mini-batches",
    arguments: ["dense", "graph"])
  func unbiased(name: String) throws {
    let small = try SmallVariational(name)
    // In Double, from the layers' plain statements.
    let network = ReferenceStatements(small.architecture)
    let count = small.architecture.parameterCount
    let all = (0..<Int64(small.labels.count)).map { $0 }
    let repetitions = 1500
    func moments(_ value: (Int) throws -> Double) rethrows -> (mean: Double, squaredError: Double) {
      let values = try (0..<repetitions).map(value)
      let mean = values.reduce(0, +) / Double(repetitions)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (mean, squares / Double(repetitions) / Double(repetitions - 1))
    }
    let exact = moments { repetition in
      var stream = streams.stream(example: 5, restart: repetition)
      let normals = stream.normals(count)
      let weights = (0..<count).map {
        Double(small.distribution[$0]) + exp(Double(small.distribution[count + $0])) * normals[$0]
      }
      return all.reduce(0) {
        $0 + ReferenceNetwork.logProbability(network.logits(small.input($1), weights), small.labels[Int($1)])
      }
    }
    for estimator in VariationalNetwork.Estimator.allCases {
      for batchSize in [small.labels.count, 7] {
        let order = MiniBatchOrder(examples: all, batchSize: batchSize)
        let estimated = try moments { repetition in
          // One batch of the epoch, chosen evenly: its factor N/B must make up for the others. The last one is smaller
          // and left out.
          let batch = order.batches(epoch: repetition, random: streams)[repetition % (small.labels.count / batchSize)]
          return try small.estimate(
            examples: batch, estimator: estimator, noise: streams.stream(example: 6, restart: repetition)
          ).estimate.expectedLogLikelihood
        }
        let error = (exact.squaredError + estimated.squaredError).squareRoot()
        #expect(abs(estimated.mean - exact.mean) < 4 * error, "\(estimator), batches of \(batchSize)")
        #expect(error < 0.02 * abs(exact.mean))
      }
    }
  }

  @Test("local noise gives a pre-activation the mean and variance that draws of the weights give it")
  func preActivationMoments() throws {
    let architecture = try Architecture(
      inputShape: [1, 4, 4], classCount: 3,
      layers: [
        .convolution(name: "a", filters: 2, kernelSize: 3, activation: .identity), .flatten,
        .dense(name: "b", units: 3, activation: .identity),
      ])
    var stream = streams.stream(example: 30)
    let count = architecture.parameters[0].count + architecture.parameters[1].count
    let input = stream.uniforms(16)
    let (means, logScales) = (stream.normals(count), stream.normals(count).map { -1 + 0.3 * $0 })
    // The first layer alone, as the engine computes it (which the test above shows): mean and variance of each of its
    // eight outputs.
    func convolution(_ x: [Double], _ w: [Double]) -> [Double] {
      (0..<8).map { output in
        let (f, i, j) = (output / 4, output / 2 % 2, output % 2)
        return (0..<9).reduce(w[18 + f]) { $0 + w[f * 9 + $1] * x[(i + $1 / 3) * 4 + j + $1 % 3] }
      }
    }
    let mean = convolution(input, means)
    let variance = convolution(input.map { $0 * $0 }, logScales.map { exp(2 * $0) })
    let draws = 20_000
    var (sums, squares) = ([Double](repeating: 0, count: 8), [Double](repeating: 0, count: 8))
    for _ in 0..<draws {
      let normals = stream.normals(count)
      let outputs = convolution(input, (0..<count).map { means[$0] + exp(logScales[$0]) * normals[$0] })
      for index in 0..<8 {
        sums[index] += outputs[index]
        squares[index] += (outputs[index] - mean[index]) * (outputs[index] - mean[index])
      }
    }
    for index in 0..<8 {
      #expect(abs(sums[index] / Double(draws) - mean[index]) < 4 * (variance[index] / Double(draws)).squareRoot())
      #expect(abs(squares[index] / Double(draws) / variance[index] - 1) < 4 * (2 / Double(draws)).squareRoot())
    }
  }

  @Test("the number of threads changes no bit", arguments: ["dense", "convolution", "graph", "residual"])
  func threads(name: String) throws {
    let examples = (0..<Int64(200)).map { $0 }
    for estimator in VariationalNetwork.Estimator.allCases {
      let results = try [1, 2, 3].map { threads in
        try SmallVariational(name, count: 200, threads: threads).estimate(
          examples: examples, estimator: estimator, noise: streams.stream(example: 7))
      }
      #expect(results.allSatisfy { $0.gradient == results[0].gradient && $0.estimate == results[0].estimate })
    }
  }

  @Test("the divergence is that of draws, and nothing between equal distributions")
  func divergence() throws {
    let small = try SmallVariational("dense")
    let count = small.architecture.parameterCount
    let network = try small.posterior.variationalNetwork()
    let divergence = small.distribution.withUnsafeBufferPointer { network.divergence(of: $0) }
    var stream = streams.stream(example: 9)
    let draws = (0..<20_000).map { _ in
      let normals = stream.normals(count)
      return (0..<count).reduce(0.0) { sum, index in
        let scale = exp(Double(small.distribution[count + index]))
        let prior = small.deviations[index]
        let w = Double(small.distribution[index]) + scale * normals[index]
        return sum - log(scale) - 0.5 * normals[index] * normals[index] + log(prior) + 0.5 * w * w / prior / prior
      }
    }
    let mean = draws.reduce(0, +) / Double(draws.count)
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(draws.count)
    #expect(abs(divergence - mean) < 4 * (variance / Double(draws.count)).squareRoot())
    let prior = [Float](repeating: 0, count: count) + small.deviations.map { Float(log($0)) }
    #expect(abs(prior.withUnsafeBufferPointer { network.divergence(of: $0) }) < 1e-5)
  }

  @Test(
    "without data the negative bound is 0 at the prior, and so is its gradient",
    arguments: VariationalNetwork.Estimator.allCases)
  func withoutData(estimator: VariationalNetwork.Estimator) throws {
    // Logits between −1 and 1, and a temperature at which nothing is left of 23 examples.
    let small = try SmallVariational("behind", temperature: 1e9)
    let prior =
      [Float](repeating: 0, count: small.architecture.parameterCount)
      + small.deviations.map { Float(log($0 * 1e9.squareRoot())) }
    let (estimate, gradient) = try small.estimate(
      prior, examples: [1, 2, 3], estimator: estimator, noise: streams.stream(example: 10))
    #expect(abs(estimate.bound) < 1e-4)
    #expect(gradient.allSatisfy { abs($0) < 1e-5 })
  }

  @Test("normal numbers are normal, and the first ones do not depend on how many are asked for")
  func normals() {
    let normals = VariationalNetwork.normals(key: 3, stream: 5, count: 400_000).map { Double($0) }
    let count = Double(normals.count)
    #expect(abs(normals.reduce(0, +) / count) < 4 / count.squareRoot())
    #expect(abs(normals.reduce(0) { $0 + $1 * $1 } / count - 1) < 4 * (2 / count).squareRoot())
    #expect(abs(normals.reduce(0) { $0 + $1 * $1 * $1 * $1 } / count - 3) < 4 * (96 / count).squareRoot())
    let beyond = Double(normals.count { abs($0) > 2 }) / count
    #expect(abs(beyond - 0.0455003) < 4 * (0.0455 / count).squareRoot())
    let lagged = zip(normals, normals.dropFirst(16)).reduce(0) { $0 + $1.0 * $1.1 } / count
    #expect(abs(lagged) < 4 / count.squareRoot())
    for few in [1, 63, 64, 65, 1000] {
      #expect(VariationalNetwork.normals(key: 3, stream: 5, count: few).map { Double($0) } == Array(normals[..<few]))
    }
    #expect(
      VariationalNetwork.normals(key: 3, stream: 6, count: 64)
        != VariationalNetwork.normals(key: 3, stream: 5, count: 64))
  }
}

/// A network by the plain statements of its layers, one behind the other.
private struct ReferenceStatements {
  private let graph: NetworkGraph
  private let statements: [any RowFunction]

  init(_ architecture: Architecture) {
    graph = architecture.graph
    statements = graph.nodes.map { $0.kind.statement($0) }
  }

  func logits(_ input: [Double], _ weights: [Double]) -> [Double] {
    var values = [input]
    for (node, statement) in zip(graph.nodes, statements) {
      var y = [Double](repeating: 0, count: node.shape.reduce(1, *))
      weights.withUnsafeBufferPointer { weights in
        let parameters = node.parameters.map { weights.baseAddress! + $0.offset }
        let buffers = node.inputs.map { index in
          let copy = UnsafeMutableBufferPointer<Double>.allocate(capacity: values[index].count)
          _ = copy.initialize(from: values[index])
          return copy
        }
        defer { buffers.forEach { $0.deallocate() } }
        y.withUnsafeMutableBufferPointer {
          statement.forward(buffers.map { UnsafePointer($0.baseAddress!) }, parameters, $0.baseAddress!)
        }
      }
      values.append(y)
    }
    return values.last!
  }
}
