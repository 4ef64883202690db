import RobustnessCore
import RobustnessTesting
import TestSupport
import Testing

/// The rules that an attack breaks, with the whole text of the failure.
func broken<A: Attack>(_: A.Type) -> (rules: [String], text: String) {
  do {
    try expectConformance(of: A.self)
    return ([], "")
  } catch let failure as ConformanceFailure {
    return (failure.violations.map(\.rule), "\(failure)")
  } catch {
    return ([], "\(error)")
  }
}

@Suite(.inTurn) struct `A broken attack fails conformance` {
  struct Case: Sendable, CustomTestStringConvertible {
    let rule: AttackRule
    let attack: any Attack.Type
    /// What the message says beside the rule's name.
    let says: String
    var testDescription: String { "\(attack.name) breaks \(rule.rawValue)" }
  }

  static let cases: [Case] = [
    Case(rule: .declaration, attack: Unpronounceable.self, says: "'My Attack!'"),
    Case(rule: .budget, attack: Overspending.self, says: "is moved by"),
    Case(rule: .box, attack: OutOfTheBox.self, says: "leaves [0.0, 1.0]"),
    Case(rule: .zeroEpsilon, attack: AlwaysMoving.self, says: "a feature is moved by"),
    Case(rule: .oneAndMany, attack: ManyOnly.self, says: "with 1 input"),
    Case(rule: .inputShapes, attack: VectorsOnly.self, says: "with inputs of shape [1, 4, 3]"),
    Case(rule: .twoClasses, attack: ThirdClass.self, says: "the third largest probability is missing"),
    Case(rule: .zeroGradients, attack: DividingByZero.self, says: "are not finite"),
    Case(rule: .mask, attack: Unmasked.self, says: "which must not change"),
    Case(rule: .determinism, attack: SystemNoise.self, says: "a second run"),
    Case(rule: .batchIndependence, attack: NamedByRow.self, says: "name random streams by examples.identifiers"),
    Case(rule: .threadIndependence, attack: SharedScratch.self, says: "with three threads at once"),
    Case(rule: .target, attack: AwayFromTheTarget.self, says: "the target of example"),
    Case(rule: .strength, attack: HalfHearted.self, says: "1.25 times the exact radius"),
    Case(rule: .strength, attack: Guarded.self, says: "near 10⁻⁴⁰⁰⁰"),
  ]

  @Test(arguments: cases) func `and the message names the rule`(_ item: Case) {
    let (rules, text) = broken(item.attack)
    #expect(rules.contains(item.rule.rawValue))
    #expect(text.contains("\n  \(item.rule.rawValue) ("))
    #expect(text.contains(item.says), "\(text)")
  }

  @Test func `every rule has a broken attack`() {
    #expect(Set(Self.cases.map(\.rule)) == Set(AttackRule.allCases))
  }

  @Test func `a fault breaks its own rule and no unrelated one`() {
    for (attack, rules) in [
      (Unpronounceable.self as any Attack.Type, ["declaration"]), (ManyOnly.self, ["one-and-many"]),
      (VectorsOnly.self, ["input-shapes"]), (ThirdClass.self, ["two-classes"]), (Unmasked.self, ["mask"]),
      (SystemNoise.self, ["determinism"]), (SharedScratch.self, ["thread-independence"]),
      (AwayFromTheTarget.self, ["target"]), (HalfHearted.self, ["strength"]), (Guarded.self, ["strength"]),
    ] {
      let found = broken(attack).rules
      #expect(Set(rules).isSubset(of: found), "\(attack.name): \(found)")
      // A one-input shape or random numbers of the system are found by more rules than one.
      #expect(found.count <= 4, "\(attack.name): \(found)")
    }
  }
}
