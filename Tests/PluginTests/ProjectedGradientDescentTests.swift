import PGD
import RobustnessCore
import TestSupport
import Testing

@Suite(.inTurn) struct `Projected gradient descent` {
  typealias PGD = ProjectedGradientDescent
  static let ensemble = ClosedFormEnsemble(phases: [0, 0.15, -0.2])
  static var examples: Examples {
    Examples(
      inputs: tensor(AttackFixtures.shared.ensemble.x), labels: AttackFixtures.shared.ensemble.y,
      targets: AttackFixtures.shared.single.target)
  }

  /// Success and value of each row under the predictive, asked afresh.
  func outcome(_ points: Tensor, goal: ThreatModel.Goal = .untargeted) throws -> Values {
    var oracle = DirectOracle(Self.ensemble, Self.examples, goal: goal)
    return try oracle.values(points)
  }

  func expectNoWeaker(_ strong: Tensor, than weak: Tensor) throws {
    let a = try outcome(strong)
    let b = try outcome(weak)
    for row in a.values.indices {
      #expect(a.successes[row] || !b.successes[row])
      #expect(a.successes[row] != b.successes[row] || a.values[row] >= b.values[row])
    }
  }

  // MARK: - Presets

  struct Defaults: Sendable {
    let preset: String
    var extra: [String: String] = [:]
    let norm: Norm
    let steps: Int
    let stepLength: Double
    let startsAtRandom: Bool
    var asksForTheEnd = false
  }

  @Test(arguments: [
    Defaults(preset: "paper", norm: .linf, steps: 15, stepLength: 0.05, startsAtRandom: true, asksForTheEnd: true),
    Defaults(preset: "paper", norm: .l2, steps: 15, stepLength: 0.05, startsAtRandom: true, asksForTheEnd: true),
    Defaults(preset: "foolbox", norm: .linf, steps: 40, stepLength: 0.01, startsAtRandom: true),
    Defaults(preset: "foolbox", norm: .l2, steps: 50, stepLength: 0.0075, startsAtRandom: true),
    Defaults(preset: "torchattacks", norm: .linf, steps: 10, stepLength: 2.0 / 255, startsAtRandom: true),
    Defaults(preset: "torchattacks", norm: .l2, steps: 10, stepLength: 0.2, startsAtRandom: true),
    Defaults(preset: "art", norm: .linf, steps: 100, stepLength: 0.1, startsAtRandom: false),
    Defaults(preset: "art", norm: .l2, steps: 100, stepLength: 0.1, startsAtRandom: false),
    Defaults(
      preset: "cleverhans", extra: ["steps": "6", "step": "0.07"], norm: .linf, steps: 6, stepLength: 0.07,
      startsAtRandom: true),
    Defaults(
      preset: "cleverhans", extra: ["steps": "6", "step": "0.07"], norm: .l2, steps: 6, stepLength: 0.07,
      startsAtRandom: true),
  ])
  func `a preset has its library's defaults at ε = 0.3`(_ defaults: Defaults) throws {
    let threat = try ThreatModel(norm: defaults.norm, epsilon: 0.3, box: -9...9)
    let options = defaults.extra.merging(["preset": defaults.preset]) { $1 }
    let (_, oracle) = try run(PGD.self, options, on: Self.ensemble, Self.examples, threat)
    #expect(oracle.gradientQueryCount == defaults.steps)
    #expect(oracle.valueQueryCount == (defaults.asksForTheEnd ? 1 : 0))
    #expect((oracle.queries[0].points != Self.examples.inputs) == defaults.startsAtRandom)
    // From the input, where the ball does not bind yet, the first move is the step.
    let still = options.merging(["random-start": "false"]) { $1 }
    let (_, fromInput) = try run(PGD.self, still, on: Self.ensemble, Self.examples, threat)
    let moved = threat.distances(fromInput.queries[1].points, from: Self.examples.inputs)
    #expect(moved.allSatisfy { abs($0 - defaults.stepLength) < 1e-12 })
  }

  @Test(arguments: ["paper", "foolbox", "torchattacks", "art"], Norm.allCases)
  func `resolved options leave nothing open and return the same points`(_ preset: String, _ norm: Norm) throws {
    let threat = try ThreatModel(norm: norm, epsilon: 0.3)
    let resolved = try PGD.Options(assignments: ["preset": preset]).resolved(for: norm)
    var assignments: [String: String] = [:]
    for (name, value) in try resolved.described() { assignments[name] = value }
    // Of step and relative-step only one is set.
    #expect(try resolved.described().count { $0.value == nil } == 1)
    let short = try run(PGD.self, ["preset": preset], on: Self.ensemble, Self.examples, threat).points
    #expect(try run(PGD.self, assignments, on: Self.ensemble, Self.examples, threat).points == short)
  }

  @Test func `the paper's defaults are described`() throws {
    let resolved = try PGD.Options().resolved(for: .linf)
    #expect(resolved.steps == 15 && resolved.relativeStep == 2.5 / 15 && resolved.step == nil)
    #expect(resolved.randomStart == true && resolved.keep == .best && resolved.projection == .exact)
    let open = try PGD.Options().described().filter { $0.value == nil }.map(\.name)
    #expect(Set(open) == Set(PGD.Options.describedDefaults.keys))
  }

  @Test func `CleverHans has no default steps or step, and says so`() throws {
    #expect(throws: CoreError.self) { try PGD(PGD.Options(assignments: ["preset": "cleverhans", "steps": "5"])) }
    #expect(throws: CoreError.self) { try PGD(PGD.Options(assignments: ["preset": "cleverhans", "step": "0.1"])) }
  }

