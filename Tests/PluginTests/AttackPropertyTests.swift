import BuiltInPlugins
import FGSM
import PGD
import RandomNoise
import RobustnessCore
import TestSupport
import Testing

/// What must hold of every attack in the registry.
@Suite(.inTurn) struct `Every attack` {
  static let ensemble = ClosedFormEnsemble(phases: [0, 0.15, -0.2])
  static var examples: Examples {
    Examples(
      inputs: tensor(AttackFixtures.shared.single.x), labels: AttackFixtures.shared.single.y,
      targets: AttackFixtures.shared.single.target, identifiers: [40, 41, 42, 43, 44, 45])
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let attack: any Attack.Type
    let norm: Norm
    var testDescription: String { "\(attack.name) in \(norm.symbol)" }
  }
  static let cases = [any Attack.Type].builtIn.flatMap { attack in
    attack.capabilities.norms.map { Case(attack: attack, norm: $0) }
  }

  func points<A: Attack, E: PosteriorEnsemble>(
    _: A.Type, _ ensemble: E, _ examples: Examples, _ threat: ThreatModel
  ) throws -> Tensor { try run(A.self, on: ensemble, examples, threat).points }

  @Test(arguments: cases) func `keeps to the ball and the box`(_ item: Case) throws {
    for epsilon in [0.01, 0.3, 5] {
      let threat = try ThreatModel(norm: item.norm, epsilon: epsilon)
      let points = try points(item.attack, Self.ensemble, Self.examples, threat)
      #expect(threat.distances(points, from: Self.examples.inputs).allSatisfy { $0 <= epsilon * (1 + 1e-12) })
      #expect(points.elements.allSatisfy { (0...1).contains($0) })
    }
  }

  @Test(arguments: cases) func `returns the inputs when ε is 0`(_ item: Case) throws {
    let threat = try ThreatModel(norm: item.norm, epsilon: 0)
    #expect(try points(item.attack, Self.ensemble, Self.examples, threat) == Self.examples.inputs)
  }

  @Test(arguments: cases) func `repeats itself`(_ item: Case) throws {
    let threat = try ThreatModel(norm: item.norm, epsilon: 0.2)
    let first = try points(item.attack, Self.ensemble, Self.examples, threat)
    #expect(try points(item.attack, Self.ensemble, Self.examples, threat) == first)
  }

  @Test(arguments: cases) func `does not depend on the batch`(_ item: Case) throws {
    let threat = try ThreatModel(norm: item.norm, epsilon: 0.2)
    let whole = try points(item.attack, Self.ensemble, Self.examples, threat)
    for row in 0..<Self.examples.count {
      let alone = try points(item.attack, Self.ensemble, Self.examples.subset([row]), threat)
      #expect(alone[row: 0] == whole[row: row])
    }
    let order = [3, 5, 0, 4, 1, 2]
    let permuted = try points(item.attack, Self.ensemble, Self.examples.subset(order), threat)
    #expect(permuted == whole.rows(order))
  }

  @Test(arguments: cases) func `stays inside when every gradient is zero`(_ item: Case) throws {
    let constant = ListedEnsemble([
      LinearNetwork(weights: [[Double]](repeating: [0, 0, 0, 0], count: 4), bias: [0, 1, 2, 3])
    ])
    let threat = try ThreatModel(norm: item.norm, epsilon: 0.2)
    let points = try points(item.attack, constant, Self.examples, threat)
    #expect(points.nonFiniteCount == 0)
    #expect(threat.respectsBudget(points, around: Self.examples.inputs).allSatisfy { $0 })
    #expect(threat.respectsBox(points).allSatisfy { $0 })
  }

  @Test(arguments: cases) func `changes only what the mask allows`(_ item: Case) throws {
    let threat = try ThreatModel(norm: item.norm, epsilon: 0.2, mask: [true, false, false, true])
    let points = try points(item.attack, Self.ensemble, Self.examples, threat)
    for row in 0..<Self.examples.count {
      for feature in [1, 2] { #expect(points[row, feature] == Self.examples.inputs[row, feature]) }
    }
    #expect(points != Self.examples.inputs)
  }

  @Test(arguments: cases.filter { $0.attack.capabilities.access == .gradients })
  func `reaches its target on a linear model`(_ item: Case) throws {
    // The class with the largest input wins; ε = 0.6 is more than enough to lift any of them over the others.
    let identity = ListedEnsemble([
      LinearNetwork(
        weights: (0..<4).map { k in (0..<4).map { $0 == k ? 8.0 : 0 } }, bias: [0, 0, 0, 0])
    ])
    let inputs = Tensor(shape: [3, 4], elements: [0.6, 0.4, 0.4, 0.4, 0.4, 0.6, 0.4, 0.4, 0.4, 0.4, 0.4, 0.6])
    let examples = Examples(inputs: inputs, labels: [0, 1, 3], targets: [2, 3, 0])
    let threat = try ThreatModel(norm: item.norm, epsilon: 0.6, goal: .targeted)
    let points = try points(item.attack, identity, examples, threat)
    let chosen = try identity.predict(points, draws: .all).classes(.predictive)
    #expect(chosen == [2, 3, 0])
  }
}

@Suite(.inTurn) struct `Gradient attacks on a linear model` {
  // Two classes, logits ±w·x: every gradient of the loss of class 0 is a positive multiple of −w.
  static let w = [2.0, -1, 0.5, 0]
  static func model(scale: Double) -> ListedEnsemble<LinearNetwork> {
    ListedEnsemble([LinearNetwork(weights: [w.map { $0 * scale }, w.map { -$0 * scale }], bias: [0, 0])])
  }
  static let examples = Examples(inputs: Tensor(shape: [1, 4], elements: [0.6, 0.4, 0.5, 0.5]), labels: [0])

