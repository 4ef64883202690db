internal import CComputeKernels
internal import ComputeKernels
import RobustnessCore

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
  private let activations: [ElementwiseFunction]
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
    activations = architecture.layers.compactMap { ($0.kind as? any ProductKind)?.activation.function }
    let network = try CompiledNetwork(
      architecture.withoutActivations(), rows: plan.rows, precision: .float32, library: library, purpose: .parameters)
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
    _ network: CompiledNetwork, _ activations: [ElementwiseFunction], stride: Int
  ) throws -> Lane {
    let space = try Workspace(network, backward: true)
    var values = space.values
    var squares: [AlignedMemory] = []
    var factors: [AlignedMemory] = []
    var widest = 64
    var settled = 0
    for node in network.nodes {
      let (input, output) = (node.inputs[0], node.output)
      switch node.stage {
      case is ProductStage:
        squares.append(AlignedMemory(bytes: network.layouts[input].bytes))
        factors.append(AlignedMemory(bytes: network.layouts[output].bytes))
        widest = max(widest, network.layouts[input].bytes)
      case is AppliedRectifierStage:
        values[output] =
          activations[settled].isRectifier ? values[input] : AlignedMemory(bytes: network.layouts[output].bytes)
        settled += 1
      default: break
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
    let raw = lane.values[network.result].base
    var logits = UnsafeRawPointer(raw)
    if last != .identity {
      activate(raw.floats, into: lane.logits.base.floats, last, count: plan.rows * classes)
      logits = UnsafeRawPointer(lane.logits.base)
    }
    let gradient = wantsGradient ? space.logitGradient : nil
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
    var (settled, layer) = (0, 0)
    for (index, node) in network.nodes.enumerated() {
      let input = lane.values[node.inputs[0]].base
      let output = lane.values[node.output].base
      let count = plan.rows * network.layouts[node.inputs[0]].elementsPerRow
      switch node.stage {
      case let product as ProductStage:
        let squares = lane.squares[layer].base
        let factors = lane.factors[layer].base
        ckn_squares(squares.floats, input.floats, count)
        try multiply(product, index, input, packedMeans, into: output, worker)
        try multiply(product, index, squares, packedVariances, into: factors, worker)
        let size = network.layouts[node.output].elementsPerRow
        for row in 0..<rows.count {
          let stream = UInt64(rows.lowerBound + row) * UInt64(activations.count) + UInt64(layer)
          ckn_add_noise(output.floats + row * size, factors.floats + row * size, key, stream, size)
        }
        layer += 1
      case let pool as MaxPoolStage:
        try pool.kernel.forward(input, into: output, workspace: lane.space.workspaces[index].base, worker: worker)
      case let reorder as ReorderStage:
        try reorder.there.run(input, into: output, worker: worker)
      default:
        activate(input.floats, into: output.floats, activations[settled], count: count)
        settled += 1
      }
    }
  }

  private func multiply(
    _ product: ProductStage, _ node: Int, _ input: UnsafeMutableRawPointer, _ draw: PackedDraw,
    into output: UnsafeMutableRawPointer, _ worker: KernelWorker
  ) throws {
    let place = draw.offsets[node]
    try product.multiply(
      input, weights: draw.base + place.forward, bias: draw.base + place.bias, into: output, worker: worker)
  }

  /// From the gradient with respect to the logits to the sums.
  private func backward(_ lane: Lane) throws {
    let space = lane.space
    guard let first = network.products.first?.node else { return }
    var settled = network.nodes.count { $0.stage is AppliedRectifierStage }
    var layer = activations.count
    for (index, node) in network.nodes.enumerated().reversed() where index >= first {
      let incoming = space.gradients[node.output].base
      let outgoing = space.gradients[node.inputs[0]].base
      let count = plan.rows * network.layouts[node.output].elementsPerRow
      switch node.stage {
      case let product as ProductStage:
        layer -= 1
        let input = lane.values[node.inputs[0]].base
        let ofVariance = lane.factors[layer].base
        let means = lane.sums.base
        try product.addParameterGradient(input, incoming, into: means, worker: space.worker)
        ckn_multiply(ofVariance.floats, incoming.floats, count)
        try product.addParameterGradient(
          lane.squares[layer].base, ofVariance, into: means + 4 * stride, worker: space.worker)
        guard index > first else { return }
        let squared = lane.squaredGradient.base
        try product.takeBack(
          incoming, weights: packedMeans.base + packedMeans.offsets[index].backward, into: outgoing,
          worker: space.worker)
        try product.takeBack(
          ofVariance, weights: packedVariances.base + packedVariances.offsets[index].backward, into: squared,
          worker: space.worker)
        ckn_add_doubled_products(
          outgoing.floats, input.floats, squared.floats, plan.rows * network.layouts[node.inputs[0]].elementsPerRow)
      case let pool as MaxPoolStage:
        try pool.kernel.backward(
          incoming, into: outgoing, workspace: space.workspaces[index].base, worker: space.worker)
      case let reorder as ReorderStage:
        try reorder.back?.run(incoming, into: outgoing, worker: space.worker)
      default:
        settled -= 1
        differentiate(
          incoming, activations[settled], before: lane.values[node.inputs[0]].base,
          after: lane.values[node.output].base, count: count)
      }
    }
  }

  /// ReLUs in place or into another buffer; other functions into another one.
  private func activate(
    _ input: UnsafeMutablePointer<Float>, into output: UnsafeMutablePointer<Float>, _ function: ElementwiseFunction,
    count: Int
  ) {
    if function.isSaturating {
      ckn_saturating_forward(output, input, CKN_FLOAT32, function == .sigmoid, count)
    } else if function.isRectifier {
      if input != output { output.update(from: input, count: count) }
      if function.slope != 1 { ckn_mask_forward(output, Float(function.slope), count) }
    } else {
      ckn_function_forward(function.kernel, output, input, CKN_FLOAT32, count)
    }
  }

  private func differentiate(
    _ gradient: UnsafeMutableRawPointer, _ function: ElementwiseFunction, before: UnsafeRawPointer,
    after: UnsafeRawPointer, count: Int
  ) {
    if function.isSaturating {
      ckn_saturating_plain(gradient, before, CKN_FLOAT32, function == .sigmoid, count)
    } else if function.isRectifier {
      ckn_mask_plain(gradient, after, CKN_FLOAT32, function.slope, count)
    } else {
      ckn_function_plain(function.kernel, gradient, before, CKN_FLOAT32, count)
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
  ///
  /// - Throws: `CoreError` for layers that have no noise of their own here.
  fileprivate func withoutActivations() throws -> Architecture {
    try Architecture(
      inputShape: inputShape, classCount: classCount,
      layers: layers.enumerated().map { index, layer in
        if let function = (layer.kind as? any ProductKind)?.activation.function, !function.isIncreasing,
          layers[(index + 1)...].first?.kind is MaxPool
        {
          throw Self.noNoise("\(function.title) in front of a maximum, which would come before it")
        }
        guard layer.inputs == nil, graph.givesLogits else { throw Self.noNoise("a graph of layers") }
        switch layer.kind {
        case let dense as Dense where !dense.overLastAxis:
          return Layer(Dense(units: dense.units, activation: .identity, hasBias: dense.hasBias), name: layer.name)
        case let convolution as Convolution:
          return Layer(
            Convolution(
              filters: convolution.filters, window: convolution.window, groups: convolution.groups,
              activation: .identity, hasBias: convolution.hasBias), name: layer.name)
        case is Flatten, is MaxPool, is Normalize: return layer
        default: throw Self.noNoise("a layer of type \(layer.kind.typeWord)")
        }
      })
  }

  private static func noNoise(_ what: String) -> CoreError {
    CoreError(
      "variational inference here has noise on the pre-activations of dense and convolutional layers, one behind the other, and not of \(what); use another sampler"
    )
  }
}
