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
}
