internal import CComputeKernels
internal import ComputeKernels

/// The log-likelihood of examples under noise on every pre-activation, and its gradient with respect to the means and
/// variances of the weights.
///
/// The network is lowered without its activations, whose place the noise takes first; a maximum over a window comes
/// behind the noise, and the activation behind both (an increasing one commutes with a maximum). Owned by one caller at
/// a time, who holds a lock; a worker uses its own lane. Everything is allocated once.
final class VariationalEngine: Sendable {
  private struct Lane: Sendable {
    let space: Workspace
    /// Value that enters each stage, apart from the workspace's where the activation's derivative needs what entered.
    let values: [AlignedMemory]
    /// Squared input of each layer.
    let squares: [AlignedMemory]
    /// Variance of each layer's output, then the factor of its gradient.
    let factors: [AlignedMemory]
    /// Gradient with respect to a squared input.
    let squaredGradient: AlignedMemory
    /// Logits behind an activation of the last layer.
    let logits: AlignedMemory
    /// Sums over a unit of the gradients with respect to means, then variances.
    let sums: AlignedMemory
  }

  private let plan: WorkPlan
  private let network: CompiledNetwork
  private let activations: [Architecture.Activation]
  private let team: WorkerTeam
  private let lanes: [Lane]
  private let memory: [AlignedMemory]
  private let packedMeans: PackedDraw
  private let packedVariances: PackedDraw
  private let normalization: Normalization?
  private let tasks: [CompiledNetwork.PackingTask]
  private let folds: ParameterRanges
  /// Numbers between the sums of the means and those of the variances.
  private let stride: Int

  init(_ architecture: Architecture, plan: WorkPlan, library: KernelLibrary, threads: Int) throws {
    self.plan = plan
    activations = architecture.layers.compactMap { layer in
      switch layer {
      case .dense(_, _, let activation), .convolution(_, _, _, let activation): activation
      case .flatten, .maxPool, .normalize: nil
      }
    }
    let network = try CompiledNetwork(
      architecture.withoutActivations(), rows: plan.rows, precision: .float32, library: library)
    self.network = network
    team = WorkerTeam(count: max(1, min(WorkerTeam.useful(threads), plan.unitCount)))
    let stride = (architecture.parameterCount + 15) / 16 * 16
    self.stride = stride
    let activations = activations
    lanes = try (0..<team.count).map { _ in try Self.lane(network, activations, stride: stride) }
    let (offsets, bytes) = network.packing(backward: true)
    memory = [AlignedMemory(bytes: bytes), AlignedMemory(bytes: bytes)]
    packedMeans = PackedDraw(base: memory[0].base, offsets: offsets)
    packedVariances = PackedDraw(base: memory[1].base, offsets: offsets)
    normalization = Normalization(architecture)
    tasks = network.packingTasks(backward: true)
    folds = ParameterRanges(count: architecture.parameterCount, threads: threads)
  }

  private static func lane(
    _ network: CompiledNetwork, _ activations: [Architecture.Activation], stride: Int
  ) throws -> Lane {
    let space = try Workspace(network, backward: true)
    var values = space.values
    var squares: [AlignedMemory] = []
    var factors: [AlignedMemory] = []
    var widest = 64
    var settled = 0
    for (index, stage) in network.stages.enumerated() {
      switch stage {
      case .product:
        squares.append(AlignedMemory(bytes: network.layouts[index].bytes))
        factors.append(AlignedMemory(bytes: network.layouts[index + 1].bytes))
        widest = max(widest, network.layouts[index].bytes)
      case .mask, .rectify:
        if activations[settled].isSaturating {
          values[index + 1] = AlignedMemory(bytes: network.layouts[index + 1].bytes)
        }
        settled += 1
      case .pool, .flatten, .saturating: break
      }
    }
    return Lane(
      space: space, values: values, squares: squares, factors: factors, squaredGradient: AlignedMemory(bytes: widest),
      logits: AlignedMemory(bytes: network.layouts.last!.bytes), sums: AlignedMemory(bytes: 8 * stride))
  }

