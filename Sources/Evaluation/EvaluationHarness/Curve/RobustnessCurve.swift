import Foundation
public import RobustnessCore

/// The smallest ε at which each example was made to fall, and with it the robust accuracy at every ε at once.
///
/// A point that was found at one ε lies in every larger ball, so that the curve cannot rise. The radii are upper bounds:
/// a stronger search finds smaller ones.
public struct RobustnessCurve: Sendable, Hashable {
  /// Name of the attack that searched.
  public var attack: String
  /// The attack with its options as given.
  public var request: String
  /// Norm of the balls.
  public var norm: Norm
  /// The largest ε that was searched.
  public var largest: Double
  /// The smallest ε for each example: 0 where it is decided wrongly as it is, ∞ where nothing was found up to `largest`.
  public var radii: [Double]
  /// Points at those distances, shape (examples, …input); the input where nothing was found.
  public var points: Tensor
  /// Backward and forward passes through one draw for one example.
  public var memberGradients: Int
  /// Forward passes through one draw for one example that were no part of a gradient.
  public var memberForwards: Int
  /// Time.
  public var seconds: Double

  /// Fraction of the examples that no point found within `epsilon` fools, with its 95 % interval for this ε alone.
  public func robustAccuracy(at epsilon: Double) -> Estimate {
    .proportion(radii.count { $0 > epsilon * (1 + 1e-9) }, of: radii.count)
  }

  /// Half the width of a band that covers the whole curve at once with a probability of 95 %: √(ln(2/0.05) / 2n)
  /// (Dvoretzky, Kiefer and Wolfowitz 1956, with the constant of Massart 1990).
  public var bandHalfWidth: Double { (log(2 / 0.05) / (2 * Double(max(1, radii.count)))).squareRoot() }

  /// The median over examples of the smallest ε; ∞ when more than half stand.
  public var medianRadius: Double {
    let sorted = radii.sorted()
    return sorted.isEmpty ? .nan : sorted[(sorted.count - 1) / 2]
  }

  /// The radii at which the curve falls, each with the fraction that stands from there on.
  public var steps: [(epsilon: Double, robustAccuracy: Double)] {
    let finite = radii.filter(\.isFinite).sorted()
    var result: [(Double, Double)] = []
    for (index, radius) in finite.enumerated() where index + 1 == finite.count || finite[index + 1] > radius {
      result.append((radius, 1 - Double(index + 1) / Double(radii.count)))
    }
    return result
  }
}
