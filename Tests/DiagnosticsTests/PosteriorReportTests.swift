import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import Diagnostics

@Suite(.inTurn) struct `A report on Markov chains` {
  // MARK: - Agreement with ArviZ

  @Test(arguments: ["ar1", "ties", "cauchy"]) func `log-density and energy have ArviZ's values`(_ name: String) throws {
    let fixture = try DiagnosticsFixture.load(name)
    let report = try PosteriorReport(
      of: PlantedDraws.posterior(
        fixture.chains, statistics: ["lp": fixture.chains, "energy": fixture.chains], hasData: false))
    for summary in [try #require(report.logDensity), try #require(report.energy)] {
      try fixture.expect(summary.largestRHat, "rhat_rank")
      try fixture.expect(summary.smallestBulkESS, "ess_bulk")
      try fixture.expect(summary.medianTailESS, "ess_tail")
      try fixture.expect(summary.largestMonteCarloError, "mcse_mean")
    }
    // Weights are read in single precision.
    let weights = try #require(report.weightSpace)
    let known = try #require(fixture.expected["rhat_rank"])
    #expect(abs(weights.ninthDecileRHat - known) < 1e-3)
    let error = try #require(fixture.expected["mcse_mean"])
    #expect(abs(weights.largestMonteCarloError - error) < 1e-3 * error)
  }

  @Test func `the energy fraction is ArviZ's, chain by chain, and the smallest over all`() throws {
    let chains = try DiagnosticsFixture.load("energy").chains
    let known = try DiagnosticsFixture.energyFractions()
    let report = try PosteriorReport(
      of: PlantedDraws.posterior(chains, statistics: ["energy": chains], hasData: false))
    for (chain, fraction) in zip(report.chains, known) { #expect(abs(chain.energyFraction - fraction) < 1e-9) }
    #expect(abs(report.allChains.energyFraction - known.min()!) < 1e-9)
  }

  // MARK: - Chains that agree, and chains that do not

  @Test func `independent draws have converged`() throws {
    let report = try PosteriorReport(of: PlantedDraws.posterior(PlantedDraws.chains()))
    let function = try #require(report.functionSpace)
    #expect(function.quantityCount == 3)
    #expect(function.largestRHat < 1.01)
    #expect(abs(function.smallestBulkESS / 2000 - 1) < 0.2)
    #expect(report.outcome == .converged)
    #expect(report.verdict.hasPrefix("converged: R-hat 1.00 in function space; "))
    #expect(report.checks.allSatisfy { $0.status == .passed })
  }

  @Test func `the Monte Carlo error is that of the predictive probability`() throws {
    let report = try PosteriorReport(of: PlantedDraws.posterior(PlantedDraws.chains()))
    // Standard deviation of 1/(1 + e⁻ˣ) for standard normal x, over √2000.
    #expect(abs(try #require(report.functionSpace).largestMonteCarloError - 0.2083 / 2000.0.squareRoot()) < 5e-4)
  }

  @Test func `one chain elsewhere has not converged, and the verdict says where`() throws {
    var chains = PlantedDraws.chains()
    chains[2] = chains[2].map { $0 + 3 }
    let report = try PosteriorReport(of: PlantedDraws.posterior(chains))
    #expect(try #require(report.functionSpace).ninthDecileRHat > 1.1)
    #expect(report.outcome == .notConverged)
    #expect(
      report.verdict.wholeMatch(
        of: /not converged: R-hat 1\.\d\d in function space, above 1\.10 \(.*\)\. Longer warm-up.*more draws\./) != nil)
  }

  @Test func `chains that nearly agree have a reservation`() throws {
    let chains = PlantedDraws.chains().enumerated().map { chain, draws in draws.map { $0 + 0.1 * Double(chain) } }
    let report = try PosteriorReport(of: PlantedDraws.posterior(chains))
    #expect(report.check("convergence")?.status == .warning)
    #expect(report.outcome == .convergedWithReservations)
    #expect(report.verdict.hasPrefix("converged, with a reservation: R-hat 1.0"))
  }

