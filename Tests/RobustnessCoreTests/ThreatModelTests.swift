import RobustnessCore
import TestSupport
import Testing

@Suite(.inTurn) struct `Projection on ball and box` {
  static let streams = RandomStreams(seed: 5, purpose: "projection")

  static func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }

  /// Dykstra's alternating projections (Boyle and Dykstra 1986): converges to the nearest point of the intersection.
  static func dykstra(_ point: [Double], origin: [Double], radius: Double, box: [ClosedRange<Double>]) -> [Double] {
    var x = point
    var ballCorrection = [Double](repeating: 0, count: x.count)
    var boxCorrection = ballCorrection
    for _ in 0..<20_000 {
      let forBall = zip(x, ballCorrection).map { $0 + $1 }
      let far = distance(forBall, origin)
      let scale = far > radius ? radius / far : 1
      let inBall = zip(forBall, origin).map { $1 + scale * ($0 - $1) }
      ballCorrection = zip(forBall, inBall).map { $0 - $1 }
      let forBox = zip(inBall, boxCorrection).map { $0 + $1 }
      let inBox = zip(forBox, box).map { min(max($0, $1.lowerBound), $1.upperBound) }
      boxCorrection = zip(forBox, inBox).map { $0 - $1 }
      let moved = distance(x, inBox)
      x = inBox
      if moved < 1e-14 { break }
    }
    return x
  }

  @Test(arguments: 0..<30) func `in L2 the exact projection is the nearest point`(_ trial: Int) throws {
    var stream = Self.streams.stream(example: trial)
    let size = 2 + trial % 11
    let origin = stream.uniforms(size).map { $0 < 0.25 ? 0 : $0 > 0.9 ? 1 : $0 }
    let point = zip(origin, stream.normals(size)).map { $0 + 0.8 * $1 }
    let radius = 0.05 + 0.9 * stream.uniforms(1)[0]
    let boxes = stream.uniforms(size).map { trial % 2 == 0 ? 0.0...1.0 : (-0.3 * $0)...(1 + 0.2 * $0) }
    let threat = try ThreatModel(norm: .l2, epsilon: radius, boxPerFeature: boxes)
    var projected = Tensor(shape: [1, size], elements: point)
    threat.project(&projected, around: Tensor(shape: [1, size], elements: origin), by: .exact)
    let nearest = Self.dykstra(point, origin: origin, radius: radius, box: boxes)
    #expect(Self.distance(projected.elements, nearest) < 1e-7)
    #expect(Self.distance(projected.elements, origin) <= radius * (1 + 1e-12))
    #expect(zip(projected.elements, boxes).allSatisfy { $1.contains($0) })
  }

  @Test func `ball first loses length that the exact projection keeps`() throws {
    // From the corner (1, 0.5) towards (2, 1.5): the box takes the first coordinate, the ball of 0.5 leaves (1, 1).
    let origin = Tensor(shape: [1, 2], elements: [1, 0.5])
    let far = Tensor(shape: [1, 2], elements: [2, 1.5])
    let threat = try ThreatModel(norm: .l2, epsilon: 0.5)
    var exact = far
    threat.project(&exact, around: origin, by: .exact)
    #expect(abs(exact[0, 0] - 1) < 1e-15 && abs(exact[0, 1] - 1) < 1e-15)
    var sequential = far
    threat.project(&sequential, around: origin, by: .sequential)
    #expect(sequential[0, 0] == 1 && abs(sequential[0, 1] - (0.5 + 0.5 * 0.5.squareRoot())) < 1e-15)
    var boxFirst = far
    threat.project(&boxFirst, around: origin, by: .boxFirst)
    #expect(boxFirst == Tensor(shape: [1, 2], elements: [1, 1]))
  }

  @Test(arguments: Projection.allCases) func `a point inside does not move`(_ projection: Projection) throws {
    let origin = Tensor(shape: [1, 3], elements: [0.5, 0.5, 0.5])
    let inside = Tensor(shape: [1, 3], elements: [0.6, 0.4, 0.5])
    for norm in Norm.allCases {
      var point = inside
      try ThreatModel(norm: norm, epsilon: 0.3).project(&point, around: origin, by: projection)
      #expect(point == inside)
    }
  }

  @Test func `in L∞ every feature is clipped to its ball and its box`() throws {
    let origin = Tensor(shape: [1, 4], elements: [0.5, 0.95, 0.5, 0.02])
    var point = Tensor(shape: [1, 4], elements: [0.9, 2, 0.45, -1])
    try ThreatModel(epsilon: 0.125).project(&point, around: origin)
    #expect(point.elements == [0.625, 1, 0.45, 0])
    point = Tensor(shape: [1, 4], elements: [0.9, 2, 0.45, -1])
    let own = try ThreatModel(
      epsilon: 9, epsilonPerFeature: [0.25, 0.0, 0, 1], boxPerFeature: [0...1, 0...1, 0...1, -0.5...1])
    own.project(&point, around: origin)
    #expect(point.elements == [0.75, 0.95, 0.5, -0.5])
  }

  @Test func `masked features return to the input`() throws {
    let origin = Tensor(shape: [1, 3], elements: [0.5, 0.5, 0.5])
    for norm in Norm.allCases {
      var point = Tensor(shape: [1, 3], elements: [0.9, 0.6, 0.9])
      let threat = try ThreatModel(norm: norm, epsilon: 0.2, mask: [false, true, false])
      threat.project(&point, around: origin)
      #expect(point.elements == [0.5, 0.6, 0.5])
    }
  }

  @Test func `a direction restricted to the mask is zero elsewhere`() throws {
    var direction = Tensor(shape: [2, 2], elements: [1, 2, 3, 4])
    try ThreatModel(epsilon: 1, mask: [false, true]).restrict(&direction)
    #expect(direction.elements == [0, 2, 0, 4])
  }

  @Test func `budget and box are judged to float32 rounding and no further`() throws {
    let origin = Tensor(shape: [3, 1], elements: [0.5, 0.5, 0.5])
    let points = Tensor(shape: [3, 1], elements: [0.6, 0.6 + 1e-7, 0.6 + 1e-5])
    #expect(try ThreatModel(epsilon: 0.1).respectsBudget(points, around: origin) == [true, true, false])
    let edges = Tensor(shape: [3, 1], elements: [1, 1 + 1e-7, 1 + 1e-6])
    #expect(try ThreatModel(epsilon: 0.1).respectsBox(edges) == [true, true, false])
  }

  @Test func `a threat model without a meaning is refused`() {
    #expect(throws: CoreError.self) { try ThreatModel(epsilon: -0.1) }
    #expect(throws: CoreError.self) { try ThreatModel(epsilon: .nan) }
    #expect(throws: CoreError.self) { try ThreatModel(epsilon: .infinity) }
    #expect(throws: CoreError.self) { try ThreatModel(epsilon: 1, box: 1...1) }
    #expect(throws: CoreError.self) { try ThreatModel(norm: .l2, epsilon: 1, epsilonPerFeature: [1]) }
  }
}
