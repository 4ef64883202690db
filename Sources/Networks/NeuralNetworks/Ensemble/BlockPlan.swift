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

  /// The same for several workers: the blocks that are done first.
  ///
  /// Ten draws are two groups, of eight and of two; a block that two workers take a group each of keeps one of them
  /// waiting, and two smaller blocks do not.
  func blocks(for count: Int, through draws: Draws, workers: Int) -> [Int] {
    let least = blocks(for: count)
    guard workers > 1 else { return least }
    // Shares of equal size, each in the blocks that are best for it; then blocks of one size.
    let share = blocks(for: (count + workers - 1) / workers).flatMap { [Int](repeating: $0, count: workers) }
    let uniform = sizes.map { [Int](repeating: $0, count: (count + $0 - 1) / $0) }
    var best = (blocks: least, time: time(least, draws, workers))
    for var blocks in [share] + uniform {
      while let last = blocks.last, blocks.reduce(0, +) - last >= count { blocks.removeLast() }
      let time = time(blocks, draws, workers)
      if time < best.time { best = (blocks, time) }
    }
    return best.blocks
  }

  /// Draws that come in groups.
  struct Draws: Sendable {
    let count: Int
    let perGroup: Int
    var groups: Int { (count + perGroup - 1) / perGroup }

    /// Draws that the busiest of several workers takes where each takes groups of one block.
    func each(of workers: Int) -> Int { min(count, (groups + workers - 1) / workers * perGroup) }
  }

  /// How many of the blocks workers take as a whole, each all groups of its own blocks. Of the others each takes groups,
  /// one block after the other, where that is done sooner.
  static func wholeBlocks(_ count: Int, _ draws: Draws, workers: Int) -> Int {
    let rest = count % workers
    return rest * draws.each(of: workers) < draws.count ? count - rest : count
  }

  /// When the busiest worker is done, in rows of one draw.
  func time(_ blocks: [Int], _ draws: Draws, _ workers: Int) -> Double {
    let whole = Self.wholeBlocks(blocks.count, draws, workers: workers)
    let costs = blocks.map { Double($0) + overhead }
    let busiest = (0..<min(workers, whole)).map { worker in
      stride(from: worker, to: whole, by: workers).reduce(0) { $0 + costs[$1] }
    }.max()
    return (busiest ?? 0) * Double(draws.count) + costs[whole...].reduce(0, +) * Double(draws.each(of: workers))
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
