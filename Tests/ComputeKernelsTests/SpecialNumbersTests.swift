import ComputeKernels
import TestSupport
import Testing

/// What becomes of NaN and of denormal numbers: facts that the layers above rely on.
@Suite(.inTurn) struct `Special numbers` {
  static func forward(
    _ x: Float, weight: Float, _ activation: FusedActivation, _ library: KernelLibrary
  ) throws -> Double {
    var problem = LinearProblem(rows: 1, inputs: 1, outputs: 1)
    problem.x = [x]
    problem.weights = [weight]
    problem.bias = [0]
    problem.activation = activation
    return try problem.results(.float32, library).y[0]
  }

  @Test(.enabled(if: oneDNNRuns), arguments: [FusedActivation.relu, .clipped(upper: 6)])
  func `the fused ReLU of oneDNN turns NaN into zero`(activation: FusedActivation) throws {
    #expect(try Self.forward(.nan, weight: 1, activation, .oneDNN) == 0)
  }

  @Test(arguments: [FusedActivation.relu, .clipped(upper: 6)])
  func `the fused ReLU of the portable kernels keeps NaN`(activation: FusedActivation) throws {
    #expect(try Self.forward(.nan, weight: 1, activation, .portable).isNaN)
  }

  @Test(arguments: libraries, [FusedActivation.none, .leakyReLU(slope: 0.01)])
  func `everything else keeps NaN`(library: KernelLibrary, activation: FusedActivation) throws {
    #expect(try Self.forward(.nan, weight: 1, activation, library).isNaN)
  }

  @Test(arguments: ElementwiseActivation.allCases)
  func `portable activations keep NaN`(activation: ElementwiseActivation) throws {
    #expect(try Activations.activate(activation, [.nan], .float32, .portable)[0].isNaN)
    #expect(try Activations.activate(activation, [.nan], .float64, .portable)[0].isNaN)
  }

  @Test(arguments: libraries)
  func `a NaN stays in its own row`(library: KernelLibrary) throws {
    var problem = LinearProblem(rows: 6, inputs: 20, outputs: 5)
    problem.x[2 * 20] = .nan
    let y = try problem.results(.float32, library).y
    #expect(y.indices.filter { y[$0].isNaN } == Array(10..<15))
  }

  @Test(arguments: libraries)
  func `float32 products keep denormal numbers`(library: KernelLibrary) throws {
    let denormal = Float(bitPattern: 71362)  // about 10⁻⁴⁰
    #expect(try Self.forward(denormal, weight: 1, .none, library) == Double(denormal))
    #expect(try Self.forward(2e-20, weight: 1e-20, .none, library) > 1.9e-40)
  }

  @Test(.enabled(if: bfloat16Runs))
  func `bfloat16 products flush denormal operands to zero`() throws {
    var problem = LinearProblem(rows: 1, inputs: 1, outputs: 1)
    problem.x = [Float(bitPattern: 0x0040_0000)]  // 2⁻¹²⁷, exact in bfloat16
    problem.weights = [0x1p20]
    problem.bias = [0]
    #expect(try problem.results(.bfloat16, .oneDNN).y == [0])
  }

  @Test func `bfloat16 rounds to nearest, ties to even`() {
    // The upper half of 1 + 2⁻⁸ ends in 0 (even), that of 1 + 3·2⁻⁸ in 1.
    let x: [Float] = [1, 1 + 0x1p-8, 1 + 0x3p-8, 1 + 0x1.02p-8, -0.0, .infinity, .greatestFiniteMagnitude]
    var result = Array(repeating: UInt16(0), count: x.count)
    BFloat16.convert(x, count: x.count, into: &result)
    #expect(result == [0x3f80, 0x3f80, 0x3f82, 0x3f81, 0x8000, 0x7f80, 0x7f80])
  }

  @Test func `bfloat16 keeps a NaN whose payload is in the lower half`() {
    let x = [Float(bitPattern: 0x7f80_0001), Float(bitPattern: 0xffff_ffff)]
    var result: [UInt16] = [0, 0]
    BFloat16.convert(x, count: 2, into: &result)
    #expect(result.allSatisfy { Float(bitPattern: UInt32($0) << 16).isNaN })
  }
}
