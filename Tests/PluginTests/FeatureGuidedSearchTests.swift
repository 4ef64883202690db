import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import FeatureGuided

@Suite(.inTurn) struct `Feature-guided search` {
  /// An image of 20 × 20 with a bright Gaussian spot.
  static func spot(row: Int, column: Int, spread: Double, height: Double = 1) -> [Double] {
    (0..<400).map { pixel in
      let (y, x) = (Double(pixel / 20 - row), Double(pixel % 20 - column))
      return height * exp(-(x * x + y * y) / (2 * spread * spread))
    }
  }

  static let raster: Raster = {
    do { return try Raster([1, 20, 20], vectors: .each) } catch { fatalError("\(error)") }
  }()

  func keypoints(_ image: [Double]) throws -> [Keypoint] {
    KeypointDetector.keypoints(
      Tensor(shape: [1, 1, 20, 20], elements: image), Self.raster, in: try ThreatModel(epsilon: 0.1))
  }

  // MARK: - Features

  @Test func `a spot is a feature in its middle, a wide one a wide feature`() throws {
    let narrow = try keypoints(Self.spot(row: 12, column: 7, spread: 1.5))
    let wide = try keypoints(Self.spot(row: 8, column: 11, spread: 2.6))
    let strongest = [narrow[0], wide[0]]
    #expect(strongest.map(\.row) == [12, 8])
    #expect(strongest.map(\.column) == [7, 11])
    #expect(strongest[0].spread < strongest[1].spread)
    #expect(narrow.allSatisfy { $0.response <= narrow[0].response })
  }

  @Test func `a brighter spot has more weight`() throws {
    let image = zip(
      Self.spot(row: 5, column: 5, spread: 1.5), Self.spot(row: 14, column: 14, spread: 1.5, height: 0.4)
    ).map { $0 + $1 }
    let found = try keypoints(image)
    let bright = try #require(found.first { $0.row == 5 && $0.column == 5 })
    let faint = try #require(found.first { $0.row == 14 && $0.column == 14 })
    #expect(abs(faint.response / bright.response - 0.4) < 0.01)
  }

  @Test func `a flat image is one feature, a vector one for each number`() throws {
    let flat = try keypoints([Double](repeating: 0.5, count: 400))
    #expect(flat.map(\.row) == [10] && flat.map(\.column) == [10])
    let vector = KeypointDetector.keypoints(
      Tensor(zeros: [1, 7]), try Raster([7], vectors: .each), in: try ThreatModel(epsilon: 0.1))
    #expect(vector.map(\.column) == Array(0..<7))
  }

  // MARK: - The game

  @Test func `pixels are taken near the features, and moved together`() throws {
    let input = Tensor(shape: [1, 1, 20, 20], elements: Self.spot(row: 12, column: 7, spread: 1.5))
    let threat = try ThreatModel(epsilon: 0.1, box: -1...2)
    let options = try FeatureGuidedSearch.Options(assignments: ["pixels": "4"]).resolved(for: .linf)
    var distances: [Double] = []
    for example in 0..<200 {
      var game = Game(
        input, raster: Self.raster, threat: threat, options: options, stream: streams.stream(example: example))
      game.learn(0)
      game.move()
      let changes = zip(game.candidate.elements, input.elements).map { $0 - $1 }
      let changed = changes.indices.filter { changes[$0] != 0 }
      #expect(changed.count == 4)
      #expect(changed.allSatisfy { abs(changes[$0] - changes[changed[0]]) < 1e-12 })
      #expect(changed.allSatisfy { abs(abs(changes[$0]) - 0.1) < 1e-12 })
      distances += changed.map { Double(abs($0 / 20 - 12) + abs($0 % 20 - 7)) }
    }
    // Anywhere in the image the mean would be 11.
    #expect(distances.reduce(0, +) / Double(distances.count) < 6)
  }

