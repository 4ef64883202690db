import Foundation
import IntervalBounds
import LinearBounds
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation
@testable import BranchAndBound
@testable import JointBounds

/// Random networks of one or two inputs, two to four classes and one to three draws, and the nearest point of a fine grid
/// at which the decision turns: no ball that holds it is certified, and of smaller ones some are.
@Suite(.inTurn) struct `Every certificate` {
  struct Case {
    let ensemble: NetworkEnsemble
    let x: [Double]
    let label: Int
    let norm: Norm
    var decision = Decision.predictive
    /// Distance of the nearest point that was found.
    var radius = Double.infinity

    init?(_ seed: Int) throws {
      var numbers = Numbers(200 + seed)
      let (inputs, classes, draws) = (1 + seed % 2, 2 + seed % 3, 1 + seed / 2 % 3)
      let activation = ["relu", "tanh", "silu", "leaky_relu", "sigmoid", "gelu"][seed / 3 % 6]
      let architecture = try Architecture(
        json: """
          {"input_shape":[\(inputs)],"class_count":\(classes),"layers":[
          {"type":"dense","name":"a","units":6,"activation":"\(activation)"},
          {"type":"dense","name":"b","units":4,"activation":"\(activation)"},
          {"type":"dense","name":"c","units":\(classes),"activation":"identity"}]}
          """)
      let scale = [1.0, 3, 6][seed / 5 % 3]
      let base = numbers.uniforms(architecture.parameterCount, -scale, scale)
      ensemble = try NetworkEnsemble(
        InMemoryWeights(
          architecture: architecture,
          draws: (0..<draws).map { _ in base.map { Float($0 + numbers.uniform(-0.6, 0.6)) } }),
        configuration: .init(threads: 1))
      norm = seed / 4 % 2 == 0 ? .linf : .l2
      x = numbers.uniforms(inputs, 0.2, 0.8)
      label = try ensemble.predict(Tensor(shape: [1, inputs], elements: x), draws: .all).classes(.predictive)[0]
      try search()
      guard try margins(x)[0] > 1e-3, radius < 0.7 else { return nil }
    }

    func margins(_ points: [Double]) throws -> [Double] {
      let rows = points.count / x.count
      return try ensemble.margins(
        Tensor(shape: [rows, x.count], elements: points), [Int](repeating: label, count: rows))
    }

    private func distance(_ point: ArraySlice<Double>) -> Double {
      let steps = zip(point, x).map { abs($0 - $1) }
      return norm == .linf ? steps.max()! : steps.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }

    private mutating func search() throws {
      let count = x.count
      var grid: [Double] = []
      if count == 1 {
        grid = (0...800).map { Double($0) / 800 }
      } else {
        for i in 0...40 { for j in 0...40 { grid += [Double(j) / 40, Double(i) / 40] } }
      }
      let values = try margins(grid)
      var turned: [ArraySlice<Double>] = []
      for (row, value) in values.enumerated() where value < -1e-9 {
        turned.append(grid[row * count..<(row + 1) * count])
      }
      // From the nearest ones towards the input.
      for point in turned.sorted(by: { distance($0) < distance($1) }).prefix(6) {
        var (low, high) = (0.0, 1.0)
        for _ in 0..<30 {
          let middle = (low + high) / 2
          let between = zip(x, point).map { $0 + middle * ($1 - $0) }
          if try margins(between)[0] < -1e-9 { high = middle } else { low = middle }
        }
        radius = min(radius, distance(zip(x, point).map { $0 + high * ($1 - $0) }[...]))
      }
    }

    func certified(_ radius: Double) throws -> [String: Bool] {
      let examples = Examples(inputs: Tensor(shape: [1, x.count], elements: x), labels: [label])
      let question = CertificateQuestion(
        threat: try ThreatModel(norm: norm, epsilon: radius), radii: [radius],
        draws: Array(0..<ensemble.drawCount))
      var joint = try JointBounds(.init(assignments: ["steps": "10", "rounds": "4", "slopes": "4"]))
      // By its bounds, not by points that it finds.
      joint.refutes = false
      let boxes = try BranchAndBound(.init(assignments: ["boxes": "128"]))
      return try [
        "intervals": IntervalBounds(.init()).certify(examples, question, of: ensemble).examples[0].isCertified,
        "linear": LinearBounds(.init()).certify(examples, question, of: ensemble).examples[0].isCertified,
        "joint": joint.certify(examples, question, of: ensemble).examples[0].isCertified,
        "branch-and-bound": boxes.certify(examples, question, of: ensemble).examples[0].isCertified,
      ]
    }
  }

