internal import CComputeKernels
internal import ComputeKernels

extension Precision {
  var elementType: ckn_type {
    switch self {
    case .float32: CKN_FLOAT32
    case .bfloat16: CKN_BFLOAT16
    case .float64: CKN_FLOAT64
    }
  }
}

/// What one worker owns while it passes a block of examples through the draws of a network: activations, gradients, and
/// the sums of a group of draws. Everything is allocated once; nothing is in the loops.
///
/// `Sendable` without a check: each worker of a pass has its own, so it is never used by two threads at once.
final class Workspace: @unchecked Sendable {
  let worker: KernelWorker
  /// Value that enters stage i; stages that only act backwards share the buffer of the stage before.
  let values: [AlignedMemory]
  /// Gradient with respect to the value that enters stage i; in-place stages share.
  let gradients: [AlignedMemory]
  let poolWorkspaces: [AlignedMemory]
  /// Gradient with respect to the input of one draw, in plain rows (only where the products do not add up by
  /// themselves).
  let plainInputGradient: AlignedMemory?
  /// Sum over a group of draws of the input gradients, rows of mantissas.
  let part: AlignedMemory
  let partExponents: UnsafeMutablePointer<Int32>
  /// Exponents of the gradient on its way back.
  let exponents: UnsafeMutablePointer<Int32>
  let labels: UnsafeMutablePointer<Int32>
  let scratch: AlignedMemory
  let prediction: PredictionBuffers
  /// Sums of probabilities (rows × classes) and of losses (rows) in float32, for the naive arithmetic.
  let naive: AlignedMemory
  private let rows: Int

  init(_ network: CompiledNetwork, backward: Bool) throws {
    rows = network.rows
    worker = try KernelWorker(network.library)
    var values = [AlignedMemory(bytes: network.layouts[0].bytes)]
    var gradients: [AlignedMemory] = []
    if backward {
      let bytes = max(
        network.inputGradientLayout.bytes, network.accumulatesInputGradient ? 0 : network.layouts[0].bytes)
      gradients.append(AlignedMemory(bytes: network.accumulatesInputGradient ? 64 : bytes))
    }
    for (index, stage) in network.stages.enumerated() {
      let bytes = network.layouts[index + 1].bytes
      switch stage {
      case .mask:
        values.append(values.last!)
        if backward { gradients.append(gradients.last!) }
      case .saturating, .rectify:
        values.append(AlignedMemory(bytes: bytes))
        if backward { gradients.append(gradients.last!) }
      case .product, .pool, .flatten:
        values.append(AlignedMemory(bytes: bytes))
        // The logits are wide, their gradient is an operand of the products.
        if backward { gradients.append(AlignedMemory(bytes: bytes)) }
      }
    }
    self.values = values
    self.gradients = gradients
    poolWorkspaces = network.poolWorkspaceBytes.map { AlignedMemory(bytes: max($0, 64)) }
    let inputSize = network.architecture.inputShape.reduce(1, *)
    let wideBytes = rows * inputSize * network.wide.bytes
    plainInputGradient =
      backward && network.inputGradientReorder != nil ? AlignedMemory(bytes: wideBytes) : nil
    part = AlignedMemory(bytes: backward ? wideBytes : 64)
    partExponents = .allocate(capacity: rows)
    exponents = .allocate(capacity: rows)
    labels = .allocate(capacity: rows)
    let widest = network.layouts.map(\.elementsPerRow).max() ?? 0
    scratch = AlignedMemory(bytes: backward ? 8 * max(widest, 1) : 64)
    prediction = PredictionBuffers(rows: rows, classes: network.architecture.classCount)
    naive = AlignedMemory(bytes: 4 * rows * (network.architecture.classCount + 1))
  }

  deinit {
    partExponents.deallocate()
    exponents.deallocate()
    labels.deallocate()
  }

  /// Bytes that a workspace of this network takes.
  static func bytes(_ network: CompiledNetwork, backward: Bool) -> Int {
    let activations = network.layouts.reduce(0) { $0 + $1.bytes } * (backward ? 2 : 1)
    let input = network.rows * network.architecture.inputShape.reduce(1, *) * network.wide.bytes
    return activations + (backward ? 2 * input : 0) + (1 << 20)
  }