  @Test func `weights that are permuted decide nothing where the function is known`() throws {
    var posterior = PlantedDraws.posterior(PlantedDraws.chains())
    let read = try #require(posterior.readParameters)
    // The second chain has its unit somewhere else.
    posterior.readParameters = { draw, buffer in
      try read(draw, buffer)
      if draw / 500 == 1 { buffer[0] += 10 }
    }
    let report = try PosteriorReport(of: posterior)
    #expect(try #require(report.weightSpace).largestRHat > 1.1)
    #expect(report.check("weight-space")?.status == .notJudged)
    #expect(report.outcome == .converged)
  }

  @Test func `without held-out data weight space is judged`() throws {
    let sound = try PosteriorReport(of: PlantedDraws.posterior(PlantedDraws.chains(), hasData: false))
    #expect(sound.functionSpace == nil)
    #expect(sound.quality == nil)
    #expect(sound.verdict.hasPrefix("converged: R-hat 1.00 in weight space"))
    let apart = PlantedDraws.chains().enumerated().map { chain, draws in draws.map { $0 + Double(chain) } }
    let report = try PosteriorReport(of: PlantedDraws.posterior(apart, hasData: false))
    #expect(report.outcome == .notConverged)
    #expect(report.verdict.contains("in weight space"))
  }

  @Test func `a log-density that stays apart has not converged`() throws {
    let apart = PlantedDraws.chains().enumerated().map { chain, draws in draws.map { $0 + 5 * Double(chain) } }
    let report = try PosteriorReport(
      of: PlantedDraws.posterior(PlantedDraws.chains(), statistics: ["lp": apart]))
    #expect(report.check("convergence")?.status == .passed)
    #expect(report.check("log-density")?.status == .failed)
    #expect(report.outcome == .notConverged)
    #expect(report.verdict.contains("of the log-density"))
  }

  @Test func `draws that are worth little have a reservation`() throws {
    // A first-order autoregression: about one draw in twenty is worth something.
    let chains = (0..<4).map { chain in
      var x = 0.0
      return PlantedDraws.normals(1500, key: chain).map { noise in
        x = 0.9 * x + noise
        return 0.3 * x
      }
    }
    let report = try PosteriorReport(of: PlantedDraws.posterior(chains))
    #expect(report.check("effective-sample-size")?.status == .warning)
    #expect(report.outcome == .convergedWithReservations)
  }

  // MARK: - What must never read as converged

  @Test func `identical draws`() throws {
    let still = [[Double]](repeating: [Double](repeating: 0.3, count: 20), count: 4)
    let report = try PosteriorReport(of: PlantedDraws.posterior(still))
    #expect(report.allChains.distinctDrawCount == 1)
    #expect(report.chains.map(\.distinctDrawCount) == [1, 1, 1, 1])
    #expect(try #require(report.functionSpace).ninthDecileRHat.isNaN)
    #expect(report.functionSpace?.undefinedCount == 3)
    #expect(report.outcome == .notConverged)
    #expect(report.verdict.hasPrefix("not converged: only 1 of 80 draws are distinct"))
  }

  @Test func `chains that stand still, each elsewhere`() throws {
    let still = (0..<4).map { [Double](repeating: Double($0), count: 4) }
    let report = try PosteriorReport(of: PlantedDraws.posterior(still))
    #expect(report.allChains.distinctDrawCount == 4)
    #expect(report.functionSpace?.largestRHat == .infinity)
    #expect(report.outcome == .notConverged)
    #expect(report.verdict.contains("R-hat ∞ in function space"))
  }

  @Test func `a draw that is repeated after rejections counts once`() throws {
    let chains = [[1.0, 1, 1, 2, 3, 3], [4, 5, 6, 7, 8, 8]]
    let report = try PosteriorReport(of: PlantedDraws.posterior(chains))
    #expect(report.chains.map(\.distinctDrawCount) == [3, 5])
    #expect(report.allChains.distinctDrawCount == 8)
    #expect(report.check("identical-draws")?.value == 8.0 / 12)
  }

  @Test func `weights that differ where the function does not vary`() throws {
    var posterior = PlantedDraws.posterior(PlantedDraws.chains(draws: 20))
    posterior.ensemble = PlantedDraws.ensemble([Double](repeating: 1, count: 80))
    let report = try PosteriorReport(of: posterior)
    #expect(report.allChains.distinctDrawCount == 1)
    #expect(report.check("convergence")?.status == .failed)
    #expect(report.check("convergence")?.finding.contains("not defined") == true)
    #expect(report.outcome == .notConverged)
  }

