import ComputeKernels
import Dispatch

/// One product again and again, on every worker, with packed weights that stay hot.
struct PackedProduct {
  enum Kernel {
    case linear(LinearKernel)
    case convolution(ConvolutionKernel, ConvolutionGeometry)
  }

  enum Direction { case forward, toInput }

  private let kernel: Kernel
  private let workers: Int
  private let spaces: [Space]

  init(_ kernel: Kernel, workers: Int) throws {
    (self.kernel, self.workers) = (kernel, workers)
    spaces = try (0..<workers).map { try Space(kernel, seed: UInt64($0)) }
  }

  /// Operations of one call.
  var operations: Double {
    switch kernel {
    case .linear(let kernel): 2 * Double(kernel.rows * kernel.inputs * kernel.outputs)
    case .convolution(_, let geometry):
      2 * Double(geometry.rows * geometry.outputShape.dropFirst().reduce(geometry.weightCount, *))
    }
  }

  /// GFLOP/s of both directions one after the other.
  func rate(repetitions: Int) throws -> Double {
    let seconds = [Direction.forward, .toInput].map {
      let (timings, calls) = measure($0, repetitions: repetitions)
      return timings.minimum / Double(calls)
    }
    return 2 * operations / seconds.reduce(0, +) / 1e9
  }

  /// Seconds of some calls on all workers, enough to be timed, and how many they are.
  func measure(_ direction: Direction, repetitions: Int) -> (timings: Timings, calls: Int) {
    let calls = max(4, Int(5e9 / operations))
    let timings = Timings.measure(repetitions) {
      DispatchQueue.concurrentPerform(iterations: workers) { worker in
        for _ in 0..<calls { spaces[worker].run(kernel, direction) }
      }
    }
    return (timings, calls * workers)
  }

  /// Operands of one worker.
  private final class Space: @unchecked Sendable {
    let worker: KernelWorker
    private let x: AlignedMemory
    private let y: AlignedMemory
    private let forward: AlignedMemory
    private let backward: AlignedMemory
    private let bias: AlignedMemory
    private let isDouble: Bool

    init(_ kernel: Kernel, seed: UInt64) throws {
      let weightCount: Int
      let sizes: (x: Int, y: Int, forward: Int, backward: Int, bias: Int)
      let precision: Precision
      switch kernel {
      case .linear(let kernel):
        // Sums may be wider than operands.
        sizes = (
          8 * kernel.rows * kernel.inputs, 8 * kernel.rows * kernel.outputs, kernel.forwardWeightBytes,
          kernel.backwardWeightBytes, kernel.outputs
        )
        (precision, weightCount) = (kernel.precision, kernel.inputs * kernel.outputs)
      case .convolution(let kernel, let geometry):
        sizes = (
          kernel.source.bytes, kernel.destination.bytes, kernel.forwardWeightBytes, kernel.backwardWeightBytes,
          kernel.destination.shape[0]
        )
        (precision, weightCount) = (kernel.source.precision, geometry.weightCount)
      }
      isDouble = precision == .float64
      worker = try KernelWorker(isDouble ? .portable : .preferred)
      x = AlignedMemory(bytes: sizes.x)
      y = AlignedMemory(bytes: sizes.y)
      forward = AlignedMemory(bytes: sizes.forward)
      backward = AlignedMemory(bytes: sizes.backward)
      bias = AlignedMemory(bytes: 8 * sizes.bias)
      var random = Uniform(seed: seed)
      let weights = random.numbers(weightCount, width: 0.1)
      switch kernel {
      case .linear(let kernel) where isDouble:
        try kernel.pack(weights.map(Double.init), forward: forward.base, backward: backward.base, worker: worker)
      case .linear(let kernel):
        try kernel.pack(weights, forward: forward.base, backward: backward.base, worker: worker)
      case .convolution(let kernel, _) where isDouble:
        try kernel.pack(weights.map(Double.init), forward: forward.base, backward: backward.base, worker: worker)
      case .convolution(let kernel, _):
        try kernel.pack(weights, forward: forward.base, backward: backward.base, worker: worker)
      }
    }

    func run(_ kernel: Kernel, _ direction: Direction) {
      do {
        switch (kernel, direction) {
        case (.linear(let kernel), .toInput):
          try kernel.backwardToInput(y.base, weights: backward.base, into: x.base, worker: worker)
        case (.convolution(let kernel, _), .toInput):
          try kernel.backwardToInput(y.base, weights: backward.base, into: x.base, worker: worker)
        case (.linear(let kernel), .forward) where isDouble:
          try kernel.forward(
            x.base, weights: forward.base, bias: pointer(Double.self), into: y.base, worker: worker)
        case (.linear(let kernel), .forward):
          try kernel.forward(x.base, weights: forward.base, bias: pointer(Float.self), into: y.base, worker: worker)
        case (.convolution(let kernel, _), .forward) where isDouble:
          try kernel.forward(
            x.base, weights: forward.base, bias: pointer(Double.self), into: y.base, worker: worker)
        case (.convolution(let kernel, _), .forward):
          try kernel.forward(x.base, weights: forward.base, bias: pointer(Float.self), into: y.base, worker: worker)
        }
      } catch {
        fatalError("\(error)")
      }
    }

    private func pointer<T>(_: T.Type) -> UnsafePointer<T> { UnsafePointer(bias.base.assumingMemoryBound(to: T.self)) }
  }
}
