import Foundation

/// slope · t + intercept ≥ eᵗ for all real t in an interval: the chord, raised by what rounding can take from it.
struct ExponentialChord {
  let slope: Double
  let intercept: Double
  /// The largest magnitude among what was added up for the intercept.
  let size: Double

  /// Nil where the numbers leave `Double`.
  init?(from a: Double, to b: Double) {
    guard a.isFinite, b.isFinite, a <= b, b < 600 else { return nil }
    let (low, high) = (Self.above(a), Self.above(b))
    // A line that is above eᵗ at both ends is above it in between, whatever its slope: only the intercept needs care.
    let rise = b - a > 1e-9 ? (high - low) / (b - a) : high
    slope = max(0, rise)
    let size = high + slope * max(abs(a), abs(b))
    // Each difference has two roundings, each of at most u · size.
    intercept = max(low - slope * a, high - slope * b) + 4 * Rounding.unit * size
    self.size = size
    guard slope.isFinite, intercept.isFinite, size.isFinite else { return nil }
  }

  /// At least eᵗ: libraries are within one unit in the last place, four are taken.
  private static func above(_ t: Double) -> Double { exp(t) * (1 + 8 * Rounding.unit) + 0x1p-1000 }
}
