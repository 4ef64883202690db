import Foundation
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing
import VariationalInference

@Suite("Variational inference", .inTurnEarly)
struct VariationalInferenceTests {
  private let random = RandomStreams(seed: 21, purpose: "test/vi/chain-0")

  /// The distance of a fit from the optimum: ELBO, means in posterior scales, scales relatively.
  private func distance(
    _ state: VariationalState, _ sampler: VariationalInference, _ problem: LogisticRegression
  ) throws -> (bound: Double, mean: Double, scale: Double) {
    let fit = try #require(sampler.gaussian(of: state))
    let (mean, scale) = (fit.mean.map { Double($0) }, fit.scale.map { Double($0) })
    let optimum = (
      mean: try problem.array("/mean_field_optimum/mean"), scale: try problem.array("/mean_field_optimum/scale")
    )
    return (
      try problem.optimumBound - problem.bound(mean: mean, scale: scale),
      (0..<6).map { abs(mean[$0] - optimum.mean[$0]) / optimum.scale[$0] }.max()!,
      (0..<6).map { abs(scale[$0] / optimum.scale[$0] - 1) }.max()!
    )
  }

  @Test("the test's own bound agrees with the oracle's at the oracle's optimum")
  func quadrature() throws {
    let problem = try LogisticRegression()
    let bound = try problem.bound(
      mean: problem.array("/mean_field_optimum/mean"), scale: problem.array("/mean_field_optimum/scale"))
    #expect(abs(bound - (try problem.optimumBound)) < 1e-6)
  }

  @Test(
    "without a number of epochs it reaches the optimum of the logistic regression",
    arguments: VariationalNetwork.Estimator.allCases, [60, 25])
  func optimum(estimator: VariationalNetwork.Estimator, batchSize: Int) throws {
    let problem = try LogisticRegression()
    var options = VariationalInferenceOptions()
    options.estimator = estimator
    options.batchSize = batchSize
    options.samples = estimator == .sharedDraw ? 16 : 8
    let sampler = try VariationalInference(options)
    let state = try sampler.warmedUp(problem.posterior, random: random)
    let distance = try distance(state, sampler, problem)
    #expect(distance.bound < 0.05 && distance.bound > -1e-4)
    // Batches of 25 of the 60 examples are noisy: a fall of the ELBO by 0.003 is what 0.09 scales are, and the end of
    // the run cannot see it.
    #expect(distance.mean < (batchSize == 60 ? 0.05 : 0.15))
    #expect(distance.scale < 0.03)
    // What it reports as ELBO is the bound, up to the noise of an epoch.
    #expect(abs(try #require(state.elbo) - problem.optimumBound) < 4)
  }

  @Test("a divergence that is weighed N/B times would be noticed")
  func wrongWeight() throws {
    let problem = try LogisticRegression()
    // At temperature T under a prior of variance σp²/T the bound is (1/T) Σ E log p − KL(q ‖ N(0, σp²)): what remains
    // of the right one at T = N/B when the factor is forgotten.
    let factor = 60.0 / 25
    let wrong = try BayesianNetwork(
      architecture: problem.architecture,
      prior: GaussianPrior(.global((1 / factor).squareRoot()), architecture: problem.architecture),
      examples: problem.posterior.examples, configuration: .init(temperature: factor))
    var options = VariationalInferenceOptions()
    options.epochs = 2000
    options.learningRate = 0.01
    let sampler = try VariationalInference(options)
    let distance = try distance(try sampler.warmedUp(wrong, random: random), sampler, problem)
    #expect(distance.bound > 0.2)
    #expect(distance.mean > 0.15)
    #expect(distance.scale > 0.2)
  }

  @Test("so does half a cosine over given epochs, from a given start")
  func cosine() throws {
    let problem = try LogisticRegression()
    var options = VariationalInferenceOptions()
    options.epochs = 4000
    options.learningRate = 0.01
    options.samples = 8
    let sampler = try VariationalInference(options)
    var state = try sampler.initialState(
      of: problem.posterior, at: problem.maximum().map { Float($0) }, chain: 0, random: random)
    #expect(sampler.draw(of: state) == problem.maximum().map { Float($0) })
    #expect(sampler.warmup(of: state) == WarmupProgress(done: 0, total: 4000))
    while sampler.warmup(of: state) != nil {
      state = try sampler.step(state, of: problem.posterior, random: random).state
    }
    #expect(state.epoch == 4000)
    let distance = try distance(state, sampler, problem)
    #expect(distance.bound < 0.05)
    #expect(distance.mean < 0.05)
    #expect(distance.scale < 0.03)
  }

