import RobustnessCore
import TestSupport
import Testing

@testable import RayS

@Suite(.inTurn) struct `RayS` {
  @Test func `the radius of a plane is found, whatever ε is`() throws {
    let plane = Plane(shape: [10], examples: 6)
    for epsilon in [0.001, 0.5, 40] {
      let threat = try ThreatModel(epsilon: epsilon, box: Plane.box)
      var oracle = CountingOracle(plane.ensemble, plane.examples, access: .decisions)
      let points = try RaySearch(.init(assignments: ["queries": "1000", "tolerance": "1e-6"]))
        .perturb(plane.examples, within: threat, oracle: &oracle, random: streams)
      let distances = threat.distances(points, from: plane.examples.inputs)
      for (distance, radius) in zip(distances, plane.radii(.linf)) {
        #expect(abs(distance - min(radius, epsilon)) < 1e-6)
        // The decision changes beyond the plane only.
        #expect(distance >= radius || epsilon < radius)
      }
    }
  }

  @Test func `it falls at little more than the radius, with a target too`() throws {
    let plane = Plane(shape: [2, 3, 3], examples: 6)
    for goal in [ThreatModel.Goal.untargeted, .targeted] {
      #expect(
        try plane.falls(RaySearch.self, ["queries": "2000"], .linf, factor: 1.01, goal: goal)
          == Array(repeating: true, count: 6))
    }
  }

  @Test func `features that may not change stay, and others move in proportion to their radii`() throws {
    let plane = Plane(shape: [4], examples: 5)
    let radii = [0.4, 0.1, 0.2, 0.3]
    let threat = try ThreatModel(
      epsilon: 0.4, epsilonPerFeature: radii, box: Plane.box, mask: [true, true, false, true])
    let (points, _) = try run(RaySearch.self, ["queries": "300"], on: plane.ensemble, plane.examples, threat)
    var moved = 0
    for row in 0..<5 {
      let delta = (0..<4).map { abs(points[row, $0] - plane.examples.inputs[row, $0]) }
      #expect(delta[2] == 0)
      guard delta[0] > 0 else { continue }
      moved += 1
      for feature in [1, 3] { #expect(abs(delta[feature] / delta[0] - radii[feature] / radii[0]) < 1e-9) }
    }
    #expect(moved > 0)
  }

  @Test func `blocks are those of the authors' program`() {
    // RayS.py: all, then ⌈5/2⌉, ⌈5/4⌉ and single features; a level ends with the last feature.
    var blocks = Blocks(count: 5)
    let first = (0..<16).map { _ in blocks.next() }
    let singles = (0..<5).map { $0..<$0 + 1 }
    #expect(first == [0..<5, 0..<3, 3..<5, 0..<2, 2..<4, 4..<5] + singles + singles)
  }

  @Test func `no example is asked about more often than allowed`() throws {
    let plane = Plane(shape: [10], examples: 4)
    let threat = try ThreatModel(epsilon: 1, box: Plane.box)
    for queries in [1, 2, 3, 37] {
      var oracle = CountingOracle(plane.ensemble, plane.examples, access: .decisions)
      let points = try RaySearch(.init(assignments: ["queries": "\(queries)"]))
        .perturb(plane.examples, within: threat, oracle: &oracle, random: streams)
      #expect(oracle.counts == Array(repeating: queries, count: 4))
      #expect(queries > 1 || points == plane.examples.inputs)
    }
  }

  @Test func `who is wrong already comes back unchanged`() throws {
    let plane = Plane(shape: [10], examples: 4)
    let examples = Examples(inputs: plane.examples.inputs, labels: plane.examples.labels.map { 1 - $0 })
    var oracle = CountingOracle(plane.ensemble, examples, access: .decisions)
    let threat = try ThreatModel(epsilon: 0.1, box: Plane.box)
    let points = try RaySearch(.init()).perturb(examples, within: threat, oracle: &oracle, random: streams)
    #expect(points == examples.inputs)
    #expect(oracle.counts == [1, 1, 1, 1])
  }

  @Test(arguments: [["queries": "0"], ["tolerance": "0"], ["tolerance": "-1"]])
  func `senseless options are refused`(_ options: [String: String]) {
    #expect(throws: CoreError.self) { try RaySearch(.init(assignments: options)) }
  }
}
