/// Finds draws that room was made for and that were never filled.
///
/// An array is allocated as zeros, or as the fill value of its data set, before any draw is stored. A draw in which
/// every parameter still is that is no draw, whatever made it: no sampler and no training ends with all weights zero.
struct UnfilledDraws {
  private let chainCount: Int
  private let drawsPerChain: Int
  /// Whether everything seen so far of a draw is what an array is allocated with.
  private var isBlank: [Bool]
  /// For each parameter, by path, the number of draws in which all of it is zero.
  private(set) var zeroDrawCounts: [String: Int] = [:]

  init(chainCount: Int, drawsPerChain: Int) {
    self.chainCount = chainCount
    self.drawsPerChain = drawsPerChain
    isBlank = Array(repeating: true, count: chainCount * drawsPerChain)
  }

  /// Adds one parameter of some draws that follow each other.
  ///
  /// - Parameters:
  ///   - block: Values in the stored representation.
  ///   - drawSize: Bytes of one draw of this parameter.
  ///   - fill: The fill value of the data set, in the stored representation; nil for zero.
  mutating func add(_ path: String, _ block: UnsafeRawBufferPointer, drawSize: Int, firstDraw: Int, fill: [UInt8]?) {
    guard drawSize > 0 else { return }
    for index in 0..<(block.count / drawSize) where firstDraw + index < isBlank.count {
      let values = UnsafeRawBufferPointer(rebasing: block[(index * drawSize)..<((index + 1) * drawSize)])
      // Negative zeros are computed, not allocated.
      let isZero = values.allSatisfy { $0 == 0 }
      if isZero { zeroDrawCounts[path, default: 0] += 1 }
      if !isZero, !Self.repeats(values, fill) { isBlank[firstDraw + index] = false }
    }
  }

  private static func repeats(_ values: UnsafeRawBufferPointer, _ fill: [UInt8]?) -> Bool {
    guard let fill, !fill.isEmpty else { return false }
    return values.indices.allSatisfy { values[$0] == fill[$0 % fill.count] }
  }

  /// Why the draws cannot be read as they stand, and what to do; nil when every one was filled.
  var problem: (reason: String, advice: String)? {
    let blank = isBlank.indices.filter { isBlank[$0] }
    guard let first = blank.first else { return nil }
    let nothing = "only zeros, or the fill value, in every parameter"
    guard blank.count < isBlank.count else {
      return (
        "holds \(nothing) of every draw: room was made for them, and they were never filled", "Store the draws"
      )
    }
    let more =
      blank.count == 1
      ? "it was never filled" : "so it is with \(blank.count) of \(isBlank.count) draws, which were never filled"
    return (
      "holds \(nothing) in draw \(first % drawsPerChain) of chain \(first / drawsPerChain): \(more)", advice(blank)
    )
  }

  private func advice(_ blank: [Int]) -> String {
    let filled = (0..<chainCount).map { chain in
      isBlank[chain * drawsPerChain..<(chain + 1) * drawsPerChain].prefix { !$0 }.count
    }
    let shortest = filled.min() ?? 0
    if shortest > 0 {
      return "Store the draws that were made, as many of each chain: in numpy values[:, :\(shortest)]"
    }
    return "Leave out what was never filled: chains, or draws of all chains"
  }
}