  func points(_ attack: String, _ threat: ThreatModel, scale: Double = 1) throws -> [Double] {
    attack == "fgsm"
      ? try run(FastGradientSignMethod.self, on: Self.model(scale: scale), Self.examples, threat).points.elements
      : try run(ProjectedGradientDescent.self, on: Self.model(scale: scale), Self.examples, threat).points.elements
  }

  func expectEqual(_ a: [Double], _ b: [Double]) {
    #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-12 }, "\(a) is not \(b)")
  }

  @Test func `one step in L∞ moves every feature with a gradient by ε`() throws {
    expectEqual(try points("fgsm", ThreatModel(epsilon: 0.1)), [0.5, 0.5, 0.4, 0.5])
  }

  @Test func `one step in L2 has length ε along the gradient`() throws {
    // ‖w‖² = 5.25
    let unit = Self.w.map { $0 / 5.25.squareRoot() }
    let expected = zip(Self.examples.inputs.elements, unit).map { $0 - 0.1 * $1 }
    expectEqual(try points("fgsm", ThreatModel(norm: .l2, epsilon: 0.1)), expected)
  }

  @Test func `a masked step in L2 spends its whole length on the features that may change`() throws {
    let threat = try ThreatModel(norm: .l2, epsilon: 0.1, mask: [false, true, true, true])
    let unit = [0, -1, 0.5, 0].map { $0 / 1.25.squareRoot() }
    let expected = zip(Self.examples.inputs.elements, unit).map { $0 - 0.1 * $1 }
    expectEqual(try points("fgsm", threat), expected)
    let one = ["steps": "1", "relative-step": "1", "random-start": "false", "keep": "last"]
    let pgd = try run(ProjectedGradientDescent.self, one, on: Self.model(scale: 1), Self.examples, threat).points
    expectEqual(pgd.elements, expected)
  }

  @Test(arguments: ["fgsm", "pgd"]) func `each feature has its own radius`(_ attack: String) throws {
    let threat = try ThreatModel(epsilon: 1, epsilonPerFeature: [0.3, 0.2, 0, 0.1])
    let reached = try points(attack, threat)
    expectEqual(Array(reached.prefix(3)), [0.3, 0.6, 0.5])
    #expect(abs(reached[3] - 0.5) <= 0.1)
  }

  @Test(arguments: ["fgsm", "pgd"], [Norm.linf, .l2])
  func `a gradient far below the smallest number still points the way`(_ attack: String, _ norm: Norm) throws {
    // A gap of 2·10⁴ between the logits: the loss and its gradient are about 10⁻⁸⁶⁰⁰.
    let threat = try ThreatModel(norm: norm, epsilon: 0.1)
    let sharp = try points(attack, threat, scale: 1e4)
    expectEqual(Array(sharp.prefix(3)), Array(try points(attack, threat).prefix(3)))
    #expect(threat.distances(Tensor(shape: [1, 4], elements: sharp), from: Self.examples.inputs)[0] > 0.0999)
  }
}

@Suite(.inTurn) struct `Random perturbation` {
  static let ensemble = ClosedFormEnsemble(phases: [0])
  static var examples: Examples { AttackFixtures.shared.examples }

  /// The points of each draw, however many draws one query asks about.
  private func draws(_ oracle: DirectOracle<ClosedFormEnsemble>) -> [Tensor] {
    let count = Self.examples.count
    return oracle.queries.flatMap { query in
      stride(from: 0, to: query.points.rowCount, by: count).map { query.points.rows(Array($0..<$0 + count)) }
    }
  }

  @Test func `only values are asked for, once a draw, each draw another`() throws {
    let (_, oracle) = try run(
      RandomPerturbation.self, ["draws": "4"], on: Self.ensemble, Self.examples, ThreatModel(epsilon: 0.1))
    #expect(oracle.gradientQueryCount == 0)
    #expect(draws(oracle).count == 4)
    #expect(Set(draws(oracle)).count == 4)
  }

  @Test func `the best draw is returned`() throws {
    let (points, oracle) = try run(
      RandomPerturbation.self, on: Self.ensemble, Self.examples, ThreatModel(epsilon: 0.1))
    var judge = DirectOracle(Self.ensemble, Self.examples)
    let kept = try judge.values(points)
    for drawnPoints in draws(oracle) {
      let drawn = try judge.values(drawnPoints)
      for row in 0..<points.rowCount {
        #expect(kept.successes[row] || !drawn.successes[row])
        #expect(kept.successes[row] != drawn.successes[row] || kept.values[row] >= drawn.values[row])
      }
    }
  }

  @Test func `signs are corners of the ball`() throws {
    let wide = -9.0...9.0
    let cube = try ThreatModel(epsilon: 0.1, box: wide)
    let (corners, _) = try run(RandomPerturbation.self, on: Self.ensemble, Self.examples, cube)
    #expect(
      zip(corners.elements, Self.examples.inputs.elements).allSatisfy { abs(abs($0 - $1) - 0.1) < 1e-12 })
    let ball = try ThreatModel(norm: .l2, epsilon: 0.1, box: wide)
    let (scaled, _) = try run(RandomPerturbation.self, on: Self.ensemble, Self.examples, ball)
    // Four features: each changes by ε/2.
    #expect(
      zip(scaled.elements, Self.examples.inputs.elements).allSatisfy { abs(abs($0 - $1) - 0.05) < 1e-12 })
  }

  @Test func `no draws are refused`() {
    #expect(throws: CoreError.self) { try RandomPerturbation(.init(assignments: ["draws": "0"])) }
  }
}
