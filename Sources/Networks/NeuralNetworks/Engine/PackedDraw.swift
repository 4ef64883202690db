internal import CComputeKernels
internal import ComputeKernels

/// The weights of one draw in the layouts that the kernels want.
///
/// `Sendable` without a check, because it points into memory that its owner keeps alive: a store or an engine, which
/// serves one pass at a time. Workers write disjoint parts of it while they pack, and wait for each other; then they
/// read.
struct PackedDraw: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  /// Where the parameters of each node are.
  let offsets: [PackedOffsets]
}

/// Byte offsets of the parameters of one stage: what forward reads, what backward reads, and what is added.
struct PackedOffsets: Sendable {
  let forward: Int
  let backward: Int
  let bias: Int
}

extension CompiledNetwork {
  /// Where the parameters of each node lie in a packed draw, and the size of the whole.
  func packing(backward: Bool) -> (offsets: [PackedOffsets], bytes: Int) {
    var end = 0
    func take(_ bytes: Int) -> Int {
      defer { end += (bytes + 63) / 64 * 64 }
      return end
    }
    let offsets = nodes.map { node in
      let sizes = node.stage.packedSizes
      return PackedOffsets(
        forward: take(sizes.forward), backward: take(backward ? sizes.backward : 0), bias: take(sizes.bias))
    }
    return (offsets, max(4096, (end + 4095) / 4096 * 4096))
  }

  /// Packs plain parameters (in the order of the architecture) into `draw`.
  func pack(_ parameters: UnsafePointer<Float>, into draw: PackedDraw, backward: Bool, worker: KernelWorker) throws {
    for (node, offsets) in zip(nodes, draw.offsets) {
      try node.stage.pack(
        .float(.init(parameters)), backward ? .both : .forward, into: draw.base, offsets, worker: worker)
    }
  }

  /// One piece of packing: a stage's parameters in one direction. Independent, so that workers can share them.
  struct PackingTask: Sendable {
    let node: Int
    let direction: PackingDirection
  }

  /// All pieces for a pass forward and, for gradients, as far back as anybody wants one.
  func packingTasks(backward: Bool) -> [PackingTask] {
    nodes.enumerated().flatMap { index, node -> [PackingTask] in
      let sizes = node.stage.packedSizes
      guard sizes.forward > 0 else { return [] }
      let goesBack =
        backward && sizes.backward > 0 && node.rules.contains { if case .none = $0 { false } else { true } }
      let forward = PackingTask(node: index, direction: .forward)
      return goesBack ? [forward, PackingTask(node: index, direction: .backward)] : [forward]
    }
  }

  /// Packs one piece of the parameters; the forward one brings the bias along.
  func pack(
    _ task: PackingTask, _ parameters: ParameterPointer, into draw: PackedDraw, worker: KernelWorker
  ) throws {
    try nodes[task.node].stage.pack(
      parameters, task.direction, into: draw.base, draw.offsets[task.node], worker: worker)
  }
}
