internal import CComputeKernels
internal import ComputeKernels
import Foundation
public import RobustnessCore

/// The evidence lower bound of independent Gaussians over the weights of a network, estimated on mini-batches, and its
/// gradient.
///
/// With temperature T likelihood and prior are raised to the power 1/T, and the prior N(0, σp²)^{1/T} is N(0, T σp²) up
/// to a constant, so that
///
///     ELBO(q) = (N/B) (1/T) Σ E_q log p(y_i | x_i, w) − KL(q ‖ N(0, T σp²)),
///     KL = Σ log(σp √T/σ) + (σ² + μ²)/(2 T σp²) − ½,
///
/// a lower bound of log ∫ p(D | w)^{1/T} N(w; 0, T σp²) dw: the evidence at T = 1. The divergence is exact, the
/// likelihood is a Monte Carlo estimate without bias. The factor N/B is that of the batch at hand.
///
/// Distributions are arrays of 2P numbers for P parameters: the means, then ρ = log σ. A logarithm because a step of an
/// optimiser then is a relative change of σ, whatever the prior's scale; because no σ is zero; and because the entropy
/// is exactly −Σρ.
///
/// Products are in float32, sums over examples and parameters in `Double`. Results do not depend on threads. One caller
/// at a time is served.
///
/// `Sendable` without a check: engines and memory change under the lock that every estimate takes; the rest never does.
public final class VariationalNetwork: @unchecked Sendable {
  /// How the expected log-likelihood is estimated.
  public enum Estimator: String, Sendable, Hashable, Codable, CaseIterable {
    /// Noise on every pre-activation instead of every weight (Kingma, Salimans and Welling, *Variational dropout and
    /// the local reparameterization trick*, NIPS 2015, equation 6): mean x·M + b, variance x²·S² + s_b². Every example
    /// has noise of its own, so that the variance falls with the size of the batch. Exact for dense layers. Units of a
    /// convolution share weights over the places of an image and are correlated there; the noise is drawn independently
    /// for each place, as Kingma et al. and Molchanov et al. (2017) do: right for every unit by itself, but not their
    /// joint distribution. Parameters of other layers, normalisations for instance, have one draw for the whole batch.
    case localReparametrization = "local-reparametrization"
    /// One draw of the weights for the whole batch (Blundell et al. 2015): unbiased for every architecture, and
    /// noisier.
    case sharedDraw = "shared-draw"
  }

  /// The network.
  public let architecture: Architecture
  private let prior: GaussianPrior
  private let examples: TrainingExamples
  private let configuration: BayesianNetwork.Configuration
  private let lock = NSLock()
  private var engines: [WorkPlan: GradientEngine] = [:]
  private var drawEngines: [WorkPlan: GradientEngine] = [:]
  private let variances: AlignedMemory
  private var drawGradient: AlignedMemory?
  private var settledMeans: AlignedMemory?
  /// Parameters of layers that are no products, whose outputs have no noise of their own; in order.
  private let noiseless: [Range<Int>]
  private let parts: PriorRanges
  private let ranges: ParameterRanges
  /// Σ log(σp √T) − ½.
  private let constant: Double

  init(
    architecture: Architecture, prior: GaussianPrior, examples: TrainingExamples,
    configuration: BayesianNetwork.Configuration
  ) throws {
    guard configuration.precision != .float64 else {
      throw CoreError("variational inference runs in float32, not in float64")
    }
    self.architecture = architecture
    self.prior = prior
    self.examples = examples
    self.configuration = configuration
    let count = architecture.parameterCount
    variances = AlignedMemory(bytes: 4 * count)
    parts = PriorRanges(architecture, prior, threads: configuration.threads)
    ranges = ParameterRanges(count: count, threads: configuration.threads)
    noiseless = architecture.graph.nodes.filter { !($0.kind is any ProductKind) }.flatMap(\.parameters).map {
      $0.offset..<$0.offset + $0.count
    }.sorted { $0.lowerBound < $1.lowerBound }
    let root = configuration.temperature.squareRoot()
    constant = zip(prior.deviations, architecture.parameters).reduce(0) {
      $0 + Double($1.1.count) * (log($1.0 * root) - 0.5)
    }
  }

