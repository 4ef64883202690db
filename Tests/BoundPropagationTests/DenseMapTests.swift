import TestSupport
import Testing

@testable import NeuralNetworks

@Suite(.inTurn) struct `Products of dense layers` {
  /// Coefficients with zeros in the same places of all rows, of which many rows are multiplied without them.
  @Test(arguments: [(64, 40, 1), (600, 70, 1), (40, 33, 3), (300, 8, 1)])
  func `have the same bits for one row and for many, whatever is left out`(_ outputs: Int, _ inputs: Int, _ tokens: Int)
  {
    var numbers = Numbers(101)
    let map = DenseMap(
      numbers.uniforms(outputs * inputs, -1, 1), outputs: outputs, inputs: inputs, tokens: tokens)
    for kept in [0, 0.02, 0.5, 0.8, 1] {
      let isKept = (0..<outputs).map { _ in numbers.uniform(0, 1) < kept }
      for rows in [1, 40, 129] {
        let a = (0..<rows * tokens).flatMap { _ in
          isKept.map { $0 && numbers.whole(below: 3) > 0 ? numbers.uniform(-1, 1) : 0 }
        }
        var together = [Double](repeating: .nan, count: rows * tokens * inputs)
        map.applyTransposed(a, rows: rows, to: &together)
        var alone = [Double](repeating: .nan, count: tokens * inputs)
        for row in 0..<rows {
          map.applyTransposed(
            Array(a[row * tokens * outputs..<(row + 1) * tokens * outputs]), rows: 1, to: &alone)
          #expect(alone == Array(together[row * tokens * inputs..<(row + 1) * tokens * inputs]))
        }
      }
    }
  }

  @Test func `have rows that are the matrix's`() {
    var numbers = Numbers(102)
    let (outputs, inputs, tokens) = (7, 5, 3)
    let map = DenseMap(numbers.uniforms(outputs * inputs, -1, 1), outputs: outputs, inputs: inputs, tokens: tokens)
    for output in 0..<tokens * outputs {
      var unit = [Double](repeating: 0, count: tokens * outputs)
      unit[output] = 1
      var (product, row) = ([Double](repeating: .nan, count: tokens * inputs), [Double](repeating: .nan, count: 15))
      map.applyTransposed(unit, rows: 1, to: &product)
      map.copyRow(output, to: &row)
      #expect(row == product)
    }
  }
}
