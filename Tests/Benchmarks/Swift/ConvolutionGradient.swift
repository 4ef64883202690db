import ComputeKernels
import NeuralNetworks
import RobustnessCore

/// Input gradient of the convolutional network of Carbone et al. (NeurIPS 2020) with 512 filters, as their published
/// code builds it: a batch through one draw.
struct ConvolutionGradient {
  static let batch = 128
  static let filters = 512

  let precision: Precision
  let threads: Int
  let repetitions: Int

  /// Operations of one forward and one backward pass.
  static var operations: Double {
    let first = 24 * 24 * 32 * 25
    let second = 8 * 8 * filters * 32 * 25
    return 4 * Double(batch) * Double(first + second + filters * 49 * 10)
  }

  /// The network, as the paper's published code builds it.
  static func architecture() throws -> Architecture {
    try Architecture(
      inputShape: [1, 28, 28], classCount: 10,
      layers: [
        .convolution(name: "conv1", filters: 32, kernelSize: 5, activation: .leakyReLU),
        .maxPool(kernelSize: 2, stride: 2),
        .convolution(name: "conv2", filters: Self.filters, kernelSize: 5, activation: .leakyReLU),
        .maxPool(kernelSize: 2, stride: 1), .flatten, .dense(name: "dense", units: 10, activation: .identity),
      ])
  }

  func measure() throws -> Measurement {
    let architecture = try Self.architecture()
    var random = Uniform(seed: 2)
    let draw = random.numbers(architecture.parameterCount, width: 0.1)
    let inputs = Tensor(
      shape: [Self.batch, 1, 28, 28], elements: (0..<Self.batch * 784).map { _ in Double(random.next()) })
    let examples = Examples(inputs: inputs, labels: (0..<Self.batch).map { _ in Int(random.next() * 10) })
    let ensemble = try NetworkEnsemble(
      InMemoryWeights(architecture: architecture, draws: [draw]),
      configuration: .init(precision: precision, threads: threads))
    try ensemble.prepare(draws: .all)
    let timings = try Timings.measure(repetitions) {
      _ = try ensemble.lossAndGradient(examples, objective: .expectedLoss, draws: .all)
    }
    return Measurement(
      row: "conv-\(precision)", timings: timings, operations: Self.operations, memberGradients: Self.batch)
  }
}
