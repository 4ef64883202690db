import ComputeKernels
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks

/// Weights below 2⁻¹²⁶, which weight decay leaves behind: nothing beside the others of their layer, and a hundred times
/// as slow on many processors.
@Suite(.inTurn) struct `Subnormal weights` {
  private static func architecture() throws -> Architecture {
    try Architecture(
      inputShape: [20], classCount: 3,
      layers: [.dense(name: "a", units: 8, activation: .tanh), .dense(name: "b", units: 3, activation: .identity)])
  }

  /// Draws in which one weight in ten is `tiny`.
  private static func draws(_ architecture: Architecture, _ tiny: Float) -> [[Float]] {
    (0..<3).map { draw in
      var stream = RandomStreams(seed: 3, purpose: "test").stream(example: draw)
      return stream.normals(architecture.parameterCount).enumerated().map { index, value in
        index % 10 == 3 ? tiny : Float(value)
      }
    }
  }

  private static func answer(_ draws: [[Float]], _ precision: Precision) throws -> LossAndGradient {
    let architecture = try architecture()
    let ensemble = try NetworkEnsemble(
      InMemoryWeights(architecture: architecture, draws: draws), configuration: .init(precision: precision))
    let x = Tensor(shape: [5, 20], elements: (0..<100).map { Double($0 % 17) / 17 })
    return try ensemble.lossAndGradient(
      Examples(inputs: x, labels: [0, 1, 2, 0, 1]), objective: .predictive, draws: .all)
  }

  @Test(arguments: [Float.leastNonzeroMagnitude, 1e-40, -1.17e-38])
  func `count as zero in float32, to the last bit`(tiny: Float) throws {
    let architecture = try Self.architecture()
    let with = try Self.answer(Self.draws(architecture, tiny), .float32)
    let without = try Self.answer(Self.draws(architecture, 0), .float32)
    #expect(with.logLosses == without.logLosses)
    #expect(with.gradient == without.gradient)
  }

  @Test func `the smallest normal number is not one`() throws {
    let architecture = try Self.architecture()
    var parameters = Self.draws(architecture, .leastNormalMagnitude)[0]
    let network = try CompiledNetwork(architecture, rows: 1, precision: .float32, library: .portable)
    let before = parameters
    try parameters.withUnsafeMutableBufferPointer { try network.flushSubnormals($0, of: "draw 0") }
    #expect(parameters == before)
    parameters[3] = .leastNormalMagnitude.nextDown
    parameters[13] = -Float.leastNonzeroMagnitude
    try parameters.withUnsafeMutableBufferPointer { try network.flushSubnormals($0, of: "draw 0") }
    #expect(parameters[3] == 0 && parameters[13] == 0)
    #expect(zip(parameters, before).count { $0 != $1 } == 2)
  }

  /// Scaled down by 10⁻⁴⁰ and up again by the next layer, a network computes what it did before, but not in float32.
  private static func scaled() throws -> (draws: [[Float]], plain: [[Float]]) {
    let architecture = try Architecture(
      inputShape: [20], classCount: 3,
      layers: [.dense(name: "a", units: 8, activation: .relu), .dense(name: "b", units: 3, activation: .identity)])
    let plain = draws(architecture, 0.5)
    let scaled = plain.map { draw in
      var draw = draw
      for index in 0..<168 { draw[index] *= 0x1p-130 }
      return draw
    }
    return (scaled, plain)
  }

  @Test func `a layer of nothing else is refused in float32, and float64 is chosen for it`() throws {
    let (scaled, _) = try Self.scaled()
    let error = #expect(throws: CoreError.self) { try Self.answer(scaled, .float32) }
    #expect(error?.description.contains("all numbers of a.weight in draw ") == true)
    #expect(error?.description.contains("--precision float64") == true)
    let architecture = try Self.architecture()
    let ensemble = try NetworkEnsemble(InMemoryWeights(architecture: architecture, draws: scaled))
    let x = Tensor(shape: [5, 20], elements: (0..<100).map { Double($0 % 17) / 17 })
    #expect(try ensemble.needsFloat64(x))
    let plain = try NetworkEnsemble(
      InMemoryWeights(architecture: architecture, draws: Self.draws(architecture, 1e-40)))
    #expect(try !plain.needsFloat64(x))
    _ = try Self.answer(scaled, .float64)
  }
}
