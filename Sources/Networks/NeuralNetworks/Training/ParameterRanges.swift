/// Parameters cut into ranges of fixed size, worked on by several threads.
///
/// The cuts depend on the number of parameters alone, so that sums of the ranges' sums, in order, do not depend on
/// threads.
struct ParameterRanges: Sendable {
  /// Parameters of a range: a multiple of 64, because normal numbers are made in groups of so many, and few enough for
  /// the second-level cache.
  static let length = 16_384

  let ranges: [Range<Int>]
  private let team: WorkerTeam

  init(count: Int, threads: Int) {
    self.init(arrays: [count], threads: threads)
  }

  /// Ranges that end where an array does; each is within one of them.
  init(arrays: [Int], threads: Int) {
    var ranges: [Range<Int>] = []
    var offset = 0
    for count in arrays {
      let end = offset + count
      while offset < end {
        let next = min(end, (offset / Self.length + 1) * Self.length)
        ranges.append(offset..<next)
        offset = next
      }
    }
    self.init(ranges, threads: threads)
  }

  private init(_ ranges: [Range<Int>], threads: Int) {
    self.ranges = ranges
    // A thread is worth its start from a few ranges on.
    team = WorkerTeam(count: max(1, min(WorkerTeam.useful(threads), ranges.count / 4)))
  }

  /// Calls `body` for every range.
  func perform(_ body: @Sendable (Range<Int>) -> Void) {
    performIndexed { body(ranges[$0]) }
  }

  /// Calls `body` with the number of every range.
  func performIndexed(_ body: @Sendable (_ index: Int) -> Void) {
    // The closure does not throw, so neither does the team.
    try! team.perform { worker in
      for index in stride(from: worker, to: ranges.count, by: team.count) { body(index) }
    }
  }
}
