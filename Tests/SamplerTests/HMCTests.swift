import Diagnostics
import Foundation
import HMC
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

@Suite("Hamiltonian Monte Carlo", .inTurnEarly)
struct HMCTests {
  private func options(_ change: (inout HamiltonianMonteCarlo.Options) -> Void) throws -> HamiltonianMonteCarlo {
    var options = HamiltonianMonteCarlo.Options()
    change(&options)
    return try HamiltonianMonteCarlo(options)
  }

  @Test("logistic regression: means and standard deviations of a long run of another sampler")
  func logisticRegression() throws {
    let oracle = try SamplingOracle("logistic-regression")
    let posterior = try oracle.posterior()
    let sampler = try options {
      $0.warmup = 300
      $0.massMatrix = .diagonal
    }
    let draws = runsLongTests ? 4000 : 1000
    let chains = try (0..<4).map { chain -> [[Float]] in
      var stream = RandomStreams(seed: 9, purpose: "test/start").stream(example: chain)
      return try sampler.run(posterior, start: posterior.priorDraw(&stream), draws: draws, chain: chain).draws
    }
    let means = try oracle.numbers("posterior_reference/mean")
    let deviations = try oracle.numbers("posterior_reference/sd")
    let meanErrors = try oracle.numbers("posterior_reference/mcse_mean")
    let deviationErrors = try oracle.numbers("posterior_reference/mcse_sd")
    for parameter in means.indices {
      let values = chains.map { $0.map { Double($0[parameter]) } }
      #expect(RHat(values).value < 1.02)
      let all = values.flatMap { $0 }
      let mean = all.reduce(0, +) / Double(all.count)
      let deviation = (all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(all.count - 1)).squareRoot()
      let meanError = hypot(MonteCarloError.mean(values), meanErrors[parameter])
      let deviationError = hypot(MonteCarloError.standardDeviation(values), deviationErrors[parameter])
      #expect(abs(mean - means[parameter]) < 4 * meanError, "mean of parameter \(parameter)")
      #expect(abs(deviation - deviations[parameter]) < 4 * deviationError, "deviation of parameter \(parameter)")
      // Precise enough to say something.
      #expect(meanError < 0.1 * deviation)
    }
  }

  @Test("a small network: the posterior predictive on a grid")
  func smallNetwork() throws {
    let oracle = try SamplingOracle("small-bnn")
    let posterior = try oracle.posterior()
    let sampler = try options {
      $0.warmup = 300
      $0.maxLeapfrogSteps = 60
    }
    let draws = runsLongTests ? 3000 : 600
    let grid = try oracle.numbers("grid")
    let points = Tensor(shape: [grid.count / 2, 2], elements: grid)
    // One array of draws for each grid point and chain.
    let chains = try (0..<4).map { chain -> [[Double]] in
      var stream = RandomStreams(seed: 4, purpose: "test/start").stream(example: chain)
      let run = try sampler.run(posterior, start: posterior.priorDraw(&stream), draws: draws, chain: chain)
      let ensemble = try NetworkEnsemble(InMemoryWeights(architecture: posterior.architecture, draws: run.draws))
      let logits = try ensemble.memberLogits(points, draws: .all)
      return (0..<points.rowCount).map { point in
        (0..<draws).map { draw in
          let offset = (draw * points.rowCount + point) * 2
          return 1 / (1 + exp(logits.elements[offset] - logits.elements[offset + 1]))
        }
      }
    }
    let means = try oracle.numbers("posterior_predictive_reference/mean_probability_class1")
    let errors = try oracle.numbers("posterior_predictive_reference/mcse_mean")
    for point in means.indices {
      let values = chains.map { $0[point] }
      #expect(RHat(values).value < 1.05, "grid point \(point)")
      let mean = values.flatMap { $0 }.reduce(0, +) / Double(4 * draws)
      let error = hypot(MonteCarloError.mean(values), errors[point])
      #expect(abs(mean - means[point]) < 4 * error, "grid point \(point)")
      #expect(error < 0.02)
    }
  }

  @Test("moments of a normal density, with every mass matrix", arguments: HamiltonianMonteCarlo.MassMatrix.allCases)
  func moments(massMatrix: HamiltonianMonteCarlo.MassMatrix) throws {
    let density = NormalDensity(deviations: [0.3, 1, 2], priorDeviations: massMatrix == .prior ? [0.5, 1.5, 2] : nil)
    let sampler = try options {
      $0.warmup = 400
      $0.massMatrix = massMatrix
      $0.maxLeapfrogSteps = 40
    }
    let run = try sampler.run(density, start: [0, 0, 0], draws: 4000)
    for (parameter, deviation) in density.deviations.enumerated() {
      let squares = [run.draws.map { Double($0[parameter] * $0[parameter]) }]
      let mean = squares[0].reduce(0, +) / 4000
      #expect(abs(mean - deviation * deviation) < 4 * MonteCarloError.mean(squares))
    }
    #expect(run.infos.allSatisfy { !$0.isDiverging })
    let acceptance = run.infos.reduce(0) { $0 + $1.acceptanceRate } / 4000
    #expect((0.65...0.95).contains(acceptance))
  }

  @Test("a rejected proposal repeats the draw, and an accepted one does not")
  func repeats() throws {
    let density = NormalDensity(deviations: [1, 1, 1, 1])
    let sampler = try options {
      $0.warmup = 0
      $0.stepSize = 1.8
      $0.leapfrogSteps = 3
    }
    let run = try sampler.run(density, start: [1, 1, 1, 1], draws: 200)
    var previous: [Float] = [1, 1, 1, 1]
    for (draw, info) in zip(run.draws, run.infos) {
      #expect((draw == previous) == !info.isAccepted)
      previous = draw
    }
    let rejected = run.infos.count { !$0.isAccepted }
    #expect((20..<180).contains(rejected))
    // lp and energy are of what was kept.
    for (draw, info) in zip(run.draws, run.infos) {
      let lp = draw.reduce(0) { $0 - 0.5 * Double($1) * Double($1) }
      #expect(abs(lp - info.logDensity) < 1e-12)
      #expect(info.energy >= -info.logDensity)
    }
  }