  /// The log-likelihood summed over `plan.count` examples.
  ///
  /// - Parameters:
  ///   - key: Of the noise; row r of the batch in layer l reads the stream r · layers + l.
  ///   - gradient: 2P numbers, overwritten: with respect to means, then variances.
  func run(
    means: UnsafePointer<Float>, variances: UnsafePointer<Float>, _ examples: TrainingExamples, indices: [Int64],
    key: UInt64, gradient: UnsafeMutablePointer<Float>?
  ) throws -> Double {
    let (means, variances) = (ParameterPointer.float(.init(means)), ParameterPointer.float(.init(variances)))
    try team.perform { worker in
      for task in Swift.stride(from: worker, to: 2 * tasks.count, by: team.count) {
        let isMean = task < tasks.count
        try network.pack(
          tasks[task % tasks.count], isMean ? means : variances, into: isMean ? packedMeans : packedVariances,
          worker: lanes[worker].space.worker)
      }
    }
    let logLikelihoods = UnsafeMutableBufferPointer<Double>.allocate(capacity: plan.blockCount)
    defer { logLikelihoods.deallocate() }
    let address = SharedMutablePointer(logLikelihoods.baseAddress!)
    let target = gradient.map { SharedMutablePointer($0) }
    for wave in Swift.stride(from: 0, to: plan.unitCount, by: team.count) {
      let units = wave..<min(wave + team.count, plan.unitCount)
      try team.perform { worker in
        guard worker < units.count else { return }
        for block in plan.blocks(units.lowerBound + worker) {
          address.pointer[block] = try pass(
            block, examples, indices, lanes[worker], key: key, wantsGradient: target != nil)
        }
      }
      if let target { fold(units, into: target) }
    }
    return logLikelihoods.reduce(0, +)
  }

  private func pass(
    _ block: Int, _ examples: TrainingExamples, _ indices: [Int64], _ lane: Lane, key: UInt64, wantsGradient: Bool
  ) throws -> Double {
    let space = lane.space
    let rows = plan.examples(block)
    examples.load(rows, of: indices, into: space, network: network, normalization: normalization)
    try forward(lane, rows: rows, key: key)
    let classes = network.architecture.classCount
    let last = activations.last!
    let raw = lane.values.last!.base
    var logits = UnsafeRawPointer(raw)
    if last != .identity {
      activate(raw.floats, into: lane.logits.base.floats, last, count: plan.rows * classes)
      logits = UnsafeRawPointer(lane.logits.base)
    }
    let gradient = wantsGradient ? space.gradients.last!.base : nil
    let sum = ckn_log_likelihood(gradient, CKN_FLOAT32, logits, CKN_FLOAT32, space.labels, rows.count, classes)
    if let gradient {
      let rowBytes = classes * 4
      ckn_zero(gradient + rows.count * rowBytes, (plan.rows - rows.count) * rowBytes)
      if last != .identity {
        differentiate(gradient, last, before: raw, after: logits, count: plan.rows * classes)
      }
      try backward(lane)
    }
    return sum
  }

  private func forward(_ lane: Lane, rows: Range<Int>, key: UInt64) throws {
    let worker = lane.space.worker
    var settled = 0
    for (index, stage) in network.stages.enumerated() {
      let input = lane.values[index].base
      let output = lane.values[index + 1].base
      switch stage {
      case .product(let kernel, let layer):
        let squares = lane.squares[layer].base
        let factors = lane.factors[layer].base
        ckn_squares(squares.floats, input.floats, plan.rows * network.layouts[index].elementsPerRow)
        try multiply(kernel, layer, input, packedMeans, into: output, worker)
        try multiply(kernel, layer, squares, packedVariances, into: factors, worker)
        let size = network.layouts[index + 1].elementsPerRow
        for row in 0..<rows.count {
          let stream = UInt64(rows.lowerBound + row) * UInt64(network.layers.count) + UInt64(layer)
          ckn_add_noise(output.floats + row * size, factors.floats + row * size, key, stream, size)
        }
      case .pool(let kernel, let workspace):
        try kernel.forward(
          input, into: output, workspace: lane.space.poolWorkspaces[workspace].base, worker: worker)
      case .mask, .rectify, .saturating:
        activate(
          input.floats, into: output.floats, activations[settled],
          count: plan.rows * network.layouts[index].elementsPerRow)
        settled += 1
      case .flatten(let reorder, _):
        try reorder?.run(input, into: output, worker: worker)
      }
    }
  }

  private func multiply(
    _ kernel: CompiledNetwork.Kernel, _ layer: Int, _ input: UnsafeMutableRawPointer, _ draw: PackedDraw,
    into output: UnsafeMutableRawPointer, _ worker: KernelWorker
  ) throws {
    let place = draw.offsets[layer]
    let weights = UnsafeRawPointer(draw.base + place.forward)
    let bias = UnsafePointer((draw.base + place.bias).floats)
    switch kernel {
    case .linear(let kernel):
      try kernel.forward(input, weights: weights, bias: bias, into: output, worker: worker)
    case .convolution(let kernel):
      try kernel.forward(input, weights: weights, bias: bias, into: output, worker: worker)
    }
  }

