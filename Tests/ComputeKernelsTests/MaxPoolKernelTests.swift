import ComputeKernels
import TestSupport
import Testing

@Suite(.inTurn) struct `Maximum pooling` {
  /// y and dx of images in C order.
  static func pool(
    _ x: [Float], dy: [Float], rows: Int, shape: [Int], size: Int, stride: Int, precision: Precision,
    library: KernelLibrary
  ) throws -> (y: [Double], dx: [Double]) {
    let worker = try KernelWorker(library)
    // After a convolution's layout where the library has one of its own, as in a network.
    let layout = try ConvolutionKernel(
      rows: rows, inputShape: [2, shape[1], shape[2]], filters: shape[0], kernelSize: 1, precision: precision,
      activation: .none, plainSource: false, library: library
    ).destination
    let kernel = try MaxPoolKernel(after: layout, kernelSize: size, stride: stride, library: library)
    let y = AlignedMemory(bytes: kernel.destination.bytes)
    let dx = AlignedMemory(bytes: kernel.source.bytes)
    let workspace = AlignedMemory(bytes: kernel.workspaceBytes)
    let source = try blocked(x, kernel.source, library, worker)
    let gradient = try blocked(dy, kernel.destination, library, worker)
    try kernel.forward(source.base, into: y.base, workspace: workspace.base, worker: worker)
    try kernel.backward(gradient.base, into: dx.base, workspace: workspace.base, worker: worker)
    return (
      try plain(y, kernel.destination, library, worker), try plain(dx, kernel.source, library, worker)
    )
  }

  @Test(arguments: libraries)
  func `overlapping windows worked out by hand`(library: KernelLibrary) throws {
    let (y, dx) = try Self.pool(
      [1, 2, 3, 4, 9, 5, 8, 7, 6], dy: [1, 10, 100, 1000], rows: 1, shape: [1, 3, 3], size: 2, stride: 1,
      precision: .float32, library: library)
    #expect(y == [9, 9, 9, 9])
    #expect(dx == [0, 0, 0, 0, 1111, 0, 0, 0, 0])
  }

  @Test(arguments: libraries)
  func `elements beyond the last whole window are ignored`(library: KernelLibrary) throws {
    let (y, dx) = try Self.pool(
      [1, 2, 99, 4, 3, 98, 97, 96, 95], dy: [7], rows: 1, shape: [1, 3, 3], size: 2, stride: 2, precision: .float32,
      library: library)
    #expect(y == [4])
    #expect(dx == [0, 0, 0, 7, 0, 0, 0, 0, 0])
  }

  @Test(arguments: libraries, [[24, 24, 2, 2], [8, 8, 2, 1], [9, 7, 3, 2]])
  func `float32 agrees with double`(library: KernelLibrary, sizes: [Int]) throws {
    var numbers = Numbers(seed: 3)
    let (height, width, size, stride) = (sizes[0], sizes[1], sizes[2], sizes[3])
    let shape = [19, height, width]
    let outputs = 19 * ((height - size) / stride + 1) * ((width - size) / stride + 1)
    // Distinct numbers: with ties the winner would be a matter of convention.
    let x = (0..<3 * shape.reduce(1, *)).map { Float($0) }.shuffled(using: &numbers)
    let dy = numbers.array(3 * outputs)
    let results = try Self.pool(
      x, dy: dy, rows: 3, shape: shape, size: size, stride: stride, precision: .float32, library: library)
    let reference = try Self.pool(
      x, dy: dy, rows: 3, shape: shape, size: size, stride: stride, precision: .float64, library: .portable)
    #expect(results.y == reference.y)
    #expect(relativeError(results.dx, reference.dx) < 1e-6)
  }

  @Test(arguments: libraries)
  func `the first of equal elements receives the gradient`(library: KernelLibrary) throws {
    let (_, dx) = try Self.pool(
      [5, 5, 5, 5], dy: [1], rows: 1, shape: [1, 2, 2], size: 2, stride: 1, precision: .float32, library: library)
    #expect(dx == [1, 0, 0, 0])
  }

  @Test(arguments: [Precision.float32, .float64])
  func `the portable kernel passes NaN on`(precision: Precision) throws {
    let (y, dx) = try Self.pool(
      [5, .nan, 7, 6], dy: [1], rows: 1, shape: [1, 2, 2], size: 2, stride: 1, precision: precision,
      library: .portable)
    #expect(y[0].isNaN)
    #expect(dx == [0, 1, 0, 0])
  }
}

extension Numbers: RandomNumberGenerator {}
