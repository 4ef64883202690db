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

  /// The 99.5th percentile of 20,000 R-hats that another program of rank-normalised split R-hats gives for normal draws;
  /// of 2,000 it varies by a third of the tolerance.
  @Test(arguments: [(4, 6, 1.551), (4, 8, 1.365), (4, 10, 1.280), (4, 15, 1.178), (4, 30, 1.076), (2, 20, 1.213)])
  func `is rarely above a quantile of them`(_ chains: Int, _ draws: Int, _ expected: Double) {
    let value = RHat.rarelyExceededByIndependentDraws(chains: chains, drawsPerChain: draws)
    #expect(abs(value - expected) <= 0.15 * (expected - 1), "\(value)")
  }

  /// The same of the ninth decile over a hundred inputs at which predictions are combinations of two normal quantities, of
  /// 4,000 posteriors that another program simulated.
  @Test(arguments: [(4, 6, 1.691), (4, 10, 1.341), (4, 15, 1.227), (2, 20, 1.288)])
  func `is rarely above a quantile of their ninth decile in function space`(
    _ chains: Int, _ draws: Int, _ expected: Double
  ) {
    let value = RHat.rarelyExceededInFunctionSpace(chains: chains, drawsPerChain: draws)
    #expect(abs(value - expected) <= 0.2 * (expected - 1), "\(value)")
    #expect(value > RHat.rarelyExceededByIndependentDraws(chains: chains, drawsPerChain: draws))
  }

  /// What chains say about inputs where nothing is wrong but what is put in: every prediction depends on a few quantities
  /// in a direction of its own, and in the first chain all lie `apart` standard deviations away, to either side.
  static func judged(
    _ chains: Int, _ draws: Int, quantities: Int, apart: Double, posterior: Int, inputs: Int = 40
  ) -> DiagnosticCheck? {
    var stream = RandomStreams(seed: 11, purpose: "short-chains/functions/\(quantities)").stream(example: posterior)
    let values = (0..<quantities).map { _ in (0..<chains).map { _ in stream.normals(draws) } }
    let predictions = (0..<inputs).map { _ in
      let direction = stream.normals(quantities)
      let length = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let offset = stream.uniforms(1)[0] < 0.5 ? -apart : apart
      return (0..<chains).map { chain in
        (0..<draws).map { draw in
          direction.indices.reduce(0) { $0 + direction[$1] * values[$1][chain][draw] } / length
            + (chain == 0 ? offset : 0)
        }
      }
    }
    var evidence = ConvergenceEvidence(origin: .mcmc, chainCount: chains, drawsPerChain: draws)
    evidence.predictions = .init(FunctionSpace(logProbabilities: predictions))
    return ConvergenceJudgement(evidence).convergence
  }

  /// Of a hundred posteriors from which the draws came independently hardly any fails, whether what they predict depends
  /// on one quantity, on two, which is the worst, or on many.
  @Test(arguments: [(4, 10), (4, 15), (4, 30), (2, 20)], [1, 2, 5])
  func `does not fail in function space`(_ shape: (chains: Int, draws: Int), _ quantities: Int) {
    let failed = (0..<100).count {
      Self.judged(shape.chains, shape.draws, quantities: quantities, apart: 0, posterior: $0)?.status == .failed
    }
    #expect(failed <= 3, "\(failed) of 100")
  }

  /// One chain two standard deviations from the others fails, where there are draws enough to see it.
  @Test(arguments: [(4, 10), (4, 15), (4, 30), (2, 20)])
  func `fails where one chain is far from the others`(_ shape: (chains: Int, draws: Int)) {
    let failed = (0..<100).count {
      Self.judged(shape.chains, shape.draws, quantities: 5, apart: 2, posterior: $0)?.status == .failed
    }
    #expect(failed >= 95, "\(failed) of 100")
  }

  /// Chains in which independent draws look like chains that never mixed: what is found says so, whether it fails or
  /// warns, and in no other chains.
  @Test(arguments: [
    (2, 5, true), (2, 10, true), (4, 5, true), (4, 6, true), (4, 8, false), (4, 10, false), (2, 12, false),
  ])
  func `says where draws are too few`(_ chains: Int, _ draws: Int, _ isTooFew: Bool) {
    var evidence = ConvergenceEvidence(origin: .mcmc, chainCount: chains, drawsPerChain: draws)
    let words = "\(draws) draws in each of \(chains) chains are too few to tell whether they converged"
    for (value, status) in [(1.7, DiagnosticCheck.Status.failed), (1.3, .warning), (1.05, .passed)] {
      evidence.logDensity = value
      let check = ConvergenceJudgement(evidence).logDensity
      if isTooFew { #expect(check?.status == status) }
      #expect(check?.finding.contains(words) == (isTooFew && status != .passed), "\(check?.finding ?? "")")
    }
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

  /// Chains two standard deviations apart, each from the one before, fail however short they are.
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
  }

  @Test func `is below 1.1 where the quantile is no longer simulated`() {
    for (chains, draws) in [(1, 100), (2, 60), (4, 60), (16, 60)] {
      #expect(RHat.rarelyExceededByIndependentDraws(chains: chains, drawsPerChain: draws - 1) < 1.1)
      #expect(RHat.rarelyExceededByIndependentDraws(chains: chains, drawsPerChain: draws) == 1)
      #expect(RHat.rarelyExceededInFunctionSpace(chains: chains, drawsPerChain: draws - 1) < 1.12)
      #expect(RHat.rarelyExceededInFunctionSpace(chains: chains, drawsPerChain: draws) == 1)
    }
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
