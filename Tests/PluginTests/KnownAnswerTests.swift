import FGSM
import MIFGSM
import PGD
import RobustnessCore
import TestSupport
import Testing

/// What Foolbox 3.3.4, torchattacks 3.5.1, ART 1.20.1 and CleverHans 4 return on the same closed-form network.
@Suite(.inTurn) struct `Attacks agree with other libraries` {
  struct Entry: CustomTestStringConvertible, Sendable {
    let key: String
    var options: [String: String] = [:]
    let norm: Norm
    var goal = ThreatModel.Goal.untargeted
    var testDescription: String { key + " as " + options.sorted { $0.key < $1.key }.description }
    var epsilon: Double { norm == .linf ? 0.1 : 0.3 }
    var tolerance: Double { norm == .linf ? 1e-6 : 1e-5 }
  }

  static let network = ClosedFormEnsemble(phases: [0])

  func check<A: Attack>(_: A.Type, _ entry: Entry) throws {
    let fixtures = AttackFixtures.shared
    let expected = try #require(fixtures.attacks[entry.key]?.adv)
    let threat = try ThreatModel(norm: entry.norm, epsilon: entry.epsilon, goal: entry.goal)
    let (points, _) = try run(A.self, entry.options, on: Self.network, fixtures.examples, threat)
    #expect(largestDifference(points, tensor(expected)) < entry.tolerance)
  }

  @Test func `the closed-form network is the one of the fixtures`() throws {
    let fixtures = AttackFixtures.shared
    let logits = try ClosedFormNetwork(phase: 0).logits(fixtures.examples.inputs)
    #expect(largestDifference(logits, tensor(fixtures.single.logits)) < 2e-6)
  }

  @Test(arguments: [
    Entry(key: "foolbox.LinfFastGradientAttack eps=0.1", norm: .linf),
    Entry(key: "foolbox.L2FastGradientAttack eps=0.3", norm: .l2),
    Entry(key: "torchattacks.FGSM eps=0.1", norm: .linf),
    Entry(key: "art.FastGradientMethod norm=inf eps=0.1", norm: .linf),
    Entry(key: "art.FastGradientMethod norm=2 eps=0.3", norm: .l2),
    Entry(key: "cleverhans.fast_gradient_method norm=inf eps=0.1", norm: .linf),
    Entry(key: "cleverhans.fast_gradient_method norm=2 eps=0.3", norm: .l2),
  ])
  func `FGSM returns the same points`(_ entry: Entry) throws {
    try check(FastGradientSignMethod.self, entry)
  }

  @Test(arguments: [
    Entry(
      key: "torchattacks.MIFGSM eps=0.1 alpha=0.02 steps=10 decay=1",
      options: ["steps": "10", "step": "0.02", "keep": "last"], norm: .linf),
    Entry(
      key: "art.MomentumIterativeMethod norm=inf eps=0.1 eps_step=0.02 decay=1 max_iter=10",
      options: ["steps": "10", "step": "0.02", "keep": "last"], norm: .linf),
  ])
  func `MI-FGSM returns the same points`(_ entry: Entry) throws {
    try check(MomentumIterativeMethod.self, entry)
  }

  static func still(_ options: [String: String]) -> [String: String] {
    options.merging(["random-start": "false", "keep": "last"]) { $1 }
  }
  static let foolboxLinf = "foolbox.LinfPGD eps=0.1 default(rel=0.01/0.3,steps=40) random_start=False"
  static let foolboxL2 = "foolbox.L2PGD eps=0.3 default(rel=0.025,steps=50) random_start=False"
  static let artLinf = "art.ProjectedGradientDescent norm=inf eps=0.1 eps_step=0.02 max_iter=10"
  static let artL2 = "art.ProjectedGradientDescent norm=2 eps=0.3 eps_step=0.06 max_iter=10"
  static let cleverHans = "cleverhans.projected_gradient_descent "
  static let torchL2 = "torchattacks.PGDL2 eps=0.3 alpha=0.06 steps=10 random_start=False"

