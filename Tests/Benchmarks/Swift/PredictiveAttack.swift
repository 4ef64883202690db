import ComputeKernels
import NeuralNetworks
import PGD
import RobustnessCore

/// Projected gradient descent on the predictive of a dense posterior, through the public interface from inputs to
/// adversarial points.
///
/// The start is the input, the step 0.02 and ε 0.1, as in the PyTorch baseline; each of the 15 steps asks for value,
/// decision and gradient of all draws, and the end is judged once more (in float32, whatever the gradients are in).
struct PredictiveAttack {
  static let images = 500
  static let draws = 50
  static let steps = 15

  let precision: Precision
  let threads: Int
  let repetitions: Int

  /// Operations of one pass forward of all images through all draws: one product and one sum for every weight.
  static var passOperations: Double {
    let widths = PackedProducts.widths
    let weights = zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
    return 2 * Double(weights) * Double(images * draws)
  }

  /// Operations of the gradients alone, forward and backward.
  static var operations: Double { 2 * passOperations * Double(steps) }

  func measure() throws -> Measurement {
    let architecture = try Architecture(
      inputShape: [784], classCount: 10,
      layers: [
        .dense(name: "dense1", units: 512, activation: .relu), .dense(name: "dense2", units: 512, activation: .relu),
        .dense(name: "dense3", units: 10, activation: .identity),
      ])
    var random = Uniform(seed: 1)
    let draws = (0..<Self.draws).map { _ in random.numbers(architecture.parameterCount, width: 0.1) }
    let pixels = (0..<Self.images * 784).map { _ in Double(random.next()) }
    let inputs = Tensor(shape: [Self.images, 784], elements: pixels)
    let labels = (0..<Self.images).map { _ in Int(random.next() * 10) }
    let ensemble = try NetworkEnsemble(
      InMemoryWeights(architecture: architecture, draws: draws),
      configuration: .init(precision: precision, threads: threads))
    try ensemble.prepare(draws: .all)

    let threat = try ThreatModel(norm: .linf, epsilon: 0.1)
    var options = ProjectedGradientDescent.Options()
    options.steps = Self.steps
    options.step = 0.02
    options.randomStart = false
    let attack = try ProjectedGradientDescent(options)
    let examples = Examples(inputs: inputs, labels: labels)
    let timings = try Timings.measure(repetitions) {
      var oracle = BenchmarkOracle(ensemble: ensemble, labels: labels)
      _ = try attack.perturb(
        examples, within: threat, oracle: &oracle, random: RandomStreams(seed: 0, purpose: "benchmark"))
    }
    return Measurement(
      row: "pgd-\(precision)", timings: timings, operations: Self.operations,
      memberGradients: Self.images * Self.draws * Self.steps)
  }
}
