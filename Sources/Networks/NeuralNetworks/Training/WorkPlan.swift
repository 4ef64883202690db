internal import ComputeKernels

/// How examples are cut into blocks and units of work: a function of their number alone, so that no bit depends on the
/// number of threads.
///
/// A unit is a run of blocks whose weight gradients add up in single precision inside the products; the sums of the
/// units are added in `Double`, in order. Adding one costs about as much as a fifteenth of a block's products, and
/// rounding grows with the length of a sum: 5,000 examples in a unit keep both small. Large blocks reuse the packed
/// weights, and read and write the sums less often.
struct WorkPlan: Sendable, Hashable {
  let count: Int
  /// Rows of a block.
  let rows: Int
  let blockCount: Int
  let unitCount: Int

  init(count: Int, architecture: Architecture, precision: Precision) {
    let hasImages = architecture.hasConvolutions
    let most = hasImages ? 64 : precision == .bfloat16 ? 2500 : 1250
    let wanted = count <= 32 ? 1 : max(2, (count + most - 1) / most)
    let rows = ((count + wanted - 1) / wanted + 15) / 16 * 16
    self.count = count
    self.rows = rows
    blockCount = (count + rows - 1) / rows
    unitCount = min(blockCount, 2 * ((count + 9_999) / 10_000))
  }

  /// The blocks of a unit.
  func blocks(_ unit: Int) -> Range<Int> { unit * blockCount / unitCount..<(unit + 1) * blockCount / unitCount }

  /// The examples of a block.
  func examples(_ block: Int) -> Range<Int> { block * rows..<min((block + 1) * rows, count) }
}