  /// An estimate of the bound from a mini-batch.
  ///
  /// - Parameters:
  ///   - distribution: Means, then logarithms of standard deviations: 2P numbers.
  ///   - indices: Positions of the examples of the batch.
  ///   - samples: How many times every example meets fresh noise; their mean is taken.
  ///   - estimator: How the noise comes in.
  ///   - noise: Names the noise: the same stream gives the same bits. Rows are told apart by their place in the batch.
  ///     The numbers of an activation are laid out as the kernels store it.
  ///   - gradient: Where given, its 2P numbers are overwritten with the gradient of −ELBO.
  public func estimateBound(
    _ distribution: UnsafeBufferPointer<Float>, examples indices: [Int64], samples: Int, estimator: Estimator,
    noise: RandomStream, gradient: UnsafeMutableBufferPointer<Float>?
  ) throws -> BoundEstimate {
    let count = architecture.parameterCount
    precondition(distribution.count == 2 * count && !indices.isEmpty && samples > 0)
    precondition(gradient == nil || gradient!.count == 2 * count)
    var stream = noise
    let key = stream.next()
    return try lock.withLock {
      let means = distribution.baseAddress!
      let target = gradient?.baseAddress
      let logLikelihood =
        switch estimator {
        case .localReparametrization:
          try localNoise(means, means + count, indices, samples: samples, key: key, gradient: target)
        case .sharedDraw:
          try draws(means, means + count, indices, samples: samples, key: key, gradient: target)
        }
      let factor =
        Double(examples.count) / (Double(indices.count) * Double(samples) * configuration.temperature)
      return BoundEstimate(
        expectedLogLikelihood: factor * logLikelihood,
        divergence: divergence(means, means + count, factor: Float(factor), gradient: target))
    }
  }

  /// KL(q ‖ prior), in closed form.
  public func divergence(of distribution: UnsafeBufferPointer<Float>) -> Double {
    precondition(distribution.count == 2 * architecture.parameterCount)
    let means = distribution.baseAddress!
    return divergence(means, means + architecture.parameterCount, factor: 0, gradient: nil)
  }

