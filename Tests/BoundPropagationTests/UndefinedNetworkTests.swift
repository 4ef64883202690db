import BranchAndBound
import IntervalBounds
import JointBounds
import LinearBounds
import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation
@testable import NeuralNetworks

/// Where a network gives no number there is nothing to certify, whatever hides it.
@Suite(.inTurn) struct `A network that is not all numbers` {
  static let names = ["relu", "leaky_relu", "relu6", "tanh", "sigmoid", "softplus", "hardswish", "elu"]

  static func architecture(_ activation: String) throws -> Architecture {
    try Architecture(
      json: """
        {"input_shape":[3],"class_count":2,"layers":[{"type":"dense","name":"a","units":4,"activation":"\(activation)"},
        {"type":"dense","name":"b","units":4,"activation":"\(activation)"},{"type":"dense","name":"c","units":2,"activation":"identity"}]}
        """)
  }

  /// Draws that are sure of class 0: all of it comes from the last offset.
  static func draw(_ architecture: Architecture, _ numbers: inout Numbers) -> [Float] {
    var draw = numbers.uniforms(architecture.parameterCount, -0.01, 0.01).map { Float($0) }
    draw[draw.count - 2] = 30
    return draw
  }

  static func certified(
    _ architecture: Architecture, _ draws: [[Float]], _ decision: Decision
  ) throws -> [CertifiedExample] {
    let ensemble = try NetworkEnsemble(InMemoryWeights(architecture: architecture, draws: draws))
    let examples = Examples(inputs: Tensor(shape: [1, 3], elements: [0.5, 0.2, 0.7]), labels: [0])
    let question = CertificateQuestion(
      threat: try ThreatModel(epsilon: 0.01), radii: [0.01], draws: Array(draws.indices), decision: decision)
    return try [
      LinearBounds(.init()).certify(examples, question, of: ensemble).examples[0],
      IntervalBounds(.init()).certify(examples, question, of: ensemble).examples[0],
      JointBounds(.init()).certify(examples, question, of: ensemble).examples[0],
      BranchAndBound(.init()).certify(examples, question, of: ensemble).examples[0],
    ]
  }

