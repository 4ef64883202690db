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
  /// The values; results that are their input share its memory.
  let values: [AlignedMemory]
  /// Gradient with respect to each value; stages that work in place share. Empty without gradients.
  let gradients: [AlignedMemory]
  private let gradientExponents: [ExponentMemory]
  /// Gradients on their way to a value that has one already.
  let spare: [AlignedMemory]
  private let spareMemory: [ExponentMemory]
  /// What the forward pass of each node leaves for its backward pass.
  let workspaces: [AlignedMemory]
  /// Gradient with respect to the input of one draw, in plain rows (only where the products do not add up by
  /// themselves).
  let plainInputGradient: AlignedMemory?
  /// Sum over a group of draws of the input gradients, rows of mantissas.
  let part: AlignedMemory
  let partExponents: UnsafeMutablePointer<Int32>
  let labels: UnsafeMutablePointer<Int32>
  let scratch: AlignedMemory
  let prediction: PredictionLanes
  /// Sums of probabilities (rows × classes) and of losses (rows) in float32, for the naive arithmetic.
  let naive: AlignedMemory
  private let rows: Int
  private let result: Int
  private var rowMemory = AlignedMemory(bytes: 64)

  init(_ network: CompiledNetwork, backward: Bool) throws {
    rows = network.rows
    result = network.result
    worker = try KernelWorker(network.library)
    var values = [AlignedMemory(bytes: network.layouts[0].bytes)]
    for node in network.nodes {
      values.append(
        node.stage.keepsValue ? values[node.inputs[0]] : AlignedMemory(bytes: network.layouts[node.output].bytes))
    }
    self.values = values
    var gradients: [AlignedMemory] = []
    var exponents: [ExponentMemory] = []
    var spareBytes: [Int] = []
    if backward {
      // From the logits on: a stage that works in place leaves its gradient where it found it.
      var memory = [AlignedMemory?](repeating: nil, count: values.count)
      var numbers = [ExponentMemory?](repeating: nil, count: values.count)
      func make(_ value: Int) {
        guard memory[value] == nil else { return }
        let isElsewhere = value == 0 && network.accumulatesInputGradient
        memory[value] = AlignedMemory(bytes: isElsewhere ? 64 : network.layouts[value].bytes)
        numbers[value] = ExponentMemory(network.rows)
      }
      make(network.result)
      for node in network.nodes.reversed() where node.isDifferentiated {
        make(node.output)
        for (place, rule) in node.rules.enumerated() {
          let input = node.inputs[place]
          switch rule {
          case .none: continue
          case .inPlace:
            memory[input] = memory[node.output]
            numbers[input] = numbers[node.output]
          case .write: make(input)
          case .add:
            while spareBytes.count <= place { spareBytes.append(64) }
            spareBytes[place] = max(spareBytes[place], network.layouts[input].bytes)
          }
        }
      }
      let (nothing, none) = (AlignedMemory(bytes: 64), ExponentMemory(network.rows))
      gradients = memory.map { $0 ?? nothing }
      exponents = numbers.map { $0 ?? none }
    }
    self.gradients = gradients
    gradientExponents = exponents
    spare = spareBytes.map { AlignedMemory(bytes: $0) }
    spareMemory = spareBytes.map { _ in ExponentMemory(network.rows) }
    workspaces = network.nodes.map { AlignedMemory(bytes: max($0.stage.workspaceBytes, 64)) }
    let inputSize = network.inputShape.reduce(1, *)
    let wideBytes = rows * inputSize * network.wide.bytes
    plainInputGradient =
      backward && network.inputGradientReorder != nil ? AlignedMemory(bytes: wideBytes) : nil
    part = AlignedMemory(bytes: backward ? wideBytes : 64)
    partExponents = .allocate(capacity: rows)
    labels = .allocate(capacity: rows)
    let widest = network.layouts.map(\.elementsPerRow).max() ?? 0
    scratch = AlignedMemory(bytes: backward ? 16 * max(widest, 1) : 64)
    prediction = PredictionLanes(rows: rows, classes: network.architecture.classCount)
    naive = AlignedMemory(bytes: 4 * rows * (network.architecture.classCount + 1))
  }

  deinit {
    partExponents.deallocate()
    labels.deallocate()
  }

  /// What the last layer gave.
  var logits: UnsafeMutableRawPointer { values[result].base }
  /// The gradient with respect to that.
  var logitGradient: UnsafeMutableRawPointer { gradients[result].base }
  /// Its exponents.
  var logitExponents: UnsafeMutablePointer<Int32> { exponents(ofValue: result) }

  /// Exponents of the gradient with respect to a value.
  func exponents(ofValue value: Int) -> UnsafeMutablePointer<Int32> { gradientExponents[value].base }
  /// Exponents of a gradient on its way.
  func spareExponents(_ index: Int) -> UnsafeMutablePointer<Int32> { spareMemory[index].base }

  /// Room for numbers of one row; what it holds is whatever the last use left.
  func rowScratch(_ doubles: Int) -> UnsafeMutablePointer<Double> {
    if rowMemory.bytes < 8 * doubles { rowMemory = AlignedMemory(bytes: 8 * doubles) }
    return rowMemory.base.bound()
  }

  /// Bytes that a workspace of this network takes.
  static func bytes(_ network: CompiledNetwork, backward: Bool) -> Int {
    let activations = network.layouts.reduce(0) { $0 + $1.bytes } * (backward ? 2 : 1)
    let input = network.rows * network.inputShape.reduce(1, *) * network.wide.bytes
    return activations + (backward ? 2 * input : 0) + (1 << 20)
  }

  /// Copies rows of inputs into the block (rounded to the precision of the products, normalised) and pads it with
  /// zeros; labels likewise.
  func load(
    _ inputs: UnsafePointer<Double>, labels source: ArraySlice<Int>, rows count: Int, network: CompiledNetwork,
    normalization: Normalization?
  ) {
    let size = network.inputShape.reduce(1, *)
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

/// The exponents of a block's rows.
private final class ExponentMemory: @unchecked Sendable {
  let base: UnsafeMutablePointer<Int32>

  init(_ rows: Int) {
    base = .allocate(capacity: rows)
    base.initialize(repeating: 0, count: rows)
  }

  deinit { base.deallocate() }
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
    guard let layer = architecture.layers.first?.kind as? Normalize else { return nil }
    let (mean, deviation) = (layer.mean, layer.scale)
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

/// The memory behind a `ckn_prediction`: what all draws say. It is not protected: a worker writes the rows of its own
/// block.
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

/// The memory behind a worker's `ckn_prediction_lanes`: what the draws of a group say about one block of examples.
final class PredictionLanes: Sendable {
  private let rows: Int
  private let classes: Int
  private let memory: AlignedMemory

  init(rows: Int, classes: Int) {
    (self.rows, self.classes) = (rows, classes)
    memory = AlignedMemory(bytes: 8 * (4 * ckn_lanes_count(rows, classes) + 2 * ckn_lanes_count(rows, 1)))
    clear()
  }

  func clear() {
    var lanes = self.lanes
    ckn_lanes_clear(&lanes, rows, classes)
  }

  var lanes: ckn_prediction_lanes {
    let base = memory.base.assumingMemoryBound(to: Double.self)
    let plane = ckn_lanes_count(rows, classes)
    return ckn_prediction_lanes(
      top: base, sum: base + plane, votes: base + 2 * plane, logits: base + 3 * plane, loss_top: base + 4 * plane,
      loss_sum: base + 4 * plane + ckn_lanes_count(rows, 1))
  }
}