  @Test func `ends before the nearest point where the decision turns`() throws {
    var (known, close) = (0, ["intervals": 0, "linear": 0, "joint": 0, "branch-and-bound": 0])
    for seed in 0..<300 {
      guard let found = try Case(seed) else { continue }
      known += 1
      for share in [1 + 1e-9, 1.05] {
        for (name, isCertified) in try found.certified(found.radius * share) {
          #expect(!isCertified, "\(name), seed \(seed), \(share) times \(found.radius)")
        }
      }
      for (name, isCertified) in try found.certified(found.radius * 0.85) where isCertified { close[name]! += 1 }
    }
    #expect(known > 60)
    #expect(close["branch-and-bound"]! > known / 2 && close["joint"]! > known / 5 && close["linear"]! > 5, "\(close)")
  }

  /// A bump of a rectifier network that is much narrower than what a search would meet by chance, at and beside the places
  /// where boxes are cut.
  @Test func `sees a narrow place where the decision turns`() throws {
    let architecture = try Architecture(
      json: """
        {"input_shape":[1],"class_count":2,"layers":[{"type":"dense","name":"a","units":3,"activation":"relu"},
        {"type":"dense","name":"b","units":2,"activation":"identity"}]}
        """)
    let half = 0x1p-14
    for cut in [0.5, 0.25, 0.75, 0.375, 0.625] {
      for shift in [-2.0, -1, 0, 1, 2] {
        let middle = cut + shift * half
        // z₁ − z₀ = −1 + 2 · hat, which is 1 at its middle.
        let draw = [
          1, 1, 1, -(middle - half), -middle, -(middle + half), 0, 0, 0, 2 / half, -4 / half, 2 / half, 0, -1,
        ]
        let ensemble = try NetworkEnsemble(
          InMemoryWeights(architecture: architecture, draws: [draw.map { Float($0) }]))
        let examples = Examples(inputs: Tensor(shape: [1, 1], elements: [0.9375]), labels: [0])
        let question = CertificateQuestion(threat: try ThreatModel(epsilon: 2), radii: [2], draws: [0])
        for boxes in ["64", "2000"] {
          let found = try BranchAndBound(.init(assignments: ["boxes": boxes])).certify(
            examples, question, of: ensemble
          ).examples[0]
          #expect(!found.isCertified, "at \(cut) and \(shift) half-widths")
        }
        // Beside it there is nothing to see.
        let beside = CertificateQuestion(threat: try ThreatModel(epsilon: 0.125), radii: [0.125], draws: [0])
        #expect(try BranchAndBound(.init()).certify(examples, beside, of: ensemble).examples[0].isCertified)
      }
    }
  }

  /// Lines that rows choose for themselves, all over the ball.
  @Test(arguments: ["relu", "leaky_relu", "tanh", "gelu"])
  func `holds with lines that are improved`(_ activation: String) throws {
    let architecture = try Architecture(
      json: """
        {"input_shape":[2],"class_count":3,"layers":[{"type":"dense","name":"a","units":6,"activation":"\(activation)"},
        {"type":"dense","name":"b","units":6,"activation":"\(activation)"},{"type":"dense","name":"c","units":3,"activation":"identity"}]}
        """)
    for seed in 0..<12 {
      var numbers = Numbers(400 + seed)
      let ensemble = try NetworkEnsemble(
        InMemoryWeights(
          architecture: architecture, draws: [numbers.uniforms(architecture.parameterCount, -2, 2).map { Float($0) }]))
      let network = try ensemble.boundedMember(0)
      let examples = Examples(inputs: Tensor(shape: [1, 2], elements: [0.5, 0.5]), labels: [0])
      let threat = try ThreatModel(norm: seed % 2 == 0 ? .linf : .l2, epsilon: 0.3)
      let region = try InputRegion(examples, CertificateQuestion(threat: threat, radii: [0.3], draws: [0]))
      var pass = BoundPass(network, over: region, hidden: .linear, slopeSteps: 15)
      let box = pass.differences(labels: [0], rivals: [1], slopeSteps: 15)[0].box
      var points: [Double] = []
      for i in -20...20 {
        for j in -20...20 {
          let d = [0.3 * Double(i) / 20, 0.3 * Double(j) / 20]
          if threat.norm == .linf || d[0] * d[0] + d[1] * d[1] <= 0.09 { points += [0.5 + d[0], 0.5 + d[1]] }
        }
      }
      let rows = points.count / 2
      for (value, all) in network.values(at: points, rows: rows).enumerated() {
        let count = network.count(value)
        var holds = true
        for (index, number) in all.enumerated() {
          holds = holds && pass.lower[value][index % count] <= number + 1e-12
          holds = holds && number <= pass.upper[value][index % count] + 1e-12
          guard value == network.steps.count, index % count == 1 else { continue }
          let t = number - all[index - 1]
          holds = holds && box.lower[1] <= t + 1e-12 && t <= box.upper[1] + 1e-12
        }
        #expect(holds, "seed \(seed), value \(value)")
      }
    }
  }
}
