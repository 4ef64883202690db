import Foundation
import PGD
import RobustnessCore
import TestSupport
import Testing

@testable import APGD

@Suite(.inTurn) struct `Auto-PGD` {
  typealias APGD = AutoProjectedGradientDescent

  static let ensemble = ClosedFormEnsemble(phases: [0, 0.15, -0.2])
  static var examples: Examples { AttackFixtures.shared.examples }
  static let still = ["random-start": "false"]

  /// Two classes and two features; the gradient at the n-th question and the values are what the test says.
  struct ScriptedOracle: AttackOracle {
    /// One line for each question: value, gradient of each row.
    var answers: [(value: Double, gradient: [Double])]
    var asked: [[Double]] = []
    let classCount = 2

    mutating func ascent(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Ascent {
      let answer = answers[asked.count]
      asked.append(points.elements)
      return Ascent(
        values: [answer.value], successes: [false],
        gradient: ScaledGradient(Tensor(shape: [1, 2], elements: answer.gradient)))
    }
    mutating func ascent(
      _ points: Tensor, of rows: [Int], toward classes: [Int], objective: Objective?
    ) throws -> Ascent { try ascent(points, of: rows, objective: objective) }
    mutating func values(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Values {
      asked.append(points.elements)
      return Values(values: [-.infinity], successes: [false])
    }
    mutating func logProbabilities(_ points: Tensor, of rows: [Int]) throws -> Tensor { Tensor(zeros: [1, 2]) }
    mutating func successes(_ points: Tensor, of rows: [Int]) throws -> [Bool] { [false] }
  }

  // MARK: - Checkpoints

  @Test func `a run of 100 steps looks back after 22, 41, 57, 70, 80, 87, 93 and 99 of them`() {
    #expect(Checkpoints(iterations: 100).windows.keys.sorted() == [22, 41, 57, 70, 80, 87, 93, 99])
    #expect(Checkpoints(iterations: 100).window(endingAt: 22) == 22)
    #expect(Checkpoints(iterations: 100).window(endingAt: 41) == 19)
    #expect(Checkpoints(iterations: 100).window(endingAt: 99) == 6)
  }

  @Test func `other numbers of steps are rounded down as in the authors' program`() {
    // int(0.22·50) = 11, then one fewer each, but three at least.
    #expect(Checkpoints(iterations: 50).windows.keys.sorted() == [11, 21, 30, 38, 45])
    #expect(Checkpoints(iterations: 5).windows.keys.sorted() == [1, 2, 3, 4, 5])
    #expect(Checkpoints(iterations: 0).windows.isEmpty)
  }

  // MARK: - The step

  /// The points asked about by a run in a ball of radius 1 around 0.
  func path(_ answers: [(value: Double, gradient: [Double])], _ options: [String: String] = [:], norm: Norm) throws
    -> [[Double]]
  {
    var oracle = ScriptedOracle(answers: answers)
    let threat = try ThreatModel(norm: norm, epsilon: 1, box: -9...9)
    let settings = Self.still.merging(options) { $1 }.merging(["iterations": "\(answers.count)"]) { $1 }
    _ = try APGD(.init(assignments: settings)).perturb(
      Examples(inputs: Tensor(zeros: [1, 2]), labels: [0]), within: threat, oracle: &oracle, random: streams)
    return oracle.asked
  }

  @Test func `the first step has twice the radius, later ones carry a quarter of the step before`() throws {
    let answers = [(0.0, [1.0, 0]), (1.0, [-1.0, -1]), (2.0, [0.0, 0])]
    let points = try path(answers, ["iterations": "3"], norm: .linf)
    #expect(points[1] == [1, 0])
    // z = Π((1, 0) − 2·(1, 1)) = (−1, −1); x = (1, 0) + 0.75·(−2, −1) + 0.25·(1, 0) = (−0.25, −0.75).
    #expect(points[2] == [-0.25, -0.75])
    // The gradient is zero: only 0.25·(−1.25, −0.75) is left of the last step, cut off at the ball.
    #expect(points[3] == [-0.5625, -0.9375])
    let plain = try path(answers, ["momentum": "1"], norm: .linf)
    #expect(plain[2] == [-1, -1])
  }

  @Test func `in L2 the step follows the gradient and comes back to the sphere`() throws {
    let points = try path([(0.0, [3.0, 4]), (1.0, [0.0, 0])], norm: .l2)
    #expect(zip(points[1], [0.6, 0.8]).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test func `a window without a climb halves the step and goes back to the best point with its gradient`() throws {
    // 100 steps; the 22 up to the first checkpoint never climb again after the first.
    var answers: [(value: Double, gradient: [Double])] = [(0, [1, 0]), (5, [0, 1])]
    answers += (2...22).map { step in (5 - Double(step), step % 2 == 0 ? [-1, 0] : [1, 0]) }
    answers += [(-100, [0, 0])]
    var oracle = ScriptedOracle(answers: answers + Array(repeating: (-200.0, [0.0, 0]), count: 80))
    let threat = try ThreatModel(epsilon: 1, box: -9...9)
    _ = try APGD(.init(assignments: Self.still)).perturb(
      Examples(inputs: Tensor(zeros: [1, 2]), labels: [0]), within: threat, oracle: &oracle, random: streams)
    // From the second point (1, 0), whose gradient was (0, 1), with a step of ε rather than 2ε.
    let before = oracle.asked[21]
    let expected = [1 + 0.25 * (1 - before[0]), 0.75 * 1 + 0.25 * (0 - before[1])].map { min(1, max(-1, $0)) }
    #expect(zip(oracle.asked[23], expected).allSatisfy { abs($0 - $1) < 1e-12 }, "\(oracle.asked[23]) \(expected)")
  }

  @Test func `a window of climbs keeps the step`() throws {
    // The gradient points outward until the last but one step before the check, then inward: a step of 2ε crosses the
    // ball.
    var answers = (0...22).map { (value: Double($0), gradient: [1.0, 1]) }
    answers[22].gradient = [-1, -1]
    answers += (23...100).map { (value: Double($0), gradient: [0.0, 0]) }
    var oracle = ScriptedOracle(answers: answers)
    let threat = try ThreatModel(epsilon: 1, box: -9...9)
    _ = try APGD(.init(assignments: Self.still.merging(["momentum": "1"]) { $1 })).perturb(
      Examples(inputs: Tensor(zeros: [1, 2]), labels: [0]), within: threat, oracle: &oracle, random: streams)
    #expect(oracle.asked[22] == [1, 1])
    #expect(oracle.asked[23] == [-1, -1])
  }

  // MARK: - Known answers

  @Test(arguments: [
    (Norm.linf, Objective.predictive, "autoattack.APGD-ce Linf eps=0.1"),
    (.l2, .predictive, "autoattack.APGD-ce L2 eps=0.3"), (.linf, .dlr, "autoattack.APGD-dlr Linf eps=0.1"),
    (.l2, .dlr, "autoattack.APGD-dlr L2 eps=0.3"),
  ])
  func `from the input it reaches the losses of the authors' program`(
    _ norm: Norm, _ objective: Objective, _ key: String
  ) throws {
    let fixtures = AttackFixtures.shared
    let best = try #require(fixtures.attacks[key + " n_iter=100 rho=.75 x_init=x -> x_best (max loss)"])
    let fooled = try #require(
      fixtures.attacks[key + " n_iter=100 rho=.75 x_init=x -> x_best_adv (last misclassified)"]?.success)
    let losses = try #require(best.losses)
    let threat = try ThreatModel(norm: norm, epsilon: norm == .linf ? 0.1 : 0.3)
    let ensemble = ClosedFormEnsemble(phases: [0])
    var (points, oracle) = try run(
      APGD.self, Self.still, on: ensemble, fixtures.examples, threat, objective: objective)
    let reached = try oracle.values(points)
    #expect(reached.successes == fooled)
    for (row, loss) in losses.enumerated() {
      let value = objective == .predictive ? exp(reached.values[row]) : reached.values[row]
      // Of the points that reach the goal the one of largest value is kept, so that it may be another than the largest.
      #expect(abs(value - loss) < 5e-3 * max(1, abs(loss)), "example \(row): \(value), not \(loss)")
    }
  }

