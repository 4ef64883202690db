import CComputeKernels
import ComputeKernels
import TestSupport
import Testing

@Suite(.inTurn) struct `Linear layer` {
  /// Odd sizes around the widths of vectors, panels and blocks.
  static let sizes = [[1, 1, 1], [3, 5, 7], [17, 33, 65], [100, 784, 10], [37, 300, 129]]

  @Test func `a product worked out by hand`() throws {
    var problem = LinearProblem(rows: 2, inputs: 3, outputs: 2)
    problem.x = [1, 2, 3, -1, 0, 4]
    problem.weights = [1, 0, -1, 2, 1, 0.5]
    problem.bias = [10, 20]
    problem.dy = [1, 2, 3, -1]
    let results = try problem.results(.float64, .portable)
    #expect(results.y == [8, 25.5, 5, 20])
    #expect(results.dx == [5, 2, 0, 1, -1, -3.5])
    // dyᵀ x = ((−2, 2, 15), (3, 4, 2)), added to the ½ that was there.
    #expect(results.dW == [-1.5, 2.5, 15.5, 3.5, 4.5, 2.5])
  }

  @Test(arguments: libraries, sizes)
  func `float32 agrees with double`(library: KernelLibrary, size: [Int]) throws {
    let problem = LinearProblem(rows: size[0], inputs: size[1], outputs: size[2])
    let reference = try problem.results(.float64, .portable)
    let results = try problem.results(.float32, library)
    #expect(relativeError(results.y, reference.y) < 2e-6)
    #expect(relativeError(results.dx, reference.dx) < 2e-6)
    #expect(relativeError(results.dW, reference.dW) < 2e-6)
  }

  @Test(arguments: sizes + [[7, 513, 24], [9, 256, 16]])
  func `float64 is the same chain of fused operations on every instruction set`(size: [Int]) {
    let (rows, inputs, outputs) = (size[0], size[1], size[2])
    var numbers = Numbers(seed: 5)
    let x = numbers.array(rows * inputs).map(Double.init)
    let weights = numbers.array(outputs * inputs).map { Double($0) * 1.1 }
    var expected = [Double](repeating: 0.25, count: rows * outputs)
    for row in 0..<rows {
      for unit in 0..<outputs {
        for start in stride(from: 0, to: inputs, by: 256) {
          let sum = (start..<min(start + 256, inputs)).reduce(0.0) {
            $0.addingProduct(x[row * inputs + $1], weights[unit * inputs + $1])
          }
          expected[row * outputs + unit] += sum
        }
      }
    }
    var levels = 0
    for level in 0..<3 {
      var y = [Double](repeating: 0.25, count: rows * outputs)
      guard portable_product_of_level_f64(Int32(level), &y, x, weights, rows, inputs, outputs) else { continue }
      levels += 1
      #expect(y == expected, "level \(level)")
    }
    #expect(levels > 0)
  }

  @Test(arguments: sizes + [[7, 513, 24], [9, 256, 16], [250, 32, 32], [33, 70, 48]])
  func `float32 is the same chain of fused operations on every instruction set`(size: [Int]) {
    let (rows, inputs, outputs) = (size[0], size[1], size[2])
    var numbers = Numbers(seed: 6)
    let x = numbers.array(rows * inputs)
    let weights = numbers.array(outputs * inputs).map { $0 * 1.1 }
    var expected = [Float](repeating: 0.25, count: rows * outputs)
    for row in 0..<rows {
      for unit in 0..<outputs {
        for start in stride(from: 0, to: inputs, by: 256) {
          expected[row * outputs + unit] += (start..<min(start + 256, inputs)).reduce(Float(0)) {
            $0.addingProduct(x[row * inputs + $1], weights[unit * inputs + $1])
          }
        }
      }
    }
    var levels = 0
    for level in 0..<3 {
      var y = [Float](repeating: 0.25, count: rows * outputs)
      guard portable_product_of_level_f32(Int32(level), &y, x, weights, rows, inputs, outputs) else { continue }
      levels += 1
      #expect(y == expected, "level \(level)")
    }
    #expect(levels > 0)
  }

