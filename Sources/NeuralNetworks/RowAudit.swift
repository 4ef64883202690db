internal import CComputeKernels
internal import ComputeKernels
import Foundation

/// What a compiled network makes of rows with the same content at every place of a block, bit by bit, in every stage.
///
/// A library of products is free to choose its code, and with it the order of its additions, by the number of rows and by
/// the place of a row among them; oneDNN does, on some processors and in some shapes. The engine promises that a result
/// depends on neither, so it measures before it relies on them: random weights, random rows, one pass forward and one
/// back. The order of additions does not depend on the numbers, so what holds for these holds for all.
struct RowAudit {
  /// Rows of different content; a prime, so that each content meets every place of every tile of rows.
  static let contents = 7

  /// For each stage of the pass, the bits of each content where it stood first.
  private let forward: [[UInt8]]
  private let backward: [[UInt8]]
  /// Whether a content gave the same bits wherever it stood.
  let isIndependentOfPlace: Bool

  /// Passes a block through the network with the workspace's memory, whose content is lost.
  init(_ network: CompiledNetwork, backward wantsGradient: Bool, space: Workspace) throws {
    precondition(network.precision != .float64, "the portable kernels multiply row by row")
    let draw = try Self.randomDraw(network, backward: wantsGradient, space.worker)
    Self.fill(space.values[0].base, rows: network.rows, network.architecture.inputShape.reduce(1, *), network.precision)
    try network.forward(draw.packed, space)
    var stages = (0..<network.stages.count).map {
      Self.bits(space.values[$0 + 1].base, bytes: network.layouts[$0 + 1].bytes, rows: network.rows)
    }
    forward = stages.map(\.bits)
    var isIndependent = stages.allSatisfy(\.isIndependent)
    if wantsGradient {
      let classes = network.architecture.classCount
      let inputSize = network.architecture.inputShape.reduce(1, *)
      Self.fill(space.gradients.last!.base, rows: network.rows, classes, network.precision)
      ckn_set_exponents(space.exponents, 0, network.rows)
      space.clearPart(inputSize: inputSize, wide: network.wide)
      try network.backward(draw.packed, space, arithmetic: .scaled)
      stages = network.stages.indices.dropFirst().map {
        Self.bits(space.gradients[$0].base, bytes: network.layouts[$0].bytes, rows: network.rows)
      }
      let input =
        network.accumulatesInputGradient
        ? (space.part, network.rows * inputSize * network.wide.bytes)
        : (space.gradients[0], network.inputGradientLayout.bytes)
      stages.append(Self.bits(input.0.base, bytes: input.1, rows: network.rows))
      stages.append(Self.bits(space.exponents, bytes: 4 * network.rows, rows: network.rows))
      isIndependent = isIndependent && stages.allSatisfy(\.isIndependent)
      backward = stages.map(\.bits)
    } else {
      backward = []
    }
    isIndependentOfPlace = isIndependent
    withExtendedLifetime(draw) {}
  }

  /// Whether blocks of another number of rows give the same bits forward, and, where both passed back, to the input.
  func agrees(with other: RowAudit) -> (forward: Bool, backward: Bool) {
    let sameForward = forward == other.forward
    return (sameForward, sameForward && backward == other.backward)
  }

  // MARK: - Operands

  private struct Draw {
    let memory: AlignedMemory
    let packed: PackedDraw
  }

  /// Weights of a size that keeps values of order one from layer to layer, so that no stage is dead or saturated.
  private static func randomDraw(_ network: CompiledNetwork, backward: Bool, _ worker: KernelWorker) throws -> Draw {
    let (offsets, bytes) = network.packing(backward: backward)
    let memory = AlignedMemory(bytes: bytes)
    let packed = PackedDraw(base: memory.base, offsets: offsets)
    let count = network.architecture.parameterCount
    let parameters = AlignedMemory(bytes: 4 * count)
    let plain = parameters.base.assumingMemoryBound(to: Float.self)
    // A prime number of them, repeated: no two rows of a matrix are alike, and a debug build is not slow.
    let numbers = uniform(8191, seed: 1)
    for layer in network.layers {
      let size = layer.outputs * layer.columns
      let scale = (6 / Float(layer.columns)).squareRoot()
      repeated(numbers.map { scale * $0 }, into: plain + layer.weightOffset, count: size)
      repeated(numbers.map { 0.1 * $0 }, into: plain + layer.biasOffset, count: layer.outputs)
    }
    try network.pack(plain, into: packed, backward: backward, worker: worker)
    withExtendedLifetime(parameters) {}
    return Draw(memory: memory, packed: packed)
  }

  private static func repeated(_ numbers: [Float], into target: UnsafeMutablePointer<Float>, count: Int) {
    for start in stride(from: 0, to: count, by: numbers.count) {
      (target + start).update(from: numbers, count: min(numbers.count, count - start))
    }
  }

  /// Row r gets content r mod `contents`.
  private static func fill(_ base: UnsafeMutableRawPointer, rows: Int, _ size: Int, _ precision: Precision) {
    let numbers = uniform(contents * size, seed: 2)
    let row = size * precision.bytes
    for r in 0..<rows {
      guard r < contents else {
        (base + r * row).copyMemory(from: base + r % contents * row, byteCount: row)
        continue
      }
      numbers[(r * size)..<((r + 1) * size)].withUnsafeBufferPointer { content in
        if precision == .bfloat16 {
          let target = (base + r * row).assumingMemoryBound(to: UInt16.self)
          BFloat16.convert(content.baseAddress!, count: size, into: target)
        } else {
          (base + r * row).copyMemory(from: content.baseAddress!, byteCount: row)
        }
      }
    }
  }

  /// In −1 ..< 1, of all 24 bits of precision: sums in another order round elsewhere.
  private static func uniform(_ count: Int, seed: UInt64) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 23) - 1
    }
  }

  // MARK: - Bits

  private static func bits(
    _ base: UnsafeRawPointer, bytes: Int, rows: Int
  ) -> (bits: [UInt8], isIndependent: Bool) {
    let row = bytes / rows
    let first = Array(UnsafeRawBufferPointer(start: base, count: row * min(rows, contents)))
    let isIndependent = (0..<rows).allSatisfy { memcmp(base + $0 * row, base + $0 % contents * row, row) == 0 }
    return (first, isIndependent)
  }
}