  // MARK: - Starts, restarts, early stops

  @Test(arguments: [Norm.linf, .l2])
  func `random starts lie on the border of the ball`(_ norm: Norm) throws {
    let threat = try ThreatModel(norm: norm, epsilon: 0.01, box: -9...9)
    let (points, oracle) = try run(
      APGD.self, ["iterations": "0", "restarts": "2"], on: Self.ensemble, Self.examples, threat)
    for query in oracle.queries {
      #expect(threat.distances(query.points, from: Self.examples.inputs).allSatisfy { abs($0 - 0.01) < 1e-12 })
    }
    #expect(oracle.queries.count == 2 && oracle.queries[0].points != oracle.queries[1].points)
    #expect(points.rowCount == Self.examples.count)
  }

  @Test func `a random start keeps to each feature's radius and to the mask`() throws {
    let radii = [0.2, 0.1, 0.3, 0.05]
    let threat = try ThreatModel(epsilon: 1, epsilonPerFeature: radii, box: -9...9, mask: [true, true, true, false])
    let (_, oracle) = try run(APGD.self, ["iterations": "0"], on: Self.ensemble, Self.examples, threat)
    let points = oracle.queries[0].points
    for row in 0..<points.rowCount {
      let parts = (0..<4).map { abs(points[row, $0] - Self.examples.inputs[row, $0]) / radii[$0] }
      #expect(abs(parts.max()! - 1) < 1e-12)
      #expect(parts[3] == 0)
    }
  }