  @Test("steps that are far too long diverge, and are rejected")
  func divergence() throws {
    let sampler = try options {
      $0.warmup = 0
      $0.stepSize = 50
      $0.leapfrogSteps = 5
    }
    let run = try sampler.run(NormalDensity(deviations: [1, 1]), start: [0.1, 0.2], draws: 20)
    #expect(run.infos.allSatisfy { $0.isDiverging && !$0.isAccepted && $0.acceptanceRate == 0 })
    #expect(run.draws.allSatisfy { $0 == [0.1, 0.2] })
    let posterior = try SamplingOracle("small-bnn").posterior()
    let start = [Float](repeating: 0.1, count: posterior.dimension)
    let network = try options {
      $0.warmup = 0
      $0.stepSize = 1e30
      $0.leapfrogSteps = 8
    }.run(posterior, start: start, draws: 3)
    #expect(network.infos.allSatisfy { $0.isDiverging && $0.energyError == .infinity })
  }

  @Test("a state that was saved goes on with the same bits, in the warm-up and after it")
  func resume() throws {
    let posterior = try SamplingOracle("small-bnn").posterior()
    let sampler = try options {
      $0.warmup = 60
      $0.massMatrix = .diagonal
      $0.maxLeapfrogSteps = 20
    }
    let random = RandomStreams(seed: 2, purpose: "test")
    let start = [Float](repeating: 0.1, count: posterior.dimension)
    var whole = try sampler.initialState(of: posterior, at: start, chain: 0, random: random)
    var resumed = whole
    for step in 0..<90 {
      whole = try sampler.step(whole, of: posterior, random: random).state
      if step % 7 == 0 {
        resumed = try JSONDecoder().decode(
          HamiltonianMonteCarlo.State.self, from: JSONEncoder().encode(resumed))
      }
      resumed = try sampler.step(resumed, of: posterior, random: random).state
      #expect(whole.position == resumed.position)
    }
    #expect(whole.stepSize == resumed.stepSize)
    #expect(whole.inverseMass == resumed.inverseMass)
  }

  @Test("the schedule of the warm-up is Stan's")
  func windows() {
    let expected: [Int: [Range<Int>]] = [
      18: [0..<18], 50: [0..<7, 7..<45, 45..<50], 100: [0..<15, 15..<90, 90..<100], 150: [0..<75, 75..<100, 100..<150],
      200: [0..<75, 75..<100, 100..<150, 150..<200], 280: [0..<75, 75..<100, 100..<230, 230..<280], 0: [],
    ]
    for (count, windows) in expected { #expect(WarmupSchedule(count: count).windows == windows, "\(count)") }
  }

  @Test("dual averaging finds the step size of a known acceptance curve")
  func dualAveraging() throws {
    // Acceptance e^{−ε}: 0.8 at ε = −log 0.8.
    var averaging = DualAveraging(stepSize: 1, target: 0.8)
    var stepSize = 1.0
    for _ in 0..<2000 { stepSize = averaging.update(acceptance: exp(-stepSize)) }
    #expect(abs(averaging.finalStepSize! + log(0.8)) < 0.01)
    // The first two updates by hand, with Stan's constants.
    var two = DualAveraging(stepSize: 0.5, target: 0.8)
    #expect(abs(log(two.update(acceptance: 0.3)) - (log(5) - (0.5 / 11) / 0.05)) < 1e-12)
    let second = log(two.update(acceptance: 1))
    #expect(abs(second - (log(5) - (11.0 / 12 * 0.5 / 11 - 0.2 / 12) * 2.0.squareRoot() / 0.05)) < 1e-12)
  }

  @Test("estimated variances are Welford's, drawn towards 10⁻³")
  func variances() throws {
    var variance = RunningVariance(dimension: 2)
    for values in [[1, 10], [2, 30], [4, 20]] as [[Float]] { variance.add(values) }
    let expected = [7.0 / 3, 100].map { 3.0 / 8 * $0 + 1e-3 * 5 / 8 }
    #expect(zip(variance.regularizedVariances!, expected).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test("options that make no sense are refused with a reason")
  func refusals() throws {
    typealias Change = (inout HamiltonianMonteCarlo.Options) -> Void
    let changes: [(Change, String)] = [
      ({ $0.stepSize = 0 }, "step-size"), ({ $0.leapfrogSteps = 0 }, "leapfrog-steps"),
      ({ $0.warmup = -1 }, "warmup"), ({ $0.targetAcceptance = 1 }, "target-acceptance"),
      ({ $0.jitter = 1 }, "jitter"), ({ $0.warmup = 0 }, "step-size"),
      ({ $0.maxLeapfrogSteps = 0 }, "max-leapfrog-steps"),
      (
        {
          $0.leapfrogSteps = 3
          $0.trajectoryLength = 1
        }, "twice"
      ),
    ]
    for (change, word) in changes {
      do {
        _ = try options(change)
        Issue.record("accepted: \(word)")
      } catch let error as CoreError {
        #expect(error.description.contains(word))
      }
    }
    let flat = try options { $0.massMatrix = .prior }
    #expect(throws: CoreError.self) { try flat.run(NormalDensity(deviations: [1]), start: [0], draws: 1) }
  }
}
