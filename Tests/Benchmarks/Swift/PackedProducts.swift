import ComputeKernels
import Dispatch

/// Packed products of the shapes that a member-gradient of 784-512-512-10 is made of, and nothing else: what the
/// machine can do.
struct PackedProducts {
  static let rows = 250
  static let widths = [784, 512, 512, 10]

  let precision: Precision
  let workers: Int
  let repetitions: Int

  /// One product: which way, and between which widths.
  private struct Shape {
    let layer: Int
    let isForward: Bool
    var inputs: Int { PackedProducts.widths[layer] }
    var outputs: Int { PackedProducts.widths[layer + 1] }
    var operations: Double { 2 * Double(PackedProducts.rows * inputs * outputs) }
  }

  /// GFLOP/s of each product, and of all six one after the other in proportion to their work.
  func measure() throws -> (lines: [Measurement], composite: Double) {
    var lines: [Measurement] = []
    var seconds = 0.0
    var operations = 0.0
    for layer in 0..<3 {
      for isForward in [true, false] {
        let shape = Shape(layer: layer, isForward: isForward)
        let line = try measure(shape)
        // One repetition is as many calls as fill the time; a block of a member-gradient has one call of each.
        seconds += shape.operations / line.rate
        operations += shape.operations
        lines.append(line)
      }
    }
    return (lines, operations / seconds)
  }

  private func measure(_ shape: Shape) throws -> Measurement {
    let isFirst = shape.layer == 0
    let isLast = shape.layer == 2
    let wide = precision == .bfloat16 ? Precision.float32 : precision
    let kernel = try LinearKernel(
      rows: Self.rows, inputs: shape.inputs, outputs: shape.outputs, precision: precision,
      forwardDestination: isLast ? wide : precision, backwardDestination: isFirst ? wide : precision,
      activation: isLast ? .none : .relu, accumulatesInputGradient: isFirst, library: .preferred)
    let spaces = try (0..<workers).map { try Space(kernel, seed: UInt64($0)) }
    let calls = max(4, Int(5e9 / shape.operations))
    let timings = Timings.measure(repetitions) {
      DispatchQueue.concurrentPerform(iterations: workers) { worker in
        for _ in 0..<calls { spaces[worker].run(kernel, isForward: shape.isForward) }
      }
    }
    let name = shape.isForward ? "\(shape.inputs)x\(shape.outputs)" : "\(shape.outputs)x\(shape.inputs)"
    return Measurement(
      row: "packed-\(precision)-\(name)", timings: timings,
      operations: shape.operations * Double(calls * workers))
  }

  /// Operands of one worker.
  private final class Space: @unchecked Sendable {
    let worker: KernelWorker
    let x: AlignedMemory
    let y: AlignedMemory
    let forward: AlignedMemory
    let backward: AlignedMemory
    let bias: AlignedMemory

    init(_ kernel: LinearKernel, seed: UInt64) throws {
      worker = try KernelWorker(.preferred)
      x = AlignedMemory(bytes: 4 * kernel.rows * kernel.inputs)
      y = AlignedMemory(bytes: 4 * kernel.rows * kernel.outputs)
      forward = AlignedMemory(bytes: kernel.forwardWeightBytes)
      backward = AlignedMemory(bytes: kernel.backwardWeightBytes)
      bias = AlignedMemory(bytes: 4 * kernel.outputs)
      var random = Uniform(seed: seed)
      let weights = random.numbers(kernel.inputs * kernel.outputs, width: 0.1)
      try kernel.pack(weights, forward: forward.base, backward: backward.base, worker: worker)
    }

    func run(_ kernel: LinearKernel, isForward: Bool) {
      do {
        if isForward {
          try kernel.forward(
            x.base, weights: forward.base, bias: UnsafePointer(bias.base.assumingMemoryBound(to: Float.self)),
            into: y.base, worker: worker)
        } else {
          try kernel.backwardToInput(y.base, weights: backward.base, into: x.base, worker: worker)
        }
      } catch {
        fatalError("\(error)")
      }
    }
  }
}
