import RobustnessCore
import TestSupport
import Testing

@testable import ComputeKernels
@testable import NeuralNetworks

/// A result must not depend on the size of a block or on a row's place in it. Kernels may; the engine measures them.
@Suite("Kernels whose bits move are found, and not relied upon", .inTurn)
struct RowAuditTests {
  static let never: MovingBits.Rule = { _, _ in false }
  static let dense = try! Architecture(
    inputShape: [40], classCount: 5,
    layers: [
      .dense(name: "hidden", units: 33, activation: .relu), .dense(name: "output", units: 5, activation: .identity),
    ])
  static let convolutional = try! Architecture(
    inputShape: [1, 9, 9], classCount: 3,
    layers: [
      .convolution(name: "filters", filters: 6, kernelSize: 3, activation: .relu), .maxPool(kernelSize: 2, stride: 2),
      .flatten, .dense(name: "output", units: 3, activation: .identity),
    ])

  /// An engine whose kernels move, with and without the audit. The portable kernels move by themselves on no processor.
  private func engine(
    _ architecture: Architecture = dense, precision: Precision = .float32, library: KernelLibrary = .portable,
    isAudited: Bool = true, forward: @escaping MovingBits.Rule = never, backward: @escaping MovingBits.Rule = never
  ) throws -> BlockEngine {
    var random = RandomStreams(seed: 3, purpose: "test").stream(example: 0)
    let draws = (0..<3).map { _ in architecture.initialWeights(&random) }
    return try BlockEngine(
      InMemoryWeights(architecture: architecture, draws: draws), precision: precision, library: library,
      backward: true, threads: 2, budget: nil, inputMagnitude: 1, isAudited: isAudited
    ) { rows in
      try CompiledNetwork(architecture, rows: rows, precision: precision, library: library)
        .moving(forward: forward, backward: backward)
    }
  }

  private struct Answer: Equatable {
    var logProbabilities: [[Double]]
    var gradients: [[Double]]

    subscript(rows: [Int]) -> Answer {
      Answer(logProbabilities: rows.map { logProbabilities[$0] }, gradients: rows.map { gradients[$0] })
    }
  }

  private func answer(_ engine: BlockEngine, _ architecture: Architecture, _ rows: [Int]) throws -> Answer {
    var random = RandomStreams(seed: 4, purpose: "test").stream(example: 0)
    let inputs = Tensor(
      shape: [300] + architecture.inputShape, elements: random.uniforms(300 * architecture.inputShape.reduce(1, *))
    ).rows(rows)
    let labels = rows.map { $0 % architecture.classCount }
    let plain = try engine.run(inputs, labels: labels, draws: [0, 1, 2], .init())
    let prediction = engine.finish(plain, objective: .predictive, labels: labels).prediction
    let sums = try engine.run(inputs, labels: labels, draws: [0, 1, 2], .init(gradient: .predictive))
    let finished = engine.finish(sums, objective: .predictive, labels: labels)
    let gradient = engine.gradient(sums, logFactors: finished.logFactors, shape: inputs.shape)
    return Answer(
      logProbabilities: rows.indices.map { Array(prediction.logProbabilities[row: $0]) },
      gradients: rows.indices.map { Array(gradient.values[row: $0]) })
  }

  private func isConsistent(_ engine: BlockEngine, _ architecture: Architecture = dense) throws -> Bool {
    let all = Array(0..<300)
    let whole = try answer(engine, architecture, all)
    return try [[17], Array(3..<60), Array(all.reversed()), Array(100..<300)].allSatisfy { rows in
      try answer(engine, architecture, rows) == whole[rows]
    }
  }

  @Test("bits that move with the number of rows: small blocks are not used")
  func size() throws {
    let rule: MovingBits.Rule = { rows, _ in rows < 100 }
    #expect(try !isConsistent(engine(isAudited: false, forward: rule)))
    let audited = try engine(forward: rule)
    #expect(audited.rowsInUse == (250, 250, 250))
    #expect(try isConsistent(audited))
  }

