import RobustnessCore
import TestSupport
import Testing

/// What attacks take from the threat model for rows that each have a number of their own.
@Suite(.inTurn) struct `Rows with numbers of their own` {
  static let box = -1.0...2.0

  /// Random points in the box and normals of both signs, one of them zero.
  static func problem(_ index: Int, size: Int = 13) -> (x: [Double], w: [Double]) {
    var stream = RandomStreams(seed: 5, purpose: "hyperplanes").stream(example: index)
    let x = stream.uniforms(size).enumerated().map { $0 % 4 == 0 ? ($1 < 0.5 ? -1 : 2) : -1 + 3 * $1 }
    var w = stream.uniforms(size).map { 4 * $0 - 2 }
    w[3] = 0
    return (x, w)
  }

  static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  /// What the box allows along the sign of the gap.
  static func room(_ x: [Double], _ w: [Double], _ gap: Double) -> [Double] {
    zip(x, w).map { x, w in w == 0 ? 0 : (w > 0) == (gap > 0) ? 2 - x : x + 1 }
  }

  @Test(arguments: [Norm.linf, .l2], [0.3, -0.7, 4.0, -6.0])
  func `the change that reaches a plane is the smallest one in the box`(_ norm: Norm, _ gap: Double) throws {
    let threat = try ThreatModel(norm: norm, epsilon: 1, box: Self.box)
    for index in 0..<20 {
      let (x, w) = Self.problem(index)
      let change = threat.smallestChanges(
        of: Tensor(shape: [1, x.count], elements: x), toward: Tensor(shape: [1, x.count], elements: w), gaps: [gap]
      ).elements
      let room = Self.room(x, w, gap)
      guard zip(room, w).reduce(0, { $0 + $1.0 * abs($1.1) }) > abs(gap) else { continue }
      #expect(abs(Self.dot(w, change) - gap) < 1e-12)
      // Optimality: what is not at its bound moves by one t, in L2 times |w|; what is at its bound would move no less.
      let moves = x.indices.filter { w[$0] != 0 && abs(change[$0]) < room[$0] - 1e-12 }.map {
        abs(change[$0]) / (norm == .linf ? 1 : abs(w[$0]))
      }
      let t = try #require(moves.max())
      #expect(moves.allSatisfy { abs($0 - t) < 1e-12 })
      for i in x.indices {
        #expect(x[i] + change[i] >= -1 - 1e-12 && x[i] + change[i] <= 2 + 1e-12)
        #expect(change[i] * w[i] * gap >= 0)
        #expect(w[i] != 0 || change[i] == 0)
        #expect(abs(change[i]) <= t * (norm == .linf ? 1 : abs(w[i])) + 1e-12)
      }
    }
  }

  @Test(arguments: [Norm.linf, .l2])
  func `a plane out of reach, however far, draws every feature to its bound`(_ norm: Norm) throws {
    let threat = try ThreatModel(norm: norm, epsilon: 1, box: Self.box)
    let (x, w) = Self.problem(1)
    for gap in [1e3, .infinity] {
      let change = threat.smallestChanges(
        of: Tensor(shape: [1, x.count], elements: x), toward: Tensor(shape: [1, x.count], elements: w), gaps: [gap]
      ).elements
      #expect(zip(change, zip(Self.room(x, w, gap), w)).allSatisfy { abs($0) == $1.0 && $0 * $1.1 >= 0 })
    }
    let flat = threat.smallestChanges(
      of: Tensor(shape: [1, 3], elements: [0, 0, 0]), toward: Tensor(zeros: [1, 3]), gaps: [1])
    #expect(flat.elements == [0, 0, 0])
  }