  @Test(arguments: names, [Float.nan, .infinity, -.infinity])
  func `is never certified, alone or among others`(_ activation: String, _ value: Float) throws {
    let architecture = try Self.architecture(activation)
    var numbers = Numbers(95)
    let sound = (0..<8).map { _ in Self.draw(architecture, &numbers) }
    // A weight and an offset of the first layer, of the second, and of the last.
    for place in [2, 13, 20, 33, 38, 45] {
      var draws = sound
      draws[3][place] = value
      for decision in [Decision.predictive, .majorityVote, .singleDraw(3)] {
        for found in try Self.certified(architecture, draws, decision) {
          #expect(!found.isCertified && !found.margin.isNaN, "parameter \(place), \(decision)")
        }
      }
      for found in try Self.certified(architecture, draws, .singleDraw(2)) { #expect(found.isCertified) }
    }
    for found in try Self.certified(architecture, sound, .predictive) {
      #expect(found.isCertified && found.safeDraws == 8)
    }
  }

  @Test func `nor are inputs that are none`() throws {
    let architecture = try Self.architecture("relu")
    var numbers = Numbers(96)
    let ensemble = try NetworkEnsemble(
      InMemoryWeights(architecture: architecture, draws: [Self.draw(architecture, &numbers)]))
    for value in [Double.nan, .infinity] {
      let examples = Examples(inputs: Tensor(shape: [1, 3], elements: [0.5, value, 0.7]), labels: [0])
      let question = CertificateQuestion(threat: try ThreatModel(epsilon: 0.01), radii: [0.01], draws: [0])
      #expect(throws: CoreError.self) { try LinearBounds(.init()).certify(examples, question, of: ensemble) }
    }
  }

  /// Numbers beyond the largest `Double` on the way, which the network in real arithmetic has all the same.
  @Test func `and one that only overflows is bounded or unknown`() throws {
    for (first, second, third) in [
      (1e200, 1e200, 1.0), (1e200, 1e200, 1e-200), (1e308, 1e308, -1e308), (1e-200, 1e-200, 1),
    ] {
      for sign in [1.0, -1] {
        let steps = [sign * first, second, third].enumerated().map { index, weight in
          BoundedNetwork.Step(
            name: "step", outputCount: 2,
            operation: .affine(
              AffineStep(
                [.init(source: index, map: Matrix(rowsOfMatrix: [[weight, 0], [0, weight]]))], offset: [0, 0])))
        }
        let network = BoundedNetwork(inputCount: 2, steps: steps)
        for norm in [Norm.linf, .l2] {
          let examples = Examples(inputs: Tensor(shape: [1, 2], elements: [0.5, 0.25]), labels: [0])
          let threat = try ThreatModel(norm: norm, epsilon: 0.01)
          let region = try InputRegion(examples, CertificateQuestion(threat: threat, radii: [0.01], draws: [0]))
          var pass = BoundPass(network, over: region, hidden: .linear)
          // In real arithmetic the first value has the sign of the product, and nothing here may be past zero.
          let isPositive = sign * third > 0
          let minima = pass.minima(of: [1, 0, -1, 0], examples: [0, 0], at: 3)
          #expect(!minima.bounds[0].isNaN && !minima.bounds[1].isNaN)
          #expect((isPositive ? minima.bounds[1] : minima.bounds[0]) <= 0)
          #expect(isPositive ? pass.upper[3][0] >= 0 : pass.lower[3][0] <= 0)
        }
      }
    }
  }

  /// x · 1e200 · 1e200 through a function that does not saturate, times 1e-300: 5e99 in real arithmetic.
  @Test(arguments: `Lines around activations`.functions)
  func `and one that overflows in front of a function too`(_ function: ElementwiseFunction) throws {
    func scale(_ source: Int, _ weight: Double) -> BoundedNetwork.Step {
      BoundedNetwork.Step(
        name: "step", outputCount: 1,
        operation: .affine(AffineStep([.init(source: source, map: Matrix(rowsOfMatrix: [[weight]]))])))
    }
    let relaxation = `Lines around activations`.relaxation(function)
    let network = BoundedNetwork(
      inputCount: 1,
      steps: [
        scale(0, 1e200), scale(1, 1e200),
        .init(name: "function", outputCount: 1, operation: .relaxed(source: 2, relaxation)), scale(3, 1e-300),
      ])
    let threat = try ThreatModel(epsilon: 0.01)
    let region = try InputRegion(
      Examples(inputs: Tensor(shape: [1, 1], elements: [0.5]), labels: [0]),
      CertificateQuestion(threat: threat, radii: [0.01], draws: [0]))
    for hidden in BoundPass.Hidden.allCases {
      var pass = BoundPass(network, over: region, hidden: hidden)
      let minima = pass.minima(of: [1, -1], examples: [0, 0], at: 4)
      // What f(x) · 1e-300 is at x = 5e399.
      let value: Double =
        switch function {
        case .relu6, .tanh, .sigmoid, .hardsigmoid: function.value(100) * 1e-300
        case .leakyReLU, .relu, .silu, .gelu, .geluTanh, .softplus, .hardswish, .elu, .identity: 5e99
        case .selu: 5.25e99
        }
      #expect(pass.lower[4][0] <= value && pass.upper[4][0] >= value)
      #expect(minima.bounds[0] <= value && minima.bounds[1] <= -value)
    }
  }

  /// Squares of small coefficients vanish, their ball does not.
  @Test func `and small coefficients keep their ball`() throws {
    for scale in [1.0, 1e-150, 1e-165, 1e-200, 1e-260] {
      let x = [0.5, 0.5, 0.5]
      let a = [3.0, -2, 6].map { $0 * scale }
      let threat = try ThreatModel(norm: .l2, epsilon: 0.25)
      let examples = Examples(inputs: Tensor(shape: [1, 3], elements: x), labels: [0])
      let region = try InputRegion(examples, CertificateQuestion(threat: threat, radii: [0.25], draws: [0]))
      let (value, slack) = region.minimum(a, row: 0, example: 0, constant: 0)
      // a·x = 3.5, ‖a‖ = 7.
      let exact = (3.5 - 1.75) * scale
      #expect(value - slack <= exact && value >= exact * (1 - 1e-12))
    }
  }
}
