internal import CComputeKernels
internal import ComputeKernels

/// The log-likelihood of examples under one network, and its gradient with respect to the parameters; or, for weights
/// that are Gaussians, under noise on every pre-activation, and the gradient with respect to means and variances.
///
/// Owned by one caller at a time, who holds a lock; a worker uses its own lane. Everything is allocated once.
final class GradientEngine: Sendable {
  private struct Lane: Sendable {
    let space: Workspace
    /// Sum over a unit of the parameters' gradients; of means, then variances.
    let sum: AlignedMemory?
  }

  /// Noise in the place of the weights' own.
  struct Noise {
    let variances: ParameterPointer
    /// Row r of the batch in product l reads the stream r · products + l.
    let key: UInt64
  }

  let plan: WorkPlan
  private let network: CompiledNetwork
  private let team: WorkerTeam
  private let lanes: [Lane]
  private let memory: [AlignedMemory]
  /// The parameters, or their means and variances.
  private let packed: [PackedDraw]
  /// Numbers between the sums of means and those of variances.
  private let stride: Int
  private let normalization: Normalization?
  private let tasks: [CompiledNetwork.PackingTask]

  init(
    _ architecture: Architecture, plan: WorkPlan, precision: Precision, library: KernelLibrary, threads: Int,
    backward: Bool, isNoisy: Bool = false
  ) throws {
    self.plan = plan
    let network = try CompiledNetwork(
      architecture, rows: plan.rows, precision: precision, library: library,
      purpose: isNoisy ? .distributions : .parameters)
    self.network = network
    let halves = isNoisy ? 2 : 1
    let stride = (architecture.parameterCount + 15) / 16 * 16
    self.stride = stride
    team = WorkerTeam(count: max(1, min(WorkerTeam.useful(threads), plan.unitCount)))
    lanes = try (0..<team.count).map { _ in
      Lane(
        space: try Workspace(network, backward: backward),
        sum: backward ? AlignedMemory(bytes: halves * stride * network.wide.bytes) : nil)
    }
    let (offsets, bytes) = network.packing(backward: backward)
    memory = (0..<halves).map { _ in AlignedMemory(bytes: bytes) }
    packed = memory.map { PackedDraw(base: $0.base, offsets: offsets) }
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
  ///   - noise: For weights that are Gaussians, whose means are `parameters`.
  ///   - indices: Which examples; nil for all.
  ///   - gradient: Is overwritten; with noise, 2P numbers: with respect to means, then variances.
  func run(
    _ parameters: ParameterPointer, noise: Noise? = nil, _ examples: TrainingExamples, indices: [Int64]?,
    gradient: Destination?
  ) throws -> Double {
    precondition(packed.count == (noise == nil ? 1 : 2))
    let sources = [parameters] + (noise.map { [$0.variances] } ?? [])
    let key = noise?.key
    try team.perform { worker in
      for task in Swift.stride(from: worker, to: sources.count * tasks.count, by: team.count) {
        let half = task / tasks.count
        try network.pack(
          tasks[task % tasks.count], sources[half], into: packed[half], worker: lanes[worker].space.worker)
      }
    }
    let logLikelihoods = UnsafeMutableBufferPointer<Double>.allocate(capacity: plan.blockCount)
    defer { logLikelihoods.deallocate() }
    let address = SharedMutablePointer(logLikelihoods.baseAddress!)
    let wantsGradient = gradient != nil
    for wave in Swift.stride(from: 0, to: plan.unitCount, by: team.count) {
      let units = wave..<min(wave + team.count, plan.unitCount)
      try team.perform { worker in
        guard worker < units.count else { return }
        for block in plan.blocks(units.lowerBound + worker) {
          address.pointer[block] = try pass(block, examples, indices, lanes[worker], key, wantsGradient)
        }
      }
      if let gradient { try fold(units, into: gradient) }
    }
    return logLikelihoods.reduce(0, +)
  }

  private func pass(
    _ block: Int, _ examples: TrainingExamples, _ indices: [Int64]?, _ lane: Lane, _ key: UInt64?,
    _ wantsGradient: Bool
  ) throws -> Double {
    let space = lane.space
    let rows = plan.examples(block)
    examples.load(rows, of: indices, into: space, network: network, normalization: normalization)
    let noise = key.map {
      PreactivationNoise(
        variances: packed[1].base, key: $0, rows: rows, layers: network.products.count,
        varianceSum: lane.sum.map { $0.base + stride * network.wide.bytes })
    }
    try network.forward(packed[0], space, noise: noise)
    let classes = network.architecture.classCount
    let gradient = wantsGradient ? space.logitGradient : nil
    let sum = ckn_log_likelihood(
      gradient, network.precision.elementType, space.logits, network.wide.elementType, space.labels,
      rows.count, classes)
    if let gradient, let parameters = lane.sum {
      let rowBytes = classes * network.precision.bytes
      ckn_zero(gradient + rows.count * rowBytes, (network.rows - rows.count) * rowBytes)
      try network.backward(packed[0], space, arithmetic: .plain, addingTo: parameters.base, noise: noise)
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
      for half in packed.indices {
        for unit in units {
          let part = lanes[unit - units.lowerBound].sum!.base + (half * stride + range.lowerBound) * bytes
          let raw = UnsafeMutableRawPointer(target.pointer)
          let place = half * count + range.lowerBound
          if isDouble {
            ckn_fold(raw.assumingMemoryBound(to: Double.self) + place, part, type, unit == 0, range.count)
          } else {
            ckn_fold_float(
              raw.assumingMemoryBound(to: Float.self) + place, part.assumingMemoryBound(to: Float.self), unit == 0,
              range.count)
          }
        }
      }
    }
  }
}
