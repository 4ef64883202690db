import CComputeKernels
import Foundation
import RobustnessCore
import TestSupport
import Testing

@testable import NeuralNetworks

/// The loops that take eight numbers at a time, beside the formulas that take one and call the system's exp and erfc.
@Suite("Activations eight at a time", .inTurn)
struct FunctionLoopsTests {
  static let functions: [ElementwiseFunction] = [.silu, .gelu, .geluTanh]

  /// So many numbers within a bound, none of them special; the count leaves a rest.
  private func arguments(_ count: Int, within bound: Double, _ example: Int) -> [Float] {
    var stream = RandomStreams(seed: 12, purpose: "test/functions").stream(example: example)
    return stream.uniforms(count).map { Float(bound * (2 * $0 - 1)) }
  }

  @Test(arguments: functions) func `values are the formula's, rounded`(_ function: ElementwiseFunction) {
    let special: [Float] = [0, -0.0, .infinity, .nan, .leastNonzeroMagnitude, 3e38, -3e38, -100, 100]
    for (index, bound) in [0.01, 1, 6, 45].enumerated() {
      let x = arguments(1003, within: bound, index) + special
      var y = [Float](repeating: .nan, count: x.count)
      ckn_function_forward(function.kernel, &y, x, CKN_FLOAT32, x.count)
      for (found, argument) in zip(y, x) {
        let expected = function.value(Double(argument))
        guard expected.isFinite else {
          #expect(found.isNaN == expected.isNaN && (expected.isNaN || found == Float(expected)), "\(argument)")
          continue
        }
        #expect(abs(Double(found) - expected) <= 6.1e-8 * abs(expected) + 1.5e-45, "\(argument)")
      }
    }
  }

  @Test(arguments: functions) func `gradients are the formula's, with the row's exponent`(
    _ function: ElementwiseFunction
  ) {
    // The last rows go beyond what the loops take, and have arguments far to the left alone.
    for (index, bound) in [0.01, 1, 6, 19, 45, 400].enumerated() {
      let count = 1003
      let x = arguments(count, within: bound, 10 + index).map { index == 5 ? -abs($0) - 50 : $0 }
      let g = arguments(count, within: 1, 20 + index)
      var d = g
      var plain = g
      var exponent: Int32 = 3
      var scratch = [Double](repeating: 0, count: 2 * count)
      ckn_function_backward(function.kernel, &d, x, CKN_FLOAT32, &exponent, &scratch, 1, count)
      ckn_function_plain(function.kernel, &plain, x, CKN_FLOAT32, count)
      var largest = -Double.infinity
      for position in 0..<count {
        var fraction = 0.0
        var own: Int32 = 0
        ckn_function_derivative(function.kernel, Double(x[position]), &fraction, &own)
        let expected = Double(g[position]) * fraction
        largest = max(largest, log2(abs(expected)) + Double(own))
        // As mantissas of the row; those far below the largest may be too small for a float.
        let mantissa = scalbn(expected, max(-4000, min(4000, Int(own) - Int(exponent) + 3)))
        // Near the zero of the derivative what is lost is relative to its terms, which are below 2.
        let rounding = 1.3e-7 * abs(mantissa) + 1e-14 * scalbn(1, max(-1000, min(1000, 3 - Int(exponent)))) + 1.5e-45
        #expect(abs(Double(d[position]) - mantissa) <= rounding, "\(x[position])")
        let direct = scalbn(expected, max(-4000, Int(own)))
        #expect(abs(Double(plain[position]) - direct) <= 1.3e-7 * abs(direct) + 1e-14 + 1.5e-45, "\(x[position])")
      }
      let top = d.reduce(0) { max($0, abs($1)) }
      #expect(top > 1e-7 && top < 2e6)
      #expect(abs(log2(Double(top)) + Double(exponent - 3) - largest) < 1e-4)
    }
  }
}
