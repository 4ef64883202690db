import RobustnessCore
import TestSupport
import Testing

@testable import Diagnostics

/// What R-hat is where nothing is wrong.
@Suite(.inTurn) struct `R-hat of independent draws` {
  /// The ninth decile of 1,500 R-hats that ArviZ 0.23 gives for normal draws; of 500 it varies by a fifth of the
  /// tolerance.
  @Test(arguments: [(4, 22, 1.0495, 0.015), (4, 100, 1.0097, 0.0025), (2, 50, 1.0319, 0.008), (8, 10, 1.0784, 0.022)])
  func `is what ArviZ finds`(_ chains: Int, _ draws: Int, _ expected: Double, _ tolerance: Double) {
    let value = RHat.ofIndependentDraws(chains: chains, drawsPerChain: draws)
    #expect(abs(value - expected) <= tolerance, "\(value)")
  }

  /// The 99.9th percentile of 4,000 R-hats that another program of rank-normalised split R-hats gives for normal draws;
  /// the largest of 500 varies round the 99.8th.
  @Test(arguments: [(4, 15, 1.234), (4, 20, 1.151), (4, 30, 1.099), (4, 100, 1.028), (2, 20, 1.281)])
  func `is hardly above the largest of them`(_ chains: Int, _ draws: Int, _ expected: Double) {
    let value = RHat.largestOfIndependentDraws(chains: chains, drawsPerChain: draws)
    #expect(abs(value - expected) <= 0.5 * (expected - 1), "\(value)")
  }

  /// Of a hundred posteriors from which four chains of 15 draws came independently none fails by its log-density, where
  /// six have an R-hat above 1.1.
  @Test func `of the log-density does not fail short chains`() {
    let streams = RandomStreams(seed: 9, purpose: "short-chains/log-density")
    var (failed, above) = (0, 0)
    for posterior in 0..<100 {
      var stream = streams.stream(example: posterior)
      let value = RHat((0..<4).map { _ in stream.normals(15) }).value
      var evidence = ConvergenceEvidence(origin: .mcmc, chainCount: 4, drawsPerChain: 15)
      evidence.logDensity = value
      if ConvergenceJudgement(evidence).logDensity?.status == .failed { failed += 1 }
      if value > 1.1 { above += 1 }
    }
    #expect(failed <= 1 && above >= 2, "\(failed) failed, \(above) above 1.1")
  }

  /// Where independent draws look like chains that never mixed, short chains are given no benefit of the doubt; and
  /// chains two standard deviations apart fail however short they are.
  @Test(arguments: [(2, 5), (4, 5), (2, 8), (4, 8), (2, 12), (4, 15), (2, 20)])
  func `excuses no chains that never mixed`(_ chains: Int, _ draws: Int) {
    let streams = RandomStreams(seed: 10, purpose: "short-chains/apart")
    let inputs = (0..<100).map { input in
      (0..<chains).map { chain in
        var stream = streams.stream(example: input, restart: chain)
        return stream.normals(draws).map { $0 + 2.5 * Double(chain) }
      }
    }
    var evidence = ConvergenceEvidence(origin: .mcmc, chainCount: chains, drawsPerChain: draws)
    evidence.predictions = .init(FunctionSpace(logProbabilities: inputs))
    #expect(ConvergenceJudgement(evidence).convergence?.status == .failed)
    evidence.predictions = nil
    evidence.logDensity = 1.45
    let isTooShort = RHat.largestOfIndependentDraws(chains: chains, drawsPerChain: draws) >= 1.5
    #expect(ConvergenceJudgement(evidence).logDensity?.status == .failed || !isTooShort)
  }

  @Test func `is below 1.01 where it is no longer simulated`() {
    for chains in [2, 4, 16] {
      #expect(RHat.ofIndependentDraws(chains: chains, drawsPerChain: 249) < 1.01)
      #expect(RHat.ofIndependentDraws(chains: chains, drawsPerChain: 250) == 1)
    }
  }

  /// Chains whose draws are independent are no reservation, however short; chains that drift apart by as little as a
  /// standard deviation are.
  @Test(arguments: [12, 22, 60]) func `does not warn of short chains`(_ draws: Int) {
    let streams = RandomStreams(seed: 8, purpose: "short-chains")
    func judged(apart: Double) -> DiagnosticCheck? {
      let inputs = (0..<100).map { input in
        (0..<4).map { chain in
          var stream = streams.stream(example: input, restart: chain)
          return stream.normals(draws).map { $0 + apart * Double(chain) }
        }
      }
      var evidence = ConvergenceEvidence(origin: .mcmc, chainCount: 4, drawsPerChain: draws)
      evidence.predictions = .init(FunctionSpace(logProbabilities: inputs))
      return ConvergenceJudgement(evidence).convergence
    }
    #expect(judged(apart: 0)?.status != .failed)
    // One simulation of a hundred inputs varies around the ninth decile; it is no more than that above it.
    let independent = RHat.ofIndependentDraws(chains: 4, drawsPerChain: draws)
    #expect((judged(apart: 0)?.value ?? .nan) < 1 + 1.4 * (independent - 1))
    #expect(judged(apart: 1)?.status == .failed)
  }
}
