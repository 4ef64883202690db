internal import CComputeKernels
internal import ComputeKernels
import Foundation

/// Whether the products of a compiled network treat a row alike at every place of a block and in blocks of another
/// size.
///
/// A library of products is free to choose its code, and with it the order of its additions, by the number of rows and
/// by the place of a row among them; oneDNN does, on some processors and in some shapes. The engine promises that a
/// result depends on neither, so it measures before it relies on them: each product by itself, in both directions, on
/// rows that are repeated over the block. Everything between the products works element by element or row by row.
///
/// The operands make an order of additions visible even where the result is rounded to bfloat16, whose eight bits hide
/// differences in the last bits of a float32: beside numbers below 1 stand pairs of large ones that cancel. What is
/// added while such a pair is open is rounded to whole numbers; which numbers these are depends on the order.
struct RowAudit {
  /// The bits of every row content of every product, and what computed it.
  private struct Findings: Equatable {
    var bits: [[UInt8]] = []
    var implementations: [String] = []
  }

  private var forward = Findings()
  private var backward = Findings()
  /// Whether a row gave the same bits wherever it stood.
  private(set) var isIndependentOfPlace = true

  /// Runs the products of a network.
  ///
  /// - Parameter wantsGradient: Whether those back to the input are measured too.
  init(_ network: CompiledNetwork, backward wantsGradient: Bool, worker: KernelWorker) throws {
    precondition(network.precision != .float64, "the portable kernels multiply row by row")
    for (index, stage) in network.products {
      let product = Product(network, network.nodes[index], stage, worker)
      forward.implementations.append(product.implementations.forward)
      try measure(product, into: \.forward) { try product.forward(round: $0) }
      guard wantsGradient else { continue }
      backward.implementations.append(product.implementations.toInput)
      try measure(product, into: \.backward) { try product.toInput(round: $0) }
    }
  }

  /// Whether blocks of another number of rows give the same bits forward, and, where both went back, to the input too.
  /// The library must also say that the same code computes them: what cannot be seen in some rows is then no accident.
  func agrees(with other: RowAudit) -> (forward: Bool, backward: Bool) {
    let sameForward = forward == other.forward
    return (sameForward, sameForward && backward == other.backward)
  }

  private mutating func measure(
    _ product: Product, into findings: WritableKeyPath<RowAudit, Findings>, _ run: (_ round: Int) throws -> Product.Rows
  ) throws {
    for round in 0..<product.rounds {
      let rows = try run(round)
      let (bits, isIndependent) = rows.bits(contents: product.contents)
      self[keyPath: findings].bits.append(bits)
      isIndependentOfPlace = isIndependentOfPlace && isIndependent
    }
  }
}

/// One product of a network with operands that show the order of its additions.
private struct Product {
  /// Rows of equal size in memory.
  struct Rows {
    let memory: AlignedMemory
    let bytes: Int
    let count: Int

    /// What each content became where it stood first, and whether it became that everywhere.
    func bits(contents: Int) -> (bits: [UInt8], isIndependent: Bool) {
      let row = bytes / count
      let base = UnsafeRawPointer(memory.base)
      let isIndependent = (0..<count).allSatisfy { memcmp(base + $0 * row, base + $0 % contents * row, row) == 0 }
      return (Array(UnsafeRawBufferPointer(start: base, count: row * min(contents, count))), isIndependent)
    }
  }

  let network: CompiledNetwork
  let kernel: ProductStage.Kernel
  let node: CompiledNode
  let stage: ProductStage
  let layer: ProductStage.Parameters
  let worker: KernelWorker
  let source: [Int]
  let destination: [Int]

  init(_ network: CompiledNetwork, _ node: CompiledNode, _ stage: ProductStage, _ worker: KernelWorker) {
    self.network = network
    self.node = node
    self.stage = stage
    kernel = stage.kernel
    layer = stage.parameters
    self.worker = worker
    switch kernel {
    case .linear(let kernel): (source, destination) = ([kernel.inputs], [kernel.outputs])
    case .convolution(let kernel): (source, destination) = (kernel.source.shape, kernel.destination.shape)
    }
  }

