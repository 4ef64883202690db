internal import Diagnostics
import Foundation
public import RobustnessCore

/// What a certificate says in one ball: which examples no point of it can change.
public struct CertifiedResult: Sendable {
  /// Name of the certificate.
  public var method: String
  /// The certificate with its options as given.
  public var request: String
  /// All options, with defaults.
  public var options: [String: String]
  /// Norm of the ball.
  public var norm: Norm
  /// Radius of the ball.
  public var epsilon: Double
  /// What is known about each example; those that are decided wrongly as they are have a margin of −∞.
  public var examples: [CertifiedExample]
  /// Whether each example is certified, by its margin here or in a larger ball.
  public var isCertified: [Bool]
  /// Fraction certified.
  public var accuracy: Estimate
  /// Examples that are neither certified nor fooled by anything that was run in this ball.
  public var undecided: Int
  /// What rounding took off the margins, at most.
  public var slack: Double
  /// Whether what is certified holds for single precision too.
  public var certifiesSinglePrecision = false
  /// Certified examples that an attack fools in single precision alone, at points that double precision decides as their
  /// label.
  public var fooledInSinglePrecision = 0
  /// Fraction of the draws, over the examples decided rightly, that are certified to decide rightly by themselves: from
  /// below, and from above by what the attacks' points do to each draw.
  public var safety: DrawSafety
}

/// The probability, over draws, that a network decides as the label throughout the ball (Cardelli et al. 2019), of each
/// example from both sides.
public struct DrawSafety: Sendable, Hashable {
  /// Number of draws.
  public var draws: Int
  /// Draws that are proven safe, for each example.
  public var safe: [Int]
  /// Draws that some point of an attack fools, for each example.
  public var fooled: [Int]
  /// Whether the draws are independent draws from one distribution: then the bounds speak of that, else of these draws.
  public var areIndependent: Bool

  /// Mean over the examples of the fraction of draws that is proven safe.
  public var low: Double { mean(safe.map(Double.init)) }
  /// Mean over the examples of the fraction that nothing fools.
  public var high: Double { 1 - mean(fooled.map(Double.init)) }

  private func mean(_ counts: [Double]) -> Double {
    counts.isEmpty ? .nan : counts.reduce(0, +) / Double(counts.count) / Double(draws)
  }

  /// For draws that are independent, else nil: a lower bound, with a probability of 95 % for each example, on the posterior's own
  /// probability that a network is safe there (Clopper and Pearson 1934, one-sided); the mean over the examples of it.
  public var posteriorLow: Double? {
    var known: [Int: Double] = [:]
    return safe.isEmpty || !areIndependent
      ? nil
      : safe.reduce(0) { sum, count in
        let bound = known[count] ?? BinomialBounds.lower(count, of: draws, level: 0.95)
        known[count] = bound
        return sum + bound
      } / Double(safe.count)
  }
}

/// How far each example is certified.
public struct CertifiedRadii: Sendable {
  /// How far a radius may be below the largest that its certificate can give, as a fraction of that.
  package static let precision = 0.02

  /// Name of the certificate.
  public var method: String
  /// The certificate with its options as given.
  public var request: String
  /// Norm of the balls.
  public var norm: Norm
  /// The largest ε that was asked for; no radius is looked for beyond it.
  public var largest: Double
  /// A radius within which each example is certified, to a fiftieth below the largest that this certificate can give; 0
  /// where there is none, or the example is decided wrongly as it is.
  public var radii: [Double]
  /// Whether each example is decided rightly as it is.
  public var isCorrect: [Bool]
  /// What a reader should know about how they were found, sentences without their full stop.
  public var notes: [String]
  /// Multiplications of the products that it took.
  public var multiplications: Double
  /// Time.
  public var seconds: Double

  /// The median over the examples that are decided rightly.
  public var medianRadius: Double {
    let sorted = radii.indices.filter { isCorrect[$0] }.map { radii[$0] }.sorted()
    return sorted.isEmpty ? .nan : sorted[(sorted.count - 1) / 2]
  }

  /// The largest ε at which half of all examples are certified; 0 when at none.
  public var halfCertified: Double {
    let sorted = radii.sorted(by: >)
    return sorted.isEmpty ? .nan : sorted[(sorted.count - 1) / 2]
  }

  /// Fraction certified at `epsilon`.
  public func accuracy(at epsilon: Double) -> Double {
    Double(radii.count { $0 >= epsilon && $0 > 0 }) / Double(max(1, radii.count))
  }
}

/// A certificate that says nothing about this network, and why.
public struct CertificateFailure: Sendable, Hashable {
  /// Name of the certificate.
  public var method: String
  /// The norm that it was asked for.
  public var norm: Norm
  /// A sentence without its full stop.
  public var reason: String
}
