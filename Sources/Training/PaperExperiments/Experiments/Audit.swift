import Foundation
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TrainingHarness

/// The authors' deviations, one at a time: how much of the reported robustness each creates.
struct Audit: Experiment {
  static let name = "audit"
  static let title = "The deviations of the authors' code, one at a time"

  /// What is changed against a correct evaluation of a correct posterior.
  struct Variant: Sendable {
    var label: String
    var about: String
    var spec: PosteriorSpec
    var objective = Objective.expectedLoss
    var usesAuthorsStep = false
    /// Label of what it is compared with.
    var baseline: String
  }

  let scale: Scale
  let seed: UInt64
  let exampleCount: Int
  let drawCount: Int
  let epsilon = 0.1
  let variants: [Variant]

  init(scale: Scale, seed: UInt64) {
    self.scale = scale
    self.seed = seed
    exampleCount = scale.pick(100, 500, 500)
    drawCount = scale.pick(100, 250, 250)
    let hmc = ImagePosteriors.hmc("mnist", scale, seed)
    let vi = ImagePosteriors.vi("mnist", scale, seed)
    // The smoke scale has 2,000 images.
    let examples = scale.pick(2000, 60_000, 60_000)

    var unscaled = hmc
    unscaled.name = "mnist-hmc-prior-1"
    unscaled.options.prior = .global
    unscaled.options.priorScale = "1"
    // Steps that the likelihood allows cross a tenth of so wide a prior, with a hundred of them or with a quarter of
    // that.
    if scale == .laptop { unscaled.samplerOptions["max-leapfrog-steps"] = "25" }

    var priorOptions = TrainingRequest.Options()
    let width = scale.pick(128, 256, 1024)
    priorOptions.architecture = "dense:\(width),\(width),relu"
    priorOptions.prior = .global
    priorOptions.priorScale = "1"
    priorOptions.draws = scale.pick(20, 50, 100)
    priorOptions.seed = Int(seed)
    let prior = PosteriorSpec(
      name: "mnist-prior-1-wide", data: .named("mnist"), making: .prior, options: priorOptions)

    // The likelihood of a batch is not scaled up to all of the data, so that the KL term counts N/B times.
    // (p(D|w)^(B/N) p(w)) is what train calls the temperature N/B, with the prior narrowed so that the temperature
    // widens it back.
    let temperature = Double(examples) / 128
    var overweighted = vi
    overweighted.name = "mnist-vi-kl-overweighted"
    overweighted.options.temperature = temperature
    let scales = (vi.options.priorScale ?? "1").split(separator: ",").compactMap { Double($0) }
    overweighted.options.priorScale = scales.map { "\($0 / temperature.squareRoot())" }.joined(separator: ",")

    // Twelve mini-batches; the chain of the last survives, with a twelfth of the draws, which are drawn from with
    // replacement.
    var last = hmc
    last.name = "mnist-hmc-last-batch"
    last.data = .lastBatch(of: "mnist", size: scale.pick(2000, 25_000, 60_000) / 12)
    last.options.trainingExamples = nil
    last.options.chains = 1
    last.options.draws = drawCount / 12 + 1
    var resampledOptions = TrainingRequest.Options()
    resampledOptions.seed = Int(seed)
    let resampled = PosteriorSpec(
      name: "mnist-hmc-last-batch-resampled", data: last.data, making: .resampled(last, count: drawCount),
      options: resampledOptions)

    variants = [
      Variant(
        label: "HMC, none",
        about:
          "Eq. (2), the prior N(0, \(hmc.options.priorScale ?? "1")²)\(hmc.options.prior == .fanIn ? " over the number of inputs of a layer" : ""), all data",
        spec: hmc, baseline: "HMC, none"),
      Variant(
        label: "HMC, double softmax in the loss", about: "cross-entropy of softmaxed probabilities", spec: hmc,
        objective: .doubleSoftmax, baseline: "HMC, none"),
      Variant(
        label: "HMC, PGD step 2/max", about: "every step jumps to a corner of the ball; last point returned", spec: hmc,
        usesAuthorsStep: true, baseline: "HMC, none"),
      Variant(
        label: "HMC, N(0,1) prior",
        about: scale == .laptop
          ? "N(0, 1) on every weight and bias instead; trajectories of 25 steps"
          : "N(0, 1) on every weight and bias instead",
        spec: unscaled, baseline: "HMC, none"),
      Variant(
        label: "HMC, last batch resampled",
        about: "a twelfth of the data and of the draws, drawn from with replacement", spec: resampled,
        baseline: "HMC, none"),
      Variant(
        label: "N(0,1) prior, unfitted", about: "draws of that prior alone: the limit of chains that do not move",
        spec: prior, baseline: "HMC, none"),
      Variant(label: "VI, none", about: "ELBO with the likelihood of all data", spec: vi, baseline: "VI, none"),
      Variant(
        label: "VI, double softmax in the loss", about: "cross-entropy of softmaxed probabilities", spec: vi,
        objective: .doubleSoftmax, baseline: "VI, none"),
      Variant(
        label: "VI, PGD step 2/max", about: "every step jumps to a corner of the ball; last point returned", spec: vi,
        usesAuthorsStep: true, baseline: "VI, none"),
      Variant(
        label: "VI, KL overweighted", about: "the likelihood of a batch counts as all data", spec: overweighted,
        baseline: "VI, none"),
    ]
  }

