/// The arithmetic that an author's program computed its answers in.
public enum AnswerPrecision: String, Sendable, Hashable, Codable, CaseIterable {
  /// 53 bits everywhere.
  case float64
  /// 24 bits everywhere.
  case float32
  /// Products of operands with 11 bits (10 of them stored), everything else in float32: what graphics processors do
  /// with float32 when they are allowed to.
  case tf32
  /// Products of operands with 8 bits (7 of them stored), summed in float32, results stored with 8 bits.
  case bfloat16
}

/// How far rounding may take an answer from the exact one, in the terms of one product: the unit roundoffs of its three
/// places.
struct RoundingModel {
  /// Relative error of an operand of a product.
  let operand: Double
  /// Relative error of a partial sum.
  let sum: Double
  /// Relative error of what a layer stores.
  let result: Double

  /// Partial sums in another order than here are up to so many times as large: nobody knows in which order a library
  /// adds.
  static let order = 4.0

  /// The model of an arithmetic.
  init(_ precision: AnswerPrecision) {
    switch precision {
    case .float64: (operand, sum, result) = (0, 0x1p-53, 0x1p-53)
    case .float32: (operand, sum, result) = (0, 0x1p-24, 0x1p-24)
    // Twice the unit roundoff: hardware may cut digits off where it could round.
    case .tf32: (operand, sum, result) = (0x1p-10, 0x1p-24, 0x1p-24)
    case .bfloat16: (operand, sum, result) = (0x1p-8, 0x1p-24, 0x1p-8)
    }
  }

  /// The smallest deviation that means anything: below it numbers underflow.
  var floor: Double { sum > 0x1p-40 ? 0x1p-120 : 0x1p-1000 }
}
