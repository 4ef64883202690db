import ComputeKernels
import TestSupport
import Testing

@Suite(.inTurn) struct `Average pooling` {
  @Test(arguments: libraries, [true, false])
  func `padded windows worked out by hand`(library: KernelLibrary, countsPadding: Bool) throws {
    var problem = PoolingProblem(
      rows: 1, shape: [1, 1, 3], kernel: ImageExtent(height: 1, width: 2), stride: ImageExtent(height: 1, width: 2),
      padding: ImagePadding(top: 0, bottom: 0, left: 1, right: 0))
    problem.x = [8, 2, 4]
    problem.dy = [2, 12]
    let results = try problem.averages(countsPadding: countsPadding, .float32, library)
    #expect(results.y == (countsPadding ? [4, 3] : [8, 3]))
    #expect(results.dx == (countsPadding ? [1, 6, 6] : [2, 6, 6]))
  }

  @Test(arguments: libraries, PoolingProblem.problems.indices)
  func `float32 agrees with the definition`(library: KernelLibrary, index: Int) throws {
    let problem = PoolingProblem.problems[index]
    for countsPadding in [true, false] {
      let results = try problem.averages(countsPadding: countsPadding, .float32, library)
      let stated = problem.statedAverages(countsPadding: countsPadding)
      #expect(relativeError(results.y, stated.y) < 1e-5)
      #expect(relativeError(results.dx, stated.dx) < 1e-5)
    }
  }

  @Test(arguments: PoolingProblem.problems.indices)
  func `float64 agrees with the definition`(index: Int) throws {
    let problem = PoolingProblem.problems[index]
    for countsPadding in [true, false] {
      let results = try problem.averages(countsPadding: countsPadding, .float64, .portable)
      let stated = problem.statedAverages(countsPadding: countsPadding)
      #expect(relativeError(results.y, stated.y) < 1e-12)
      #expect(relativeError(results.dx, stated.dx) < 1e-12)
    }
  }

  @Test(.enabled(if: bfloat16Runs), arguments: PoolingProblem.problems.indices)
  func `bfloat16 costs two to three digits`(index: Int) throws {
    let problem = PoolingProblem.problems[index]
    for countsPadding in [true, false] {
      let results = try problem.averages(countsPadding: countsPadding, .bfloat16, .oneDNN)
      let stated = problem.statedAverages(countsPadding: countsPadding)
      #expect(relativeError(results.y, stated.y) < 0.02)
      #expect(relativeError(results.dx, stated.dx) < 0.02)
    }
  }

  @Test(arguments: libraries)
  func `a window of the image's size is the global average`(library: KernelLibrary) throws {
    var problem = PoolingProblem(
      rows: 2, shape: [20, 4, 8], kernel: ImageExtent(height: 4, width: 8), stride: ImageExtent(1))
    problem.x = (0..<2 * 20 * 32).map { Float($0 / 32) }
    problem.dy = (0..<40).map { Float(32 * $0) }
    let results = try problem.averages(countsPadding: true, .float32, library)
    #expect(results.y == (0..<40).map(Double.init))
    #expect(results.dx == problem.x.map(Double.init))
  }

  @Test(arguments: libraries, PoolingProblem.problems.indices)
  func `the gradient is adjoint to the map`(library: KernelLibrary, index: Int) throws {
    let problem = PoolingProblem.problems[index]
    for countsPadding in [true, false] {
      let results = try problem.averages(countsPadding: countsPadding, .float32, library)
      let (x, dy) = (problem.x.map(Double.init), problem.dy.map(Double.init))
      let size = (dot(x, x) * dot(dy, dy)).squareRoot()
      #expect(abs(dot(dy, results.y) - dot(results.dx, x)) < 1e-6 * size)
    }
  }

  @Test(arguments: libraries)
  func `padding as wide as the window is refused`(library: KernelLibrary) throws {
    let layout = try ActivationLayout.plain(rows: 2, shape: [3, 6, 6], precision: .float32, library: library)
    #expect(throws: KernelError.self) {
      try AveragePoolKernel(
        after: layout, kernel: ImageExtent(2), stride: ImageExtent(2), padding: ImagePadding(2), countsPadding: true,
        library: library)
    }
  }
}