  var posteriors: [PosteriorSpec] {
    var seen: Set<PosteriorSpec> = []
    return variants.map(\.spec).filter { seen.insert($0).inserted }
  }
  var expectedSeconds: Double { scale.pick(16, 290, 14_500) }
  var settings: String { "audit 5 \(exampleCount) \(drawCount) \(variants.map(\.label).joined(separator: ";"))" }

  /// One variant in one arithmetic, with one kind of gradient.
  struct Row: Sendable {
    var variant: Variant
    var arithmetic: Arithmetic
    /// What gradients are made of.
    var derivative = ActivationDerivative.exact
    var clean: [Bool]
    var random: [Bool]
    var fgsm: [Bool]
    var pgd: [Bool]
    /// 1 − mean L∞ change of the predictive under FGSM; and the same after a second softmax.
    var robustness: Estimate
    var doubleRobustness: Estimate
    var zeroGradients: Double
    var logitGap: Double
  }

  /// How gradients are computed: exactly; as automatic differentiation in single precision does; with wide derivatives
  /// of the activations, which exist in the log domain alone.
  static let computations: [(arithmetic: Arithmetic, derivative: ActivationDerivative)] = [
    (.logDomain, .exact), (.naiveFloat32, .exact), (.logDomain, .straightThrough),
  ]

  func run(_ context: ExperimentContext) throws -> ExperimentResult {
    var rows: [Row] = []
    for variant in variants {
      try context.show(variant.label)
      let posterior = try context.open(variant.spec)
      let examples = posterior.testExamples(exampleCount)
      let draws = posterior.draws(drawCount)
      let exact = try posterior.ensemble()
      let clean = try exact.predict(examples.inputs, draws: .some(draws))
      let gap = try Theorem.medianLogitGap(exact, examples.inputs, draws)
      for (arithmetic, derivative) in Self.computations {
        let attacked = arithmetic == .logDomain ? exact : try posterior.ensemble(arithmetic)
        func run(_ steps: AttackRecipe.Steps) throws -> AttackRun {
          try AttackRun(
            .init(steps, variant.objective, arithmetic, derivative), on: examples, epsilon: epsilon,
            box: posterior.file.inputBounds, attacked: attacked, judge: exact, draws: .some(draws), seed: seed)
        }
        let fgsm = try run(.fgsm)
        let pgd = try run(variant.usesAuthorsStep ? .authorsPGD(steps: 15) : .pgd(steps: 15, restarts: 1))
        let random = try run(.randomSigns)
        rows.append(
          Row(
            variant: variant, arithmetic: arithmetic, derivative: derivative,
            clean: zip(clean.classes(.predictive), examples.labels).map { $0 == $1 }, random: random.correct,
            fgsm: fgsm.correct, pgd: pgd.correct,
            robustness: SoftmaxRobustness.once(clean, fgsm.prediction),
            doubleRobustness: SoftmaxRobustness.twice(clean, fgsm.prediction), zeroGradients: fgsm.zeroGradients,
            logitGap: gap))
      }
    }
    return try result(rows, context)
  }
}

/// The metric of figure 4, as the paper defines it and as the authors' code computes it.
enum SoftmaxRobustness {
  /// 1 − (1/N) Σ maxₖ |p(k|x) − p(k|x′)|; of several points x′ for an x the one that changes most.
  static func once(_ clean: Prediction, _ adversarial: Prediction...) -> Estimate {
    estimate(clean, adversarial) { $0.map { exp($0) } }
  }

  /// The same of probabilities that went through another softmax: with ten classes never below 0.853.
  static func twice(_ clean: Prediction, _ adversarial: Prediction) -> Estimate {
    estimate(clean, [adversarial]) { logs in
      let weights = logs.map { exp(exp($0)) }
      let total = weights.reduce(0, +)
      return weights.map { $0 / total }
    }
  }

  private static func estimate(
    _ clean: Prediction, _ adversarial: [Prediction], _ transform: (ArraySlice<Double>) -> [Double]
  ) -> Estimate {
    .mean(
      of: (0..<clean.count).map { row in
        let a = transform(clean.logProbabilities[row: row])
        return 1
          - adversarial.reduce(0) { change, one in
            zip(a, transform(one.logProbabilities[row: row])).reduce(change) { max($0, abs($1.0 - $1.1)) }
          }
      }, unit: "probability", within: 0...1)
  }
}