  /// The numbers that row r of a batch adds to its pre-activations in layer l, scaled: stream r · layers + l of the key
  /// that is the first number of the noise's stream.
  static func normals(key: UInt64, stream: UInt64, count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      if count > 0 { ckn_normals(buffer.baseAddress, key, stream, count) }
      initialized = count
    }
  }

  // MARK: - Parts

  /// The divergence; turns gradients with respect to means and variances into those of −ELBO.
  private func divergence(
    _ means: UnsafePointer<Float>, _ logScales: UnsafePointer<Float>, factor: Float,
    gradient: UnsafeMutablePointer<Float>?
  ) -> Double {
    let count = architecture.parameterCount
    let (m, r, g) = (SharedPointer(means), SharedPointer(logScales), gradient.map { SharedMutablePointer($0) })
    let temperature = configuration.temperature
    return constant
      + parts.sum { range, deviation in
        let precision = 1 / (temperature * deviation * deviation)
        let from = range.lowerBound
        guard let g else {
          return ckn_mean_field_divergence(m.pointer + from, r.pointer + from, precision, range.count)
        }
        return ckn_mean_field_gradient(
          g.pointer + from, g.pointer + count + from, m.pointer + from, r.pointer + from, factor, precision,
          range.count)
      }
  }

  /// Σ log-likelihoods over rows and samples; the gradient is with respect to means, then variances.
  private func localNoise(
    _ means: UnsafePointer<Float>, _ logScales: UnsafePointer<Float>, _ indices: [Int64], samples: Int, key: UInt64,
    gradient: UnsafeMutablePointer<Float>?
  ) throws -> Double {
    let floats = variances.base.assumingMemoryBound(to: Float.self)
    let (v, r) = (SharedMutablePointer(floats), SharedPointer(logScales))
    ranges.perform { ckn_variances(v.pointer + $0.lowerBound, r.pointer + $0.lowerBound, $0.count) }
    let rows = samples == 1 ? indices : (0..<samples).flatMap { _ in indices }
    let plan = WorkPlan(count: rows.count, architecture: architecture, precision: .float32)
    if engines[plan] == nil {
      if engines.count >= BayesianNetwork.keptEngines { engines.removeAll() }
      engines[plan] = try GradientEngine(
        architecture, plan: plan, precision: .float32, library: configuration.library,
        threads: configuration.threads, backward: true, isNoisy: true)
    }
    let settled = noiseless.isEmpty ? nil : settle(means, logScales, key)
    let logLikelihood = try engines[plan]!.run(
      .float(.init(settled ?? means)), noise: GradientEngine.Noise(variances: .float(.init(floats)), key: key),
      examples, indices: rows, gradient: gradient.map { .float($0) })
    if let gradient, settled != nil { takeBack(gradient, logScales, key) }
    return logLikelihood
  }

  /// The means, with one draw in the place of those that no product takes; their noise has a stream that no row has.
  private func settle(
    _ means: UnsafePointer<Float>, _ logScales: UnsafePointer<Float>, _ key: UInt64
  ) -> UnsafePointer<Float> {
    let count = architecture.parameterCount
    let memory = settledMeans ?? AlignedMemory(bytes: 4 * count)
    settledMeans = memory
    let drawn: UnsafeMutablePointer<Float> = memory.base.bound()
    ckn_gaussian_draw(drawn, means, logScales, key, .max, 0, count)
    var end = 0
    for range in noiseless {
      (drawn + end).update(from: means + end, count: range.lowerBound - end)
      end = range.upperBound
    }
    (drawn + end).update(from: means + end, count: count - end)
    return UnsafePointer(drawn)
  }

  /// From the gradients with respect to drawn parameters to those with respect to their distributions.
  private func takeBack(_ gradient: UnsafeMutablePointer<Float>, _ logScales: UnsafePointer<Float>, _ key: UInt64) {
    let count = architecture.parameterCount
    let memory = drawGradient ?? AlignedMemory(bytes: 4 * count)
    drawGradient = memory
    let ofDraw: UnsafeMutablePointer<Float> = memory.base.bound()
    ckn_zero(memory.base, 4 * count)
    for range in noiseless {
      (ofDraw + range.lowerBound).update(from: gradient + range.lowerBound, count: range.count)
      (gradient + range.lowerBound).update(repeating: 0, count: range.count)
    }
    ckn_add_draw_gradient(gradient, gradient + count, ofDraw, logScales, key, .max, 0, count)
  }

  /// The same with draws of the weights.
  private func draws(
    _ means: UnsafePointer<Float>, _ logScales: UnsafePointer<Float>, _ indices: [Int64], samples: Int, key: UInt64,
    gradient: UnsafeMutablePointer<Float>?
  ) throws -> Double {
    let count = architecture.parameterCount
    let plan = WorkPlan(count: indices.count, architecture: architecture, precision: configuration.precision)
    if drawEngines[plan] == nil {
      if drawEngines.count >= BayesianNetwork.keptEngines { drawEngines.removeAll() }
      drawEngines[plan] = try GradientEngine(
        architecture, plan: plan, precision: configuration.precision, library: configuration.library,
        threads: configuration.threads, backward: true)
    }
    let drawMemory = drawGradient ?? AlignedMemory(bytes: 4 * count)
    drawGradient = drawMemory
    let weights = SharedMutablePointer(variances.base.assumingMemoryBound(to: Float.self))
    let ofDraw = SharedMutablePointer(drawMemory.base.assumingMemoryBound(to: Float.self))
    let (m, r, g) = (SharedPointer(means), SharedPointer(logScales), gradient.map { SharedMutablePointer($0) })
    if let gradient { ckn_zero(gradient, 8 * count) }
    var sum = 0.0
    for sample in 0..<UInt64(samples) {
      ranges.perform {
        let from = $0.lowerBound
        ckn_gaussian_draw(weights.pointer + from, m.pointer + from, r.pointer + from, key, sample, from, $0.count)
      }
      sum += try drawEngines[plan]!.run(
        .float(.init(weights.pointer)), examples, indices: indices, gradient: g == nil ? nil : .float(ofDraw.pointer))
      guard let g else { continue }
      ranges.perform {
        let from = $0.lowerBound
        ckn_add_draw_gradient(
          g.pointer + from, g.pointer + count + from, ofDraw.pointer + from, r.pointer + from, key, sample, from,
          $0.count)
      }
    }
    return sum
  }
}

/// An estimate of the evidence lower bound.
public struct BoundEstimate: Sendable, Hashable, Codable {
  /// (N/B) (1/T) Σ over the batch of the expected log-probability of the label, estimated.
  public var expectedLogLikelihood: Double
  /// KL(q ‖ prior), exact.
  public var divergence: Double
  /// Their difference.
  public var bound: Double { expectedLogLikelihood - divergence }
}
