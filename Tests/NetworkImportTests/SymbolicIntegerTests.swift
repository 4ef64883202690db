import TestSupport
import Testing

@testable import NetworkImport

/// Numbers that may depend on how many examples there are.
@Suite("Symbolic integers", .inTurn)
struct SymbolicIntegerTests {
  private let batch = SymbolicInteger(0, batches: 1)

  @Test func `what is computed holds for any number of examples`() {
    let four = SymbolicInteger(4)
    #expect(batch.multiplied(by: four) == SymbolicInteger(0, batches: 4))
    #expect(SymbolicInteger(0, batches: 64).divided(by: four) == SymbolicInteger(0, batches: 16))
    #expect(SymbolicInteger(0, batches: 64).divided(by: batch) == SymbolicInteger(64))
    #expect(SymbolicInteger(2, batches: 64).divided(by: four) == nil)
    #expect(batch.multiplied(by: batch) == nil)
    #expect(batch.equals(SymbolicInteger(-1)) == false)
    #expect(batch.equals(SymbolicInteger(1)) == nil)
    #expect(batch.equals(batch) == true)
  }

  @Test func `overflow is no result`() {
    let (least, most) = (SymbolicInteger(.min), SymbolicInteger(.max))
    let minus = SymbolicInteger(-1)
    #expect(least.divided(by: minus) == nil)
    #expect(SymbolicInteger(0, batches: .min).divided(by: minus) == nil)
    #expect(most.adding(SymbolicInteger(1)) == nil)
    #expect(SymbolicInteger(0).adding(least, times: -1) == nil)
    #expect(most.multiplied(by: most) == nil)
    #expect(least.equals(batch) == nil)
  }

  @Test func `a reshape keeps the batch where it was, of one example too`() {
    // Tokens first, as PyTorch's attention has them: (17, N, 32).
    let tokens = RowShape([17, 1, 32], batchAxis: 1)
    for batch in [nil, 1] {
      let n = { (multiple: Int) in batch == nil ? SymbolicInteger(0, batches: multiple) : SymbolicInteger(multiple) }
      let heads = tokens.reshaped(to: [SymbolicInteger(17), n(4), SymbolicInteger(8)], batch: batch)
      #expect(heads == RowShape([17, 4, 8], batchAxis: 1))
      #expect(heads?.example == [17, 4, 8])
      let rows = tokens.reshaped(to: [n(17), SymbolicInteger(32)], batch: batch)
      #expect(rows == RowShape([17, 32], batchAxis: 0, outer: 17))
      #expect(rows?.reshaped(to: [SymbolicInteger(17), n(1), SymbolicInteger(32)], batch: batch) == tokens)
    }
    // Tokens of different examples next to each other are no reshape of examples.
    let first = RowShape([1, 17, 32])
    #expect(
      first.reshaped(to: [SymbolicInteger(17), SymbolicInteger(0, batches: 1), SymbolicInteger(32)], batch: nil) == nil)
  }
}
