/// R-hat of many quantities, for instance of what the chains say about each of a hundred inputs.
public struct RHatSummary: Sendable {
  /// Those that are defined, ascending; infinite where every chain stands still at a value of its own: the worst there
  /// is.
  public let values: [Double]
  /// Number of quantities without an R-hat: they do not vary at all, are not finite, or have fewer than four draws a
  /// chain.
  public let undefinedCount: Int

  /// R-hat of each of `quantities`, each chains × draws.
  ///
  /// - Precondition: within a quantity, every chain has the same number of draws.
  public init(_ quantities: [[[Double]]]) {
    self.init(rHats: quantities.map { RHat($0).value })
  }

  init(rHats: [Double]) {
    values = rHats.filter { !$0.isNaN }.sorted()
    undefinedCount = rHats.count - values.count
  }

  /// The largest; NaN when none is defined.
  public var largest: Double { values.last ?? .nan }

  /// The ninth decile, which is what the verdicts judge: in short chains the largest of a hundred exceeds 1.1 by
  /// chance. NaN when none is defined.
  public var ninthDecile: Double {
    values.isEmpty ? .nan : values[min(values.count - 1, values.count * 9 / 10)]
  }

  /// What this fraction of them does not exceed; NaN when none is defined.
  func quantile(_ fraction: Double) -> Double {
    values.isEmpty ? .nan : values[min(values.count - 1, Int(fraction * Double(values.count)))]
  }
}

extension RHat {
  /// Above this the chains have not converged.
  public static let failureThreshold = 1.1
  /// Above this (the recommendation of Vehtari et al. 2021) there is a reservation.
  public static let warningThreshold = 1.01
  /// Fewer draws in a chain than this have no R-hat.
  public static let minimumDraws = 4
}
