import FGSM
import PGD
import RandomNoise
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

@Suite(.inTurn) struct `An attack on the command line` {
  /// A list of its own: what else the package offers is not the matter here.
  static let attacks: [any Attack.Type] = [
    FastGradientSignMethod.self, ProjectedGradientDescent.self, RandomPerturbation.self,
  ]

  func request(_ text: String) throws -> AttackRequest {
    try AttackSpecification(text, among: Self.attacks).resolve(among: Self.attacks)
  }

  func message(_ text: String) -> String {
    do {
      _ = try request(text)
      return ""
    } catch { return "\(error)" }
  }

  @Test func `has a name, options and a norm`() throws {
    let parsed = try request("pgd:steps=40,restarts=5,norm=l2")
    #expect(parsed.attack.name == "pgd")
    #expect(parsed.assignments == ["steps": "40", "restarts": "5"])
    #expect(parsed.norm == .l2)
  }

  @Test(arguments: ["pgd", "PGD", "Pgd"]) func `is found whatever the case`(_ name: String) throws {
    let parsed = try request(name)
    #expect(parsed.attack.name == "pgd")
    #expect(parsed.assignments.isEmpty)
    #expect(parsed.norm == .linf)
  }

  @Test(arguments: ["L2", "l2"]) func `takes a norm whatever the case`(_ norm: String) throws {
    #expect(try request("fgsm:norm=\(norm)").norm == .l2)
  }

  @Test func `a value may hold an equals sign's worth of anything but commas`() {
    #expect(message("pgd:keep=best=last").contains("keep"))
  }

  @Test(arguments: [
    ("pdg", "no attack named 'pdg'. Did you mean 'pgd'? Available: fgsm, pgd, random."),
    ("fsgm", "Did you mean 'fgsm'?"),
    ("pgd:stpes=40", "pgd has no option 'stpes'. Did you mean 'steps'? Options: steps=15"),
    ("pgd:Steps=40", "Did you mean 'steps'?"),
    ("fgsm:steps=3", "fgsm has no option 'steps'."),
    ("pgd:norm=linff", "pgd has no norm 'linff'; it has linf, l2. Did you mean 'linf'?"),
    ("pgd:keep=lats", "option 'keep' does not take the value 'lats'; it takes best, last"),
    ("pgd:steps=many", "option 'steps' takes a whole number, not 'many'"),
    ("pgd:restarts=0", "restarts is the number of runs and must be at least 1, not 0"),
    ("pgd:step=0.1,relative-step=0.2", "step and relative-step both set the length of a step"),
    ("pgd:steps=3,steps=4", "sets steps twice"),
    ("pgd:norm=l2,norm=linf", "sets norm twice"),
    ("pgd:steps", "'steps' in 'pgd:steps' is no option: write name=value"),
    ("pgd:steps=", "'steps=' in 'pgd:steps=' is no option"),
    ("pgd:=3", "is no option"),
    ("pgd:", "is no option"),
    ("pgd:steps=3,", "is no option"),
    ("", "no attack named ''"),
    (":steps=3", "no attack named ''"),
  ]) func `that makes no sense is explained`(_ text: String, _ expected: String) {
    #expect(message(text).contains(expected), "\(message(text))")
  }

  @Test func `a name that resembles nothing is met with the list alone`() {
    #expect(!message("carlini-wagner").contains("Did you mean"))
    #expect(message("carlini-wagner").contains("Available: fgsm, pgd, random."))
  }

  @Test(arguments: ["same", "disjoint:3", "resampled:2"]) func `draws of the attack are read as written`(_ text: String)
  {
    #expect(AttackDraws(text)?.description == text)
  }

  @Test(arguments: ["", "disjoint", "disjoint:0", "disjoint:-1", "resampled:x", "same:1", "disjoint:1:2"])
  func `draws of the attack that make no sense are refused`(_ text: String) { #expect(AttackDraws(text) == nil) }
}