  @Test func `a run asks for one gradient a step and for the value of its end`() throws {
    let (_, oracle) = try run(
      APGD.self, ["iterations": "7", "restarts": "3"], on: Self.ensemble, Self.examples, ThreatModel(epsilon: 0.1))
    #expect(oracle.gradientQueryCount == 21)
    #expect(oracle.valueQueryCount == 3)
  }

  @Test(arguments: [Norm.linf, .l2])
  func `an early stop fools the same examples with fewer questions`(_ norm: Norm) throws {
    let threat = try ThreatModel(norm: norm, epsilon: norm == .linf ? 0.06 : 0.12)
    let options = ["iterations": "30", "restarts": "2"]
    let whole = try run(APGD.self, options, on: Self.ensemble, Self.examples, threat)
    let early = try run(
      APGD.self, options.merging(["early-stop": "true"]) { $1 }, on: Self.ensemble, Self.examples, threat)
    var judge = DirectOracle(Self.ensemble, Self.examples)
    let fooled = try judge.values(whole.points)
    let stopped = try judge.values(early.points)
    #expect(fooled.successes == stopped.successes)
    #expect(fooled.successes.contains(true) && fooled.successes.contains(false))
    func pointCount(_ oracle: DirectOracle<ClosedFormEnsemble>) -> Int {
      oracle.queries.reduce(0) { $0 + $1.points.rowCount }
    }
    #expect(pointCount(early.oracle) < pointCount(whole.oracle))
    // Where nothing reached the goal the runs are the same to the bit.
    for row in fooled.successes.indices where !fooled.successes[row] {
      #expect(early.points[row: row] == whole.points[row: row])
    }
    // Without it every run goes on climbing.
    #expect(zip(fooled.values, stopped.values).allSatisfy { $0 >= $1 })
  }

  @Test(arguments: [Norm.linf, .l2])
  func `it is at least as strong as plain steps with the same gradients`(_ norm: Norm) throws {
    let threat = try ThreatModel(norm: norm, epsilon: norm == .linf ? 0.06 : 0.12)
    let plain = try run(
      ProjectedGradientDescent.self, ["steps": "100"], on: Self.ensemble, Self.examples, threat)
    let auto = try run(APGD.self, on: Self.ensemble, Self.examples, threat)
    var judge = DirectOracle(Self.ensemble, Self.examples)
    let fooled = try judge.values(plain.points).successes.count { $0 }
    #expect(try judge.values(auto.points).successes.count { $0 } >= fooled)
  }

  @Test(arguments: [
    ["iterations": "-1"], ["restarts": "0"], ["rho": "1.5"], ["rho": "-0.1"], ["momentum": "2"], ["momentum": "-1"],
  ])
  func `options without a meaning are refused`(_ options: [String: String]) {
    #expect(throws: CoreError.self) { try APGD(.init(assignments: options)) }
  }
}
