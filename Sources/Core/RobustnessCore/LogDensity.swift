/// A log-density over a flat vector of parameters, known up to a constant: what Markov chains sample.
///
/// Positions and gradients are `Double`, so that a step far below a parameter's own magnitude is not lost; an
/// implementation may round the position to single precision for its products. Draws are kept in single precision.
public protocol LogDensity: Sendable {
  /// Number of parameters.
  var dimension: Int { get }

  /// The standard deviation of each parameter before any data, where the density has a prior that knows: the scale of a
  /// long trajectory.
  var priorDeviations: [Double]? { get }

  /// The log-density at `position`, in nat.
  ///
  /// - Parameters:
  ///   - position: `dimension` numbers.
  ///   - gradient: Where given, its `dimension` numbers are overwritten with the gradient.
  /// - Returns: likelihood and prior apart. Where the density is zero or not defined, −∞ or NaN: a sampler rejects such
  ///   a point.
  /// - Throws: an error of the implementation, which ends the run.
  func evaluate(
    _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>?
  ) throws -> LogDensityValue

  /// The gradient alone, for the steps inside a trajectory, which need no value. The default throws the value away.
  func differentiate(
    _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>
  ) throws

  /// log π(new) − log π(old), from differences of terms rather than as the difference of two large sums.
  ///
  /// The prior of a million weights is in the hundreds of thousands while the ratio that decides about a proposal is
  /// near one. The default subtracts likelihood and prior apart.
  func logRatio(of new: LocatedValue, to old: LocatedValue) -> Double
}

/// The two parts of an unnormalised log-posterior.
public struct LogDensityValue: Codable, Sendable, Hashable {
  /// Sum over the data of the log-probability of what was observed (divided by the temperature, where there is one).
  public var logLikelihood: Double
  /// Log-density of the prior (likewise).
  public var logPrior: Double

  /// Puts the parts together.
  public init(logLikelihood: Double, logPrior: Double) {
    self.logLikelihood = logLikelihood
    self.logPrior = logPrior
  }

  /// The log-density.
  public var total: Double { logLikelihood + logPrior }
}

/// A position and what the log-density is there.
public struct LocatedValue {
  /// The parameters.
  public let position: UnsafeBufferPointer<Double>
  /// The log-density.
  public let value: LogDensityValue

  /// Puts them together.
  public init(position: UnsafeBufferPointer<Double>, value: LogDensityValue) {
    self.position = position
    self.value = value
  }
}

extension LogDensity {
  /// Unknown.
  public var priorDeviations: [Double]? { nil }

  /// `evaluate` without its value.
  public func differentiate(
    _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>
  ) throws {
    _ = try evaluate(position, gradient: gradient)
  }

  /// Likelihood and prior subtracted apart.
  public func logRatio(of new: LocatedValue, to old: LocatedValue) -> Double {
    (new.value.logLikelihood - old.value.logLikelihood) + (new.value.logPrior - old.value.logPrior)
  }
}
