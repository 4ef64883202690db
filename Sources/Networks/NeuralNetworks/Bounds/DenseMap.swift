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

  /// What functions have flattened has coefficients of 0 in all rows, and is left out: the result has the same bits.
  func applyTransposed(_ a: UnsafePointer<Double>, rows: Int, to y: UnsafeMutablePointer<Double>) {
    let rows = rows * tokens
    var isUsed = [Bool](repeating: rows < Self.leastRows, count: outputs)
    if rows >= Self.leastRows {
      for row in 0..<rows { for j in 0..<outputs where a[row * outputs + j] != 0 { isUsed[j] = true } }
    }
    let used = isUsed.indices.filter { isUsed[$0] }.map(Int32.init)
    guard 8 * used.count < 7 * outputs else {
      return portable_product_to_input_f64(y, a, weights, rows, inputs, outputs, 0)
    }
    withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, rows * used.count)) { packed in
      for row in 0..<rows {
        for (place, j) in used.enumerated() { packed[row * used.count + place] = a[row * outputs + Int(j)] }
      }
      portable_product_of_chosen_f64(y, packed.baseAddress!, weights, rows, inputs, used, used.count)
    }
  }

  /// Rows from which on it pays to look for what is left out.
  private static let leastRows = 32

  func copyRow(_ output: Int, to row: UnsafeMutablePointer<Double>) {
    row.update(repeating: 0, count: inputCount)
    let (token, unit) = output.quotientAndRemainder(dividingBy: outputs)
    for i in 0..<inputs { row[token * inputs + i] = weights[unit * inputs + i] }
  }
}
