/// A whole number that may depend on how many examples go through the network at once: `constant + batches · N`.
struct SymbolicInteger: Hashable, Sendable {
  var constant: Int
  var batches: Int

  init(_ constant: Int, batches: Int = 0) {
    self.constant = constant
    self.batches = batches
  }

  /// The number; nil where it depends on the batch.
  var fixed: Int? { batches == 0 ? constant : nil }

  /// Sum, or nil where it overflows.
  func adding(_ other: SymbolicInteger, times sign: Int = 1) -> SymbolicInteger? {
    guard other.constant != .min, other.batches != .min else { return nil }
    let (a, first) = constant.addingReportingOverflow(sign * other.constant)
    let (b, second) = batches.addingReportingOverflow(sign * other.batches)
    return first || second ? nil : SymbolicInteger(a, batches: b)
  }

  /// Product, or nil where it overflows or has a square of the batch.
  func multiplied(by other: SymbolicInteger) -> SymbolicInteger? {
    guard batches == 0 || other.batches == 0 else { return nil }
    let (a, first) = constant.multipliedReportingOverflow(by: other.constant)
    let (b, second) = batches.multipliedReportingOverflow(by: other.constant)
    let (c, third) = constant.multipliedReportingOverflow(by: other.batches)
    return first || second || third ? nil : SymbolicInteger(a, batches: b &+ c)
  }

  /// Quotient, or nil where it is not the same whole number for every batch.
  func divided(by other: SymbolicInteger) -> SymbolicInteger? {
    // The least number has no negative.
    guard constant != .min, batches != .min else { return nil }
    if other.batches != 0 {
      // k N by N.
      guard other.constant == 0, constant == 0, batches % other.batches == 0 else { return nil }
      return SymbolicInteger(batches / other.batches)
    }
    guard other.constant != 0 else { return nil }
    guard batches != 0 else { return SymbolicInteger(constant / other.constant) }
    guard constant % other.constant == 0, batches % other.constant == 0 else { return nil }
    return SymbolicInteger(constant / other.constant, batches: batches / other.constant)
  }

  /// Whether it equals another for every batch of at least one; nil where that depends.
  func equals(_ other: SymbolicInteger) -> Bool? {
    if self == other { return true }
    guard let difference = adding(other, times: -1), difference.constant != .min else { return nil }
    if difference.batches == 0 { return false }
    // a + b N is zero for N = −a / b only.
    let root = -difference.constant
    let isReached = root % difference.batches == 0 && root / difference.batches >= 1
    return isReached ? nil : false
  }
}