  @Test("draws have the mean and standard deviations of the fit, and each its own numbers")
  func draws() throws {
    let problem = try LogisticRegression()
    var options = VariationalInferenceOptions()
    options.epochs = 200
    options.learningRate = 0.02
    let sampler = try VariationalInference(options)
    var state = try sampler.warmedUp(problem.posterior, random: random)
    let fit = try #require(sampler.gaussian(of: state))
    let count = 4000
    var draws: [[Float]] = []
    for _ in 0..<count {
      state = try sampler.step(state, of: problem.posterior, random: random).state
      #expect(sampler.warmup(of: state) == nil)
      draws.append(sampler.draw(of: state))
    }
    #expect(Set(draws).count == count)
    for index in 0..<6 {
      let deviations = draws.map { Double(($0[index] - fit.mean[index]) / fit.scale[index]) }
      #expect(abs(deviations.reduce(0, +) / Double(count)) < 4 / Double(count).squareRoot())
      let variance = deviations.reduce(0) { $0 + $1 * $1 } / Double(count)
      #expect(abs(variance - 1) < 4 * (2 / Double(count)).squareRoot())
    }
  }

  @Test("a state that was coded goes on with the same bits, wherever the run was cut")
  func resume() throws {
    let posterior = try randomPosterior(
      [.flatten, .dense(name: "a", units: 16, activation: .relu), .dense(name: "b", units: 10, activation: .identity)],
      inputShape: [1, 9, 9], count: 200)
    for schedule in VariationalInferenceOptions.Schedule.allCases {
      var options = VariationalInferenceOptions()
      options.schedule = schedule
      options.epochs = 9
      options.patience = 2
      options.batchSize = 64
      let sampler = try VariationalInference(options)
      func run(cuts: Set<Int>) throws -> [[Float]] {
        var state = try sampler.initialState(of: posterior, at: [], chain: 0, random: random)
        var draws: [[Float]] = []
        for step in 0..<13 {
          if cuts.contains(step) {
            state = try JSONDecoder().decode(VariationalState.self, from: JSONEncoder().encode(state))
          }
          state = try sampler.step(state, of: posterior, random: random).state
          draws.append(sampler.draw(of: state))
        }
        return draws
      }
      let uncut = try run(cuts: [])
      for cuts: Set<Int> in [[4], [7, 8, 9], [11]] { #expect(try run(cuts: cuts) == uncut, "\(schedule), \(cuts)") }
    }
  }

  @Test("the number of threads changes no bit")
  func threads() throws {
    let layers: [Architecture.Layer] = [
      .flatten, .dense(name: "a", units: 100, activation: .relu), .dense(name: "b", units: 10, activation: .identity),
    ]
    var options = VariationalInferenceOptions()
    options.epochs = 3
    let results = try [1, 2].map { threads in
      let posterior = try randomPosterior(layers, inputShape: [1, 28, 28], count: 300, threads: threads)
      let sampler = try VariationalInference(options)
      let state = try sampler.warmedUp(posterior, random: random)
      return try #require(sampler.gaussian(of: state))
    }
    #expect(results[0] == results[1])
  }

  @Test("options that make no sense are refused in one sentence")
  func refusals() throws {
    for assignments in [
      ["samples": "0"], ["learning-rate": "-1"], ["schedule": "cosine"], ["initial-scale": "0"], ["patience": "1"],
      ["epochs": "5", "schedule": "plateau", "maximum-epochs": "7"], ["estimator": "flipout"],
    ] {
      #expect(throws: CoreError.self, "\(assignments)") {
        try VariationalInference(VariationalInferenceOptions(assignments: assignments))
      }
    }
    #expect(
      try VariationalInferenceOptions(assignments: ["estimator": "shared-draw", "epochs": "3"]).effectiveSchedule
        == .cosine)
    let sampler = try VariationalInference()
    let posterior = try LogisticRegression().posterior
    #expect(throws: CoreError.self) { try sampler.initialState(of: posterior, at: [1, 2], chain: 0, random: random) }
  }

  @Test("a learning rate that diverges ends in a sentence, not in a posterior")
  func divergence() throws {
    let problem = try LogisticRegression()
    var options = VariationalInferenceOptions()
    options.learningRate = 100
    options.epochs = 50
    options.schedule = .constant
    let sampler = try VariationalInference(options)
    #expect(throws: CoreError.self) { try sampler.warmedUp(problem.posterior, random: random) }
  }
}
