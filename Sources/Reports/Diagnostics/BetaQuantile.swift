#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The regularised incomplete beta function I_x(a, b), by its continued fraction (NIST DLMF 8.17.22, evaluated with
/// Lentz's method).
func regularizedIncompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
  if x <= 0 { return 0 }
  if x >= 1 { return 1 }
  // The fraction converges fast below the mean; above it the symmetry I_x(a, b) = 1 − I_{1−x}(b, a) is used.
  if x > (a + 1) / (a + b + 2) { return 1 - regularizedIncompleteBeta(1 - x, b, a) }
  let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
  let tiny = 1e-300
  var c = 1.0
  var d = 1 - (a + b) * x / (a + 1)
  d = 1 / (abs(d) < tiny ? tiny : d)
  var fraction = d
  for m in 1...10_000 {
    let m = Double(m)
    let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    var change = 1.0
    for term in [even, odd] {
      d = 1 + term * d
      d = 1 / (abs(d) < tiny ? tiny : d)
      c = 1 + term / c
      if abs(c) < tiny { c = tiny }
      change = c * d
      fraction *= change
    }
    if abs(change - 1) < 1e-16 { break }
  }
  return front * fraction
}

/// The quantile of the beta distribution, by bisection to the last bit; NaN unless a and b are positive.
func betaQuantile(_ p: Double, _ a: Double, _ b: Double) -> Double {
  guard a > 0, b > 0, p >= 0, p <= 1 else { return .nan }
  var low = 0.0
  var high = 1.0
  while true {
    let middle = low + (high - low) / 2
    guard middle > low, middle < high else { return middle }
    if regularizedIncompleteBeta(middle, a, b) < p { low = middle } else { high = middle }
  }
}
