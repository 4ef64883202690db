import TestSupport
import Testing

@testable import NeuralNetworks

@Suite("Blocks for some number of examples", .inTurn)
struct BlockPlanTests {
  static let plans = [
    BlockPlan(sizes: [32, 250, 128], operationsPerExample: 2_300),
    BlockPlan(sizes: [250, 128, 32], operationsPerExample: 1_340_000),
    BlockPlan(sizes: [250], operationsPerExample: 1e6),
    BlockPlan(sizes: [256, 32], operationsPerExample: 50_000), BlockPlan(sizes: [1], operationsPerExample: 100),
  ]

  @Test("every example is in a block, and no block is empty", arguments: plans.indices)
  func covering(index: Int) {
    let plan = Self.plans[index]
    #expect(plan.blocks(for: 0).isEmpty)
    for count in 1...1100 {
      let blocks = plan.blocks(for: count)
      #expect(blocks.allSatisfy(plan.sizes.contains))
      #expect(blocks == blocks.sorted(by: >))
      let all = blocks.reduce(0, +)
      #expect(all >= count && all - blocks.last! < count)
    }
  }

  /// All examples through one draw of a small network take 28 rows a block besides, of a large one 4.
  @Test("no other blocks take less time", arguments: [(0, 28.096), (1, 4.149)])
  func cheapest(index: Int, overhead: Double) {
    let plan = Self.plans[index]
    func cost(_ blocks: [Int]) -> Double { blocks.reduce(0) { $0 + Double($1) + overhead } }
    for count in 1...250 {
      var others = Double.infinity
      for middle in 0...2 {
        let left = max(0, count - 128 * middle)
        others = min(others, cost([Int](repeating: 128, count: middle) + [Int](repeating: 32, count: (left + 31) / 32)))
      }
      #expect(abs(cost(plan.blocks(for: count)) - min(others, cost([250]))) < 0.5, "\(count)")
    }
  }

  @Test(arguments: plans.indices, [1, 2, 3, 16])
  func `several workers cover every example too, and are done no later`(index: Int, workers: Int) {
    let plan = Self.plans[index]
    for draws in [1, 8, 10, 88].map({ BlockPlan.Draws(count: $0, perGroup: 8) }) {
      for count in [0, 1, 31, 64, 117, 250, 251, 300, 500, 777] {
        let blocks = plan.blocks(for: count, through: draws, workers: workers)
        let all = blocks.reduce(0, +)
        #expect(all >= count && all - (blocks.last ?? 0) < max(count, 1))
        #expect(blocks.allSatisfy(plan.sizes.contains))
        #expect(plan.time(blocks, draws, workers) <= plan.time(plan.blocks(for: count), draws, workers))
        if workers == 1 { #expect(blocks == plan.blocks(for: count)) }
      }
    }
  }

  @Test func `two workers of ten draws take a half of the examples each`() {
    let (plan, draws) = (Self.plans[1], BlockPlan.Draws(count: 10, perGroup: 8))
    #expect(
      [250, 500, 300].map { plan.blocks(for: $0, through: draws, workers: 2) } == [
        [128, 128], [250, 250], [128, 128, 32, 32],
      ])
    // With many groups it is all the same.
    #expect(plan.blocks(for: 250, through: .init(count: 400, perGroup: 8), workers: 2) == [250])
    // Sixteen workers take a block each.
    #expect(
      plan.blocks(for: 500, through: .init(count: 8, perGroup: 8), workers: 16) == [Int](repeating: 32, count: 16))
  }

  @Test func `large networks pay for rows, small ones for calls`() {
    let (small, large) = (Self.plans[0], Self.plans[1])
    #expect([20, 90, 120, 200, 300].map(small.blocks) == [[32], [128], [128], [250], [250, 32, 32]])
    #expect(
      [20, 90, 120, 200, 300].map(large.blocks) == [[32], [32, 32, 32], [128], [128, 32, 32, 32], [250, 32, 32]])
  }
}
