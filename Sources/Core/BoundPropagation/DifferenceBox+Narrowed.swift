import Foundation

extension DifferenceBox {
  /// The part of the box where p_y − p_k can be `most` or less.
  ///
  /// With R = Σ e^{t_j} over the other classes p_y − p_k = (1 − e^{t_k}) / (1 + e^{t_k} + R) ≤ u is
  /// e^{t_k} ≥ (1 − u (1 + R)) / (1 + u), which is least where R is largest for u > 0, smallest else.
  public func narrowed(against rival: Int, marginAtMost most: Double) -> DifferenceBox {
    guard most < 1 else { return self }
    var result = self
    let u = max(most, -1 + 1e-6)
    let others = u > 0 ? upper : lower
    var rest = 0.0
    for j in others.indices where j != label && j != rival { rest += exp(others[j]) }
    let least = (1 - u * (1 + rest)) / (1 + u)
    // 1 − u (1 + R) may lose digits where it is small: what rounding can take from it is subtracted first.
    let lost = Double(8 + 2 * others.count) * Rounding.unit * (1 + abs(u) * (1 + rest)) / (1 + u)
    guard least - lost > 0, least < .infinity else { return self }
    let t = log(least - lost)
    result.lower[rival] = min(max(lower[rival], t - 8 * Rounding.unit * (1 + abs(t))), upper[rival])
    return result
  }
}
