import ComputeKernels
import TestSupport
import Testing

@Suite(.inTurn) struct `Maximum pooling` {
  /// y and dx of one image of one channel.
  static func pool(
    _ x: [Float], dy: [Float], _ height: Int, _ width: Int, size: Int, stride: Int, padding: ImagePadding = .none,
    precision: Precision = .float32, library: KernelLibrary
  ) throws -> PoolingProblem.Results {
    var problem = PoolingProblem(
      rows: 1, shape: [1, height, width], kernel: ImageExtent(size), stride: ImageExtent(stride), padding: padding)
    problem.x = x
    problem.dy = dy
    return try problem.maxima(precision, library)
  }

  @Test(arguments: libraries)
  func `overlapping windows worked out by hand`(library: KernelLibrary) throws {
    let results = try Self.pool(
      [1, 2, 3, 4, 9, 5, 8, 7, 6], dy: [1, 10, 100, 1000], 3, 3, size: 2, stride: 1, library: library)
    #expect(results.y == [9, 9, 9, 9])
    #expect(results.dx == [0, 0, 0, 0, 1111, 0, 0, 0, 0])
  }

  @Test(arguments: libraries)
  func `elements beyond the last whole window are ignored`(library: KernelLibrary) throws {
    let results = try Self.pool(
      [1, 2, 99, 4, 3, 98, 97, 96, 95], dy: [7], 3, 3, size: 2, stride: 2, library: library)
    #expect(results.y == [4])
    #expect(results.dx == [0, 0, 0, 7, 0, 0, 0, 0, 0])
  }

  @Test(arguments: libraries)
  func `padding is never the maximum`(library: KernelLibrary) throws {
    let results = try Self.pool(
      [-4, -3, -2, -1], dy: [1, 10, 100, 1000], 2, 2, size: 2, stride: 2, padding: ImagePadding(1), library: library)
    #expect(results.y == [-4, -3, -2, -1])
    #expect(results.dx == [1, 10, 100, 1000])
  }

  @Test(arguments: libraries, PoolingProblem.problems.indices)
  func `float32 is the definition`(library: KernelLibrary, index: Int) throws {
    let problem = PoolingProblem.problems[index]
    let (results, stated) = (try problem.maxima(.float32, library), problem.statedMaxima())
    #expect(results.y == stated.y)
    #expect(relativeError(results.dx, stated.dx) < 1e-6)
  }

  @Test(arguments: PoolingProblem.problems.indices)
  func `float64 is the definition`(index: Int) throws {
    let problem = PoolingProblem.problems[index]
    let (results, stated) = (try problem.maxima(.float64, .portable), problem.statedMaxima())
    #expect(results.y == stated.y)
    #expect(results.dx == stated.dx)
  }

  @Test(arguments: libraries)
  func `square windows without padding are the same as before`(library: KernelLibrary) throws {
    let problem = PoolingProblem(
      rows: 2, shape: [20, 9, 8], kernel: ImageExtent(3), stride: ImageExtent(2))
    let kernel = try MaxPoolKernel(
      after: problem.layout(.float32, library), kernelSize: 3, stride: 2, library: library)
    #expect(kernel.destination.shape == [20, 4, 3])
  }

  @Test(arguments: libraries)
  func `the first of equal elements receives the gradient`(library: KernelLibrary) throws {
    #expect(
      try Self.pool([5, 5, 5, 5], dy: [1], 2, 2, size: 2, stride: 1, library: library).dx == [1, 0, 0, 0])
    let padded = try Self.pool(
      [5, 5, 5, 5], dy: [1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7, 1e8], 2, 2, size: 2, stride: 1,
      padding: ImagePadding(1), library: library)
    #expect(padded.dx == [11011, 100_100, 11_000_000, 100_000_000])
  }

  @Test(arguments: [Precision.float32, .float64])
  func `the portable kernel passes NaN on`(precision: Precision) throws {
    let results = try Self.pool(
      [5, .nan, 7, 6], dy: [1], 2, 2, size: 2, stride: 1, precision: precision, library: .portable)
    #expect(results.y[0].isNaN)
    #expect(results.dx == [0, 1, 0, 0])
  }

  @Test(arguments: libraries)
  func `windows that cannot be are refused with a sentence`(library: KernelLibrary) throws {
    let layout = try ActivationLayout.plain(rows: 2, shape: [3, 6, 6], precision: .float32, library: library)
    func refusal(_ size: Int, stride: Int = 1, padding: Int = 0) -> String {
      let error = #expect(throws: KernelError.self) {
        try MaxPoolKernel(
          after: layout, kernel: ImageExtent(size), stride: ImageExtent(stride), padding: ImagePadding(padding),
          library: library)
      }
      return error?.description ?? ""
    }
    #expect(refusal(0).contains("positive"))
    #expect(refusal(2, stride: 0).contains("positive"))
    #expect(refusal(2, padding: -1).contains("not negative"))
    #expect(refusal(7).contains("larger than the image"))
    #expect(refusal(2, padding: 2).contains("smaller than the window"))
    let flat = try ActivationLayout.plain(rows: 2, shape: [36], precision: .float32, library: library)
    #expect(throws: KernelError.self) {
      try MaxPoolKernel(after: flat, kernel: ImageExtent(1), stride: ImageExtent(1), library: library)
    }
  }
}

extension Numbers: RandomNumberGenerator {}
