import Foundation
import LinearBounds
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation

@Suite(.inTurn) struct `The certificate of linear networks` {
  static let classes = 3
  static let features = 5

  static func network(_ numbers: inout Numbers) -> ([[Double]], [Double]) {
    ((0..<classes).map { _ in numbers.uniforms(features, -1, 1) }, numbers.uniforms(classes, -0.3, 0.3))
  }

  static func certified(
    _ networks: [([[Double]], [Double])], _ x: [Double], label: Int, _ threat: ThreatModel,
    decision: Decision = .predictive
  ) throws -> CertifiedExample {
    let ensemble = MadeUp(
      networks: networks.map { BoundedNetwork.linear($0.0, $0.1) }, inputShape: [features], classCount: classes)
    let examples = Examples(inputs: Tensor(shape: [1, x.count], elements: x), labels: [label])
    let question = CertificateQuestion(
      threat: threat, radii: [threat.epsilon], draws: Array(networks.indices), decision: decision)
    return try LinearBounds(.init()).certify(examples, question, of: ensemble).examples[0]
  }

  /// min over ball ∩ box of w·x by a solver of its own: projected gradient, which is exact for a linear function once
  /// the step is long.
  static func minimum(_ w: [Double], _ x: [Double], _ threat: ThreatModel) -> Double {
    var best = Double.infinity
    let origin = Tensor(shape: [1, x.count], elements: x)
    for scale in [1, 10, 100, 1e4, 1e6, 1e8] {
      var point = Tensor(shape: [1, x.count], elements: zip(x, w).map { $0 - scale * $1 })
      threat.project(&point, around: origin)
      best = min(best, zip(w, point.elements).reduce(0) { $0 + $1.0 * $1.1 })
    }
    return best
  }

  static let threats: [ThreatModel] = {
    var numbers = Numbers(41)
    let boxes = (0..<features).map { _ in numbers.uniform(0, 0.4)...numbers.uniform(0.6, 1) }
    return [
      try! ThreatModel(epsilon: 0.03), try! ThreatModel(epsilon: 0.4), try! ThreatModel(norm: .l2, epsilon: 0.05),
      try! ThreatModel(norm: .l2, epsilon: 0.6),
      try! ThreatModel(epsilon: 0.2, mask: [true, false, true, true, false]),
      try! ThreatModel(norm: .l2, epsilon: 0.5, mask: [true, false, true, true, false]),
      try! ThreatModel(epsilon: 0.1, epsilonPerFeature: [0.1, 0, 0.3, 0.05, 0.2]),
      try! ThreatModel(epsilon: 0.3, boxPerFeature: boxes),
      try! ThreatModel(norm: .l2, epsilon: 0.4, boxPerFeature: boxes),
    ]
  }()

  @Test(arguments: threats.indices) func `is the closed form, in every ball`(_ index: Int) throws {
    let threat = Self.threats[index]
    var numbers = Numbers(42 + index)
    for _ in 0..<25 {
      let (w, b) = Self.network(&numbers)
      var inputs = Tensor(shape: [1, Self.features], elements: numbers.uniforms(Self.features, 0, 1))
      threat.clipToBox(&inputs)
      let x = inputs.elements
      let label = numbers.whole(below: Self.classes)
      let found = try Self.certified([(w, b)], x, label: label, threat, decision: .singleDraw(0))
      let exact = (0..<Self.classes).filter { $0 != label }.map { k in
        Self.minimum(zip(w[label], w[k]).map { $0 - $1 }, x, threat) + b[label] - b[k]
      }.min()!
      #expect(found.margin <= exact + 1e-12)
      // The projection is approximate in L2, where the dual is not.
      #expect(found.margin >= exact - (threat.norm == .l2 ? 1e-6 : 1e-10))
      #expect(found.slack > 0 && found.slack < 1e-12)
    }
  }

