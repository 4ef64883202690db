import ComputeKernels
import TestSupport
import Testing

@Suite(.inTurn) struct Activations {
  static func activate(
    _ activation: ElementwiseActivation, _ a: [Float], _ precision: Precision, _ library: KernelLibrary
  ) throws -> [Double] {
    let worker = try KernelWorker(library)
    let layout = try ActivationLayout.plain(rows: 1, shape: [a.count], precision: precision, library: library)
    let memory = AlignedMemory(a, as: precision)
    try ActivationKernel(activation, layout: layout, library: library).forward(
      memory.base, into: memory.base, worker: worker)
    return memory.numbers(a.count, as: precision)
  }

  @Test(arguments: libraries, ElementwiseActivation.allCases)
  func `float32 agrees with double`(library: KernelLibrary, activation: ElementwiseActivation) throws {
    var numbers = Numbers(seed: 6)
    let a = numbers.array(1001, scale: 12)
    let reference = try Self.activate(activation, a, .float64, .portable)
    #expect(relativeError(try Self.activate(activation, a, .float32, library), reference) < 1e-6)
  }

  @Test func `known values in double`() throws {
    #expect(try Self.activate(.tanh, [0, 1], .float64, .portable) == [0, 0.7615941559557649])
    let sigmoid = try Self.activate(.sigmoid, [0, 2, -800, 800], .float64, .portable)
    #expect(abs(sigmoid[1] - 0.8807970779778823) < 1e-15)
    #expect(sigmoid[0] == 0.5 && sigmoid[2] == 0 && sigmoid[3] == 1)
    #expect(try Self.activate(.relu, [-2, 0, 3], .float64, .portable) == [0, 0, 3])
    #expect(try Self.activate(.leakyReLU, [-1, 3], .float64, .portable) == [-0.01, 3])
  }

  @Test func `the portable sigmoid keeps its small values in float32`() throws {
    // e⁻⁹⁵ = 5.5·10⁻⁴², a denormal; 1 / (1 + e⁹⁵) in float32 is 1 / ∞ = 0.
    #expect(try Self.activate(.sigmoid, [-95], .float32, .portable)[0] > 5e-42)
  }

  @Test(arguments: libraries)
  func `a layout in blocks keeps its zeros in the padding`(library: KernelLibrary) throws {
    let worker = try KernelWorker(library)
    let layout = try Layouts.blocks(library)
    let x = Array(repeating: Float(0), count: 3 * 400)
    let memory = try blocked(x, layout, library, worker)
    try ActivationKernel(.tanh, layout: layout, library: library).forward(
      memory.base, into: memory.base, worker: worker)
    #expect(memory.rows(0..<1, of: 1).allSatisfy { $0 == 0 })
  }
}