  @Test func `draws all divergent`() throws {
    let yes = [[Double]](repeating: [Double](repeating: 1, count: 500), count: 4)
    let report = try PosteriorReport(
      of: PlantedDraws.posterior(PlantedDraws.chains(), statistics: ["diverging": yes]))
    #expect(report.allChains.divergenceCount == 2000)
    #expect(report.outcome == .notConverged)
    #expect(report.verdict == "not converged: 2000 of 2000 draws diverged. Sample again with a smaller step size.")
  }

  @Test func `three draws a chain are too few to judge`() throws {
    let report = try PosteriorReport(of: PlantedDraws.posterior(PlantedDraws.chains(draws: 3)))
    #expect(report.outcome == .notJudged)
    #expect(report.verdict.hasPrefix("not judged: 3 draws a chain are too few"))
  }

  @Test func `numbers that are not finite`() throws {
    var chains = PlantedDraws.chains()
    chains[1][7] = .nan
    let report = try PosteriorReport(of: PlantedDraws.posterior(chains))
    #expect(report.nonFiniteCount > 0)
    #expect(report.outcome == .unusable)
    #expect(report.verdict.hasPrefix("unusable: "))
    #expect(try #require(report.quality).draws[507].negativeLogLikelihood.isNaN)
    #expect(try #require(report.quality).spread { $0.negativeLogLikelihood }.mean.isNaN)
  }

  @Test func `nothing to look at`() throws {
    let report = try PosteriorReport(of: DiagnosedPosterior(origin: .mcmc, chainCount: 4, drawsPerChain: 100))
    #expect(report.outcome == .notJudged)
    #expect(report.allChains.distinctDrawCount == nil)
  }

  // MARK: - What the sampler recorded

  @Test func `counts and means, for each chain and for all`() throws {
    let chains = [PlantedDraws.normals(4, key: 1), PlantedDraws.normals(4, key: 2)]
    let report = try PosteriorReport(
      of: PlantedDraws.posterior(
        chains,
        statistics: [
          "diverging": [[0, 1, 0, 0], [0, 0, 0, 0]],
          "energy_error": [[0.1, .infinity, -11, 9], [-10, 10, .nan, 0]],
          "acceptance_rate": [[1, 0, 0.5, 0.5], [1, 1, 1, 1]],
          "step_size": [[0.1, 0.1, 0.1, 0.1], [0.3, 0.3, 0.3, 0.3]], "n_steps": [[1, 3, 1, 3], [4, 4, 4, 4]],
        ]))
    #expect(report.chains.map(\.divergenceCount) == [1, 0])
    #expect(report.chains.map(\.largeEnergyErrorCount) == [2, 1])
    #expect(report.allChains.largeEnergyErrorCount == 3)
    #expect(report.chains.map(\.meanAcceptanceRate) == [0.5, 1])
    #expect(report.allChains.meanAcceptanceRate == 0.75)
    #expect(abs(report.allChains.meanStepSize - 0.2) < 1e-15)
    #expect(report.allChains.meanStepCount == 3)
    #expect(report.check("divergences")?.status == .warning)
    #expect(report.check("divergences")?.finding == "1 of 8 draws diverged")
  }

  @Test func `a few divergences are a reservation`() throws {
    var diverging = [[Double]](repeating: [Double](repeating: 0, count: 500), count: 4)
    diverging[3][8] = 1
    let report = try PosteriorReport(
      of: PlantedDraws.posterior(PlantedDraws.chains(), statistics: ["diverging": diverging]))
    #expect(report.outcome == .convergedWithReservations)
    #expect(
      report.verdict
        == "converged, with a reservation: 1 of 2000 draws diverged. Sample again with a smaller step size.")
  }

  @Test func `an energy that hardly moves is a reservation, a constant one is not defined`() throws {
    let slow = PlantedDraws.chains().map { draws in
      var energy = 0.0
      return draws.map { noise in
        energy = 0.95 * energy + 0.3 * noise
        return energy
      }
    }
    let report = try PosteriorReport(of: PlantedDraws.posterior(PlantedDraws.chains(), statistics: ["energy": slow]))
    #expect(report.check("energy-fraction")?.status == .warning)
    #expect(report.allChains.energyFraction < 0.3)
    #expect(report.outcome == .convergedWithReservations)
    let constant = slow.map { $0.map { _ in 1.0 } }
    let other = try PosteriorReport(of: PlantedDraws.posterior(PlantedDraws.chains(), statistics: ["energy": constant]))
    #expect(other.check("energy-fraction")?.status == .warning)
    #expect(other.check("energy-fraction")?.finding.contains("not defined") == true)
  }
}