  /// Rows of the product: examples, or tokens of them.
  var rows: Int {
    if case .linear(let kernel) = kernel { kernel.rows } else { network.rows }
  }

  /// Parts in which the channels are convolved.
  var groups: Int { layer.groups }

  var implementations: KernelImplementations {
    switch kernel {
    case .linear(let kernel): kernel.implementations
    case .convolution(let kernel): kernel.implementations
    }
  }

  /// Rows of different content in a block. Seven is a prime: each content meets every place of every tile of rows. In a
  /// block that is too small for that, all rows are alike.
  var contents: Int { rows >= 14 ? 7 : 1 }

  /// Each with other numbers: many where the product is small and few numbers come out of it. The same for all sizes of
  /// blocks with several contents, so that their bits can be compared.
  var rounds: Int {
    let positions = destination.dropFirst().reduce(1, *)
    let operationsPerRow = max(1, 2 * layer.outputs * layer.columns * positions)
    return max(2, min(contents == 1 ? 24 : 8, 1_000_000 / operationsPerRow))
  }

  // MARK: - Both directions

  func forward(round: Int) throws -> Rows {
    // One weight for all inputs of a unit, so that a pair of inputs cancels in each of them.
    let packed = try pack(isForward: true) { weights in
      let scales = numbers(layer.outputs, seed: 11 + round).map { 0.5 + abs($0) / 2 }
      for unit in 0..<layer.outputs {
        let scale = rounded(unit.isMultiple(of: 2) ? scales[unit] : -scales[unit])
        (weights + unit * layer.columns).update(repeating: scale, count: layer.columns)
      }
    }
    let bias = numbers(layer.outputs, seed: 12)
    let bytes = network.layouts[node.output].bytes
    let result = AlignedMemory(bytes: bytes)
    switch kernel {
    case .linear(let kernel):
      let x = try operands(source, round, in: plain(source))
      try kernel.forward(x.base, weights: packed.base, bias: bias, into: result.base, worker: worker)
    case .convolution(let kernel):
      let x = try operands(source, round, in: kernel.source)
      let zeros = AlignedMemory(bytes: stage.addsResidual ? bytes : 64)
      try kernel.forward(
        x.base, weights: packed.base, bias: bias, adding: stage.addsResidual ? UnsafeRawPointer(zeros.base) : nil,
        into: result.base, worker: worker)
      withExtendedLifetime(zeros) {}
    }
    return Rows(memory: result, bytes: bytes, count: rows)
  }

  func toInput(round: Int) throws -> Rows {
    // One weight for all units of an input.
    let packed = try pack(isForward: false) { weights in
      let channels = source[0]
      let scales = numbers(channels, seed: 21 + round).map { 0.5 + abs($0) / 2 }
      // Of a convolution in groups a unit sees the channels of its own group.
      let perUnit = channels / groups
      let each = layer.columns / perUnit
      for unit in 0..<layer.outputs {
        let first = unit / (layer.outputs / groups) * perUnit
        for channel in 0..<perUnit {
          let scale = scales[first + channel]
          (weights + unit * layer.columns + channel * each).update(
            repeating: rounded((first + channel).isMultiple(of: 2) ? scale : -scale), count: each)
        }
      }
    }
    switch kernel {
    case .linear(let kernel):
      let precision = stage.addsToSum ? network.wide : network.layouts[node.inputs[0]].precision
      let bytes = kernel.rows * kernel.inputs * precision.bytes
      let result = AlignedMemory(bytes: bytes)
      let dy = try operands(destination, round, in: plain(destination))
      try kernel.backwardToInput(dy.base, weights: packed.base, into: result.base, worker: worker)
      return Rows(memory: result, bytes: bytes, count: rows)
    case .convolution(let kernel):
      let result = AlignedMemory(bytes: kernel.sourceGradient.bytes)
      let dy = try operands(destination, round, in: kernel.destinationGradient)
      try kernel.backwardToInput(dy.base, weights: packed.base, into: result.base, worker: worker)
      return Rows(memory: result, bytes: kernel.sourceGradient.bytes, count: network.rows)
    }
  }