  /// Radii of a question take the place of the threat's, feature by feature in proportion.
  @Test func `scales the radius of each feature`() throws {
    var numbers = Numbers(44)
    let threat = try ThreatModel(epsilon: 0.1, epsilonPerFeature: [0.1, 0, 0.3, 0.05, 0.2])
    for factor in [0, 0.25, 0.5, 2, 7] {
      let scaled = try ThreatModel(
        epsilon: 0.1 * factor, epsilonPerFeature: threat.epsilonPerFeature!.map { $0 * factor })
      let (w, b) = Self.network(&numbers)
      let ensemble = MadeUp(
        networks: [BoundedNetwork.linear(w, b)], inputShape: [Self.features], classCount: Self.classes)
      let x = numbers.uniforms(Self.features, 0, 1)
      let examples = Examples(inputs: Tensor(shape: [1, x.count], elements: x), labels: [0])
      let question = CertificateQuestion(threat: threat, radii: [0.1 * factor], draws: [0], decision: .singleDraw(0))
      let found = try LinearBounds(.init()).certify(examples, question, of: ensemble).examples[0].margin
      let exact = (1..<Self.classes).map { k in
        Self.minimum(zip(w[0], w[k]).map { $0 - $1 }, x, scaled) + b[0] - b[k]
      }.min()!
      #expect(found <= exact + 1e-12 && found >= exact - 1e-10)
    }
  }

  @Test func `is refused where radii of features have nothing to be multiples of`() throws {
    var numbers = Numbers(45)
    let network = Self.network(&numbers)
    let threat = try ThreatModel(epsilon: 0, epsilonPerFeature: [0.1, 0, 0.3, 0.05, 0.2])
    let x = numbers.uniforms(Self.features, 0, 1)
    #expect(throws: CoreError.self) { try Self.certified([network], x, label: 0, threat) }
    let none = try ThreatModel(epsilon: 0, epsilonPerFeature: [0, 0, 0, 0, 0])
    #expect(try Self.certified([network], x, label: 0, none).margin.isFinite)
  }

  @Test func `of a mixture with parallel weights is the exact radius`() throws {
    var numbers = Numbers(51)
    var certified = 0
    for _ in 0..<200 {
      // Two classes, logits (0, a_s (v·x − c_s)): the predictive turns where the mean of σ(a_s (u − c_s)) is ½.
      let v = numbers.uniforms(Self.features, -1, 1)
      let draws = (0..<4).map { _ in (numbers.uniform(0.5, 8), numbers.uniform(-0.4, 0.4)) }
      let networks: [([[Double]], [Double])] = draws.map { a, c in
        (
          [
            [Double](repeating: 0, count: Self.features), v.map { a * $0 },
            [Double](repeating: 0, count: Self.features),
          ],
          [0, -a * c, -1e9]
        )
      }
      let x = numbers.uniforms(Self.features, 0.3, 0.7)
      let u = zip(v, x).reduce(0) { $0 + $1.0 * $1.1 }
      func mean(_ u: Double) -> Double { draws.reduce(0) { $0 + 1 / (1 + exp(-$1.0 * (u - $1.1))) } / 4 }
      var (low, high) = (-10.0, 10.0)
      for _ in 0..<100 {
        let middle = (low + high) / 2
        if mean(middle) < 0.5 { low = middle } else { high = middle }
      }
      let label = mean(u) > 0.5 ? 1 : 0
      // In L∞, without the box: |u − u₀| = ε ‖v‖₁.
      let radius = abs(u - low) / v.reduce(0) { $0 + abs($1) }
      func isCertified(_ epsilon: Double) throws -> Bool {
        try Self.certified(networks, x, label: label, ThreatModel(epsilon: epsilon, box: -100...100)).isCertified
      }
      #expect(try !isCertified(radius * (1 + 1e-9) + 1e-12))
      if try isCertified(radius * 0.98) { certified += 1 }
    }
    // The draws all move with u: the sum of their minima is the minimum of their sum.
    #expect(certified == 200)
  }
}
