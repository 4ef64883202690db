/// A sum of products of doubles without rounding: whole numbers by exponent, in pieces of 26 bits.
struct ExactSum {
  private var pieces: [Int: Int] = [:]

  mutating func add(_ a: Double, _ b: Double) {
    guard a != 0, b != 0 else { return }
    func split(_ x: Double) -> [(Int, Int)] {
      precondition(x.isNormal, "\(x) is no normal number")
      let significand = Int(x.significandBitPattern | 1 << 52)
      let exponent = Int(x.exponent) - 52
      let sign = x < 0 ? -1 : 1
      return [(sign * (significand & 0x3FF_FFFF), exponent), (sign * (significand >> 26), exponent + 26)]
    }
    for (p, e) in split(a) { for (q, f) in split(b) { pieces[e + f, default: 0] += p * q } }
  }

  private var isNegative: Bool {
    // Carried from the lowest piece to the highest.
    guard let lowest = pieces.keys.min(), let highest = pieces.keys.max() else { return false }
    var carry = 0
    for exponent in lowest...(highest + 70) { carry = (carry + (pieces[exponent] ?? 0)) >> 1 }
    return carry < 0
  }

  /// Whether the sum is at least `factor` times a double.
  func isAtLeast(_ x: Double, times factor: Double = 1) -> Bool {
    if x.isInfinite { return x < 0 }
    var difference = self
    difference.add(-x, factor)
    return !difference.isNegative
  }

  /// Whether the sum is at most `factor` times a double.
  func isAtMost(_ x: Double, times factor: Double = 1) -> Bool {
    if x.isInfinite { return x > 0 }
    var difference = ExactSum()
    difference.add(x, factor)
    for (exponent, piece) in pieces { difference.pieces[exponent, default: 0] -= piece }
    return !difference.isNegative
  }
}
