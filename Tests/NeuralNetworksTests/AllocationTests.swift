import CAllocationCounter
import ComputeKernels
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks

/// A pass takes its memory before it begins: what a draw more costs is arithmetic.
@Suite("Allocations", .inTurn, .enabled(if: allocation_counting_works()))
struct AllocationTests {
  private func engine(_ architecture: Architecture, _ precision: Precision, _ library: KernelLibrary) throws
    -> BlockEngine
  {
    var random = RandomStreams(seed: 3, purpose: "test").stream(example: 0)
    let draws = (0..<8).map { _ in architecture.initialWeights(&random) }
    return try BlockEngine(
      InMemoryWeights(architecture: architecture, draws: draws), precision: precision, library: library,
      backward: true, threads: 1, budget: nil, inputMagnitude: 1)
  }

  /// How many allocations a pass makes through some draws, once everything that is made once is there.
  private func count(_ engine: BlockEngine, _ architecture: Architecture, draws: Int, gradient: Bool) throws -> Int {
    var random = RandomStreams(seed: 4, purpose: "test").stream(example: 0)
    let inputs = Tensor(
      shape: [40] + architecture.inputShape, elements: random.uniforms(40 * architecture.inputShape.reduce(1, *)))
    let labels = (0..<40).map { $0 % architecture.classCount }
    let request = gradient ? BlockEngine.Request(gradient: .predictive) : BlockEngine.Request()
    for _ in 0..<2 { _ = try engine.run(inputs, labels: labels, draws: Array(0..<draws), request) }
    let list = Array(0..<draws)
    allocation_counting_begin()
    let sums = try engine.run(inputs, labels: labels, draws: list, request)
    let count = allocation_counting_end()
    withExtendedLifetime(sums) {}
    return count
  }

  @Test func `what is allocated is counted`() {
    allocation_counting_begin()
    let memory = AlignedMemory(bytes: 1000)
    let list = [Int](repeating: 1, count: memory.bytes)
    let count = allocation_counting_end()
    #expect(count >= 2 && list.count == 1000)
  }

  @Test(arguments: [false, true])
  func `draws through the portable kernels allocate nothing`(gradient: Bool) throws {
    for precision in [Precision.float64, .float32] {
      let engine = try engine(RowAuditTests.dense, precision, .portable)
      let counts = try [1, 2, 8].map { try count(engine, RowAuditTests.dense, draws: $0, gradient: gradient) }
      #expect(counts == [Int](repeating: counts[0], count: 3), "\(precision)")
    }
  }

  /// oneDNN makes a table of arguments in every call. Nothing else is made.
  @Test(.enabled(if: KernelLibrary.preferred == .oneDNN), arguments: [Precision.float32, .bfloat16])
  func `draws through oneDNN allocate what its calls do`(precision: Precision) throws {
    guard precision == .float32 || KernelLibrary.hasNativeBFloat16 else { return }
    let engine = try engine(RowAuditTests.dense, precision, .oneDNN)
    let network = try CompiledNetwork(RowAuditTests.dense, rows: 32, precision: precision, library: .oneDNN)
    let space = try Workspace(network, backward: true)
    var calls = (forward: 0, toInput: 0)
    for (_, stage) in network.products {
      guard case .linear(let kernel) = stage.kernel else { continue }
      let sizes = stage.packedSizes
      let (forward, backward) = (AlignedMemory(bytes: sizes.forward), AlignedMemory(bytes: sizes.backward))
      let room = AlignedMemory(bytes: 8 * kernel.rows * max(kernel.inputs, kernel.outputs))
      let result = AlignedMemory(bytes: 8 * kernel.rows * max(kernel.inputs, kernel.outputs))
      let bias = [Float](repeating: 0, count: kernel.outputs)
      let weights = [Float](repeating: 0.5, count: kernel.outputs * kernel.inputs)
      try kernel.pack(weights, forward: forward.base, backward: backward.base, worker: space.worker)
      for isCounted in [false, true] {
        if isCounted { allocation_counting_begin() }
        try kernel.forward(room.base, weights: forward.base, bias: bias, into: result.base, worker: space.worker)
        if isCounted { calls.forward += allocation_counting_end() }
        if isCounted { allocation_counting_begin() }
        try kernel.backwardToInput(room.base, weights: backward.base, into: result.base, worker: space.worker)
        if isCounted { calls.toInput += allocation_counting_end() }
      }
    }
    for (gradient, perDraw) in [(false, calls.forward), (true, calls.forward + calls.toInput)] {
      let counts = try [1, 2, 8].map { try count(engine, RowAuditTests.dense, draws: $0, gradient: gradient) }
      // Two blocks. Places where oneDNN's descriptions of memory are kept are found by addresses, and some may fall
      // together: then they are made again.
      #expect(counts[1] - counts[0] <= 2 * perDraw * 115 / 100, "\(counts), \(calls)")
      #expect(counts[2] - counts[0] <= 14 * perDraw * 115 / 100, "\(counts), \(calls)")
    }
  }

  /// A group is one draw where the first layer is a convolution: a list of it is made, and the list of groups grows.
  @Test func `draws of a convolution allocate nothing but the list of their group`() throws {
    let engine = try engine(RowAuditTests.convolutional, .float32, .portable)
    let counts = try [1, 8].map { try count(engine, RowAuditTests.convolutional, draws: $0, gradient: false) }
    #expect(counts[1] - counts[0] <= 2 * 7, "\(counts)")
  }
}