@Suite(.inTurn) struct `A report on other draws` {
  @Test(arguments: [
    (DrawOrigin.ensemble, "an ensemble of 10 networks trained separately: convergence does not apply"),
    (.bootstrap, "10 networks trained on resampled data: convergence does not apply"),
    (.variational, "10 independent draws from a fitted distribution: convergence does not apply"),
    (.independent, "10 independent draws: convergence does not apply"),
  ]) func `draws that are no chains`(_ origin: DrawOrigin, _ verdict: String) throws {
    let chains = (0..<10).map { [3 * Double($0)] }
    let report = try PosteriorReport(
      of: PlantedDraws.posterior(
        origin == .variational || origin == .independent ? [chains.flatMap { $0 }] : chains, origin: origin))
    #expect(report.outcome == .doesNotApply)
    #expect(report.verdict == verdict)
    #expect(report.weightSpace == nil)
    #expect(try #require(report.functionSpace).ninthDecileRHat.isNaN)
    #expect(report.check("convergence")?.status == .doesNotApply)
  }

  @Test func `one network`() throws {
    let report = try PosteriorReport(of: PlantedDraws.posterior([[1]], origin: .single))
    #expect(report.verdict == "one network: convergence does not apply")
    #expect(report.check("identical-draws") == nil)
    #expect(try #require(report.functionSpace).largestMonteCarloError.isNaN)
  }

  @Test func `an ensemble of copies is unusable`() throws {
    let report = try PosteriorReport(
      of: PlantedDraws.posterior([[Double]](repeating: [1], count: 10), origin: .ensemble))
    #expect(report.outcome == .unusable)
    #expect(report.verdict.contains("only 1 of 10 draws are distinct"))
  }

  @Test func `the error of a mean of independent networks`() throws {
    // Probabilities 0.2 and 0.4 of the class: standard deviation √0.02, over √2.
    let logits = [0.2, 0.4].map { log($0 / (1 - $0)) }
    let report = try PosteriorReport(of: PlantedDraws.posterior(logits.map { [$0] }, origin: .ensemble))
    #expect(abs(try #require(report.functionSpace).largestMonteCarloError - 0.1) < 1e-12)
  }

  @Test func `draws of unknown origin are measured and not judged`() throws {
    let report = try PosteriorReport(of: PlantedDraws.posterior(PlantedDraws.chains(), origin: nil))
    #expect(report.outcome == .notJudged)
    #expect(report.verdict.contains("R-hat 1.00 in function space, if they are Markov chains"))
    let apart = PlantedDraws.chains().enumerated().map { chain, draws in draws.map { $0 + 5 * Double(chain) } }
    #expect(try PosteriorReport(of: PlantedDraws.posterior(apart, origin: nil)).outcome == .notJudged)
    let few = try PosteriorReport(of: PlantedDraws.posterior(PlantedDraws.chains(8, draws: 1), origin: nil))
    #expect(few.outcome == .notJudged)
  }
}

@Suite(.inTurn) struct `How a report is made` {
  @Test func `every draw is read once, in order, and a large posterior is sampled`() throws {
    let order = Order()
    let count = 60_000
    var posterior = DiagnosedPosterior(origin: .mcmc, chainCount: 2, drawsPerChain: 20)
    posterior.parameterCount = count
    posterior.readParameters = { draw, buffer in
      order.append(draw)
      // Every parameter of a draw is the same number: every R-hat is the same.
      let value = Float((draw * 7) % 20)
      for index in 0..<count { buffer[index] = value }
    }
    let report = try PosteriorReport(of: posterior)
    #expect(order.draws == Array(0..<40))
    let summary = try #require(report.weightSpace)
    #expect(summary.quantityCount == 1000)
    #expect(summary.population == count)
    let series = (0..<2).map { chain in (0..<20).map { Double(((chain * 20 + $0) * 7) % 20) } }
    #expect(summary.largestRHat == RHat(series).value)
    #expect(summary.smallestBulkESS == EffectiveSampleSize.bulk(series))
  }

