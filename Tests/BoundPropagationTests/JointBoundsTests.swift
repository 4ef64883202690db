import Foundation
import LinearBounds
import NeuralNetworks
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation
@testable import JointBounds

@Suite(.inTurn) struct `Joint bounds` {
  @Test(arguments: [Norm.linf, .l2])
  func `no attack gets below them`(_ norm: Norm) throws {
    var proven = 0
    for seed in 0..<12 {
      let net = RandomEnsemble(seed: UInt64(seed), draws: 4)
      let x = net.input(7)
      let label = net.decision(at: x)
      let reach = net.attackRadius(x, label, norm)
      // At radii at which the attack succeeds, and at two at which it does not.
      for (share, mayHold) in [(1.0, false), (1.2, false), (0.7, true), (0.4, true)] {
        let (margin, point) = net.attack(x, label, norm, share * reach)
        for suspects in [nil, Tensor(shape: [1, x.count], elements: point)] {
          let bound = try net.certify(x, label, norm, share * reach, suspects: suspects).margin
          #expect(bound <= margin)
          if !mayHold { #expect(bound <= 0) }
          if bound > 0 { proven += 1 }
        }
      }
    }
    // Bounds of nothing would be below every attack.
    #expect(proven >= 8)
  }

  @Test func `they prove what separate bounds prove, and more`() throws {
    let file = try PosteriorFile.open(Fixtures.url("mnist-deep-ensemble.h5").path, probe: nil)
    let (ensemble, examples) = try BoundedFixture.load(file, 24)
    let question = try BoundedFixture.question(examples, epsilon: 0.05, draws: ensemble.drawCount)
    let separate = try LinearBounds(.init()).certify(examples, question, of: ensemble).examples
    let joint = try JointBounds(.init()).certify(examples, question, of: ensemble).examples
    for (a, b) in zip(separate, joint) { #expect(b.margin >= a.margin) }
    let counts = [separate, joint].map { $0.filter(\.isCertified).count }
    #expect(counts[1] > counts[0], "\(counts)")
  }

  @Test func `slopes in opposite directions cancel`() throws {
    // Two draws with logit differences −1 ± 4x: the predictive's margin is the same at x and −x.
    let ensemble = try BoundedFixture.dense(
      [("output", 2, 1, "identity")], draws: [[0, 4, 1, 0], [0, -4, 1, 0]])
    func margin(_ x: Double) -> Double { (tanh((1 - 4 * x) / 2) + tanh((1 + 4 * x) / 2)) / 2 }
    let examples = Examples(inputs: Tensor(shape: [1, 1], elements: [0]), labels: [0])
    for epsilon in [0.3, 0.6] {
      let question = CertificateQuestion(
        threat: try ThreatModel(epsilon: epsilon, box: -1...1), radii: [epsilon], draws: [0, 1])
      let least = (0...1000).map { margin(epsilon * Double($0) / 1000) }.min()!
      let separate = try LinearBounds(.init()).certify(examples, question, of: ensemble).examples[0].margin
      let joint = try JointBounds(.init()).certify(examples, question, of: ensemble).examples[0].margin
      #expect(least > 0 && joint <= least)
      // Each draw by itself is fooled somewhere, and the sum of the minima is negative.
      #expect(separate <= 0)
      #expect(joint > 0, "at \(epsilon)")
    }
  }

  @Test func `what an example gets does not depend on the others, on memory or on the order`() throws {
    let file = try PosteriorFile.open(Fixtures.url("mnist-hmc.h5").path, probe: nil)
    let (ensemble, examples) = try BoundedFixture.load(file, 5)
    var question = try BoundedFixture.question(examples, epsilon: 0.03, draws: ensemble.drawCount)
    question.draws = Array(question.draws.prefix(8))
    let joint = try JointBounds(.init())
    let together = try joint.certify(examples, question, of: ensemble).examples
    let rows = Array((0..<examples.count).reversed())
    for row in rows {
      let alone = try joint.certify(examples.subset([row]), question.about([row]), of: ensemble).examples
      #expect(alone == [together[row]])
    }
    let reversed = try joint.certify(examples.subset(rows), question.about(rows), of: ensemble).examples
    #expect(reversed == together.reversed())
    var small = JointBounds.Options()
    small.memory = 0
    let without = try JointBounds(small).certify(examples, question, of: ensemble).examples
    #expect(without == together)
  }

  @Test func `suspects may be anywhere, or nothing`() throws {
    let net = RandomEnsemble(seed: 3, draws: 4)
    let x = net.input(1)
    let label = net.decision(at: x)
    let radius = 1.01 * net.attackRadius(x, label, .linf)
    for suspect in [Double.nan, .infinity, -1e300, 0.5, 7] {
      let suspects = Tensor(shape: [1, x.count], elements: [Double](repeating: suspect, count: x.count))
      #expect(try !net.certify(x, label, .linf, radius, suspects: suspects).isCertified)
      #expect(try net.certify(x, label, .linf, radius / 4, suspects: suspects).isCertified)
    }
  }

  @Test func `negative options are refused`() {
    #expect(throws: CoreError.self) { try JointBounds(.init(assignments: ["steps": "-1"])) }
    #expect(throws: CoreError.self) { try JointBounds(.init(assignments: ["memory": "-1"])) }
    #expect(throws: CoreError.self) { try JointBounds(.init(assignments: ["budget": "-1"])) }
  }
}

@Suite(.inTurn) struct `What joint bounds are made of` {
  /// p_y − p_k from differences of logits.
  private func margin(_ t: [Double], _ rival: Int) -> Double {
    let largest = t.max()!
    let e = t.map { exp($0 - largest) }
    return (exp(-largest) - e[rival]) / e.reduce(0, +)
  }

  private func box(_ random: inout SplitMix, width: Double) -> DifferenceBox {
    var box = DifferenceBox(label: 1, lower: [0, 0, 0, 0], upper: [0, 0, 0, 0])
    for j in [0, 2, 3] {
      let (a, b) = (width * random.uniform(-1, 1), width * random.uniform(-1, 1))
      (box.lower[j], box.upper[j]) = (min(a, b), max(a, b))
    }
    return box
  }

  private func point(in box: DifferenceBox, _ random: inout SplitMix) -> [Double] {
    box.lower.indices.map { j in
      // Ends as often as what is between.
      switch random.next() % 4 {
      case 0: box.lower[j]
      case 1: box.upper[j]
      default: box.lower[j] + (box.upper[j] - box.lower[j]) * random.uniform(0, 1)
      }
    }
  }

  @Test func `a minorant of the softmax is below it, and close where it should be`() throws {
    var random = SplitMix(state: 5)
    for trial in 0..<400 {
      let width = [1e-12, 1e-3, 0.5, 3, 30, 500][trial % 6]
      let box = box(&random, width: width)
      let near = point(in: box, &random)
      let minorant = try #require(box.minorant(against: 2, near: near))
      func value(_ t: [Double]) -> Double {
        zip(minorant.coefficients, t).reduce(minorant.constant) { $0 + $1.0 * $1.1 }
      }
      for _ in 0..<40 {
        let t = point(in: box, &random)
        #expect(value(t) <= margin(t, 2) + 1e-13 * max(1, width))
      }
      // In a small box every choice is nearly exact.
      if width <= 1e-3 { #expect(value(near) >= margin(near, 2) - 1e-5) }
    }
  }

  @Test func `a box without an end has no minorant`() {
    let box = DifferenceBox(label: 0, lower: [0, -.infinity, -1], upper: [0, 1, 1])
    #expect(box.minorant(against: 1, near: [0, 0, 0]) == nil)
    let huge = DifferenceBox(label: 0, lower: [0, -1e5, -1e5], upper: [0, 1e5, 1e5])
    #expect(huge.minorant(against: 1, near: [0, 0, 0]) == nil)
  }

  @Test func `a narrowed box holds all points whose margin is that small`() {
    var random = SplitMix(state: 9)
    var narrower = 0
    for trial in 0..<300 {
      let box = box(&random, width: [0.5, 3, 20][trial % 3])
      let most = random.uniform(-1.2, 1.1)
      let part = box.narrowed(against: 2, marginAtMost: most)
      if part.lower[2] > box.lower[2] { narrower += 1 }
      for _ in 0..<60 {
        let t = point(in: box, &random)
        if margin(t, 2) <= most { #expect(t[2] >= part.lower[2]) }
      }
    }
    #expect(narrower > 100)
  }

  @Test(arguments: [Norm.linf, .l2])
  func `minima over a ball that is cut are below every point on the cut's side`(_ norm: Norm) throws {
    var random = SplitMix(state: 21)
    var raised = 0
    for _ in 0..<60 {
      let x = (0..<6).map { _ in random.uniform(0, 1) }
      let examples = Examples(inputs: Tensor(shape: [1, 6], elements: x), labels: [0])
      let question = CertificateQuestion(threat: try ThreatModel(norm: norm, epsilon: 0.3), radii: [0.3], draws: [0])
      let region = try InputRegion(examples, question)
      let a = (0..<6).map { _ in random.uniform(-1, 1) }
      let b = (0..<6).map { _ in random.uniform(-1, 1) }
      // The half-space goes through the input.
      let offset = -zip(b, x).reduce(0) { $0 + $1.0 * $1.1 }
      let cut = HalfSpace(coefficients: b, constant: offset, size: 6)
      let part = region.rows([0], cuts: [cut])
      let plain = region.minimum(a, row: 0, example: 0, constant: 0.5)
      let low = part.minimum(a, row: 0, example: 0, constant: 0.5)
      #expect(low.value - low.slack >= plain.value - plain.slack)
      if low.value > plain.value + 1e-3 { raised += 1 }
      var least = Double.infinity
      for _ in 0..<4000 {
        let raw = (0..<6).map { x[$0] + random.uniform(-0.3, 0.3) }
        let p = region.nearest(to: raw, example: 0)
        guard zip(b, p).reduce(offset, { $0 + $1.0 * $1.1 }) <= 0 else { continue }
        least = min(least, zip(a, p).reduce(0.5) { $0 + $1.0 * $1.1 })
      }
      #expect(low.value - low.slack <= least)
    }
    #expect(raised > 20)
  }

  @Test func `lines of its own make every bound tighter and keep it below`() throws {
    let net = RandomEnsemble(seed: 13, draws: 1)
    let x = net.input(2)
    let network = try net.ensemble().boundedMember(0)
    let examples = Examples(inputs: Tensor(shape: [1, x.count], elements: x), labels: [0])
    let question = CertificateQuestion(threat: try ThreatModel(epsilon: 0.2), radii: [0.2], draws: [0])
    let region = try InputRegion(examples, question)
    var usual = BoundPass(network, over: region, hidden: .linear)
    var own = BoundPass(network, over: region, hidden: .linear, slopeSteps: 20)
    var gained = 0.0
    for value in 1...network.steps.count {
      for index in usual.lower[value].indices {
        #expect(own.lower[value][index] >= usual.lower[value][index] - 1e-9)
        #expect(own.upper[value][index] <= usual.upper[value][index] + 1e-9)
        gained += own.lower[value][index] - usual.lower[value][index]
        gained += usual.upper[value][index] - own.upper[value][index]
      }
    }
    #expect(gained > 0)
    let before = usual.differences(labels: [0])[0].box
    let after = own.differences(labels: [0], rivals: [1], slopeSteps: 20)[0].box
    #expect(after.upper[1] < before.upper[1] - 0.05 && after.lower[1] > before.lower[1])
    var random = SplitMix(state: 4)
    for _ in 0..<500 {
      let p = region.nearest(to: x.map { $0 + 0.21 * random.uniform(-1, 1) }, example: 0)
      for (value, numbers) in network.values(at: p, rows: 1).enumerated() {
        if value == network.steps.count {
          let t = numbers[1] - numbers[0]
          #expect(after.lower[1] <= t + 1e-12 && t <= after.upper[1] + 1e-12)
        }
        for (index, number) in numbers.enumerated() {
          #expect(own.lower[value][index] <= number + 1e-12 && number <= own.upper[value][index] + 1e-12)
        }
      }
    }
  }
}

// MARK: - Networks

/// Networks of fixtures, and of numbers, as ensembles with bounds.
enum BoundedFixture {
  static func load(_ file: PosteriorFile, _ count: Int) throws -> (NetworkEnsemble, Examples) {
    let data = try #require(try file.evaluationData())
    let shape = data.inputShape
    let size = shape.reduce(1, *)
    return (
      try NetworkEnsemble(file),
      Examples(
        inputs: Tensor(shape: [count] + shape, elements: Array(data.values.prefix(count * size))),
        labels: Array(data.labels.prefix(count)))
    )
  }

  static func question(_ examples: Examples, norm: Norm = .linf, epsilon: Double, draws: Int) throws
    -> CertificateQuestion
  {
    CertificateQuestion(
      threat: try ThreatModel(norm: norm, epsilon: epsilon),
      radii: [Double](repeating: epsilon, count: examples.count), draws: Array(0..<draws))
  }

  /// Dense layers (name, units, inputs, activation) with the numbers of each draw.
  static func dense(_ layers: [(String, Int, Int, String)], draws: [[Float]]) throws -> NetworkEnsemble {
    let text = layers.map {
      "{\"type\":\"dense\",\"name\":\"\($0.0)\",\"units\":\($0.1),\"activation\":\"\($0.3)\"}"
    }
    let json =
      "{\"input_shape\":[\(layers[0].2)],\"class_count\":\(layers.last!.1),\"layers\":[\(text.joined(separator: ","))]}"
    return try NetworkEnsemble(InMemoryWeights(architecture: Architecture(json: json), draws: draws))
  }
}

/// Random numbers that are the same everywhere.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func uniform(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * Double(next() >> 11) * 0x1p-53
  }
}

/// Draws of a ReLU network with two hidden layers, with its own forward pass and gradient in double precision, and an
/// attack on the predictive's margin.
struct RandomEnsemble {
  private static let sizes = [6, 10, 10, 3]
  private let draws: [[Float]]
  private var seed: UInt64

  init(seed: UInt64, draws: Int) {
    self.seed = seed
    var random = SplitMix(state: seed &* 7919)
    var base: [Float] = []
    for layer in 0..<3 {
      let (inputs, outputs) = (Self.sizes[layer], Self.sizes[layer + 1])
      for _ in 0..<inputs * outputs { base.append(Float(random.uniform(-1, 1) * 2.2 / Double(inputs).squareRoot())) }
      for _ in 0..<outputs { base.append(Float(random.uniform(-0.3, 0.3))) }
    }
    self.draws = (0..<draws).map { _ in base.map { $0 + Float(random.uniform(-0.25, 0.25)) } }
  }

  func ensemble() throws -> NetworkEnsemble {
    try BoundedFixture.dense(
      [("a", 10, 6, "relu"), ("b", 10, 10, "relu"), ("output", 3, 10, "identity")], draws: draws)
  }

  func input(_ index: UInt64) -> [Double] {
    var random = SplitMix(state: seed &+ 1000 &* (index &+ 1))
    return (0..<6).map { _ in random.uniform(0.1, 0.9) }
  }

  func certify(_ x: [Double], _ label: Int, _ norm: Norm, _ radius: Double, suspects: Tensor?) throws
    -> CertifiedExample
  {
    let examples = Examples(inputs: Tensor(shape: [1, x.count], elements: x), labels: [label])
    let question = CertificateQuestion(
      threat: try ThreatModel(norm: norm, epsilon: radius), radii: [radius], draws: Array(draws.indices),
      suspects: suspects)
    // Not by points that it finds itself.
    var joint = try JointBounds(.init())
    joint.refutes = false
    return try joint.certify(examples, question, of: ensemble()).examples[0]
  }

  func decision(at x: [Double]) -> Int {
    let p = (0..<3).map { k in draws.reduce(0) { $0 + forward($1, x).p[k] } }
    return p.indices.max { p[$0] < p[$1] }!
  }

  private func forward(_ draw: [Float], _ x: [Double]) -> (p: [Double], hidden: [[Double]]) {
    var (h, hidden, place) = (x, [[Double]](), 0)
    for layer in 0..<3 {
      let (inputs, outputs) = (Self.sizes[layer], Self.sizes[layer + 1])
      var z = (0..<outputs).map { Double(draw[place + inputs * outputs + $0]) }
      for o in 0..<outputs { for i in 0..<inputs { z[o] += Double(draw[place + o * inputs + i]) * h[i] } }
      place += (inputs + 1) * outputs
      hidden.append(z)
      h = layer < 2 ? z.map { max($0, 0) } : z
    }
    let largest = h.max()!
    let e = h.map { exp($0 - largest) }
    return (e.map { $0 / e.reduce(0, +) }, hidden)
  }

  /// The least of the predictive's margins against each class, and its gradient.
  private func margin(_ x: [Double], _ label: Int) -> (value: Double, gradient: [Double]) {
    let all = draws.map { forward($0, x) }
    let p = (0..<3).map { k in all.reduce(0) { $0 + $1.p[k] } / Double(draws.count) }
    let rival = (0..<3).filter { $0 != label }.max { p[$0] < p[$1] }!
    var gradient = [Double](repeating: 0, count: 6)
    for (draw, (q, hidden)) in zip(draws, all) {
      var g = (0..<3).map { j in
        -q[j] * (q[label] - q[rival]) + (j == label ? q[label] : 0) - (j == rival ? q[rival] : 0)
      }
      var place = draw.count
      for layer in [2, 1, 0] {
        let (inputs, outputs) = (Self.sizes[layer], Self.sizes[layer + 1])
        place -= (inputs + 1) * outputs
        g = (0..<inputs).map { i in
          let sum = (0..<outputs).reduce(0.0) { $0 + g[$1] * Double(draw[place + $1 * inputs + i]) }
          return layer == 0 || hidden[layer - 1][i] > 0 ? sum : 0
        }
      }
      for i in 0..<6 { gradient[i] += g[i] / Double(draws.count) }
    }
    return (p[label] - p[rival], gradient)
  }

  /// Projected gradient descent from several starts; the point lies in ball and box.
  func attack(_ x: [Double], _ label: Int, _ norm: Norm, _ radius: Double) -> (margin: Double, point: [Double]) {
    var random = SplitMix(state: 77)
    var best = (margin(x, label).value, x)
    for start in 0..<6 {
      var p = start == 0 ? x : x.map { $0 + radius * random.uniform(-1, 1) }
      project(&p, x, norm, radius)
      for step in 0..<60 {
        let (value, g) = margin(p, label)
        if value < best.0 { best = (value, p) }
        let length = 2 * radius / Double(2 + step / 2)
        let size = g.reduce(0) { $0 + $1 * $1 }.squareRoot()
        for i in p.indices { p[i] -= length * (norm == .linf ? (g[i] > 0 ? 1 : -1) : g[i] / max(size, 1e-30)) }
        project(&p, x, norm, radius)
      }
    }
    return best
  }

  private func project(_ p: inout [Double], _ x: [Double], _ norm: Norm, _ radius: Double) {
    let size = zip(p, x).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    for i in p.indices {
      var d = p[i] - x[i]
      if norm == .linf { d = min(max(d, -radius), radius) } else if size > radius { d *= radius / size }
      p[i] = min(max(x[i] + d, 0), 1)
    }
  }

  /// The least radius at which the attack succeeds, up to a fiftieth.
  func attackRadius(_ x: [Double], _ label: Int, _ norm: Norm) -> Double {
    var (low, high) = (0.0, 3.0)
    while high - low > 0.02 * high {
      let middle = (low + high) / 2
      if attack(x, label, norm, middle).margin < 0 { high = middle } else { low = middle }
    }
    return high
  }
}
