/// In which blocks some number of examples go, where blocks of several sizes give the same bits.
///
/// A block takes as long as all its rows, also those that only fill it up, and something besides: the products of few
/// rows are slower, and every call of a kernel has its price. Small networks pay for calls, large ones for rows.
struct BlockPlan: Sendable {
  /// Numbers of rows, the largest first.
  let sizes: [Int]
  /// What a block takes besides its rows, in rows.
  private let overhead: Double

  /// - Parameter operationsPerExample: Of a pass forward through one draw.
  init(sizes: [Int], operationsPerExample: Double) {
    precondition(!sizes.isEmpty, "there is no size of blocks")
    self.sizes = sizes.sorted(by: >)
    // Measured: a block of one draw takes 4 µs, and 0.12 µs for each row beside the products, which reach 100 GFLOP/s on
    // a core, less by four rows' time in each block. Elsewhere all of these are larger or smaller together; a plan that
    // is not the best one costs a few rows.
    overhead = 4 + 400_000 / (12_000 + 2 * operationsPerExample)
  }

  /// The rows of one block after the other; together they are at least `count`, and without the last they are fewer.
  func blocks(for count: Int) -> [Int] {
    let largest = sizes[0]
    var result = [Int](repeating: largest, count: count / largest)
    let rest = count % largest
    guard rest > 0 else { return result }
    result += cheapest(rest, sizes[...]).blocks
    return result
  }

  /// The cheapest way to go for fewer rows than the largest size has.
  private func cheapest(_ count: Int, _ sizes: ArraySlice<Int>) -> (blocks: [Int], cost: Double) {
    guard let size = sizes.first else { return ([], .infinity) }
    let whole = (count + size - 1) / size
    let cost = Double(size) + overhead
    var best = ([Int](repeating: size, count: whole), Double(whole) * cost)
    for used in 0..<whole {
      let others = cheapest(count - used * size, sizes.dropFirst())
      guard Double(used) * cost + others.cost < best.1 else { continue }
      best = ([Int](repeating: size, count: used) + others.blocks, Double(used) * cost + others.cost)
    }
    return best
  }
}