  @Test func `an option that is given wins over the preset`() throws {
    let threat = try ThreatModel(epsilon: 0.3)
    let (_, oracle) = try run(
      PGD.self, ["preset": "foolbox", "steps": "3", "keep": "best"], on: Self.ensemble, Self.examples, threat)
    #expect(oracle.gradientQueryCount == 3)
    #expect(oracle.valueQueryCount == 1)
  }

  @Test(arguments: [("torchattacks", 0.5), ("foolbox", 784.0 / 785), ("cleverhans", 1.0)])
  func `random starts in L2 lie as far out as the library's`(_ preset: String, _ meanRadius: Double) throws {
    let count = 400
    let ensemble = ListedEnsemble([
      LinearNetwork(weights: [[Double]](repeating: .init(repeating: 0, count: 784), count: 2), bias: [0, 0])
    ])
    let examples = Examples(
      inputs: Tensor(repeating: 0.5, shape: [count, 784]), labels: [Int](repeating: 0, count: count))
    let threat = try ThreatModel(norm: .l2, epsilon: 0.4)
    let options = ["preset": preset, "steps": "0", "step": "0.1"]
    let (starts, _) = try run(PGD.self, options, on: ensemble, examples, threat)
    let radii = threat.distances(starts, from: examples.inputs)
    // A radius uniform in [0, ε] has standard deviation ε/√12; four standard errors of the mean.
    #expect(abs(radii.reduce(0, +) / Double(count) / 0.4 - meanRadius) < 4 * 0.289 / Double(count).squareRoot())
    #expect(radii.allSatisfy { $0 <= 0.4 * (1 + 1e-12) })
  }

  // MARK: - What is kept

  @Test(arguments: [Norm.linf, .l2])
  func `more restarts are never weaker`(_ norm: Norm) throws {
    let threat = try ThreatModel(norm: norm, epsilon: norm == .linf ? 0.06 : 0.12)
    for keep in ["best", "last"] {
      let one = try run(PGD.self, ["steps": "3", "keep": keep], on: Self.ensemble, Self.examples, threat).points
      let five = try run(
        PGD.self, ["steps": "3", "keep": keep, "restarts": "5"], on: Self.ensemble, Self.examples, threat
      ).points
      try expectNoWeaker(five, than: one)
    }
  }

  @Test(arguments: [Norm.linf, .l2])
  func `every restart has a start of its own`(_ norm: Norm) throws {
    let threat = try ThreatModel(norm: norm, epsilon: 0.3)
    let (_, oracle) = try run(
      PGD.self, ["steps": "1", "restarts": "3"], on: Self.ensemble, Self.examples, threat)
    let starts = oracle.queries.filter(\.isGradient).map(\.points)
    #expect(starts.count == 3 && Set(starts).count == 3)
  }

  @Test(arguments: [Norm.linf, .l2])
  func `keeping the best is never weaker than keeping the last`(_ norm: Norm) throws {
    let threat = try ThreatModel(norm: norm, epsilon: 0.3)
    var differed = false
    for steps in 1...8 {
      // Steps as long as the ball jump about, so that the last point is often not the best.
      let options = ["steps": "\(steps)", "relative-step": "1.1"]
      let best = try run(PGD.self, options, on: Self.ensemble, Self.examples, threat).points
      let last = try run(
        PGD.self, options.merging(["keep": "last"]) { $1 }, on: Self.ensemble, Self.examples, threat
      ).points
      try expectNoWeaker(best, than: last)
      differed = differed || best != last
    }
    #expect(differed)
  }

  @Test func `the best of every point asked about is returned, success before value`() throws {
    let threat = try ThreatModel(epsilon: 0.3)
    let (points, oracle) = try run(
      PGD.self, ["steps": "6", "relative-step": "1.2", "restarts": "2"], on: Self.ensemble, Self.examples, threat)
    #expect(oracle.queries.count == 14)
    for query in oracle.queries { try expectNoWeaker(points, than: query.points) }
    for row in 0..<points.rowCount {
      #expect(oracle.queries.contains { $0.points[row: row] == points[row: row] })
    }
  }

  @Test func `every run takes every step`() throws {
    let threat = try ThreatModel(epsilon: 0.3)
    let options = ["steps": "7", "keep": "last"]
    let one = try run(PGD.self, options, on: Self.ensemble, Self.examples, threat).oracle
    #expect(one.gradientQueryCount == 7)
    #expect(one.valueQueryCount == 0)
    let three = try run(
      PGD.self, options.merging(["restarts": "3"]) { $1 }, on: Self.ensemble, Self.examples, threat
    ).oracle
    #expect(three.gradientQueryCount == 21)
    #expect(three.valueQueryCount == 3)
  }

  // MARK: - Edges

  @Test(arguments: [["steps": "0"], ["step": "0"], ["relative-step": "0"]])
  func `no steps, or steps of no length, leave the input where it is`(_ options: [String: String]) throws {
    let threat = try ThreatModel(epsilon: 0.3)
    let still = options.merging(["random-start": "false"]) { $1 }
    #expect(try run(PGD.self, still, on: Self.ensemble, Self.examples, threat).points == Self.examples.inputs)
  }

  @Test(arguments: [
    ["steps": "-1"], ["step": "-0.1"], ["relative-step": "-1"], ["restarts": "0"],
    ["step": "0.1", "relative-step": "0.2"], ["step": "nan"],
  ])
  func `options without a meaning are refused`(_ options: [String: String]) {
    #expect(throws: CoreError.self) { try PGD(PGD.Options(assignments: options)) }
  }

  @Test func `a step that is not a number is refused`() {
    var options = PGD.Options()
    options.step = .nan
    #expect(throws: CoreError.self) { try PGD(options) }
  }
}