  // MARK: - Operands

  private func plain(_ shape: [Int]) throws -> ActivationLayout {
    try .plain(rows: rows, shape: shape, precision: network.precision, library: network.library)
  }

  private func pack(isForward: Bool, _ fill: (UnsafeMutablePointer<Float>) -> Void) throws -> AlignedMemory {
    let weights = AlignedMemory(bytes: 4 * layer.outputs * layer.columns)
    let plain = weights.base.assumingMemoryBound(to: Float.self)
    fill(plain)
    let sizes = stage.packedSizes
    let packed = AlignedMemory(bytes: isForward ? sizes.forward : sizes.backward)
    let (forward, backward) = isForward ? (packed.base, nil) : (nil, packed.base)
    switch kernel {
    case .linear(let kernel): try kernel.pack(plain, forward: forward, backward: backward, worker: worker)
    case .convolution(let kernel): try kernel.pack(plain, forward: forward, backward: backward, worker: worker)
    }
    withExtendedLifetime(weights) {}
    return packed
  }

  /// A block in which row r has content r mod `contents`.
  private func operands(_ shape: [Int], _ round: Int, in layout: ActivationLayout) throws -> AlignedMemory {
    let size = shape.reduce(1, *)
    let row = size * network.precision.bytes
    let block = AlignedMemory(bytes: rows * row)
    for r in 0..<rows {
      guard r < contents else {
        (block.base + r * row).copyMemory(from: block.base + r % contents * row, byteCount: row)
        continue
      }
      let content = content(shape, seed: 100 * round + r, pairs: (r + round) % 4)
      if network.precision == .bfloat16 {
        let target = (block.base + r * row).assumingMemoryBound(to: UInt16.self)
        BFloat16.convert(content, count: size, into: target)
      } else {
        (block.base + r * row).copyMemory(from: content, byteCount: row)
      }
    }
    guard let reorder = try Reorder.make(from: plain(shape), to: layout, library: network.library) else { return block }
    let result = AlignedMemory(bytes: layout.bytes)
    try reorder.run(block.base, into: result.base, worker: worker)
    withExtendedLifetime(block) {}
    return result
  }

  /// Numbers below 1, and up to three pairs of large ones that cancel: in two channels at one place of the image, or at
  /// two places where there is only one channel. Half of the channels stay small where there are some: pairs alone add
  /// up to nothing in any order. A content has another number of pairs in each round, and none in some.
  private func content(_ shape: [Int], seed: Int, pairs: Int) -> [Float] {
    var values = numbers(shape.reduce(1, *), seed: 1000 + seed)
    let channels = shape[0] > 1 ? shape[0] : values.count
    let positions = values.count / channels
    var random = SplitMix(state: UInt64(5000 + seed))
    var taken: Set<Int> = []
    for pair in 0..<pairs where pair == 0 ? channels >= 2 : 2 * taken.count + 4 <= channels {
      func channel() -> Int {
        while true {
          let index = Int(random.next() % UInt64(channels))
          if taken.insert(index).inserted { return index }
        }
      }
      let large = Float(sign: .plus, exponent: 21 + Int(random.next() % 4), significand: 1)
      let place = Int(random.next() % UInt64(positions))
      values[channel() * positions + place] = large
      values[channel() * positions + place] = -large
    }
    return values
  }

  /// In −1 ..< 1, with all the bits that the precision has: products of float32 numbers then round too, which tells a
  /// fused multiplication and addition from two separate ones.
  private func numbers(_ count: Int, seed: Int) -> [Float] {
    var random = SplitMix(state: UInt64(seed) &* 0x9e37_79b9)
    return (0..<count).map { _ in rounded(Float(random.next() >> 40) / Float(1 << 23) - 1) }
  }

  /// In bfloat16 to the upper half of a float32: a pair of large numbers cancels only if it is not rounded on its way.
  private func rounded(_ x: Float) -> Float {
    network.precision == .bfloat16 ? Float(bitPattern: x.bitPattern & 0xffff_0000) : x
  }
}

/// Numbers for operands: nothing that is reported depends on them.
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