  /// From the gradient in `gradients.last` to the sums.
  private func backward(_ lane: Lane) throws {
    let space = lane.space
    let first = network.firstProduct
    var settled = network.stages.count { if case .mask = $0 { true } else { false } }
    for index in network.stages.indices.reversed() where index >= first {
      let incoming = space.gradients[index + 1].base
      let outgoing = space.gradients[index].base
      switch network.stages[index] {
      case .product(let kernel, let layer):
        let input = lane.values[index].base
        let ofVariance = lane.factors[layer].base
        let means = lane.sums.base
        try network.addParameterGradient(
          of: kernel, network.layers[layer], input, incoming, into: means, worker: space.worker)
        ckn_multiply(ofVariance.floats, incoming.floats, plan.rows * network.layouts[index + 1].elementsPerRow)
        try network.addParameterGradient(
          of: kernel, network.layers[layer], lane.squares[layer].base, ofVariance, into: means + 4 * stride,
          worker: space.worker)
        guard index > first else { return }
        let squared = lane.squaredGradient.base
        try takeBack(kernel, layer, incoming, packedMeans, into: outgoing, space.worker)
        try takeBack(kernel, layer, ofVariance, packedVariances, into: squared, space.worker)
        ckn_add_doubled_products(
          outgoing.floats, input.floats, squared.floats, plan.rows * network.layouts[index].elementsPerRow)
      case .pool(let kernel, let workspace):
        try kernel.backward(
          incoming, into: outgoing, workspace: space.poolWorkspaces[workspace].base, worker: space.worker)
      case .mask, .rectify, .saturating:
        settled -= 1
        differentiate(
          incoming, activations[settled], before: lane.values[index].base, after: lane.values[index + 1].base,
          count: plan.rows * network.layouts[index + 1].elementsPerRow)
      case .flatten(_, let reorder):
        try reorder?.run(incoming, into: outgoing, worker: space.worker)
      }
    }
  }

  private func takeBack(
    _ kernel: CompiledNetwork.Kernel, _ layer: Int, _ incoming: UnsafeMutableRawPointer, _ draw: PackedDraw,
    into outgoing: UnsafeMutableRawPointer, _ worker: KernelWorker
  ) throws {
    let weights = UnsafeRawPointer(draw.base + draw.offsets[layer].backward)
    switch kernel {
    case .linear(let kernel): try kernel.backwardToInput(incoming, weights: weights, into: outgoing, worker: worker)
    case .convolution(let kernel):
      try kernel.backwardToInput(incoming, weights: weights, into: outgoing, worker: worker)
    }
  }

  /// ReLUs in place or into another buffer; tanh and the logistic function into another one.
  private func activate(
    _ input: UnsafeMutablePointer<Float>, into output: UnsafeMutablePointer<Float>,
    _ activation: Architecture.Activation, count: Int
  ) {
    if activation.isSaturating {
      ckn_saturating_forward(output, input, CKN_FLOAT32, activation == .sigmoid, count)
    } else {
      if input != output { output.update(from: input, count: count) }
      if activation.slope != 1 { ckn_mask_forward(output, activation.slope, count) }
    }
  }

  private func differentiate(
    _ gradient: UnsafeMutableRawPointer, _ activation: Architecture.Activation, before: UnsafeRawPointer,
    after: UnsafeRawPointer, count: Int
  ) {
    if activation.isSaturating {
      ckn_saturating_plain(gradient, before, CKN_FLOAT32, activation == .sigmoid, count)
    } else {
      ckn_mask_plain(gradient, after, CKN_FLOAT32, activation.slope, count)
    }
  }

  /// Adds the sums of a wave's units in their order, and empties them.
  private func fold(_ units: Range<Int>, into gradient: SharedMutablePointer<Float>) {
    let count = network.architecture.parameterCount
    folds.perform { range in
      for half in 0..<2 {
        for unit in units {
          let part = lanes[unit - units.lowerBound].sums.base.floats + half * stride + range.lowerBound
          ckn_fold_float(gradient.pointer + half * count + range.lowerBound, part, unit == 0, range.count)
        }
      }
    }
  }
}

extension UnsafeMutableRawPointer {
  fileprivate var floats: UnsafeMutablePointer<Float> { assumingMemoryBound(to: Float.self) }
}

extension Architecture {
  /// The same layers with the identity in place of every activation.
  fileprivate func withoutActivations() throws -> Architecture {
    try Architecture(
      inputShape: inputShape, classCount: classCount,
      layers: layers.map { layer in
        switch layer {
        case .dense(let name, let units, _): .dense(name: name, units: units, activation: .identity)
        case .convolution(let name, let filters, let size, _):
          .convolution(name: name, filters: filters, kernelSize: size, activation: .identity)
        case .flatten, .maxPool, .normalize: layer
        }
      })
  }
}
