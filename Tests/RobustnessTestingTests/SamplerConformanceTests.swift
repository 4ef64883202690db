import RobustnessCore
import RobustnessTesting
import TestSupport
import Testing

/// The rules that a sampler breaks, with the whole text of the failure.
private func broken<S: PosteriorSampler>(sampler: S.Type) -> (rules: [String], text: String) {
  do {
    try expectConformance(of: S.self)
    return ([], "")
  } catch let failure as ConformanceFailure {
    return (failure.violations.map(\.rule), "\(failure)")
  } catch {
    return ([], "\(error)")
  }
}

@Suite(.inTurnEarly) struct `A broken sampler fails conformance` {
  struct Case: Sendable, CustomTestStringConvertible {
    let rule: SamplerRule
    let sampler: any PosteriorSampler.Type
    /// What the message says beside the rule's name.
    let says: String
    /// Rules that the fault cannot help breaking too.
    var also: [SamplerRule] = []
    var testDescription: String { "\(sampler.name) breaks \(rule.rawValue)" }
  }

  static let cases: [Case] = [
    Case(rule: .declaration, sampler: UnpronounceableWalk.self, says: "'My Sampler!'"),
    Case(rule: .declaration, sampler: FairCoin.self, says: "it draws from Bool"),
    Case(rule: .start, sampler: FromZero.self, says: "it begins at", also: [.nonFinite]),
    Case(
      rule: .parameters, sampler: HundredAtMost.self, says: "has 100 numbers for 150 parameters",
      also: [.threadIndependence, .nonFinite]),
    Case(rule: .warmup, sampler: Tardy.self, says: "goes on after 200"),
    Case(rule: .statistics, sampler: DensityOfTheProposal.self, says: "where the log-density of the draw is"),
    Case(
      rule: .determinism, sampler: SystemNoiseWalk.self, says: "take random numbers from the streams",
      also: [.resume, .threadIndependence]),
    Case(
      rule: .streams, sampler: OwnSeed.self, says: "another seed gives the same draws", also: [.invariance, .strength]),
    Case(rule: .resume, sampler: Forgetful.self, says: "the state must hold all that the next step needs"),
    Case(rule: .threadIndependence, sampler: SharedScratchWalk.self, says: "with three chains at once"),
    Case(rule: .threadIndependence, sampler: ByThreads.self, says: "with two threads of the network"),
    Case(rule: .nonFinite, sampler: AcceptsNaN.self, says: "where the log-density is nan"),
    Case(rule: .nonFinite, sampler: BlindDescent.self, says: "logits overflow parameter"),
    Case(rule: .yield, sampler: ClaimsIndependence.self, says: "are equal; draws of a chain are .markovChain"),
    Case(rule: .yield, sampler: Lingering.self, says: "have a correlation of", also: [.strength]),
    Case(rule: .yield, sampler: WrongGaussian.self, says: "times as wide", also: [.strength]),
    Case(
      rule: .invariance, sampler: UnadjustedLangevin.self, says: "start at exact draws", also: [.nonFinite, .strength]),
    Case(rule: .invariance, sampler: Tempered.self, says: "start at exact draws", also: [.strength]),
    Case(rule: .strength, sampler: Tempered.self, says: "has a standard deviation of", also: [.invariance]),
    Case(rule: .strength, sampler: Sluggish.self, says: "four chains of 2000 draws are worth"),
    Case(rule: .strength, sampler: WithoutData.self, says: "with logistic regression the log-odds"),
    Case(rule: .strength, sampler: Untrained.self, says: "has a loss of"),
  ]

  @Test(arguments: cases) func `and the message names the rule`(_ item: Case) {
    let (rules, text) = broken(sampler: item.sampler)
    #expect(rules.contains(item.rule.rawValue))
    #expect(text.contains("\n  \(item.rule.rawValue) ("))
    #expect(text.contains(item.says), "\(text)")
    #expect(Set(rules).isSubset(of: ([item.rule] + item.also).map(\.rawValue)), "\(text)")
  }

  @Test func `every rule has a broken sampler`() {
    #expect(Set(Self.cases.map(\.rule)) == Set(SamplerRule.allCases))
  }

  @Test func `a sound one breaks none`() {
    let (_, text) = broken(sampler: SoundWalk.self)
    #expect(text.isEmpty, "\(text)")
  }
}
