import Foundation

/// Numbers of 16 bits, to which weights are rounded on their way into many files.
enum HalfPrecision: String, CaseIterable, Sendable {
  case float16
  case bfloat16

  private var significandBits: Int { self == .float16 ? 11 : 8 }
  private var smallestExponent: Int { self == .float16 ? -14 : -126 }

  /// The nearest number, ties to the even one.
  func rounded(_ x: Double) -> Double {
    guard x.isFinite, x != 0 else { return x }
    // Below the smallest normal number the spacing stays.
    let exponent = max(Int(x.exponent), smallestExponent)
    let unit = Double(sign: .plus, exponent: exponent - significandBits + 1, significand: 1)
    let result = (x / unit).rounded(.toNearestOrEven) * unit
    return self == .float16 && abs(result) > 65504 ? .infinity * (x < 0 ? -1 : 1) : result
  }

  /// Whether numbers are all of this kind and use its digits: zeros and ones would be of every kind.
  func holds(all numbers: some Sequence<Double>) -> Bool {
    var uses = 0
    for number in numbers {
      guard rounded(number) == number else { return false }
      // A digit among the last three.
      let unit = Double(
        sign: .plus, exponent: Int(number == 0 ? 0 : number.exponent) - significandBits + 4, significand: 1)
      if number != 0, (number / unit).rounded() != number / unit { uses += 1 }
    }
    return uses >= 8
  }
}
