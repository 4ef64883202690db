/// What rounding can do to computations in `Double` (Higham 2002, *Accuracy and Stability of Numerical Algorithms*,
/// §3.1).
package enum Rounding {
  /// Half the distance of neighbours, relative to the number: 2⁻⁵³.
  package static let unit = 0x1p-53

  /// γₙ = n·u/(1 − n·u), rounded up: relative to the sum of magnitudes, the error of a sum of n products in any order,
  /// with or without fused operations.
  package static func gamma(_ n: Int) -> Double {
    let product = Double(n) * unit
    return product / (1 - product) * (1 + 0x1p-50)
  }

  /// More than what products below the smallest normal number can lose in any sum here, times a number up to
  /// ``largest``.
  package static let underflow = 0x1p-600

  /// Coefficients may lose 2⁻¹⁰⁷⁵ each, which is multiplied by what they belong to: beyond this nothing is claimed.
  package static let largest = 0x1p400

  /// The largest magnitude in an interval; infinite beyond ``largest``.
  static func reach(_ lower: Double, _ upper: Double) -> Double {
    let reach = max(abs(lower), abs(upper))
    return reach <= largest ? reach : .infinity
  }
}

extension Double {
  /// Not a number counts as nothing known.
  var orNothingBelow: Double { isNaN ? -.infinity : self }
  /// Not a number counts as nothing known.
  var orNothingAbove: Double { isNaN ? .infinity : self }
}