  @Test(.enabled(if: bfloat16Runs), arguments: sizes)
  func `bfloat16 operands cost two to three digits`(size: [Int]) throws {
    let problem = LinearProblem(rows: size[0], inputs: size[1], outputs: size[2])
    let reference = try problem.results(.float64, .portable)
    let results = try problem.results(.bfloat16, .oneDNN)
    // Each product is off by at most 2⁻⁸; most of it averages out in a sum.
    #expect(relativeError(results.y, reference.y) < 0.02)
    #expect(relativeError(results.dx, reference.dx) < 0.02)
    #expect(relativeError(results.dW, reference.dW) < 0.02)
  }

  @Test(arguments: libraries)
  func `an accumulated input gradient is added to what is there`(library: KernelLibrary) throws {
    var problem = LinearProblem(rows: 19, inputs: 40, outputs: 23)
    let alone = try problem.results(.float64, .portable).dx
    problem.accumulates = true
    let sum = try problem.results(.float32, library).dx
    #expect(relativeError(sum, alone.map { $0 + Double(LinearProblem.before) }) < 2e-6)
  }

  @Test(arguments: libraries, [FusedActivation.relu, .leakyReLU(slope: 0.25)])
  func `a fused activation is applied to the result`(library: KernelLibrary, activation: FusedActivation) throws {
    var problem = LinearProblem(rows: 21, inputs: 50, outputs: 35)
    let preactivations = try problem.results(.float64, .portable).y
    problem.activation = activation
    let slope = activation == .relu ? 0 : 0.25
    let expected = preactivations.map { $0 > 0 ? $0 : slope * $0 }
    #expect(relativeError(try problem.results(.float32, library).y, expected) < 2e-6)
  }

  @Test(arguments: libraries)
  func `a clipped activation has a floor and a ceiling`(library: KernelLibrary) throws {
    var problem = LinearProblem(rows: 21, inputs: 50, outputs: 35)
    let preactivations = try problem.results(.float64, .portable).y
    problem.activation = .clipped(upper: 1.5)
    let expected = preactivations.map { min(max($0, 0), 1.5) }
    #expect(preactivations.contains { $0 > 2 } && preactivations.contains { $0 < -1 })
    #expect(relativeError(try problem.results(.float32, library).y, expected) < 2e-6)
  }

  @Test(arguments: [0, -1, .nan, .infinity])
  func `a ceiling that is no positive number is refused`(upper: Double) {
    var problem = LinearProblem(rows: 1, inputs: 1, outputs: 1)
    problem.activation = .clipped(upper: upper)
    #expect(throws: KernelError.self) { try problem.kernel(.float32, .portable) }
  }

  @Test(arguments: libraries)
  func `both gradients are adjoint to the map`(library: KernelLibrary) throws {
    var problem = LinearProblem(rows: 29, inputs: 61, outputs: 43)
    problem.bias = problem.bias.map { _ in 0 }
    let results = try problem.results(.float32, library)
    let x = problem.x.map(Double.init), weights = problem.weights.map(Double.init)
    let pairing = dot(problem.dy.map(Double.init), results.y)
    #expect(abs(pairing - dot(results.dx, x)) < 1e-4 * abs(pairing) + 1e-3)
    let dW = results.dW.map { $0 - Double(LinearProblem.before) }
    #expect(abs(pairing - dot(dW, weights)) < 1e-4 * abs(pairing) + 1e-3)
  }