  @Test("gradients that move with the number of rows: small blocks serve predictions only")
  func sizeOfGradients() throws {
    let rule: MovingBits.Rule = { rows, _ in rows < 100 }
    #expect(try !isConsistent(engine(isAudited: false, backward: rule)))
    let audited = try engine(backward: rule)
    #expect(audited.rowsInUse == (250, 32, 250))
    #expect(try isConsistent(audited))
  }

  @Test("bits that move with the place in large blocks: blocks without such places are used")
  func place() throws {
    let rule: MovingBits.Rule = { rows, place in rows >= 128 && place >= rows / 32 * 32 }
    // 256 and 128 are whole tiles of 32, so that 256 will do; a rule for all large blocks leaves 64.
    #expect(try !isConsistent(engine(isAudited: false, forward: rule)))
    #expect(try engine(forward: rule).rowsInUse.many == 256)
    let anyLarge: MovingBits.Rule = { rows, place in rows >= 128 && place % 2 == 1 }
    for audited in [try engine(forward: rule), try engine(forward: anyLarge), try engine(backward: anyLarge)] {
      #expect(try isConsistent(audited))
    }
    #expect(try engine(backward: anyLarge).rowsInUse == (64, 64, 64))
  }

  @Test("bits that move with the place in every block: one row at a time")
  func everyPlace() throws {
    let audited = try engine(forward: { _, place in place == 3 })
    #expect(audited.rowsInUse.many == 1)
    #expect(try isConsistent(audited))
  }

  @Test("the same behind a convolution")
  func convolution() throws {
    let rule: MovingBits.Rule = { rows, place in rows == 16 && place >= 9 }
    #expect(try !isConsistent(engine(Self.convolutional, isAudited: false, forward: rule), Self.convolutional))
    let audited = try engine(Self.convolutional, forward: rule)
    #expect(audited.rowsInUse.many == 8)
    #expect(try isConsistent(audited, Self.convolutional))
  }

  /// The shapes in which AMX was seen to move bits, and others. Nothing is assumed about this machine's kernels: whatever
  /// the audit allowed must be the same.
  @Test(
    "results are the same for any examples in any order on this processor",
    arguments: [[784, 512, 10], [512, 10], [33, 7], [2, 50, 2], [100, 64, 64, 3]])
  func thisProcessor(sizes: [Int]) throws {
    var layers = sizes.dropFirst().dropLast().enumerated().map {
      Architecture.Layer.dense(name: "hidden\($0.offset)", units: $0.element, activation: .tanh)
    }
    layers.append(.dense(name: "output", units: sizes.last!, activation: .identity))
    let architecture = try Architecture(inputShape: [sizes[0]], classCount: sizes.last!, layers: layers)
    let bfloat16 = KernelLibrary.preferred == .oneDNN && KernelLibrary.hasNativeBFloat16
    for precision in bfloat16 ? [Precision.float32, .bfloat16] : [.float32] {
      #expect(
        try isConsistent(engine(architecture, precision: precision, library: .preferred), architecture), "\(precision)")
    }
  }

  @Test("the same for convolutions on this processor")
  func thisProcessorConvolutions() throws {
    let bfloat16 = KernelLibrary.preferred == .oneDNN && KernelLibrary.hasNativeBFloat16
    for precision in bfloat16 ? [Precision.float32, .bfloat16] : [.float32] {
      let engine = try engine(Self.convolutional, precision: precision, library: .preferred)
      #expect(try isConsistent(engine, Self.convolutional), "\(precision)")
    }
  }

  @Test("every product says what computes it, in blocks for many and for few examples")
  func uses() throws {
    var random = RandomStreams(seed: 3, purpose: "test").stream(example: 0)
    let ensemble = try NetworkEnsemble(
      InMemoryWeights(architecture: Self.dense, draws: [Self.dense.initialWeights(&random)]))
    let uses = ensemble.kernelUses
    let many = uses.filter { $0.rows == uses[0].rows }
    #expect(many.map(\.layer) == ["hidden", "hidden", "output", "output"])
    #expect(many.map(\.pass) == [.forward, .toInput, .forward, .toInput])
    #expect(uses.allSatisfy { $0.precision == "float32" && !$0.implementation.isEmpty })
    #expect(uses.allSatisfy { ($0.implementation == "portable") == (KernelLibrary.preferred == .portable) })
  }
}