  /// Copies rows of inputs into the block (rounded to the precision of the products, normalised) and pads it with
  /// zeros; labels likewise.
  func load(
    _ inputs: UnsafePointer<Double>, labels source: ArraySlice<Int>, rows count: Int, network: CompiledNetwork,
    normalization: Normalization?
  ) {
    let size = network.architecture.inputShape.reduce(1, *)
    let type = network.precision.elementType
    if let normalization {
      ckn_load_rows(
        values[0].base, type, inputs, normalization.shift.base.assumingMemoryBound(to: Double.self),
        normalization.scale.base.assumingMemoryBound(to: Double.self), count, size)
    } else {
      ckn_load_rows(values[0].base, type, inputs, nil, nil, count, size)
    }
    let filled = count * size * network.precision.bytes
    ckn_zero(values[0].base + filled, rows * size * network.precision.bytes - filled)
    for (row, label) in source.enumerated() { labels[row] = Int32(label) }
    for row in count..<rows { labels[row] = 0 }
  }

  /// Empties the sums of a group of draws.
  func clearPart(inputSize: Int, wide: Precision) {
    ckn_zero(part.base, rows * inputSize * wide.bytes)
    ckn_set_exponents(partExponents, Int32.min, rows)
  }
}

/// Per-feature shift and scale of a `normalize` layer, in the order of the input.
///
/// Its memory is written before anybody else has it, and read only after that.
struct Normalization: Sendable {
  let shift: AlignedMemory
  let scale: AlignedMemory
  /// For inputs of one byte a number: what each byte becomes, for each channel.
  private let table: AlignedMemory
  private let each: Int

  /// As the loops take it; valid as long as this value.
  var loops: ckn_normalization {
    ckn_normalization(
      shift: shift.base.assumingMemoryBound(to: Double.self), scale: scale.base.assumingMemoryBound(to: Double.self),
      table: table.base.assumingMemoryBound(to: Float.self), each: each)
  }

  /// Nil when the architecture does not begin with a `normalize` layer.
  init?(_ architecture: Architecture) {
    guard case .normalize(let mean, let deviation)? = architecture.layers.first else { return nil }
    let size = architecture.inputShape.reduce(1, *)
    shift = AlignedMemory(bytes: 8 * size)
    scale = AlignedMemory(bytes: 8 * size)
    table = AlignedMemory(bytes: 4 * 256 * mean.count)
    each = size / mean.count
    let shifts = shift.base.assumingMemoryBound(to: Double.self)
    let scales = scale.base.assumingMemoryBound(to: Double.self)
    for index in 0..<size {
      shifts[index] = mean[index / each]
      scales[index] = deviation[index / each]
    }
    let values = table.base.assumingMemoryBound(to: Float.self)
    for index in 0..<256 * mean.count {
      values[index] = Float((Double(index % 256) / 255 - mean[index / 256]) / deviation[index / 256])
    }
  }
}

/// The memory behind a `ckn_prediction`. It is not protected: a worker writes the rows of its own block, or has buffers
/// of its own.
final class PredictionBuffers: Sendable {
  let rows: Int
  let classes: Int
  let padded: Int
  private let memory: AlignedMemory

  init(rows: Int, classes: Int) {
    self.rows = rows
    self.classes = classes
    padded = ckn_padded_classes(classes)
    memory = AlignedMemory(bytes: 8 * max(1, rows * (4 * padded + 2)))
    clear()
  }

  func clear() {
    var buffers = self[0]
    ckn_prediction_clear(&buffers, rows, classes)
  }

  /// The buffers from `row` on.
  subscript(row: Int) -> ckn_prediction {
    let base = memory.base.assumingMemoryBound(to: Double.self)
    let plane = rows * padded
    let offset = row * padded
    return ckn_prediction(
      top: base + offset, sum: base + plane + offset, votes: base + 2 * plane + offset,
      logits: base + 3 * plane + offset, loss_top: base + 4 * plane + row, loss_sum: base + 4 * plane + rows + row)
  }
}
