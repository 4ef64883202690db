import ComputeKernels
import Testing

/// Images to be pooled, the gradient that comes back, and what a kernel makes of them; everything in C order.
struct PoolingProblem {
  var rows: Int
  var shape: [Int]
  var kernel: ImageExtent
  var stride: ImageExtent
  var padding = ImagePadding.none
  var x: [Float]
  var dy: [Float]

  /// Distinct numbers: with ties the winner of a maximum would be a matter of convention. Small enough to be exact in
  /// bfloat16, some of them negative.
  init(
    rows: Int, shape: [Int], kernel: ImageExtent, stride: ImageExtent, padding: ImagePadding = .none, seed: UInt64 = 3
  ) {
    var numbers = Numbers(seed: seed)
    self.rows = rows
    self.shape = shape
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    let count = rows * shape.reduce(1, *)
    x = (0..<count).map { Float($0 - count / 2) / Float(count) }.shuffled(using: &numbers)
    dy = []
    dy = numbers.array(rows * pooledShape.reduce(1, *))
  }

  var pooledShape: [Int] {
    [
      shape[0], (shape[1] + padding.top + padding.bottom - kernel.height) / stride.height + 1,
      (shape[2] + padding.left + padding.right - kernel.width) / stride.width + 1,
    ]
  }

  struct Results {
    var y: [Double]
    var dx: [Double]
  }

  /// After a convolution's layout where the library has one of its own, as in a network.
  func layout(_ precision: Precision, _ library: KernelLibrary) throws -> ActivationLayout {
    try ConvolutionKernel(
      rows: rows, inputShape: [2, shape[1], shape[2]], filters: shape[0], kernelSize: 1, precision: precision,
      activation: .none, plainSource: false, library: library
    ).destination
  }

  /// What a maximum makes of it.
  func maxima(_ precision: Precision, _ library: KernelLibrary) throws -> Results {
    let worker = try KernelWorker(library)
    let kernel = try MaxPoolKernel(
      after: layout(precision, library), kernel: kernel, stride: stride, padding: padding, library: library)
    let workspace = AlignedMemory(bytes: kernel.workspaceBytes)
    return try results(
      kernel.source, kernel.destination, library, worker,
      forward: { try kernel.forward($0, into: $1, workspace: workspace.base, worker: worker) },
      backward: { try kernel.backward($0, into: $1, workspace: workspace.base, worker: worker) })
  }

  /// What an average makes of it.
  func averages(countsPadding: Bool, _ precision: Precision, _ library: KernelLibrary) throws -> Results {
    let worker = try KernelWorker(library)
    let kernel = try AveragePoolKernel(
      after: layout(precision, library), kernel: kernel, stride: stride, padding: padding,
      countsPadding: countsPadding, library: library)
    return try results(
      kernel.source, kernel.destination, library, worker,
      forward: { try kernel.forward($0, into: $1, worker: worker) },
      backward: { try kernel.backward($0, into: $1, worker: worker) })
  }

  private func results(
    _ source: ActivationLayout, _ destination: ActivationLayout, _ library: KernelLibrary, _ worker: KernelWorker,
    forward: (UnsafeRawPointer, UnsafeMutableRawPointer) throws -> Void,
    backward: (UnsafeRawPointer, UnsafeMutableRawPointer) throws -> Void
  ) throws -> Results {
    let x = try blocked(self.x, source, library, worker)
    let dy = try blocked(self.dy, destination, library, worker)
    let y = AlignedMemory(unwrittenBytes: destination.bytes)
    let dx = AlignedMemory(unwrittenBytes: source.bytes)
    try forward(x.base, y.base)
    try backward(dy.base, dx.base)
    #expect(hasZeroPadding(y, destination) && hasZeroPadding(dx, source))
    return Results(y: try plain(y, destination, library, worker), dx: try plain(dx, source, library, worker))
  }

  /// Calls `body` for each window with its number and those of its elements that lie in the image, in C order.
  func forEachWindow(_ body: (_ output: Int, _ elements: [Int]) -> Void) {
    let pooled = pooledShape
    for plane in 0..<rows * shape[0] {
      for i in 0..<pooled[1] {
        for j in 0..<pooled[2] {
          var elements: [Int] = []
          for u in 0..<kernel.height {
            for v in 0..<kernel.width {
              let (y, x) = (i * stride.height + u - padding.top, j * stride.width + v - padding.left)
              if 0..<shape[1] ~= y, 0..<shape[2] ~= x { elements.append((plane * shape[1] + y) * shape[2] + x) }
            }
          }
          body((plane * pooled[1] + i) * pooled[2] + j, elements)
        }
      }
    }
  }

  /// The definition of the maximum.
  func statedMaxima() -> Results {
    var results = Results(y: dy.map { _ in 0 }, dx: x.map { _ in 0 })
    forEachWindow { output, elements in
      let winner = elements.dropFirst().reduce(elements[0]) { x[$1] > x[$0] ? $1 : $0 }
      results.y[output] = Double(x[winner])
      results.dx[winner] += Double(dy[output])
    }
    return results
  }

  /// The definition of the average.
  func statedAverages(countsPadding: Bool) -> Results {
    var results = Results(y: dy.map { _ in 0 }, dx: x.map { _ in 0 })
    forEachWindow { output, elements in
      let divisor = Double(countsPadding ? kernel.height * kernel.width : elements.count)
      for element in elements {
        results.y[output] += Double(x[element]) / divisor
        results.dx[element] += Double(dy[output]) / divisor
      }
    }
    return results
  }

  /// Windows as networks have them, and some with different numbers in the two directions and on the four sides.
  static let problems: [PoolingProblem] = {
    func square(_ shape: [Int], _ size: Int, _ stride: Int, _ padding: Int = 0) -> PoolingProblem {
      PoolingProblem(
        rows: 3, shape: shape, kernel: ImageExtent(size), stride: ImageExtent(stride), padding: ImagePadding(padding))
    }
    var problems = [
      square([19, 24, 24], 2, 2), square([19, 8, 8], 2, 1), square([19, 9, 7], 3, 2),
      square([16, 12, 12], 3, 2, 1), square([20, 7, 9], 3, 2, 1), square([5, 8, 8], 3, 1, 1),
      square([32, 8, 8], 8, 1), square([10, 5, 5], 5, 5),
    ]
    var numbers = Numbers(seed: 22)
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &numbers) }
    while problems.count < 30 {
      let kernel = ImageExtent(height: draw(1...5), width: draw(1...5))
      let padding = ImagePadding(
        top: draw(0...kernel.height - 1), bottom: draw(0...kernel.height - 1), left: draw(0...kernel.width - 1),
        right: draw(0...kernel.width - 1))
      let (height, width) = (draw(1...12), draw(1...12))
      guard kernel.height <= height + padding.top + padding.bottom, kernel.width <= width + padding.left + padding.right
      else { continue }
      problems.append(
        PoolingProblem(
          rows: draw(1...3), shape: [draw(1...34), height, width], kernel: kernel,
          stride: ImageExtent(height: draw(1...3), width: draw(1...3)), padding: padding, seed: numbers.next()))
    }
    return problems
  }()
}
