internal import CComputeKernels
internal import RobustnessCore

/// y = W x, W (outputs, inputs), token by token.
final class DenseMap: LinearMap {
  private let tokens: Int
  private let inputs: Int
  private let outputs: Int
  private let weights: [Double]
  private let transposed: [Double]
  private let magnitudes: [Double]

  init(_ weights: [Double], outputs: Int, inputs: Int, tokens: Int = 1) {
    self.tokens = tokens
    self.inputs = inputs
    self.outputs = outputs
    self.weights = weights
    transposed = [Double](unsafeUninitializedCapacity: weights.count) { buffer, count in
      portable_transpose_f64(buffer.baseAddress!, weights, outputs, inputs)
      count = weights.count
    }
    magnitudes = transposed.map(abs)
  }

  var inputCount: Int { tokens * inputs }
  var outputCount: Int { tokens * outputs }
  var bytes: Int { 3 * 8 * weights.count }
  var longestRow: Int { inputs }
  var longestColumn: Int { outputs }
  var multiplications: Double { Double(tokens) * Double(inputs) * Double(outputs) }

  func apply(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    portable_product_to_input_f64(y, x, transposed, rows * tokens, outputs, inputs, 0)
  }

  func applyMagnitudes(_ x: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    portable_product_to_input_f64(y, x, magnitudes, rows * tokens, outputs, inputs, 0)
  }

  func applyTransposed(_ a: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    portable_product_to_input_f64(y, a, weights, rows * tokens, inputs, outputs, 0)
  }
}
