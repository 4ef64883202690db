import ComputeKernels
import TestSupport
import Testing

@Suite(.inTurn) struct Convolution {
  static let problems = [
    ConvolutionProblem(rows: 3, shape: [1, 28, 28], filters: 32, size: 5),
    ConvolutionProblem(rows: 2, shape: [32, 12, 12], filters: 48, size: 5),
    ConvolutionProblem(rows: 5, shape: [3, 9, 7], filters: 5, size: 3),
    ConvolutionProblem(rows: 1, shape: [2, 4, 4], filters: 1, size: 4),
    ConvolutionProblem(rows: 2, shape: [17, 6, 5], filters: 19, size: 1),
  ]

  @Test func `a convolution worked out by hand`() throws {
    var problem = ConvolutionProblem(rows: 1, shape: [1, 2, 3], filters: 1, size: 2)
    problem.x = [1, 2, 3, 4, 5, 6]
    problem.weights = [1, 10, 100, 1000]
    problem.bias = [0.5]
    problem.dy = [1, 2]
    let results = try problem.results(.float64, .portable)
    #expect(results.y == [5421.5, 6532.5])
    #expect(results.dx == [1, 12, 20, 100, 1200, 2000])
    #expect(results.dW == [5.5, 8.5, 14.5, 17.5])
    #expect(results.db == [3.5])
  }

  @Test(arguments: libraries, problems.indices)
  func `float32 agrees with double`(library: KernelLibrary, index: Int) throws {
    let problem = Self.problems[index]
    let reference = try problem.results(.float64, .portable)
    let results = try problem.results(.float32, library)
    #expect(relativeError(results.y, reference.y) < 3e-6)
    #expect(relativeError(results.dx, reference.dx) < 3e-6)
    #expect(relativeError(results.dW, reference.dW) < 3e-6)
    #expect(relativeError(results.db, reference.db) < 3e-6)
  }

  @Test(.enabled(if: oneDNNRuns))
  func `a plain source with several channels gives the same numbers`() throws {
    var problem = Self.problems[2]
    problem.plainSource = true
    #expect(try problem.kernel(.float32, .oneDNN).source.isPlain)
    let reference = try problem.results(.float64, .portable)
    let results = try problem.results(.float32, .oneDNN)
    #expect(relativeError(results.y, reference.y) < 3e-6)
    #expect(relativeError(results.dx, reference.dx) < 3e-6)
    #expect(relativeError(results.dW, reference.dW) < 3e-6)
  }

  @Test(.enabled(if: bfloat16Runs), arguments: problems.indices)
  func `bfloat16 operands cost two to three digits`(index: Int) throws {
    let problem = Self.problems[index]
    let reference = try problem.results(.float64, .portable)
    let results = try problem.results(.bfloat16, .oneDNN)
    #expect(relativeError(results.y, reference.y) < 0.02)
    #expect(relativeError(results.dx, reference.dx) < 0.02)
    #expect(relativeError(results.dW, reference.dW) < 0.02)
    #expect(relativeError(results.db, reference.db) < 0.02)
  }

  @Test(arguments: libraries)
  func `a single channel keeps a plain source`(library: KernelLibrary) throws {
    #expect(try Self.problems[0].kernel(.float32, library).source.isPlain)
  }

  /// The loss ⟨dy, y⟩ is linear in the images and in the weights, so that central differences are exact up to rounding.
  @Test func `both gradients agree with finite differences in double`() throws {
    let problem = Self.problems[2]
    let dy = problem.dy.map(Double.init)
    let results = try problem.results(.float64, .portable)
    for index in [0, 31, problem.x.count - 1] {
      var (above, below) = (problem, problem)
      above.x[index] += 0.5
      below.x[index] -= 0.5
      let step = Double(above.x[index]) - Double(below.x[index])
      let difference = try dot(dy, above.results(.float64, .portable).y) - dot(dy, below.results(.float64, .portable).y)
      #expect(abs(results.dx[index] - difference / step) < 1e-10)
    }
    for index in [0, 13, problem.weights.count - 1] {
      var (above, below) = (problem, problem)
      above.weights[index] += 0.5
      below.weights[index] -= 0.5
      let step = Double(above.weights[index]) - Double(below.weights[index])
      let difference = try dot(dy, above.results(.float64, .portable).y) - dot(dy, below.results(.float64, .portable).y)
      #expect(abs(results.dW[index] - Double(ConvolutionProblem.before) - difference / step) < 1e-10)
    }
  }