  @Test func `each feature's own bounds are kept`() throws {
    let threat = try ThreatModel(norm: .l2, epsilon: 1, box: 0...1, boxPerFeature: [0...1, 0...0.5, 0...1])
    let change = threat.smallestChanges(
      of: Tensor(shape: [1, 3], elements: [0.5, 0.5, 0.5]), toward: Tensor(shape: [1, 3], elements: [1, 5, 1]),
      gaps: [0.4])
    #expect(zip(change.elements, [0.2, 0, 0.2]).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test func `no perturbation is larger than the largest`() throws {
    let inputs = Tensor(shape: [2, 2], elements: [-1, 0, 2, 1])
    let cube = try ThreatModel(epsilon: 1, box: Self.box)
    #expect(cube.largestPerturbations(of: inputs) == [3, 3])
    let ball = try ThreatModel(norm: .l2, epsilon: 1, box: Self.box)
    #expect(ball.largestPerturbations(of: inputs) == [3.0, 3].map { ($0 * $0 + 4).squareRoot() })
    let masked = try ThreatModel(norm: .l2, epsilon: 1, box: Self.box, mask: [false, true])
    #expect(masked.largestPerturbations(of: inputs) == [2, 2])
  }

  @Test(arguments: [Norm.linf, .l2])
  func `a projection with one radius for all rows is that of the ball`(_ norm: Norm) throws {
    let threat = try ThreatModel(norm: norm, epsilon: 0.4, box: Self.box, mask: (0..<13).map { $0 != 5 })
    let (x, w) = Self.problem(2)
    let origins = Tensor(shape: [1, 13], elements: x)
    for projection in [Projection.exact, .sequential, .boxFirst] {
      var one = Tensor(shape: [1, 13], elements: zip(x, w).map { $0 + $1 })
      var other = one
      threat.project(&one, around: origins, by: projection)
      threat.project(&other, around: origins, radii: [0.4], by: projection)
      #expect(one == other)
    }
  }

  @Test(arguments: [Norm.linf, .l2])
  func `a step of a multiple of ε is the step of that length`(_ norm: Norm) throws {
    let choices: [[Double]?] = norm == .linf ? [nil, (0..<13).map { 0.1 * Double($0) }] : [nil]
    for radii in choices {
      let threat = try ThreatModel(norm: norm, epsilon: 0.4, epsilonPerFeature: radii, box: Self.box)
      let (x, w) = Self.problem(3)
      let direction = Tensor(shape: [2, 13], elements: w + w)
      var points = Tensor(shape: [2, 13], elements: x + x)
      threat.step(&points, along: direction, byMultiples: [2, 0.5])
      for (row, multiple) in [2, 0.5].enumerated() {
        var alone = Tensor(shape: [1, 13], elements: x)
        threat.step(&alone, along: Tensor(shape: [1, 13], elements: w), by: .relative(multiple))
        #expect(zip(points[row: row], alone.elements).allSatisfy { abs($0 - $1) < 1e-15 })
      }
    }
  }

  @Test func `a step with momentum is the sum that it is said to be`() {
    var x = Tensor(shape: [1, 2], elements: [1, 2])
    var previous = Tensor(shape: [1, 2], elements: [0, 4])
    x.moveWithMomentum(to: Tensor(shape: [1, 2], elements: [3, 3]), weight: 0.75, previous: &previous)
    #expect(x.elements == [1 + 0.75 * 2 + 0.25 * 1, 2 + 0.75 * 1 - 0.25 * 2])
    #expect(previous.elements == [1, 2])
  }

  @Test func `best points of some rows leave the others alone`() {
    var best = BestPoints(fallback: Tensor(zeros: [3, 1]))
    best.consider(Tensor(shape: [1, 1], elements: [7]), of: [1], values: [-5], successes: [false])
    #expect(best.points.elements == [0, 7, 0])
    best.consider(
      Tensor(shape: [2, 1], elements: [8, 9]), of: [1, 2], values: [-6, .nan], successes: [true, false])
    #expect(best.points.elements == [0, 8, 9])
    #expect(best.successes == [false, true, false])
    #expect(best.values == [-.infinity, -6, -.infinity])
  }

