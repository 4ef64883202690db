import ComputeKernels
import MIFGSM
import NeuralNetworks
import PGD
import RobustnessCore

/// Projected gradient descent on a posterior's predictive, through the public interface from inputs to adversarial
/// points.
///
/// The start is the input; each of the steps asks for value, decision and gradient of all draws, and the end is judged
/// once more (in float32 where the gradients are in bfloat16). Labels are the predictions at the inputs. Where fallen
/// examples are dropped, the attack is `mifgsm` without its momentum, which stops early where `pgd` never does.
struct PredictiveAttack {
  let work: AttackWork
  let precision: Precision
  let threads: Int
  let repetitions: Int

  func measure() throws -> Measurement {
    let weights = try work.weights(precision)
    let architecture = weights.architecture
    let inputs = work.inputs(architecture, precision)
    let ensemble = try NetworkEnsemble(weights, configuration: .init(precision: precision, threads: threads))
    try ensemble.prepare(draws: .all)
    let labels = try ensemble.predict(inputs, draws: .all).classes(.predictive)
    let examples = Examples(inputs: inputs, labels: labels)
    let loss = try ensemble.loss(examples, objective: .predictive, draws: .all).logLosses.mean

    let before = try product(architecture)
    var (asked, points) = (0, inputs)
    let timings = try Timings.measure(repetitions) {
      var oracle = BenchmarkOracle(ensemble: ensemble, labels: labels)
      points = try perturb(examples, &oracle)
      asked = oracle.gradientRows
    }
    let ends = try ensemble.predict(points, draws: .all).classes(.predictive)
    let product = max(before, try product(architecture))
    let pass = work.passOperations(architecture, precision)
    let share = Double(asked) / Double(labels.count)
    var measurement = Measurement(
      row: "pgd-\(work.name)-\(precision)", timings: timings, operations: 2 * pass * share,
      memberGradients: asked * weights.drawCount)
    measurement.productRate = product
    // The judgement of the end as well, in the precision that it is in.
    measurement.productSeconds = (2 * pass * share + pass) / product / 1e9
    measurement.answers = Measurement.Answers(logLoss: loss, fallen: zip(ends, labels).count { $0 != $1 })
    return measurement
  }

  private func product(_ architecture: Architecture) throws -> Double {
    try LargestProduct(architecture, draws: work.drawCount(precision), precision: precision, workers: threads)
      .rate(repetitions: 2 * repetitions)
  }

  private func perturb(_ examples: Examples, _ oracle: inout BenchmarkOracle) throws -> Tensor {
    let (steps, radii) = (AttackWork.list.steps, work.radii)
    let threat = try ThreatModel(norm: .linf, epsilon: radii.epsilon)
    let random = RandomStreams(seed: 0, purpose: "benchmark")
    if work.dropsFallen {
      var options = MomentumIterativeMethod.Options()
      (options.steps, options.step, options.decay, options.earlyStop) = (steps, radii.step, 0, true)
      return try MomentumIterativeMethod(options).perturb(examples, within: threat, oracle: &oracle, random: random)
    }
    var options = ProjectedGradientDescent.Options()
    (options.steps, options.step, options.randomStart) = (steps, radii.step, false)
    return try ProjectedGradientDescent(options).perturb(examples, within: threat, oracle: &oracle, random: random)
  }
}

extension [Double] {
  fileprivate var mean: Double { reduce(0, +) / Double(count) }
}