  @Test(arguments: libraries)
  func `both gradients are adjoint to the map`(library: KernelLibrary) throws {
    var problem = Self.problems[1]
    problem.bias = problem.bias.map { _ in 0 }
    let results = try problem.results(.float32, library)
    let pairing = dot(problem.dy.map(Double.init), results.y)
    let size =
      dot(results.y, results.y).squareRoot()
      * dot(problem.dy.map(Double.init), problem.dy.map(Double.init)).squareRoot()
    #expect(abs(pairing - dot(results.dx, problem.x.map(Double.init))) < 1e-6 * size)
    let dW = results.dW.map { $0 - Double(ConvolutionProblem.before) }
    #expect(abs(pairing - dot(dW, problem.weights.map(Double.init))) < 1e-6 * size)
  }

  @Test(arguments: libraries)
  func `a fused activation is applied to the result`(library: KernelLibrary) throws {
    var problem = Self.problems[1]
    let preactivations = try problem.results(.float64, .portable).y
    problem.activation = .leakyReLU(slope: 0.25)
    let expected = preactivations.map { $0 > 0 ? $0 : 0.25 * $0 }
    #expect(relativeError(try problem.results(.float32, library).y, expected) < 3e-6)
  }

  @Test(arguments: libraries)
  func `a clipped activation has a floor and a ceiling`(library: KernelLibrary) throws {
    var problem = Self.problems[1]
    let preactivations = try problem.results(.float64, .portable).y
    problem.activation = .clipped(upper: 6)
    let expected = preactivations.map { min(max($0, 0), 6) }
    #expect(preactivations.contains { $0 > 7 } && preactivations.contains { $0 < -1 })
    #expect(relativeError(try problem.results(.float32, library).y, expected) < 1e-5)
  }

  /// As networks have them: first layers, a strided one, a depthwise one.
  static func layers(rows: Int) -> [ConvolutionGeometry] {
    [
      ConvolutionGeometry(rows: rows, inputShape: [1, 12, 12], filters: 8, kernel: ImageExtent(5)),
      ConvolutionGeometry(rows: rows, inputShape: [3, 7, 7], filters: 20, kernel: ImageExtent(3)),
      ConvolutionGeometry(
        rows: rows, inputShape: [16, 9, 8], filters: 32, kernel: ImageExtent(3), stride: ImageExtent(2),
        padding: ImagePadding(1)),
      ConvolutionGeometry(
        rows: rows, inputShape: [20, 9, 8], filters: 20, kernel: ImageExtent(3), padding: ImagePadding(1), groups: 20),
      ConvolutionGeometry(
        rows: rows, inputShape: [6, 9, 8], filters: 4, kernel: ImageExtent(3), stride: ImageExtent(2),
        padding: ImagePadding(1), groups: 2),
    ]
  }

  /// 16 images are a block of the attack's engine, 64 one of training.
  @Test(arguments: libraries, [16, 64])
  func `an image's bits depend neither on the other images nor on the worker`(library: KernelLibrary, rows: Int) throws
  {
    for precision in bfloat16Runs && library == .oneDNN ? [Precision.float32, .bfloat16] : [.float32] {
      for geometry in Self.layers(rows: rows) {
        let problem = ConvolutionProblem(geometry)
        let reference = try problem.results(precision, library)
        let (inputs, outputs) = (problem.x.count / rows, problem.dy.count / rows)
        for kept in [0, 7, rows - 1] {
          var changed = ConvolutionProblem(geometry, seed: 99)
          changed.weights = problem.weights
          changed.bias = problem.bias
          let (input, output) = (kept * inputs..<(kept + 1) * inputs, kept * outputs..<(kept + 1) * outputs)
          changed.x.replaceSubrange(input, with: problem.x[input])
          changed.dy.replaceSubrange(output, with: problem.dy[output])
          let results = try changed.results(precision, library)
          // Compared outside of the expectation, whose message would print every number.
          let sameForward = results.y[output] == reference.y[output]
          let sameBackward = results.dx[input] == reference.dx[input]
          #expect(sameForward, "\(precision) forward, image \(kept) of \(geometry)")
          #expect(sameBackward, "\(precision) backward, image \(kept) of \(geometry)")
        }
      }
    }
  }

  @Test(arguments: layers(rows: 64))
  func `an image of the portable kernels has the same bits in any block at any position`(
    geometry: ConvolutionGeometry
  ) throws {
    let all = ConvolutionProblem(geometry)
    let reference = try all.results(.float32, .portable)
    let (inputs, outputs) = (all.x.count / 64, all.dy.count / 64)
    for rows in [0..<1, 7..<23, 24..<64] {
      let results = try all.rows(rows).results(.float32, .portable)
      let output = rows.lowerBound * outputs..<rows.upperBound * outputs
      let input = rows.lowerBound * inputs..<rows.upperBound * inputs
      let sameForward = results.y[...] == reference.y[output]
      let sameBackward = results.dx[...] == reference.dx[input]
      #expect(sameForward, "forward, images \(rows) of \(geometry)")
      #expect(sameBackward, "backward, images \(rows) of \(geometry)")
    }
  }
}