  @Test func `a visit that did harm is taken back`() throws {
    let input = Tensor(shape: [1, 1, 20, 20], elements: Self.spot(row: 12, column: 7, spread: 1.5))
    let threat = try ThreatModel(epsilon: 0.1, box: -1...2)
    let options = try FeatureGuidedSearch.Options(assignments: ["pixels": "4"]).resolved(for: .linf)
    var game = Game(input, raster: Self.raster, threat: threat, options: options, stream: streams.stream(example: 1))
    func changes(_ a: Tensor, _ b: Tensor) -> Int { zip(a.elements, b.elements).count { $0 != $1 } }
    game.learn(0)
    game.move()
    game.learn(1)
    var kept = game.candidate
    for (answer, isKept) in [(0.5, false), (2.0, true), (2.0, true), (1.9, false), (3, true)] {
      game.move()
      #expect((1...4).contains(changes(game.candidate, kept)))
      game.learn(answer)
      if isKept { kept = game.candidate }
    }
  }

  @Test func `compared with the start of the play, a visit is kept that did harm to an earlier gain`() throws {
    let input = Tensor(shape: [1, 1, 20, 20], elements: Self.spot(row: 12, column: 7, spread: 1.5))
    let threat = try ThreatModel(epsilon: 0.1, box: -1...2)
    let options = try FeatureGuidedSearch.Options(assignments: ["pixels": "4", "take-back": "start"])
      .resolved(for: .linf)
    var game = Game(input, raster: Self.raster, threat: threat, options: options, stream: streams.stream(example: 1))
    game.learn(0)
    game.move()
    game.learn(1)
    var kept = game.candidate
    for (answer, isKept) in [(3.0, true), (1.5, true), (0.9, false), (1, true)] {
      game.move()
      #expect(zip(game.candidate.elements, kept.elements).count { $0 != $1 } == 4)
      game.learn(answer)
      if isKept { kept = game.candidate }
    }
  }

  @Test(arguments: [true, false]) func `no pixel is drawn twice before every other was`(_ areKept: Bool) throws {
    let input = Tensor(shape: [1, 1, 20, 20], elements: Self.spot(row: 12, column: 7, spread: 1.5))
    let threat = try ThreatModel(epsilon: 0.1, box: -1...2)
    let options = try FeatureGuidedSearch.Options(assignments: ["pixels": "4"]).resolved(for: .linf)
    var game = Game(input, raster: Self.raster, threat: threat, options: options, stream: streams.stream(example: 1))
    game.learn(0)
    var last = input
    var drawn: [Int] = []
    for visit in 1...100 {
      game.move()
      drawn += input.elements.indices.filter { game.candidate.elements[$0] != last.elements[$0] }
      // What the first visit reaches is the start of the play, and never taken back.
      if areKept || visit == 1 { last = game.candidate }
      game.learn(areKept ? Double(visit) : -Double(visit))
    }
    #expect(drawn.sorted() == Array(0..<400))
    // The feature's own pixels come first.
    let distances = drawn.map { abs($0 / 20 - 12) + abs($0 % 20 - 7) }
    #expect(distances[..<100].reduce(0, +) < distances[300...].reduce(0, +))
  }

  @Test func `a play ends where every pixel is at its end of the ball`() throws {
    // On black there is one way only.
    let input = Tensor(zeros: [1, 1, 20, 20])
    let threat = try ThreatModel(epsilon: 0.1)
    let options = try FeatureGuidedSearch.Options(assignments: ["pixels": "4"]).resolved(for: .linf)
    var game = Game(input, raster: Self.raster, threat: threat, options: options, stream: streams.stream(example: 1))
    game.learn(0)
    for visit in 1...100 {
      game.move()
      #expect(game.candidate.elements.count { $0 > 0 } == 4 * visit)
      game.learn(Double(visit))
    }
    game.move()
    #expect(game.candidate.elements.count { $0 > 0 } <= 8)
  }

