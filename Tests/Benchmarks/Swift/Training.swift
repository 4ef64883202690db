import ComputeKernels
import Dispatch
import HMC
import NeuralNetworks
import RobustnessCore

/// Gradients of log-posteriors over the weights, on random images and labels.
struct Training {
  let precision: Precision
  let threads: Int
  let repetitions: Int

  static func examples(_ count: Int) -> TrainingExamples {
    var random = Uniform(seed: 4)
    let bytes = (0..<count * 784).map { _ in UInt8(random.next() * 255) }
    return TrainingExamples(bytes: bytes, inputShape: [1, 28, 28], labels: (0..<count).map { $0 * 7 % 10 })
  }

  static func dense(_ hidden: [Int]) throws -> Architecture {
    let layers = hidden.enumerated().map { index, units in
      Architecture.Layer.dense(name: "dense\(index + 1)", units: units, activation: .relu)
    }
    return try Architecture(
      inputShape: [1, 28, 28], classCount: 10,
      layers: [.flatten] + layers + [.dense(name: "output", units: 10, activation: .identity)])
  }

  func posterior(_ architecture: Architecture, _ examples: TrainingExamples) throws -> BayesianNetwork {
    try BayesianNetwork(
      architecture: architecture, prior: GaussianPrior(.global(0.1), architecture: architecture), examples: examples,
      configuration: .init(precision: precision, threads: threads))
  }

  /// Operations of one gradient: forward, and backward without the gradient of the input.
  static func operations(_ widths: [Int], examples: Int) -> Double {
    let products = zip(widths, widths.dropFirst()).map { Double($0 * $1) }
    return 2 * Double(examples) * (3 * products.reduce(0, +) - products[0])
  }

  // MARK: - Rows

  /// The full-batch gradient of 784-1024-1024-10 on 10,000 images.
  func gradient() throws -> Measurement {
    let posterior = try posterior(Self.dense([1024, 1024]), Self.examples(10_000))
    var random = Uniform(seed: 3)
    let position = random.numbers(posterior.dimension, width: 0.1).map(Double.init)
    var gradient = [Double](repeating: 0, count: posterior.dimension)
    let timings = try Timings.measure(3 * repetitions) {
      try position.withUnsafeBufferPointer { position in
        try gradient.withUnsafeMutableBufferPointer { try posterior.differentiate(position, gradient: $0) }
      }
    }
    return Measurement(
      row: "gradient-\(precision)", timings: timings,
      operations: Self.operations([784, 1024, 1024, 10], examples: 10_000), memberGradients: 10_000)
  }

  /// A transition of 10 leapfrog steps of 784-512-512-10 on 10,000 images.
  func transition() throws -> Measurement {
    try transition(
      row: "hmc-\(precision)", hidden: [512, 512], examples: 10_000, transitions: 2 * repetitions)
  }

  /// The setting of Carbone et al. (NeurIPS 2020) for MNIST: 60,000 images, 784-1024-1024-10, 10 leapfrog steps.
  func paperTransition() throws -> Measurement {
    try transition(row: "hmc-paper-\(precision)", hidden: [1024, 1024], examples: 60_000, transitions: 1)
  }

  private func transition(row: String, hidden: [Int], examples: Int, transitions: Int) throws -> Measurement {
    let posterior = try posterior(Self.dense(hidden), Self.examples(examples))
    var options = HamiltonianMonteCarlo.Options()
    options.warmup = 0
    options.stepSize = 1e-4
    options.leapfrogSteps = 10
    let sampler = try HamiltonianMonteCarlo(options)
    let random = RandomStreams(seed: 1, purpose: "benchmark")
    var stream = random.stream(example: 0)
    var state = try sampler.initialState(of: posterior, at: posterior.priorDraw(&stream), chain: 0, random: random)
    let timings = try Timings.measure(transitions) {
      state = try sampler.step(state, of: posterior, random: random).state
    }
    return Measurement(
      row: row, timings: timings, operations: 10 * Self.operations([784] + hidden + [10], examples: examples),
      memberGradients: 10 * examples)
  }

