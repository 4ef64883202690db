/// Numbers between two margins that nobody may write to.
///
/// A plugin that counts wrongly writes into a margin, is found out, and costs nothing else. What writes farther is not
/// caught: a plugin has the rights of the program.
final class GuardedNumbers {
  /// 64 KiB on either side.
  private static let margin = 8192
  /// No number that an attack computes.
  private static let pattern = Double(bitPattern: 0xfff8_dead_beef_5afe)

  private let memory: UnsafeMutablePointer<Double>
  private let count: Int

  init(_ elements: [Double]) {
    count = elements.count
    memory = .allocate(capacity: count + 2 * Self.margin)
    memory.initialize(repeating: Self.pattern, count: count + 2 * Self.margin)
    elements.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { numbers.update(from: base, count: count) }
    }
  }

  deinit { memory.deallocate() }

  var numbers: UnsafeMutablePointer<Double> { memory + Self.margin }
  var elements: [Double] { Array(UnsafeBufferPointer(start: numbers, count: count)) }

  /// Whether these are the numbers, bit for bit.
  func holds(_ elements: [Double]) -> Bool {
    elements.count == count && elements.indices.allSatisfy { numbers[$0].bitPattern == elements[$0].bitPattern }
  }

  /// Whether both margins are as they were.
  var isIntact: Bool {
    let expected = Self.pattern.bitPattern
    return (0..<Self.margin).allSatisfy {
      memory[$0].bitPattern == expected && memory[Self.margin + count + $0].bitPattern == expected
    }
  }
}
