import RobustnessCore
import TestSupport
import Testing

@testable import Square

@Suite(.inTurn) struct `Square attack` {
  // MARK: - Strength

  @Test(arguments: ["scattered", "runs"])
  func `a plane is crossed at little more than the radius, in vectors`(_ vectors: String) throws {
    let plane = Plane(shape: [10], examples: 6)
    let options = ["queries": "2000", "vectors": vectors]
    #expect(try plane.falls(SquareAttack.self, options, .linf, factor: 1.001) == Array(repeating: true, count: 6))
    // Runs have bumps, which not every direction is made of.
    let factor = vectors == "runs" ? 1.4 : 1.1
    #expect(try plane.falls(SquareAttack.self, options, .l2, factor: factor) == Array(repeating: true, count: 6))
  }

  @Test func `and in images`() throws {
    let plane = Plane(shape: [2, 6, 5], examples: 4)
    #expect(
      try plane.falls(SquareAttack.self, ["queries": "3000"], .linf, factor: 1.001) == Array(repeating: true, count: 4))
    #expect(
      try plane.falls(SquareAttack.self, ["queries": "3000"], .l2, factor: 2) == Array(repeating: true, count: 4))
  }

  @Test func `a target is reached`() throws {
    let plane = Plane(shape: [10], examples: 4)
    for norm in Norm.allCases {
      #expect(
        try plane.falls(SquareAttack.self, ["queries": "2000"], norm, factor: 1.2, goal: .targeted)
          == Array(repeating: true, count: 4))
    }
  }

  @Test func `confident networks are attacked like others`() throws {
    var plane = Plane(shape: [10], examples: 4)
    plane.scale = 2e4
    #expect(
      try plane.falls(SquareAttack.self, ["queries": "2000"], .linf, factor: 1.001) == Array(repeating: true, count: 4))
  }

  @Test(arguments: Norm.allCases) func `windows reach the last row and column`(_ norm: Norm) throws {
    // Only the last row counts, then only the last column. A window that never covers them leaves there what the first
    // perturbation put.
    for isRow in [true, false] {
      let weights = (0..<36).map { isRow ? ($0 >= 30 ? 1.0 : 0) : ($0 % 6 == 5 ? 1.0 : 0) }
      let plane = Plane(shape: [1, 6, 6], examples: 24, weights: weights)
      let factor = norm == .linf ? 1.01 : 1.6
      #expect(
        try plane.falls(SquareAttack.self, ["queries": "1000"], norm, factor: factor)
          == Array(repeating: true, count: 24))
    }
  }

  @Test func `of few features the inside of the ball is searched too`() throws {
    // Class 1 is a strip, 0.1 < x < 0.2, and the corners of both balls lie outside it.
    let strip = ListedEnsemble([
      ClosedFormNetwork(
        hidden: [[60, 0], [60, 0]], hiddenBias: [-6, -12], output: [[0, 0], [4, -4]], outputBias: [0, -4],
        activation: .tanh)
    ])
    let examples = Examples(inputs: Tensor(shape: [2, 2], elements: [0, 0, 0.3, 0.1]), labels: [0, 0])
    let threat = try ThreatModel(epsilon: 0.25, box: -1...1)
    let (points, _) = try run(SquareAttack.self, ["queries": "200"], on: strip, examples, threat)
    var judge = DirectOracle(strip, examples)
    #expect(try judge.successes(points) == [true, true])
    #expect(points.elements[0] > 0.1 && points.elements[0] < 0.2)
  }

  // MARK: - Questions

  @Test func `who has fallen is not asked about again`() throws {
    let plane = Plane(shape: [10], examples: 8)
    let radii = plane.radii(.linf)
    // Half of them can fall.
    let epsilon = radii.sorted()[3] * 1.01
    let threat = try ThreatModel(epsilon: epsilon, box: Plane.box)
    var oracle = CountingOracle(plane.ensemble, plane.examples, access: .scores)
    let attack = try SquareAttack(.init(assignments: ["queries": "1500"]))
    let points = try attack.perturb(plane.examples, within: threat, oracle: &oracle, random: streams)
    var judge = DirectOracle(plane.ensemble, plane.examples)
    let fallen = try judge.successes(points)
    #expect(fallen == radii.map { $0 < epsilon })
    for row in fallen.indices {
      #expect(fallen[row] ? oracle.counts[row] < 1500 : oracle.counts[row] > 1000 && oracle.counts[row] <= 1500)
    }
  }

  @Test func `who is wrong already is asked about once and comes back unchanged`() throws {
    let plane = Plane(shape: [10], examples: 4)
    let examples = Examples(inputs: plane.examples.inputs, labels: plane.examples.labels.map { 1 - $0 })
    var oracle = CountingOracle(plane.ensemble, examples, access: .scores)
    let threat = try ThreatModel(epsilon: 0.1, box: Plane.box)
    let points = try SquareAttack(.init()).perturb(examples, within: threat, oracle: &oracle, random: streams)
    #expect(points == examples.inputs)
    #expect(oracle.counts == [1, 1, 1, 1])
  }

  @Test func `every example has windows of its own, one block with one sign for each channel`() throws {
    // Identical inputs, apart from their identifiers.
    let plane = Plane(shape: [2, 8, 8], examples: 1)
    let one = plane.examples
    let examples = Examples(
      inputs: one.inputs.rows([0, 0]), labels: [one.labels[0], one.labels[0]], identifiers: [3, 4])
    let threat = try ThreatModel(epsilon: 1e-3, box: Plane.box)
    var oracle = CountingOracle(plane.ensemble, examples, access: .scores)
    _ = try SquareAttack(.init(assignments: ["queries": "3", "p-init": "0.14"]))
      .perturb(examples, within: threat, oracle: &oracle, random: streams)
    let (start, proposal) = (oracle.questions[1].points, oracle.questions[2].points)
    #expect(Array(proposal[row: 0]) != Array(proposal[row: 1]))
    for row in 0..<2 {
      // Stripes: the whole column of a channel moves alike.
      let moved = zip(start[row: row], examples.inputs[row: row]).map { $0 - $1 }
      for stripe in 0..<16 {
        let column = (0..<8).map { moved[stripe / 8 * 64 + $0 * 8 + stripe % 8] }
        #expect(column.allSatisfy { abs(abs($0) - 1e-3) < 1e-12 && $0.sign == column[0].sign })
      }
      // p = 0.14 of 64 pixels: a square of side 3.
      let changed = (0..<128).filter { proposal[row: row][row * 128 + $0] != start[row: row][row * 128 + $0] }
      let squares = [changed.filter { $0 < 64 }, changed.filter { $0 >= 64 }.map { $0 - 64 }].filter { !$0.isEmpty }
      for square in squares {
        #expect((square.map { $0 / 8 }.max() ?? 0) - (square.map { $0 / 8 }.min() ?? 0) < 3)
        #expect((square.map { $0 % 8 }.max() ?? 0) - (square.map { $0 % 8 }.min() ?? 0) < 3)
      }
      #expect(!squares.isEmpty)
    }
  }

  @Test func `a flat image is attacked as the image when the option says so`() throws {
    let image = Plane(shape: [1, 4, 4], examples: 3)
    let flat = Plane(shape: [16], examples: 3)
    let threat = try ThreatModel(epsilon: 0.001, box: Plane.box)
    let options = ["queries": "5", "vectors": "square-image"]
    let a = try run(SquareAttack.self, options, on: image.ensemble, image.examples, threat).points
    let b = try run(SquareAttack.self, options, on: flat.ensemble, flat.examples, threat).points
    #expect(a.elements == b.elements)
    let c = try run(SquareAttack.self, ["queries": "5"], on: flat.ensemble, flat.examples, threat).points
    #expect(a.elements != c.elements)
  }

  // MARK: - Windows

  @Test func `windows halve where the paper says`() {
    // §3 of the paper: 10, 50, 200, 500, 1000, 2000, 4000, 6000 and 8000 of 10,000.
    let places = [0, 10, 11, 50, 51, 200, 201, 500, 501, 1000, 1001, 2001, 4001, 6001, 8001, 9999]
    let halvings = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 9]
    for (place, count) in zip(places, halvings) {
      let expected = 0.8 / Double(1 << count)
      #expect(WindowSchedule.rescaled.fraction(0.8, at: place, of: 10_000) == expected)
      #expect(WindowSchedule.absolute.fraction(0.8, at: place, of: 77) == expected)
    }
    // 11 of 1000 are 110 of 10,000.
    #expect(WindowSchedule.rescaled.fraction(0.8, at: 11, of: 1000) == 0.2)
  }

  @Test func `bumps are those of the paper's program`() {
    // `meta_pseudo_gaussian_pert` of max-andr/square-attack, commit ea95eeb.
    let expected: [Int: [Double]] = [
      3: [0.13608276348795434, 0.6804138174397716, 0.13608276348795434]
        + [-0.12909944487358055, -0.12909944487358055, -0.12909944487358055]
        + [-0.12909944487358055, -0.6454972243679028, -0.12909944487358055],
      5: [0.04916216460859937, 0.15977703497794796, 0.15977703497794796, 0.15977703497794796, 0.04916216460859937]
        + [0.04916216460859937, 0.15977703497794796, 0.6022365164553424, 0.15977703497794796, 0.04916216460859937]
        + [-0.0455901517673034, -0.14816799324373606, -0.14816799324373606, -0.14816799324373606, -0.0455901517673034]
        + [-0.0455901517673034, -0.14816799324373606, -0.5584793591494667, -0.14816799324373606, -0.0455901517673034]
        + [-0.0455901517673034, -0.14816799324373606, -0.14816799324373606, -0.14816799324373606, -0.0455901517673034],
    ]
    for (side, upright) in expected {
      let lying = upright.indices.map { upright[$0 % side * side + $0 / side] }
      var seen: Set<Bool> = []
      for example in 0..<40 {
        var stream = streams.stream(example: example)
        let bump = Layout.image(channels: 1, height: 28, width: 28).bump(extent: side, &stream)
        let isUpright = zip(bump, upright).allSatisfy { abs($0 - $1) < 1e-14 }
        #expect(isUpright || zip(bump, lying).allSatisfy { abs($0 - $1) < 1e-14 })
        seen.insert(isUpright)
      }
      #expect(seen.count == 2)
    }
  }

  @Test func `windows are anywhere, alike often`() throws {
    for layout in [Layout.image(channels: 1, height: 5, width: 4), .runs(6), .scattered(6)] {
      var stream = streams.stream(example: 1)
      var counts: [Set<Int>: Int] = [:]
      for _ in 0..<6000 { counts[Set(layout.window(extent: 3, &stream)[0]), default: 0] += 1 }
      let (number, size) = layout == .runs(6) ? (4, 3) : layout == .scattered(6) ? (20, 3) : (6, 9)
      #expect(counts.count == number)
      #expect(counts.keys.allSatisfy { $0.count == size })
      let expected = 6000 / Double(number)
      // Five standard deviations.
      #expect(counts.values.allSatisfy { abs(Double($0) - expected) < 5 * expected.squareRoot() })
    }
  }

  @Test(arguments: [["queries": "0"], ["p-init": "0"], ["p-init": "1.5"]])
  func `senseless options are refused`(_ options: [String: String]) {
    #expect(throws: CoreError.self) { try SquareAttack(.init(assignments: options)) }
  }

  @Test func `a vector that is no image is refused as one`() throws {
    let plane = Plane(shape: [10], examples: 1)
    let threat = try ThreatModel(epsilon: 0.1, box: Plane.box)
    #expect(throws: CoreError.self) {
      try run(SquareAttack.self, ["vectors": "square-image"], on: plane.ensemble, plane.examples, threat)
    }
  }
}
