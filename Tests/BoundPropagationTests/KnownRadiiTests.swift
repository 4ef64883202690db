import Foundation
import LinearBounds
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation

/// Networks small enough that every point of the ball can be looked at.
@Suite(.inTurn) struct `Certified radii` {
  static func certify(
    _ ensemble: some BoundedEnsemble, _ examples: Examples, _ threat: ThreatModel
  ) throws -> [CertifiedExample] {
    try LinearBounds(.init()).certify(
      examples,
      CertificateQuestion(
        threat: threat, radii: examples.labels.map { _ in threat.epsilon }, draws: Array(0..<ensemble.drawCount)),
      of: ensemble
    ).examples
  }

  /// A network of one input number, three draws of random weights.
  static func line(_ seed: Int, _ activation: String) throws -> NetworkEnsemble {
    let architecture = try Architecture(
      json: """
        {"input_shape":[1],"class_count":3,"layers":[{"type":"dense","name":"a","units":7,"activation":"\(activation)"},
        {"type":"dense","name":"b","units":5,"activation":"\(activation)"},{"type":"dense","name":"c","units":3,"activation":"identity"}]}
        """)
    var numbers = Numbers(seed)
    let draws = (0..<3).map { _ in numbers.uniforms(architecture.parameterCount, -2, 2).map { Float($0) } }
    return try NetworkEnsemble(InMemoryWeights(architecture: architecture, draws: draws))
  }

  @Test(arguments: ["relu", "leaky_relu", "relu6", "tanh", "sigmoid", "silu", "gelu", "elu", "selu", "hardswish"])
  func `on a line end before the first point where the decision turns`(_ activation: String) throws {
    var certified = 0
    for seed in 0..<20 {
      let ensemble = try Self.line(100 + seed, activation)
      let x = 0.1 + 0.04 * Double(seed)
      let inputs = Tensor(shape: [1, 1], elements: [x])
      let label = try ensemble.predict(inputs, draws: .all).classes(.predictive)[0]
      let examples = Examples(inputs: inputs, labels: [label])
      for epsilon in [0.003, 0.01, 0.03, 0.1, 0.3, 0.7] {
        let threat = try ThreatModel(epsilon: epsilon, box: -1...2)
        let found = try Self.certify(ensemble, examples, threat)[0]
        let scan = Tensor(shape: [601, 1], elements: (0...600).map { x - epsilon + epsilon * Double($0) / 300 })
        let least = try ensemble.margins(scan, [Int](repeating: label, count: 601)).min()!
        #expect(found.margin <= least + 1e-12, "seed \(seed), ε = \(epsilon)")
        if found.isCertified { certified += 1 }
        // In one dimension and with little change, nothing is lost but what lines lose.
        if epsilon == 0.003, least > 0.05 { #expect(found.isCertified, "seed \(seed)") }
      }
    }
    #expect(certified > 30)
  }

  @Test(arguments: [Posterior.moons, .moonsLeaky], [Norm.linf, .l2])
  func `on the plane end before the first cell where the decision turns`(_ posterior: Posterior, _ norm: Norm) throws {
    let (ensemble, examples, box) = try posterior.load(10, draws: 8)
    var certified = 0
    for epsilon in [0.01, 0.05, 0.15] {
      let threat = try ThreatModel(norm: norm, epsilon: epsilon * (box.upperBound - box.lowerBound), box: box)
      let found = try Self.certify(ensemble, examples, threat)
      for row in 0..<examples.count {
        let origin = Array(examples.inputs[row: row])
        var elements: [Double] = []
        for i in -12...12 {
          for j in -12...12 {
            elements += [origin[0] + threat.epsilon * Double(i) / 12, origin[1] + threat.epsilon * Double(j) / 12]
          }
        }
        var grid = Tensor(shape: [625, 2], elements: elements)
        threat.project(&grid, around: Tensor(shape: [625, 2], elements: (0..<625).flatMap { _ in origin }))
        let least = try ensemble.margins(grid, [Int](repeating: examples.labels[row], count: 625)).min()!
        #expect(found[row].margin <= least + 1e-12)
        if found[row].isCertified { certified += 1 }
      }
    }
    #expect(certified > 5)
  }
}
