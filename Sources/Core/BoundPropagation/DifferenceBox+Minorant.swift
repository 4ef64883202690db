import Foundation

/// An affine function of the differences of logits below p_y − p_k throughout a box.
public struct SoftmaxMinorant: Sendable {
  /// One for each class; 0 at the label.
  public let coefficients: [Double]
  /// The constant, from which rounding is subtracted.
  public let constant: Double

  /// −1, which no difference of probabilities is below.
  public static func least(classes: Int) -> SoftmaxMinorant {
    SoftmaxMinorant(coefficients: [Double](repeating: 0, count: classes), constant: -1)
  }
}

extension DifferenceBox {
  /// An affine minorant of p_y − p_k that is close near a point, or nil where the box has no end or is so large that
  /// the numbers leave `Double`: then ``minimumMargin(against:)`` is all that is known.
  ///
  /// It is the lower bound *ER* of p_y minus the upper bound *LSE* of p_k (Wei, Wu, Wu, Chen, Barrett and Farchi, *Convex
  /// bounds on the softmax function with applications to robustness verification*, AISTATS 2023, eqs. 8 and 17), in
  /// differences t_j = z_j − z_y, where t_y = 0, and linearised such that every choice below is sound as it stands in
  /// floating point:
  ///
  /// - κ_j t + β_j ≥ eᵗ on [a_j, b_j] (``ExponentialChord``), so that D(t) = 1 + Σ (κ_j t_j + β_j) ≥ 1/p_y. For **any**
  ///   r: 1/D ≥ 2r − r²D, since the difference is (1 − rD)²/D. The best r is 1/D at the point. Its square is rounded
  ///   up, which lowers the right side because D > 0.
  /// - p_k = e^{log p_k} ≤ c · log p_k + a, the chord on a proven interval of log p_k, c ≥ 0; and for **any** q with
  ///   q_j ≥ 0 and Σ q_j = 1 (Gibbs) log Σ e^{t_j} ≥ Σ q_j t_j + H(q), H the entropy. The best q is softmax at the point.
  ///   The q_j of classes but the label are taken as they are; the label's is what is missing from 1, and does not
  ///   occur in Σ q_j t_j since t_y = 0.
  ///
  /// What remains is rounding in the coefficients, which multiply |t_j| ≤ max(|a_j|, |b_j|), and in the constant. Both
  /// are at most γ times the sum of the magnitudes, which is subtracted.
  ///
  /// - Parameters:
  ///   - rival: the class k.
  ///   - point: differences of logits, one for each class; moved into the box.
  public func minorant(against rival: Int, near point: [Double]) -> SoftmaxMinorant? {
    let classes = upper.count
    var (chords, t) = ([ExponentialChord?](repeating: nil, count: classes), point)
    t[label] = 0
    var (denominator, size) = (1.0, 1.0)
    for j in 0..<classes where j != label {
      guard let chord = ExponentialChord(from: lower[j], to: upper[j]), t[j].isFinite else { return nil }
      t[j] = min(max(t[j], lower[j]), upper[j])
      chords[j] = chord
      denominator += chord.slope * t[j] + chord.intercept
      size += abs(chord.intercept)
    }
    let (least, most) = logarithmInterval(of: rival)
    guard denominator >= 1, let chord = ExponentialChord(from: least, to: most) else { return nil }
    let r = 1 / denominator
    let square = (r * r).nextUp
    let (q, entropy) = Self.distribution(t, label: label)
    var coefficients = [Double](repeating: 0, count: classes)
    var terms = 0.0
    for j in 0..<classes where j != label {
      let falling = square * chords[j]!.slope
      let rising = j == rival ? chord.slope * (1 - q[j]) : -chord.slope * q[j]
      coefficients[j] = -falling - rising
      // 1 − q loses to rounding at most u of 1, not of itself.
      let magnitude = falling + chord.slope * (j == rival ? 1 : q[j])
      terms += magnitude * max(abs(lower[j]), abs(upper[j]))
    }
    var intercepts = 1.0
    for j in 0..<classes where j != label { intercepts += chords[j]!.intercept }
    let constant = 2 * r - square * intercepts - chord.intercept + chord.slope * entropy
    terms += 2 * r + square * size + abs(chord.intercept) + chord.slope * abs(entropy)
    let slack = Rounding.gamma(2 * classes + 16) * terms + 0x1p-900
    guard coefficients.allSatisfy(\.isFinite), (constant - slack).isFinite else { return nil }
    return SoftmaxMinorant(coefficients: coefficients, constant: (constant - slack).nextDown)
  }

  /// Proven bounds on log p_k over the box: t_k − log Σ e^{t_j} grows in t_k and falls in the others.
  private func logarithmInterval(of rival: Int) -> (least: Double, most: Double) {
    func bound(_ own: Double, _ others: [Double], _ sign: Double) -> Double {
      var largest = max(0, own)
      for j in others.indices where j != label && j != rival { largest = max(largest, others[j]) }
      var sum = exp(-largest) + exp(own - largest)
      for j in others.indices where j != label && j != rival { sum += exp(others[j] - largest) }
      // A term counts only where its exponent is above −745, whose rounding is at most 745u; and as many of a few
      // roundings as there are terms. The sum is between 1 and their number.
      let pad = Double(1024 + 4 * others.count) * Rounding.unit + 8 * Rounding.unit * (abs(own) + abs(largest))
      return own - (largest + log(sum)) + sign * pad
    }
    let least = bound(lower[rival], upper, -1)
    return (least, max(least, min(0, bound(upper[rival], lower, 1))))
  }

  /// softmax(t) with the label's share left to what is missing from 1, and a lower bound on its entropy.
  private static func distribution(_ t: [Double], label: Int) -> (q: [Double], entropy: Double) {
    let largest = t.max()!
    var q = t.map { exp($0 - largest) }
    // Shrunk a little, so that what is missing from 1 is not negative.
    let shrink = (1 - Double(4 * t.count) * Rounding.unit) / q.reduce(0, +)
    for j in q.indices { q[j] = j == label ? 0 : q[j] * shrink }
    var (entropy, size, rest) = (0.0, 0.0, 1.0)
    for j in q.indices where q[j] > 0 {
      let term = -q[j] * log(q[j])
      entropy += term
      size += term
      rest -= q[j]
    }
    // −x log x is concave, so that its least value where x is known to lie is at an end.
    let error = Double(t.count + 2) * Rounding.unit
    let ends = [max(0, rest - error), min(1, rest + error)].map { $0 > 0 ? -$0 * log($0) : 0 }
    entropy += min(ends[0], ends[1])
    size += max(ends[0], ends[1])
    return (q, entropy - Double(t.count + 8) * Rounding.unit * (size + 1))
  }
}