  // MARK: - Coordinates without borders, and Adam

  @Test func `coordinates lead back to the inputs, and their gradient is the chain rule's`() throws {
    let boxes = [-1.0...2, 0...255, 0.3...0.4]
    let threat = try ThreatModel(norm: .l2, epsilon: 1, boxPerFeature: boxes)
    let inputs = Tensor(shape: [2, 3], elements: [0.5, 20, 0.3, -1, 255, 0.35])
    let coordinates = BoxCoordinates(inputs, within: threat)
    let u = coordinates.coordinates()
    #expect(u.nonFiniteCount == 0)
    let back = coordinates.points(at: u, of: [0, 1])
    for (i, box) in boxes.enumerated() {
      for row in 0..<2 {
        #expect(abs(back[row, i] - inputs[row, i]) <= 1e-6 * (box.upperBound - box.lowerBound))
      }
    }
    let off = Tensor(shape: [2, 3], elements: [0.3, -1, 0.7, -0.2, 0.4, -2])
    var gradient = Tensor(repeating: 1, shape: [2, 3])
    coordinates.pullBack(&gradient, at: coordinates.points(at: off, of: [0, 1]))
    for index in off.elements.indices {
      var above = off
      var below = off
      above.elements[index] += 1e-5
      below.elements[index] -= 1e-5
      let difference =
        coordinates.points(at: above, of: [0, 1]).elements[index]
        - coordinates.points(at: below, of: [0, 1]).elements[index]
      #expect(abs(difference / 2e-5 - gradient.elements[index]) < 1e-6 * max(1, gradient.elements[index]))
    }
  }

  @Test func `a masked feature keeps its bits in any coordinates`() throws {
    let threat = try ThreatModel(norm: .l2, epsilon: 1, mask: [true, false])
    let inputs = Tensor(shape: [1, 2], elements: [0.1, 0.3])
    let coordinates = BoxCoordinates(inputs, within: threat)
    let points = coordinates.points(at: Tensor(shape: [1, 2], elements: [0.7, 0.7]), of: [0])
    #expect(points[0, 1] == 0.3 && points[0, 0] != 0.1)
    var gradient = Tensor(repeating: 1, shape: [1, 2])
    coordinates.pullBack(&gradient, at: points)
    #expect(gradient[0, 1] == 0 && gradient[0, 0] > 0)
  }

  @Test func `Adam's first steps are the published ones`() {
    // β = (0.9, 0.999), rate 0.1, gradients 2 and then −1.
    var x = Tensor(zeros: [1, 1])
    var adam = AdaptiveMoments(shape: [1, 1], rate: 0.1)
    adam.descend(&x, along: Tensor(shape: [1, 1], elements: [2]))
    #expect(abs(x.elements[0] + 0.1 * 2 / (2 + 1e-8)) < 1e-15)
    adam.descend(&x, along: Tensor(shape: [1, 1], elements: [-1]))
    let first = (0.9 * 0.1 * 2 - 0.1 * 1) / (1 - 0.81)
    let second = (0.999 * 0.001 * 4 + 0.001 * 1) / (1 - 0.999 * 0.999)
    #expect(abs(x.elements[0] + 0.1 - 0.1 * 1e-8 / 2 + 0.1 * first / (second.squareRoot() + 1e-8)) < 1e-9)
  }

  @Test func `Adam moves as far along a gradient far below its guard`() {
    var x = Tensor(zeros: [2, 2])
    var adam = AdaptiveMoments(shape: [2, 2], rate: 0.1)
    adam.descend(&x, along: Tensor(shape: [2, 2], elements: [1, -0.5, 1e-80, -0.5e-80]))
    #expect(zip(x[row: 0], x[row: 1]).allSatisfy { abs($0 - $1) < 0.003 })
    #expect(abs(x[1, 0] + 0.1) < 0.003)
  }
}