  @Test(arguments: [
    Entry(key: foolboxLinf, options: still(["steps": "40", "relative-step": "0.0333333333333333"]), norm: .linf),
    Entry(
      key: foolboxL2, options: still(["steps": "50", "relative-step": "0.025", "projection": "sequential"]), norm: .l2),
    Entry(
      key: "foolbox.LinfBasicIterativeAttack eps=0.1 default(rel=0.2,steps=10)",
      options: still(["steps": "10", "relative-step": "0.2"]), norm: .linf),
    Entry(
      key: "foolbox.L2BasicIterativeAttack eps=0.3 default(rel=0.2,steps=10)",
      options: still(["steps": "10", "relative-step": "0.2", "projection": "sequential"]), norm: .l2),
    Entry(
      key: "foolbox.LinfPGD targeted eps=0.1 steps=40 random_start=False",
      options: still(["steps": "40", "relative-step": "0.0333333333333333"]), norm: .linf, goal: .targeted),
    Entry(
      key: "torchattacks.PGD eps=0.1 alpha=0.02 steps=10 random_start=False",
      options: still(["steps": "10", "step": "0.02"]), norm: .linf),
    Entry(key: torchL2, options: still(["steps": "10", "step": "0.06", "projection": "sequential"]), norm: .l2),
    Entry(
      key: "torchattacks.BIM eps=0.1 alpha=0.02 steps=10", options: still(["steps": "10", "step": "0.02"]),
      norm: .linf),
    Entry(key: artLinf, options: still(["steps": "10", "step": "0.02"]), norm: .linf),
    Entry(key: artL2, options: still(["steps": "10", "step": "0.06", "projection": "box-first"]), norm: .l2),
    Entry(
      key: cleverHans + "norm=inf eps=0.1 eps_iter=0.02 nb_iter=10 rand_init=False",
      options: still(["steps": "10", "step": "0.02"]), norm: .linf),
    Entry(
      key: cleverHans + "norm=2 eps=0.3 eps_iter=0.06 nb_iter=10 rand_init=False",
      options: still(["steps": "10", "step": "0.06", "projection": "box-first"]), norm: .l2),
  ])
  func `PGD returns the same points from options`(_ entry: Entry) throws {
    try check(ProjectedGradientDescent.self, entry)
  }

  @Test(arguments: [
    Entry(key: foolboxLinf, options: ["preset": "foolbox", "random-start": "false"], norm: .linf),
    Entry(key: foolboxL2, options: ["preset": "foolbox", "random-start": "false"], norm: .l2),
    Entry(
      key: "foolbox.LinfPGD targeted eps=0.1 steps=40 random_start=False",
      options: ["preset": "foolbox", "random-start": "false"], norm: .linf, goal: .targeted),
    Entry(
      key: "torchattacks.PGD eps=0.1 alpha=0.02 steps=10 random_start=False",
      options: ["preset": "torchattacks", "step": "0.02", "random-start": "false"], norm: .linf),
    Entry(key: torchL2, options: ["preset": "torchattacks", "step": "0.06", "random-start": "false"], norm: .l2),
    Entry(key: artLinf, options: ["preset": "art", "step": "0.02", "steps": "10"], norm: .linf),
    Entry(key: artL2, options: ["preset": "art", "step": "0.06", "steps": "10"], norm: .l2),
    Entry(
      key: cleverHans + "norm=inf eps=0.1 eps_iter=0.02 nb_iter=10 rand_init=False",
      options: ["preset": "cleverhans", "steps": "10", "step": "0.02", "random-start": "false"], norm: .linf),
    Entry(
      key: cleverHans + "norm=2 eps=0.3 eps_iter=0.06 nb_iter=10 rand_init=False",
      options: ["preset": "cleverhans", "steps": "10", "step": "0.06", "random-start": "false"], norm: .l2),
  ])
  func `PGD returns the same points from presets`(_ entry: Entry) throws {
    try check(ProjectedGradientDescent.self, entry)
  }

  @Test(arguments: [
    ("mean over members of CE", Objective.expectedLoss), ("CE of posterior-predictive", .predictive),
    ("CE of mean logits", .meanLogit), ("margin of posterior-predictive", .margin),
  ])
  func `PGD on an ensemble follows each objective`(_ key: String, _ objective: Objective) throws {
    let fixture = AttackFixtures.shared.ensemble
    let expected = try #require(fixture.objectives.first { $0.key.hasPrefix(key) }?.value)
    let (points, _) = try run(
      ProjectedGradientDescent.self, ["preset": "foolbox", "random-start": "false"],
      on: ClosedFormEnsemble(phases: fixture.phases), Examples(inputs: tensor(fixture.x), labels: fixture.y),
      ThreatModel(epsilon: 0.1), objective: objective)
    #expect(largestDifference(points, tensor(expected.pgd)) < 1e-6)
  }

  @Test(arguments: [(Norm.linf, "inf", 1e-6), (.l2, "2", 1e-5)])
  func `CleverHans's own test network gives the same points`(_ norm: Norm, _ name: String, _ tolerance: Double) throws {
    let fixture = try SimpleModelFixtures.load()
    let ensemble = ClosedFormEnsemble([.cleverHansSimpleModel])
    let examples = Examples(inputs: fixture.x, labels: fixture.labels)
    let threat = try ThreatModel(norm: norm, epsilon: 0.5, box: -5...5)
    let (single, _) = try run(FastGradientSignMethod.self, on: ensemble, examples, threat)
    #expect(largestDifference(single, try fixture.points("fgm norm=\(name) eps=0.5 clip=[-5,5]")) < tolerance)
    let (iterated, _) = try run(
      ProjectedGradientDescent.self,
      ["preset": "cleverhans", "steps": "20", "step": "0.05", "random-start": "false"], on: ensemble, examples, threat)
    let key = "pgd norm=\(name) eps=0.5 eps_iter=0.05 nb_iter=20 clip=[-5,5] rand_init=False"
    #expect(largestDifference(iterated, try fixture.points(key)) < tolerance)
  }
}