  @Test func `a new play begins at the input`() throws {
    let input = Tensor(shape: [1, 1, 20, 20], elements: Self.spot(row: 12, column: 7, spread: 1.5))
    let threat = try ThreatModel(epsilon: 0.1, box: -1...2)
    let options = try FeatureGuidedSearch.Options(assignments: ["pixels": "4", "playout": "9"]).resolved(for: .linf)
    var game = Game(input, raster: Self.raster, threat: threat, options: options, stream: streams.stream(example: 1))
    var changed: [Int] = []
    game.learn(0)
    for value in 1...22 {
      game.move()
      changed.append(zip(game.candidate.elements, input.elements).count { $0 != $1 })
      game.learn(Double(value))
    }
    // A leaf and nine visits: then the next leaf, which is below one or two features.
    #expect(changed[9] > 12 && changed[10] <= 8)
    #expect(changed[19] > 12 && changed[20] <= 12)
  }

  @Test func `the tree goes where rewards are, and is curious`() {
    var tree = FeatureTree(featureCount: 3, exploration: 1)
    var visits: [Int: Int] = [:]
    for _ in 0..<400 {
      var path = [0]
      switch tree.choice(at: 0) {
      case .new:
        let feature = (0..<3).first { !tree.tried(at: 0).contains($0) } ?? 0
        path.append(tree.add(feature, below: 0))
        visits[feature, default: 0] += 1
        tree.credit(path, feature == 1 ? 1 : 0)
      case .known(let node, let feature):
        path.append(node)
        visits[feature, default: 0] += 1
        tree.credit(path, feature == 1 ? 1 : 0)
      }
    }
    #expect((visits[1] ?? 0) > 300)
    #expect((visits[0] ?? 0) > 3 && (visits[2] ?? 0) > 3)
  }

  // MARK: - Strength

  @Test func `a plane is crossed`() throws {
    let vector = Plane(shape: [10], examples: 5)
    let options = ["queries": "3000", "pixels": "1", "playout": "100"]
    for goal in [ThreatModel.Goal.untargeted, .targeted] {
      #expect(
        try vector.falls(FeatureGuidedSearch.self, options, .linf, factor: 1.01, goal: goal)
          == Array(repeating: true, count: 5))
    }
    #expect(
      try vector.falls(FeatureGuidedSearch.self, options, .l2, factor: 1.1) == Array(repeating: true, count: 5))
    // Sixty pixels, features of an image: its far corners are rarely drawn.
    let image = Plane(shape: [1, 8, 8], examples: 4)
    #expect(
      try image.falls(FeatureGuidedSearch.self, ["queries": "3000"], .linf, factor: 1.5)
        == Array(repeating: true, count: 4))
  }

  @Test func `who has fallen is not asked about again`() throws {
    let plane = Plane(shape: [10], examples: 8)
    let radii = plane.radii(.linf)
    let epsilon = radii.sorted()[3] * 1.2
    let threat = try ThreatModel(epsilon: epsilon, box: Plane.box)
    var oracle = CountingOracle(plane.ensemble, plane.examples, access: .scores)
    _ = try FeatureGuidedSearch(.init(assignments: ["queries": "600", "pixels": "1"]))
      .perturb(plane.examples, within: threat, oracle: &oracle, random: streams)
    for row in radii.indices {
      if radii[row] >= epsilon { #expect(oracle.counts[row] == 600) }
      if radii[row] * 1.2 <= epsilon * 1.0001 { #expect(oracle.counts[row] < 600) }
    }
  }

  @Test(arguments: [
    ["queries": "0"], ["pixels": "0"], ["playout": "0"], ["exploration": "-1"], ["relative-step": "-0.1"],
  ])
  func `senseless options are refused`(_ options: [String: String]) {
    #expect(throws: CoreError.self) { try FeatureGuidedSearch(.init(assignments: options)) }
  }
}
