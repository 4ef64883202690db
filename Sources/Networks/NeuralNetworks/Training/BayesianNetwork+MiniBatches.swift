internal import CComputeKernels

/// The objective of point estimates on a mini-batch.
public struct PenalizedLoss: Sendable, Hashable, Codable {
  /// Mean over the batch of −log p(label): the cross-entropy.
  public var loss: Double
  /// −log p(w)/N without its constant; 0 without a penalty.
  public var penalty: Double
}

extension BayesianNetwork {
  /// −(1/B) Σ log p(y_i | x_i, w) − (1/N) log p(w), whose minimum over all examples is the maximum a posteriori, and
  /// its gradient.
  ///
  /// It is the log-posterior divided by −N, so that a learning rate means the same whatever the number of examples. The
  /// temperature does not move the minimum and is left out.
  ///
  /// - Parameters:
  ///   - parameters: One number for each weight and bias.
  ///   - indices: Positions of the examples of the batch; repetitions count.
  ///   - penalized: Whether the prior takes part.
  ///   - gradient: Is overwritten.
  public func penalizedLoss(
    _ parameters: UnsafeBufferPointer<Float>, examples indices: [Int64], penalized: Bool,
    gradient: UnsafeMutableBufferPointer<Float>
  ) throws -> PenalizedLoss {
    let logLikelihood = try self.logLikelihood(parameters, examples: indices, gradient: gradient)
    let parts = PriorRanges(architecture, prior, threads: configuration.threads)
    let factor = Float(1 / Double(indices.count))
    let share = penalized ? 1 / Double(examples.count) : 0
    let (x, g) = (SharedPointer(parameters), SharedMutablePointer(gradient))
    let penalty = parts.sum { range, deviation in
      let precision = share / (deviation * deviation)
      return 0.5 * precision
        * ckn_penalized_gradient(
          g.pointer + range.lowerBound, x.pointer + range.lowerBound, factor, Float(precision), range.count)
    }
    return PenalizedLoss(loss: -logLikelihood / Double(indices.count), penalty: penalty)
  }
}

/// Ranges of parameters, each with the standard deviation of its prior.
struct PriorRanges: Sendable {
  private let ranges: ParameterRanges
  private let deviations: [Double]

  init(_ architecture: Architecture, _ prior: GaussianPrior, threads: Int) {
    let counts = architecture.parameters.map(\.count)
    ranges = ParameterRanges(arrays: counts, threads: threads)
    var deviations: [Double] = []
    var (array, end) = (0, counts[0])
    for range in ranges.ranges {
      while range.lowerBound >= end {
        array += 1
        end += counts[array]
      }
      deviations.append(prior.deviations[array])
    }
    self.deviations = deviations
  }

  /// The sum of what `body` gives for every range, in their order.
  func sum(_ body: @Sendable (_ range: Range<Int>, _ deviation: Double) -> Double) -> Double {
    [Double](unsafeUninitializedCapacity: deviations.count) { buffer, initialized in
      let parts = SharedMutablePointer(buffer.baseAddress!)
      ranges.performIndexed { parts.pointer[$0] = body(ranges.ranges[$0], deviations[$0]) }
      initialized = deviations.count
    }.reduce(0, +)
  }
}
