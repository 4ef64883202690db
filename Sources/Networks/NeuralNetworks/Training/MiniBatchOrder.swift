public import RobustnessCore

/// The examples in the order in which an epoch passes through them, and their cuts into mini-batches.
///
/// Every epoch is a permutation of its own, keyed by the epoch (the streams are those of a chain). The last batch may
/// be smaller than the others.
public struct MiniBatchOrder: Sendable {
  /// Examples in a batch.
  public let batchSize: Int
  private let examples: [Int64]

  /// - Parameters:
  ///   - examples: Positions of the examples; repetitions count.
  ///   - batchSize: At least 1; more than there are examples means all of them.
  public init(examples: [Int64], batchSize: Int) {
    precondition(batchSize > 0 && !examples.isEmpty)
    self.examples = examples
    self.batchSize = min(batchSize, examples.count)
  }

  /// Examples of one epoch.
  public var count: Int { examples.count }
  /// Batches of one epoch.
  public var batchCount: Int { (examples.count + batchSize - 1) / batchSize }

  /// The batches of an epoch.
  ///
  /// - Parameters:
  ///   - epoch: From 0.
  ///   - random: Streams of one chain.
  public func batches(epoch: Int, random: RandomStreams) -> [[Int64]] {
    var order = examples
    if batchCount > 1 {
      // Fisher and Yates. Spelt out, since the library's shuffle may change with its version and a run must not.
      var stream = random.streams(for: "mini-batches").stream(example: epoch)
      for last in stride(from: order.count - 1, to: 0, by: -1) {
        order.swapAt(last, stream.index(below: last + 1))
      }
    }
    return stride(from: 0, to: order.count, by: batchSize).map { Array(order[$0..<min($0 + batchSize, order.count)]) }
  }

  /// As many examples as there are, drawn with replacement (Efron 1979).
  ///
  /// - Parameters:
  ///   - count: Number of examples there are.
  ///   - random: Streams of one chain.
  /// - Returns: Positions of examples, `count` of them.
  public static func bootstrap(count: Int, random: RandomStreams) -> [Int64] {
    var stream = random.streams(for: "bootstrap").stream(example: 0)
    return (0..<count).map { _ in Int64(stream.index(below: count)) }
  }
}

extension RandomStream {
  /// A whole number from 0 to below `bound`: the upper half of a product of 128 bits, whose bias is below bound/2⁶⁴.
  fileprivate mutating func index(below bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }
}