  /// A step of stochastic gradient descent of the paper's convolutional network: a batch of 128.
  func convolutionStep() throws -> Measurement {
    let architecture = try ConvolutionGradient.architecture()
    let posterior = try posterior(architecture, Self.examples(512))
    var random = Uniform(seed: 3)
    var parameters = random.numbers(posterior.dimension, width: 0.1)
    var gradient = [Float](repeating: 0, count: posterior.dimension)
    let batch = (0..<Int64(ConvolutionGradient.batch)).map { $0 * 3 }
    let timings = try Timings.measure(10 * repetitions) {
      try parameters.withUnsafeMutableBufferPointer { parameters in
        try gradient.withUnsafeMutableBufferPointer { gradient in
          _ = try posterior.logLikelihood(UnsafeBufferPointer(parameters), examples: batch, gradient: gradient)
          for i in parameters.indices { parameters[i] += 1e-6 * gradient[i] }
        }
      }
    }
    // Forward, back to the second convolution's input, and both gradients of weights; the first needs no input
    // gradient.
    let first = Double(24 * 24 * 32 * 25)
    let rest = Double(8 * 8 * ConvolutionGradient.filters * 32 * 25 + ConvolutionGradient.filters * 49 * 10)
    return Measurement(
      row: "conv-training-\(precision)", timings: timings,
      operations: 2 * Double(ConvolutionGradient.batch) * (2 * first + 3 * rest),
      memberGradients: ConvolutionGradient.batch)
  }

  /// Seconds that the products of one `gradient` take by themselves, packed and hot.
  func gradientProducts() throws -> Double {
    let rows = precision == .bfloat16 ? 2500 : 1250
    let widths = [784, 1024, 1024, 10]
    let blocks = 10_000 / rows
    var seconds = 0.0
    for layer in 0..<3 {
      let isLast = layer == 2
      let wide = precision == .bfloat16 ? Precision.float32 : precision
      let kernel = try LinearKernel(
        rows: rows, inputs: widths[layer], outputs: widths[layer + 1], precision: precision,
        forwardDestination: isLast ? wide : precision, backwardDestination: precision,
        activation: isLast ? .none : .relu, accumulatesInputGradient: false, library: .preferred)
      let spaces = try (0..<threads).map { _ in try Space(kernel) }
      for product in [Product.forward, .toWeights] + (layer == 0 ? [] : [.toInput]) {
        let timings = Timings.measure(repetitions) {
          DispatchQueue.concurrentPerform(iterations: threads) { worker in
            for _ in 0..<max(1, blocks / threads) { spaces[worker].run(kernel, product) }
          }
        }
        seconds += timings.minimum * Double(blocks) / Double(max(1, blocks / threads) * threads)
      }
    }
    return seconds
  }

  private enum Product { case forward, toInput, toWeights }

  /// Operands of one worker.
  private final class Space: @unchecked Sendable {
    let worker: KernelWorker
    let x: AlignedMemory
    let y: AlignedMemory
    let forward: AlignedMemory
    let backward: AlignedMemory
    let bias: AlignedMemory
    let sum: AlignedMemory

    init(_ kernel: LinearKernel) throws {
      worker = try KernelWorker(.preferred)
      x = AlignedMemory(bytes: 4 * kernel.rows * kernel.inputs)
      y = AlignedMemory(bytes: 4 * kernel.rows * kernel.outputs)
      forward = AlignedMemory(bytes: kernel.forwardWeightBytes)
      backward = AlignedMemory(bytes: kernel.backwardWeightBytes)
      bias = AlignedMemory(bytes: 4 * kernel.outputs)
      sum = AlignedMemory(bytes: 4 * kernel.inputs * kernel.outputs)
      var random = Uniform(seed: 1)
      let weights = random.numbers(kernel.inputs * kernel.outputs, width: 0.1)
      try kernel.pack(weights, forward: forward.base, backward: backward.base, worker: worker)
    }

    func run(_ kernel: LinearKernel, _ product: Product) {
      do {
        switch product {
        case .forward:
          try kernel.forward(
            x.base, weights: forward.base, bias: UnsafePointer(bias.base.assumingMemoryBound(to: Float.self)),
            into: y.base, worker: worker)
        case .toInput: try kernel.backwardToInput(y.base, weights: backward.base, into: x.base, worker: worker)
        case .toWeights:
          try kernel.backwardToWeights(
            x.base, y.base, into: sum.base.assumingMemoryBound(to: Float.self), worker: worker)
        }
      } catch {
        fatalError("\(error)")
      }
    }
  }
}