  /// Sizes of blocks that the engines use, and shapes in which oneDNN is known to change its code with the size.
  @Test(arguments: libraries, [250, 256, 100, 32, 16])
  func `a row's bits depend neither on the other rows nor on the worker`(library: KernelLibrary, rows: Int) throws {
    for precision in bfloat16Runs && library == .oneDNN ? [Precision.float32, .bfloat16] : [.float32] {
      for (inputs, outputs) in [(784, 512), (512, 10), (33, 7), (2, 50)] {
        let problem = LinearProblem(rows: rows, inputs: inputs, outputs: outputs)
        let reference = try problem.results(precision, library)
        for kept in [0, 7, rows - 1] {
          var changed = LinearProblem(rows: rows, inputs: inputs, outputs: outputs, seed: 99)
          changed.weights = problem.weights
          changed.bias = problem.bias
          changed.x.replaceSubrange(
            kept * inputs..<(kept + 1) * inputs, with: problem.x[kept * inputs..<(kept + 1) * inputs])
          changed.dy.replaceSubrange(
            kept * outputs..<(kept + 1) * outputs, with: problem.dy[kept * outputs..<(kept + 1) * outputs])
          let results = try changed.results(precision, library)
          // Compared outside of the expectation, whose message would print every number.
          let row = kept * outputs..<(kept + 1) * outputs
          let sameForward = results.y[row] == reference.y[row]
          let sameBackward =
            results.dx[kept * inputs..<(kept + 1) * inputs] == reference.dx[kept * inputs..<(kept + 1) * inputs]
          #expect(sameForward, "\(precision) forward \(inputs) → \(outputs), row \(kept) of \(rows)")
          #expect(sameBackward, "\(precision) backward \(inputs) → \(outputs), row \(kept) of \(rows)")
        }
      }
    }
  }

  @Test func `a row of the portable kernels has the same bits in any block at any position`() throws {
    for (inputs, outputs) in [(784, 512), (512, 512), (512, 10), (33, 7), (2, 50)] {
      let all = LinearProblem(rows: 256, inputs: inputs, outputs: outputs)
      let reference = try all.results(.float32, .portable)
      for rows in [1, 16, 100] {
        for first in [0, 7, 156] {
          var part = all
          part.rows = rows
          part.x = Array(all.x[first * inputs..<(first + rows) * inputs])
          part.dy = Array(all.dy[first * outputs..<(first + rows) * outputs])
          let results = try part.results(.float32, .portable)
          let sameForward = results.y[...] == reference.y[first * outputs..<(first + rows) * outputs]
          let sameBackward = results.dx[...] == reference.dx[first * inputs..<(first + rows) * inputs]
          #expect(sameForward, "forward \(inputs) → \(outputs), rows \(first)..<\(first + rows)")
          #expect(sameBackward, "backward \(inputs) → \(outputs), rows \(first)..<\(first + rows)")
        }
      }
    }
  }

  @Test(arguments: libraries)
  func `every kernel says what computes it`(library: KernelLibrary) throws {
    for precision in bfloat16Runs && library == .oneDNN ? [Precision.float32, .bfloat16] : [.float32] {
      let used = try LinearProblem(rows: 16, inputs: 33, outputs: 7).kernel(precision, library).implementations
      for name in [used.forward, used.toInput, used.toWeights ?? ""] {
        #expect(library == .portable ? name == "portable" : !name.isEmpty && name != "portable")
      }
    }
  }

  @Test func `float64 takes float32 parameters as well`() throws {
    let problem = LinearProblem(rows: 5, inputs: 9, outputs: 4)
    let kernel = try problem.kernel(.float64, .portable)
    let worker = try KernelWorker(.portable)
    let x = AlignedMemory(problem.x, as: .float64)
    let dy = AlignedMemory(problem.dy, as: .float64)
    var dW = Array(repeating: LinearProblem.before, count: 36)
    try kernel.backwardToWeights(x.base, dy.base, into: &dW, worker: worker)
    let reference = try problem.results(.float64, .portable).dW
    #expect(relativeError(dW.map(Double.init), reference) < 1e-7)
  }
}
