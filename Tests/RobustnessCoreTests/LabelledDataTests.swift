import RobustnessCore
import TestSupport
import Testing

/// Labelled inputs in every representation that they are stored in.
@Suite(.inTurn) struct LabelledDataTests {
  @Test func `a byte means its value divided by 255, and every other number itself`() {
    #expect(StoredNumbers.bytes([0, 51, 255]).values == [0, 0.2, 1])
    #expect(StoredNumbers.floats([0.1, -2]).values == [Double(Float(0.1)), -2])
    #expect(StoredNumbers.doubles([0.1, -2]).values == [0.1, -2])
  }

  @Test(arguments: [
    (StoredNumbers.bytes([0, 51, 255]), 0.0...1), (.floats([3, -1, 2]), -1...3), (.doubles([0.5]), 0.5...0.5),
    (.floats([]), 0...0),
  ])
  func `the range is that of what the numbers mean`(_ numbers: StoredNumbers, _ range: ClosedRange<Double>) {
    #expect(numbers.range == range)
  }

  @Test(arguments: [
    (StoredNumbers.bytes([1, 2, 3, 4, 5, 6]), StoredNumbers.bytes([5, 6, 1, 2])),
    (.floats([1, 2, 3, 4, 5, 6]), .floats([5, 6, 1, 2])), (.doubles([1, 2, 3, 4, 5, 6]), .doubles([5, 6, 1, 2])),
  ])
  func `rows stay in their representation, in the order that they are named in`(
    _ numbers: StoredNumbers, _ chosen: StoredNumbers
  ) {
    #expect(numbers.rows([2, 0], size: 2) == chosen)
    let data = LabelledData(inputs: numbers, inputShape: [2], labels: [7, 8, 9], inputBounds: 0...10)
    #expect(
      data.subset([2, 0]) == LabelledData(inputs: chosen, inputShape: [2], labels: [9, 7], inputBounds: 0...10))
  }

  @Test func `numbers that rounding moved across the bounds lie on them, and bytes are left alone`() {
    let floats = LabelledData(inputs: .floats([0.1, -1e-9]), inputShape: [1], labels: [0, 1], inputBounds: 0...0.1)
    #expect(floats.values == [0.1, 0])
    #expect(floats.inputs == .floats([0.1, -1e-9]))
    #expect(floats.within(-1...1).values == [Double(Float(0.1)), Double(Float(-1e-9))])
    let bytes = LabelledData(inputs: .bytes([255]), inputShape: [1], labels: [0], inputBounds: 0...0.5)
    #expect(bytes.values == [1])
  }

  @Test func `examples have the shape of the inputs, and their positions as identifiers`() {
    let data = LabelledData(inputs: .doubles([1, 2, 3, 4, 5, 6, 7, 8]), inputShape: [1, 2, 2], labels: [4, 5])
    let all = data.examples()
    #expect(all.inputs.shape == [2, 1, 2, 2] && all.identifiers == [0, 1] && all.labels == [4, 5])
    let second = data.examples([1])
    #expect(second.inputs.elements == [5, 6, 7, 8] && second.identifiers == [1] && second.labels == [5])
  }
}
