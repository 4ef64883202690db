import Diagnostics
import Foundation
import TestSupport
import Testing

/// `diagnostics.json`: chains with the values that ArviZ gives.
struct DiagnosticsFixture {
  let chains: [[Double]]
  let expected: [String: Double]

  static func load(_ name: String) throws -> DiagnosticsFixture {
    let data = try Data(contentsOf: Fixtures.url("oracles/diagnostics.json"))
    let all = try #require(try JSONSerialization.jsonObject(with: data) as? [String: [String: Any]])
    let entry = try #require(all[name])
    return DiagnosticsFixture(
      chains: try #require(entry["chains"] as? [[Double]]), expected: entry.compactMapValues { $0 as? Double })
  }

  static func energyFractions() throws -> [Double] {
    let data = try Data(contentsOf: Fixtures.url("oracles/diagnostics.json"))
    let all = try #require(try JSONSerialization.jsonObject(with: data) as? [String: [String: Any]])
    return try #require(all["energy"]?["e_bfmi"] as? [Double])
  }

  func expect(_ value: Double, _ key: String) throws {
    let known = try #require(expected[key])
    #expect(abs(value - known) <= 1e-6 * abs(known), "\(key): \(value) is not \(known)")
  }
}

/// Autocorrelated chains, chains with repeated draws, and chains without a variance.
@Suite(.inTurn) struct `Diagnostics agree with ArviZ` {
  static let names = ["ar1", "ties", "cauchy"]

  @Test(arguments: names) func `rank-normalised split R-hat`(_ name: String) throws {
    let fixture = try DiagnosticsFixture.load(name)
    try fixture.expect(RHat(fixture.chains).value, "rhat_rank")
    try fixture.expect(RHat(fixture.chains.map { Array($0.prefix(300)) }).value, "even_rhat_rank")
  }

  @Test(arguments: names) func `effective sample size of bulk, tail and mean`(_ name: String) throws {
    let fixture = try DiagnosticsFixture.load(name)
    try fixture.expect(EffectiveSampleSize.bulk(fixture.chains), "ess_bulk")
    try fixture.expect(EffectiveSampleSize.tail(fixture.chains), "ess_tail")
    try fixture.expect(EffectiveSampleSize.mean(fixture.chains), "ess_mean")
    try fixture.expect(EffectiveSampleSize.bulk([fixture.chains[0]]), "one_chain_ess_bulk")
  }

  @Test(arguments: names) func `effective sample size of antithetic chains`(_ name: String) throws {
    let fixture = try DiagnosticsFixture.load(name)
    let alternating = fixture.chains.map { $0.enumerated().map { $0 % 2 == 1 ? -$1 : $1 } }
    try fixture.expect(EffectiveSampleSize.bulk(alternating), "alternating_ess_bulk")
  }

  @Test(arguments: names) func `Monte Carlo error of the mean and the standard deviation`(_ name: String) throws {
    let fixture = try DiagnosticsFixture.load(name)
    try fixture.expect(MonteCarloError.mean(fixture.chains), "mcse_mean")
    try fixture.expect(MonteCarloError.standardDeviation(fixture.chains), "mcse_sd")
  }

  @Test(arguments: names, [0.05, 0.5, 0.9]) func `quantiles`(_ name: String, _ probability: Double) throws {
    let fixture = try DiagnosticsFixture.load(name)
    try fixture.expect(EffectiveSampleSize.quantile(fixture.chains, probability), "ess_quantile_\(probability)")
    try fixture.expect(MonteCarloError.quantile(fixture.chains, probability), "mcse_quantile_\(probability)")
  }

  @Test func `the fraction of missing information, chain by chain`() throws {
    let chains = try DiagnosticsFixture.load("energy").chains
    for (chain, known) in zip(chains, try DiagnosticsFixture.energyFractions()) {
      #expect(abs(bayesianFractionOfMissingInformation(chain) - known) < 1e-9)
    }
  }
}

@Suite(.inTurn) struct `Diagnostics at the edges` {
  @Test func `a constant has no diagnostics`() {
    let constant = [[Double]](repeating: [Double](repeating: 0.1, count: 50), count: 4)
    #expect(RHat(constant).value.isNaN)
    #expect(EffectiveSampleSize.bulk(constant).isNaN)
    #expect(EffectiveSampleSize.tail(constant).isNaN)
    #expect(MonteCarloError.mean(constant).isNaN)
    #expect(MonteCarloError.standardDeviation(constant).isNaN)
    #expect(MonteCarloError.quantile(constant, 0.5).isNaN)
    #expect(bayesianFractionOfMissingInformation(constant[0]).isNaN)
  }

  @Test func `one draw that is not a number makes all of them NaN`() {
    var chains = (0..<2).map { chain in (0..<20).map { sin(Double($0 * 7 + chain)) } }
    chains[1][3] = .nan
    #expect(RHat(chains).value.isNaN)
    #expect(EffectiveSampleSize.bulk(chains).isNaN)
    #expect(MonteCarloError.mean(chains).isNaN)
    #expect(bayesianFractionOfMissingInformation(chains[1]).isNaN)
  }

  @Test func `too few draws are not diagnosed`() {
    #expect(RHat([[1, 2, 3], [2, 3, 1]]).value.isNaN)
    #expect(EffectiveSampleSize.bulk([]).isNaN)
    #expect(bayesianFractionOfMissingInformation([1]).isNaN)
  }

  @Test func `chains stuck at different values have an infinite R-hat`() {
    #expect(RHat([[Double](repeating: 1, count: 10), [Double](repeating: 2, count: 10)]).bulk == .infinity)
  }

  @Test func `R-hat does not change under a monotone map, but its folded part may`() throws {
    let chains = try DiagnosticsFixture.load("ar1").chains
    let mapped = chains.map { $0.map { exp(3 * $0) } }
    #expect(RHat(mapped).bulk == RHat(chains).bulk)
    #expect(EffectiveSampleSize.bulk(mapped) == EffectiveSampleSize.bulk(chains))
  }

  @Test func `chains of different scale and equal location are seen by the folded part only`() {
    // Low-discrepancy draws around 0: the second chain is ten times as wide.
    let unit = (0..<200).map { index in 2 * (Double(index) * 0.6180339887498949).truncatingRemainder(dividingBy: 1) - 1
    }
    let rhat = RHat([unit, unit.map { 10 * $0 }])
    #expect(rhat.bulk < 1.01)
    #expect(rhat.folded > 1.2)
    #expect(rhat.value == rhat.folded)
  }

  @Test func `the fraction divides by the number of changes and the sample variance`() {
    // Changes 1, 2, 1: mean square 2. Energies 0, 1, 3, 2: variance 5/3.
    #expect(abs(bayesianFractionOfMissingInformation([0, 1, 3, 2]) - 1.2) < 1e-15)
  }
}
