import RobustnessCore
import TestSupport
import Testing

@testable import NES

@Suite(.inTurn) struct `Natural evolution strategy` {
  typealias NES = NaturalEvolutionStrategy

  @Test(arguments: Norm.allCases) func `a plane is crossed at little more than the radius`(_ norm: Norm) throws {
    let plane = Plane(shape: [10], examples: 6)
    #expect(try plane.falls(NES.self, [:], norm, factor: 1.1) == Array(repeating: true, count: 6))
    #expect(try plane.falls(NES.self, [:], norm, factor: 1.1, goal: .targeted) == Array(repeating: true, count: 6))
  }

  @Test func `losses far below the smallest number have gradients`() throws {
    var plane = Plane(shape: [10], examples: 4)
    plane.scale = 2e4
    #expect(try plane.falls(NES.self, [:], .linf, factor: 1.1) == Array(repeating: true, count: 4))
  }

  @Test func `samples lie opposite each other at sigma, and steps are counted with them`() throws {
    let plane = Plane(shape: [400], examples: 3)
    let threat = try ThreatModel(epsilon: 1e-4, box: Plane.box)
    var oracle = CountingOracle(plane.ensemble, plane.examples, access: .scores)
    let attack = try NES(.init(assignments: ["queries": "100", "samples": "20", "sigma": "0.01"]))
    _ = try attack.perturb(plane.examples, within: threat, oracle: &oracle, random: streams)
    // Four steps of 21 questions and one about the end.
    #expect(oracle.counts == [85, 85, 85])
    let (centres, samples) = (oracle.questions[0].points, oracle.questions[1])
    #expect(samples.rows == [0, 1, 2].flatMap { Array(repeating: $0, count: 20) })
    for row in 0..<3 {
      let centre = Array(centres[row: row])
      for pair in 0..<10 {
        let plus = Array(samples.points[row: row * 20 + pair])
        let minus = Array(samples.points[row: row * 20 + 10 + pair])
        #expect(zip(zip(plus, minus), centre).allSatisfy { abs($0.0 + $0.1 - 2 * $1) < 1e-12 })
        // The mean square of 400 normal numbers is 1 ± 0.07.
        let mean = zip(plus, centre).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / 400
        #expect(abs(mean / 1e-4 - 1) < 0.36)
      }
    }
  }

  @Test func `what may not change is not sampled`() throws {
    let plane = Plane(shape: [4], examples: 2)
    let threat = try ThreatModel(epsilon: 0.1, box: Plane.box, mask: [true, false, true, false])
    var oracle = CountingOracle(plane.ensemble, plane.examples, access: .scores)
    _ = try NES(.init(assignments: ["queries": "60"]))
      .perturb(plane.examples, within: threat, oracle: &oracle, random: streams)
    for question in oracle.questions {
      for (position, row) in question.rows.enumerated() {
        #expect(question.points[position, 1] == plane.examples.inputs[row, 1])
        #expect(question.points[position, 3] == plane.examples.inputs[row, 3])
      }
    }
  }

  @Test func `who has fallen is not asked about again`() throws {
    let plane = Plane(shape: [10], examples: 8)
    let radii = plane.radii(.linf)
    let epsilon = radii.sorted()[3] * 1.1
    let threat = try ThreatModel(epsilon: epsilon, box: Plane.box)
    var oracle = CountingOracle(plane.ensemble, plane.examples, access: .scores)
    _ = try NES(.init(assignments: ["queries": "2000"]))
      .perturb(plane.examples, within: threat, oracle: &oracle, random: streams)
    for row in radii.indices {
      #expect(radii[row] * 1.1 <= epsilon * 1.0001 ? oracle.counts[row] < 1000 : oracle.counts[row] > 1900)
    }
  }

  /// An oracle whose value is the same sequence of numbers whatever it is asked; only means over samples matter.
  struct FallingOracle: AttackOracle {
    var classCount: Int { 2 }
    var centres: [Tensor] = []
    var level = 0.0

    mutating func values(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Values {
      if points.rowCount == 1 {
        centres.append(points)
        level -= 10
        return Values(values: [level], successes: [false])
      }
      // Grows along the first feature, and falls from step to step.
      let slopes = (0..<points.rowCount).map { level + points[$0, 0] }
      return Values(values: slopes, successes: rows.map { _ in false })
    }
    mutating func ascent(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Ascent {
      throw CoreError("no gradients")
    }
    mutating func ascent(
      _ points: Tensor, of rows: [Int], toward classes: [Int], objective: Objective?
    ) throws -> Ascent { throw CoreError("no gradients") }
    mutating func logProbabilities(_ points: Tensor, of rows: [Int]) throws -> Tensor { throw CoreError("no scores") }
    mutating func successes(_ points: Tensor, of rows: [Int]) throws -> [Bool] { throw CoreError("no decisions") }
  }

  @Test func `a value that does not grow over the plateau halves the step`() throws {
    let examples = Examples(inputs: Tensor(zeros: [1, 1]), labels: [0])
    let threat = try ThreatModel(epsilon: 40, box: Plane.box)
    var oracle = FallingOracle()
    _ = try NES(.init(assignments: ["queries": "460", "samples": "50", "step": "1", "plateau": "3"]))
      .perturb(examples, within: threat, oracle: &oracle, random: streams)
    let places = oracle.centres.map { $0.elements[0] }
    let lengths = zip(places.dropFirst(), places).map { $0 - $1 }
    // Values that fall: the third, sixth and ninth step are each half as long as those before.
    #expect(lengths.prefix(8).elementsEqual([1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]))
  }

  @Test func `pairs with an infinite side count as the largest finite one`() {
    #expect(NES.differences([1, -.infinity, 3, -.infinity, .nan, 2, 0, 1, -.infinity, 0]) == [-1, -2, 2, 0, 0])
    #expect(NES.differences([0, -.infinity]) == [1])
    #expect(NES.differences([-.infinity, -.infinity]) == [0])
  }

  @Test(arguments: [
    ["queries": "0"], ["samples": "7"], ["samples": "0"], ["sigma": "0"], ["momentum": "1"], ["plateau": "1"],
    ["step": "-1"], ["step": "1", "relative-step": "1"],
  ])
  func `senseless options are refused`(_ options: [String: String]) {
    #expect(throws: CoreError.self) { try NES(.init(assignments: options)) }
  }
}
