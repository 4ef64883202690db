import ComputeKernels
import Foundation
import NeuralNetworks
import RobustnessCore
import TestSupport
import Testing

/// Gradients with wide derivatives in the place of the activations' own.
@Suite("Straight-through gradients", .inTurn)
struct StraightThroughTests {
  static let activations: [Architecture.Activation] = [.relu, .leakyReLU, .tanh, .sigmoid]

  static func problem(_ activation: Architecture.Activation, scale: Double, draws: Int = 3) throws -> (
    InMemoryWeights, Examples
  ) {
    let architecture = try Architecture(
      inputShape: [5], classCount: 3,
      layers: [
        .dense(name: "a", units: 7, activation: activation), .dense(name: "b", units: 6, activation: activation),
        .dense(name: "o", units: 3, activation: .identity),
      ])
    let streams = RandomStreams(seed: 3, purpose: "straight-through")
    let weights = (0..<draws).map { draw -> [Float] in
      var stream = streams.stream(example: draw)
      return stream.normals(architecture.parameterCount).map { Float($0 * scale) }
    }
    var stream = streams.stream(example: -1)
    return (
      InMemoryWeights(architecture: architecture, draws: weights),
      Examples(inputs: Tensor(shape: [8, 5], elements: stream.uniforms(40)), labels: (0..<8).map { $0 % 3 })
    )
  }

  /// The gradient of Σ v·z through one network, layer by layer as the definition of the wide derivatives says.
  func plain(
    _ parameters: [Float], _ x: [Double], _ v: [Double], _ activation: Architecture.Activation
  ) -> [Double] {
    let sizes = [(5, 7), (7, 6), (6, 3)]
    var offset = 0
    var layers: [(w: [[Double]], b: [Double])] = []
    for (inputs, outputs) in sizes {
      let w = (0..<outputs).map { o in (0..<inputs).map { Double(parameters[offset + o * inputs + $0]) } }
      offset += inputs * outputs
      layers.append((w, (0..<outputs).map { Double(parameters[offset + $0]) }))
      offset += outputs
    }
    func f(_ a: Double) -> Double {
      switch activation {
      case .relu: max(a, 0)
      case .leakyReLU: a > 0 ? a : 0.01 * a
      case .tanh: tanh(a)
      case .sigmoid: 1 / (1 + exp(-a))
      case .identity: a
      default: preconditionFailure("the activations of format 1.0")
      }
    }
    func wide(_ a: Double, _ s: Double) -> Double {
      func logistic(_ t: Double) -> Double { 1 / (1 + exp(-t)) }
      switch activation {
      case .relu: return logistic(4 * a / s)
      case .leakyReLU: return 0.01 + 0.99 * logistic(4 * a / s)
      case .tanh: return 1 / pow(cosh(a / max(1, s)), 2)
      case .sigmoid:
        let p = logistic(a / max(1, s))
        return p * (1 - p)
      case .identity: return 1
      default: preconditionFailure("the activations of format 1.0")
      }
    }
    var h = x
    var before: [[Double]] = []
    for (index, layer) in layers.enumerated() {
      let a = zip(layer.w, layer.b).map { row, bias in zip(row, h).reduce(bias) { $0 + $1.0 * $1.1 } }
      before.append(a)
      h = index < 2 ? a.map(f) : a
    }
    var g = v
    for index in layers.indices.reversed() {
      if index < 2 {
        let s = (before[index].reduce(0) { $0 + $1 * $1 } / Double(before[index].count)).squareRoot()
        g = zip(g, before[index]).map { $0 * wide($1, s) }
      }
      g = layers[index].w[0].indices.map { i in zip(g, layers[index].w).reduce(0) { $0 + $1.0 * $1.1[i] } }
    }
    return g
  }

  @Test("a network computes what the definition says", arguments: activations, [0.5, 40])
  func definition(activation: Architecture.Activation, scale: Double) throws {
    let (weights, examples) = try Self.problem(activation, scale: scale)
    let member = try NetworkEnsemble(weights).member(1)
    let v = Tensor(shape: [8, 3], elements: (0..<24).map { Double($0 % 5) - 2 })
    let found = try member.inputGradient(examples.inputs, logitGradient: v, derivative: .straightThrough).plain
    for row in 0..<8 {
      let expected = plain(
        member.parameters, Array(examples.inputs[row: row]), Array(v[row: row]), activation)
      let largest = expected.map(abs).max() ?? 0
      #expect(largestDifference(Array(found[row: row]), expected) <= 1e-12 * largest, "example \(row)")
    }
  }

  @Test("the packed engines agree with the members", arguments: activations, Precision.allCases)
  func engines(activation: Architecture.Activation, precision: Precision) throws {
    let hasHalves = KernelLibrary.hasNativeBFloat16 && KernelLibrary.preferred == .oneDNN
    guard precision != .bfloat16 || hasHalves else { return }
    let (weights, examples) = try Self.problem(activation, scale: 0.7)
    let ensemble = try NetworkEnsemble(weights, configuration: .init(precision: precision))
    for objective in [Objective.predictive, .margin] {
      let found = try ensemble.lossAndGradient(
        examples, objective: objective, draws: .all, derivative: .straightThrough)
      let expected = try ensemble.reference.lossAndGradient(
        examples, objective: objective, draws: .all, derivative: .straightThrough)
      for row in 0..<examples.count {
        #expect(
          cosine(found.gradient.values[row: row], expected.gradient.values[row: row])
            >= (precision == .bfloat16 ? 0.995 : 0.99999), "example \(row)")
        #expect(abs(found.gradient.log2Norms[row] - expected.gradient.log2Norms[row]) <= 0.1, "example \(row)")
      }
      // Values and decisions are those of the network as it is.
      let value = try ensemble.loss(examples, objective: objective, draws: .all)
      #expect(found.logLosses == value.logLosses)
      #expect(found.prediction == value.prediction)
    }
  }

  @Test("no bit depends on threads or on the other examples", arguments: activations)
  func bits(activation: Architecture.Activation) throws {
    let (weights, examples) = try Self.problem(activation, scale: 2, draws: 17)
    func gradient(_ threads: Int, _ rows: [Int]) throws -> ScaledGradient {
      try NetworkEnsemble(weights, configuration: .init(threads: threads)).lossAndGradient(
        examples.subset(rows), objective: .predictive, draws: .all, derivative: .straightThrough
      ).gradient
    }
    let all = try gradient(1, Array(0..<8))
    #expect(try gradient(2, Array(0..<8)) == all)
    #expect(try gradient(2, [6, 1]) == all.rows([6, 1]))
  }

  @Test("a layer that is saturated has a slope all the same")
  func saturated() throws {
    let (weights, examples) = try Self.problem(.tanh, scale: 300, draws: 1)
    let ensemble = try NetworkEnsemble(weights)
    let exact = try ensemble.lossAndGradient(examples, objective: .margin, draws: .all).gradient
    let wide = try ensemble.lossAndGradient(
      examples, objective: .margin, draws: .all, derivative: .straightThrough
    ).gradient
    let medians = [exact, wide].map { $0.log2Norms.sorted()[4] }
    #expect(medians[0] < -40)
    #expect(medians[1] > 0)
  }
}
