import RobustnessCore
import TestSupport
import Testing

@Suite(.inTurn) struct `Tensors` {
  @Test func `rows are gathered, replaced and copied by index`() {
    var tensor = Tensor(shape: [3, 2], elements: [1, 2, 3, 4, 5, 6])
    #expect(tensor.rows([2, 0, 2]) == Tensor(shape: [3, 2], elements: [5, 6, 1, 2, 5, 6]))
    tensor.replaceRows([1, 0], with: Tensor(shape: [2, 2], elements: [7, 8, 9, 10]))
    #expect(tensor.elements == [9, 10, 7, 8, 5, 6])
    tensor.copyRow(2, of: tensor, to: 0)
    #expect(tensor.elements == [5, 6, 7, 8, 5, 6])
    #expect(tensor[1, 1] == 8 && Array(tensor[row: 1]) == [7, 8])
  }

  @Test func `shape has rows first`() {
    let tensor = Tensor(zeros: [4, 3, 2])
    #expect(tensor.rowCount == 4 && tensor.rowSize == 6 && tensor.rowShape == [3, 2])
    #expect(tensor.reshaped([4, 6]).shape == [4, 6])
  }

  // Lengths on both sides of the eight lanes of the loops.
  @Test(arguments: [1, 7, 8, 9, 16, 21]) func `steps follow the sign, and zero and NaN stay`(_ size: Int) {
    let direction = (0..<size).map { [2.5, -1e-300, 0, -0.0, .nan][$0 % 5] }
    let moved = (0..<size).map { [1.5, 0.5, 1, 1, 1][$0 % 5] }
    var tensor = Tensor(repeating: 1, shape: [1, size])
    tensor.stepAlongSign(of: Tensor(shape: [1, size], elements: direction), by: 0.5)
    #expect(tensor.elements == moved)
    tensor = Tensor(repeating: 1, shape: [1, size])
    tensor.stepAlongSign(
      of: Tensor(shape: [1, size], elements: direction), by: 9, perFeature: [Double](repeating: 0.5, count: size))
    #expect(tensor.elements == moved)
  }

  @Test(arguments: [1.0, 1e300, 1e-300, 0x1p-1074]) func `a unit step does not depend on the scale`(_ scale: Double) {
    var tensor = Tensor(zeros: [2, 2])
    tensor.stepAlongUnitVector(of: Tensor(shape: [2, 2], elements: [3 * scale, -4 * scale, 0, 0]), by: 10)
    #expect(abs(tensor[0, 0] - 6) < 1e-14 && abs(tensor[0, 1] + 8) < 1e-14)
    #expect(tensor[1, 0] == 0 && tensor[1, 1] == 0)
  }

  @Test func `unit steps can differ by row`() {
    var tensor = Tensor(zeros: [2, 2])
    tensor.stepAlongUnitVector(of: Tensor(shape: [2, 2], elements: [3, 4, 0, 2]), by: [5, 0.5])
    #expect(tensor.elements == [3, 4, 0, 0.5])
  }

  @Test func `a direction that is not a number moves nothing`() {
    var tensor = Tensor(zeros: [2, 2])
    tensor.stepAlongUnitVector(of: Tensor(shape: [2, 2], elements: [.nan, 1, .infinity, 1]), by: 1)
    #expect(tensor.elements == [0, 0, 0, 0])
    #expect(Tensor(shape: [1, 3], elements: [.nan, 1, -.infinity]).nonFiniteCount == 2)
  }

  @Test func `norms neither overflow nor underflow`() {
    let tensor = Tensor(shape: [3, 2], elements: [3e200, 4e200, 3e-200, 4e-200, 0, 0])
    #expect(zip(tensor.rowNorms, [5e200, 5e-200, 0]).allSatisfy { abs($0 - $1) <= 1e-15 * $1 })
    #expect(tensor.rowMaximumMagnitudes == [4e200, 4e-200, 0])
  }

  @Test func `addition scales, by one factor or one a feature`() {
    var tensor = Tensor(shape: [2, 2], elements: [1, 2, 3, 4])
    tensor.add(Tensor(repeating: 1, shape: [2, 2]), scaledBy: -0.5)
    #expect(tensor.elements == [0.5, 1.5, 2.5, 3.5])
    tensor.add(Tensor(repeating: 2, shape: [2, 2]), scaledBy: 9, perFeature: [1, 0])
    #expect(tensor.elements == [2.5, 1.5, 4.5, 3.5])
  }
}
