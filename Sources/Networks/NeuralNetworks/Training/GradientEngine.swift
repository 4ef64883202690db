internal import CComputeKernels
internal import ComputeKernels

/// The log-likelihood of examples under one network, and its gradient with respect to the parameters.
///
/// Owned by one caller at a time, who holds a lock; a worker uses its own lane. Everything is allocated once.
final class GradientEngine: Sendable {
  private struct Lane: Sendable {
    let space: Workspace
    /// Sum over a unit of the parameters' gradients.
    let sum: AlignedMemory?
  }

  let plan: WorkPlan
  private let network: CompiledNetwork
  private let team: WorkerTeam
  private let lanes: [Lane]
  private let packedMemory: AlignedMemory
  private let packed: PackedDraw
  private let normalization: Normalization?
  private let tasks: [CompiledNetwork.PackingTask]

  init(
    _ architecture: Architecture, plan: WorkPlan, precision: Precision, library: KernelLibrary, threads: Int,
    backward: Bool
  ) throws {
    self.plan = plan
    let network = try CompiledNetwork(
      architecture, rows: plan.rows, precision: precision, library: library, purpose: .parameters)
    self.network = network
    team = WorkerTeam(count: max(1, min(WorkerTeam.useful(threads), plan.unitCount)))
    lanes = try (0..<team.count).map { _ in
      Lane(
        space: try Workspace(network, backward: backward),
        sum: backward ? AlignedMemory(bytes: architecture.parameterCount * network.wide.bytes) : nil)
    }
    let (offsets, bytes) = network.packing(backward: backward)
    packedMemory = AlignedMemory(bytes: bytes)
    packed = PackedDraw(base: packedMemory.base, offsets: offsets)
    normalization = Normalization(architecture)
    tasks = network.packingTasks(backward: backward)
  }

  /// What its passes run. The first product has no gradient with respect to its input.
  var kernelUses: [KernelUse] {
    let first = network.products.first?.stage.title
    return network.kernelUses([.forward, .toInput, .toWeights]).filter { $0.pass != .toInput || $0.layer != first }
  }

  /// Where the gradient goes.
  enum Destination {
    case double(UnsafeMutablePointer<Double>)
    case float(UnsafeMutablePointer<Float>)
  }

  /// The log-likelihood summed over `plan.count` examples.
  ///
  /// - Parameters:
  ///   - parameters: `Double` for a network in float64, else `Float`.
  ///   - indices: Which examples; nil for all.
  ///   - gradient: Is overwritten.
  func run(
    _ parameters: ParameterPointer, _ examples: TrainingExamples, indices: [Int64]?, gradient: Destination?
  ) throws -> Double {
    try team.perform { worker in
      for task in stride(from: worker, to: tasks.count, by: team.count) {
        try network.pack(tasks[task], parameters, into: packed, worker: lanes[worker].space.worker)
      }
    }
    let logLikelihoods = UnsafeMutableBufferPointer<Double>.allocate(capacity: plan.blockCount)
    defer { logLikelihoods.deallocate() }
    let address = SharedMutablePointer(logLikelihoods.baseAddress!)
    let wantsGradient = gradient != nil
    for wave in stride(from: 0, to: plan.unitCount, by: team.count) {
      let units = wave..<min(wave + team.count, plan.unitCount)
      try team.perform { worker in
        guard worker < units.count else { return }
        for block in plan.blocks(units.lowerBound + worker) {
          address.pointer[block] = try pass(block, examples, indices, lanes[worker], wantsGradient)
        }
      }
      if let gradient { try fold(units, into: gradient) }
    }
    return logLikelihoods.reduce(0, +)
  }

  private func pass(
    _ block: Int, _ examples: TrainingExamples, _ indices: [Int64]?, _ lane: Lane, _ wantsGradient: Bool
  ) throws -> Double {
    let space = lane.space
    let rows = plan.examples(block)
    examples.load(rows, of: indices, into: space, network: network, normalization: normalization)
    try network.forward(packed, space)
    let classes = network.architecture.classCount
    let gradient = wantsGradient ? space.logitGradient : nil
    let sum = ckn_log_likelihood(
      gradient, network.precision.elementType, space.logits, network.wide.elementType, space.labels,
      rows.count, classes)
    if let gradient, let parameters = lane.sum {
      let rowBytes = classes * network.precision.bytes
      ckn_zero(gradient + rows.count * rowBytes, (network.rows - rows.count) * rowBytes)
      try network.backward(packed, space, arithmetic: .plain, addingTo: parameters.base)
    }
    return sum
  }

  /// Adds the sums of a wave's units in their order; every worker takes a part of the parameters.
  private func fold(_ units: Range<Int>, into gradient: Destination) throws {
    let count = network.architecture.parameterCount
    let type = network.wide.elementType
    let target: SharedMutablePointer<UInt8>
    switch gradient {
    case .double(let pointer):
      target = SharedMutablePointer(UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: UInt8.self))
    case .float(let pointer):
      target = SharedMutablePointer(UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: UInt8.self))
    }
    let isDouble = if case .double = gradient { true } else { false }
    let bytes = network.wide.bytes
    try team.perform { worker in
      // Whole cache lines, so that no two workers write the same one.
      let bound = { (part: Int) in min(count, (part * count / self.team.count + 15) / 16 * 16) }
      let range = bound(worker)..<(worker == team.count - 1 ? count : bound(worker + 1))
      guard !range.isEmpty else { return }
      for unit in units {
        let part = lanes[unit - units.lowerBound].sum!.base + range.lowerBound * bytes
        let raw = UnsafeMutableRawPointer(target.pointer)
        if isDouble {
          ckn_fold(
            raw.assumingMemoryBound(to: Double.self) + range.lowerBound, part, type, unit == 0, range.count)
        } else {
          ckn_fold_float(
            raw.assumingMemoryBound(to: Float.self) + range.lowerBound, part.assumingMemoryBound(to: Float.self),
            unit == 0, range.count)
        }
      }
    }
  }
}
