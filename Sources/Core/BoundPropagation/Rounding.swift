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

  /// More than what products below the smallest normal number can lose in any sum here.
  package static let underflow = 0x1p-900
}

extension Double {
  /// Not a number counts as nothing known.
  var orNothingBelow: Double { isNaN ? -.infinity : self }
  /// Not a number counts as nothing known.
  var orNothingAbove: Double { isNaN ? .infinity : self }
}
