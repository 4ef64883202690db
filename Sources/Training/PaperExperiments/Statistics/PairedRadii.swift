import EvaluationHarness
import Foundation
import RobustnessCore

/// Certified radii of two networks, compared on the same images.
struct PairedRadii: Sendable {
  /// Median over the images of the first radius minus the second.
  let medianDifference: Double
  /// Mean of the same with its interval.
  let meanDifference: Estimate
  /// Images whose first radius is the larger one by more than radii are known to.
  let larger: Int
  /// Images whose second radius is.
  let smaller: Int
  /// Exact two-sided p-value of the sign test: of images with a larger one, which it is is a fair coin.
  let pValue: Double

  /// Compares radii, image by image.
  init(_ first: [Double], _ second: [Double]) {
    precondition(first.count == second.count)
    let differences = zip(first, second).map { $0 - $1 }
    medianDifference = Self.median(differences)
    meanDifference = .mean(of: differences, unit: "epsilon")
    // Radii are as much too small at most: what is nearer says nothing.
    func isLarger(_ a: Double, _ b: Double) -> Bool { a * (1 - CertifiedRadii.precision) > b }
    let ahead = zip(first, second).map { isLarger($0, $1) }
    let behind = zip(first, second).map { isLarger($1, $0) }
    larger = ahead.count { $0 }
    smaller = behind.count { $0 }
    // McNemar's test of two outcomes that exclude each other is the sign test.
    pValue = PairedComparison(ahead, behind).pValue
  }

  /// The value in the middle; of an even number of them the mean of the two.
  static func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}