  @Test func `the sample of parameters is fixed, without repetition, and spread over all`() {
    let chosen = WeightSpace.chosen(55_050, draws: 4000)
    #expect(Set(chosen).count == 1000)
    #expect(chosen == WeightSpace.chosen(55_050, draws: 20))
    #expect(chosen.allSatisfy { (0..<55_050).contains($0) })
    let mean = Double(chosen.reduce(0, +)) / 1000
    // Four standard errors of a mean of uniform numbers.
    #expect(abs(mean / 55_050 - 0.5) < 4 * (1.0 / 12 / 1000).squareRoot())
    #expect(WeightSpace.chosen(1000, draws: 1_000_000) == Array(0..<1000))
    #expect(WeightSpace.chosen(10_000, draws: 100) == Array(0..<10_000))
  }

  @Test func `groups of draws do not matter`() throws {
    let posterior = PlantedDraws.posterior(PlantedDraws.chains(draws: 25))
    let ensemble = try #require(posterior.ensemble)
    let inputs = try #require(posterior.inputs)
    let whole = try FunctionPass(posterior, ensemble: ensemble, inputs: inputs)
    let parts = try FunctionPass(posterior, ensemble: ensemble, inputs: inputs, groupElements: 1)
    #expect(whole.space.logProbabilities == parts.space.logProbabilities)
    #expect(whole.quality == parts.quality)
    #expect(whole.hashes == parts.hashes)
    #expect(whole.quality?.draws.count == 100)
  }

  @Test func `without labels the class that the predictive chooses is looked at`() throws {
    var posterior = PlantedDraws.posterior(PlantedDraws.chains().map { $0.map { $0 - 5 } })
    posterior.labels = nil
    let report = try PosteriorReport(of: posterior)
    #expect(report.quality == nil)
    // Class 1 has nearly all of the probability: the error of its mean is small, and R-hat is that of the draws.
    #expect(report.outcome == .converged)
    #expect(try #require(report.functionSpace).quantityCount == 3)
  }

  @Test func `a report can be stored, also with numbers that JSON lacks`() throws {
    for chains in [PlantedDraws.chains(draws: 10), (0..<4).map { [Double](repeating: Double($0), count: 4) }] {
      let report = try PosteriorReport(of: PlantedDraws.posterior(chains))
      let data = try JSONEncoder().encode(report)
      #expect(try JSONDecoder().decode(PosteriorReport.self, from: data) == report)
    }
    let numbers = [Double.infinity, -.infinity, .nan, 0.1].map { ExtendedNumber(wrappedValue: $0) }
    let text = String(decoding: try JSONEncoder().encode(numbers), as: UTF8.self)
    #expect(text == #"["infinity","-infinity","not defined",0.1]"#)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(ExtendedNumber.self, from: Data(#""one""#.utf8)) }
  }

  @Test func `parts that do not fit each other are refused`() throws {
    let sound = PlantedDraws.posterior(PlantedDraws.chains(draws: 5))
    let wrong: [(inout DiagnosedPosterior) -> Void] = [
      { $0.statistics = ["lp": [1, 2]] }, { $0.chainCount = 3 }, { $0.labels = [0] }, { $0.labels = [0, 1, 2] },
      { $0.inputs = Tensor(shape: [3, 2], elements: [1, 2, 3, 4, 5, 6]) }, { $0.drawsPerChain = 0 },
    ]
    for change in wrong {
      var posterior = sound
      change(&posterior)
      #expect(throws: CoreError.self) { try PosteriorReport(of: posterior) }
    }
  }

  @Test func `a figure that rounds to its threshold shows the difference`() {
    #expect(decimal(1.404, 2, beside: 1.1) == "1.40")
    #expect(decimal(1.1004, 2, beside: 1.1) == "1.1004")
    #expect(decimal(.infinity, 2) == "∞")
    #expect(decimal(.nan, 2) == "not defined")
  }
}

/// Which draws were read.
final class Order: @unchecked Sendable {
  private(set) var draws: [Int] = []
  func append(_ draw: Int) { draws.append(draw) }
}
