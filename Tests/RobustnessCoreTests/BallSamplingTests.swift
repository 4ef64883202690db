import RobustnessCore
import TestSupport
import Testing

@Suite(.inTurn) struct `Random perturbations of the ball` {
  static let random = RandomStreams(seed: 3, purpose: "ball")
  static let count = 4000

  static func draw(_ distribution: BallDistribution, _ threat: ThreatModel, size: Int, restart: Int = 0) -> Tensor {
    threat.randomPerturbations(
      distribution, shape: [count, size], identifiers: Array(0..<count), restart: restart, random: random)
  }

  static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  @Test(arguments: [1, 2, 5, 50]) func `uniform in the L2 ball has mean radius ε·d/(d+1)`(_ size: Int) throws {
    let radii = Self.draw(.uniform, try ThreatModel(norm: .l2, epsilon: 0.5), size: size).rowNorms
    #expect(radii.allSatisfy { $0 <= 0.5 * (1 + 1e-12) })
    let d = Double(size)
    // Var U^(1/d) = d/(d+2) − (d/(d+1))²; four standard errors.
    let variance = d / (d + 2) - (d / (d + 1)) * (d / (d + 1))
    #expect(abs(Self.mean(radii) / 0.5 - d / (d + 1)) < 4 * (variance / Double(Self.count)).squareRoot())
  }

  @Test func `uniform in the L2 ball has no preferred direction`() throws {
    let draws = Self.draw(.uniform, try ThreatModel(norm: .l2, epsilon: 1), size: 3)
    for feature in 0..<3 {
      let column = (0..<Self.count).map { draws[$0, feature] }
      // Each coordinate has variance 1/(d + 2) = 1/5, fourth moment 3/((d + 2)(d + 4)) = 3/35.
      #expect(abs(Self.mean(column)) < 4 * (0.2 / Double(Self.count)).squareRoot())
      let spread = (3.0 / 35 - 0.04) / Double(Self.count)
      #expect(abs(Self.mean(column.map { $0 * $0 }) - 0.2) < 4 * spread.squareRoot())
    }
  }

  @Test func `uniform radius has mean ε/2`() throws {
    let radii = Self.draw(.uniformRadius, try ThreatModel(norm: .l2, epsilon: 1), size: 20).rowNorms
    #expect(abs(Self.mean(radii) - 0.5) < 4 * (1.0 / 12 / Double(Self.count)).squareRoot())
  }

  @Test func `uniform in the L∞ ball has variance ε²/3 in every feature`() throws {
    let draws = Self.draw(.uniform, try ThreatModel(epsilon: 0.5), size: 3)
    #expect(draws.elements.allSatisfy { abs($0) < 0.5 })
    let n = Double(draws.elements.count)
    #expect(abs(Self.mean(draws.elements)) < 4 * 0.5 / (3 * n).squareRoot())
    // Var x² = ε⁴·4/45
    #expect(abs(Self.mean(draws.elements.map { $0 * $0 }) - 0.25 / 3) < 4 * 0.25 * (4.0 / 45 / n).squareRoot())
  }

  @Test func `features have radii of their own in L∞`() throws {
    let threat = try ThreatModel(epsilon: 9, epsilonPerFeature: [0.1, 0, 2])
    let draws = Self.draw(.uniform, threat, size: 3)
    for (feature, radius) in [0.1, 0, 2].enumerated() {
      let largest = (0..<Self.count).map { abs(draws[$0, feature]) }.max()!
      #expect(largest <= radius && largest >= 0.99 * radius)
    }
  }

  @Test func `signs are the corners, as often up as down`() throws {
    let draws = Self.draw(.signs, try ThreatModel(epsilon: 0.25), size: 4)
    #expect(draws.elements.allSatisfy { abs($0) == 0.25 })
    let ups = draws.elements.count { $0 > 0 }
    // 16,000 fair coins: four standard deviations are 253.
    #expect(abs(ups - 8000) < 253)
  }

  @Test func `signs in L2 have length ε`() throws {
    let draws = Self.draw(.signs, try ThreatModel(norm: .l2, epsilon: 0.25), size: 7)
    #expect(draws.rowNorms.allSatisfy { abs($0 - 0.25) < 1e-15 })
  }

  @Test func `with a mask the ball is that of the free features`() throws {
    let threat = try ThreatModel(norm: .l2, epsilon: 1, mask: [true, false, true, false])
    let draws = Self.draw(.uniform, threat, size: 4)
    #expect((0..<Self.count).allSatisfy { draws[$0, 1] == 0 && draws[$0, 3] == 0 })
    // d = 2: mean radius 2/3, variance 1/18.
    #expect(abs(Self.mean(draws.rowNorms) - 2.0 / 3) < 4 * (1.0 / 18 / Double(Self.count)).squareRoot())
  }

  @Test func `a row depends on its identifier and restart only`() throws {
    let threat = try ThreatModel(norm: .l2, epsilon: 1)
    let whole = Self.draw(.uniform, threat, size: 3)
    let few = threat.randomPerturbations(
      .uniform, shape: [2, 3], identifiers: [17, 4], restart: 0, random: Self.random)
    #expect(few == whole.rows([17, 4]))
    #expect(Self.draw(.uniform, threat, size: 3, restart: 1).rows([0]) != whole.rows([0]))
  }
}
