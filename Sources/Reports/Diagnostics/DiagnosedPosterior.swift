public import RobustnessCore

/// Everything that a diagnosis can look at; what is missing is left out of the report.
///
/// Draws are numbered chain by chain: draw `chain * drawsPerChain + draw`.
public struct DiagnosedPosterior: Sendable {
  /// How the draws came about, which decides which diagnostics apply; nil when nobody says.
  public var origin: DrawOrigin?
  /// Number of chains.
  public var chainCount: Int
  /// Number of draws in each chain.
  public var drawsPerChain: Int
  /// What the sampler recorded for every draw, by ArviZ's name: `lp`, `energy`, `acceptance_rate`, `step_size`,
  /// `n_steps`, `diverging`, `energy_error`. Other names are ignored.
  public var statistics: [String: [Double]] = [:]
  /// Number of parameters of one draw.
  public var parameterCount = 0
  /// Writes the parameters of one draw into room for `parameterCount` numbers; called once for each draw, in order. Nil
  /// leaves weight space out.
  public var readParameters: (@Sendable (_ draw: Int, _ buffer: UnsafeMutableBufferPointer<Float>) throws -> Void)?
  /// The draws as networks; nil leaves function space and predictive quality out.
  public var ensemble: (any PosteriorEnsemble)?
  /// Held-out inputs, shape (examples, …input).
  public var inputs: Tensor?
  /// Their classes; nil leaves predictive quality out, and function space then is about the class that the predictive
  /// chooses.
  public var labels: [Int]?

  /// Number of draws over all chains.
  public var drawCount: Int { chainCount * drawsPerChain }

  /// A posterior of which nothing but its size is known yet.
  public init(origin: DrawOrigin?, chainCount: Int, drawsPerChain: Int) {
    self.origin = origin
    self.chainCount = chainCount
    self.drawsPerChain = drawsPerChain
  }

  /// Whether draws follow one another in Markov chains, or might: nobody says that they do not.
  var mayBeChains: Bool { origin == nil || origin == .mcmc }

  /// The parts of one value for each draw that belong to each chain.
  func chains<T>(_ values: [T]) -> [[T]] {
    (0..<chainCount).map { Array(values[$0 * drawsPerChain..<($0 + 1) * drawsPerChain]) }
  }

  /// - Throws: `CoreError` when two parts do not fit each other.
  func validate() throws {
    guard chainCount > 0, drawsPerChain > 0 else { throw CoreError("a posterior needs at least one draw to diagnose") }
    for (name, values) in statistics.sorted(by: { $0.key < $1.key }) where values.count != drawCount {
      throw CoreError("the statistic \(name) has \(values.count) values for \(drawCount) draws")
    }
    guard let ensemble else { return }
    guard ensemble.drawCount == drawCount else {
      throw CoreError("the ensemble has \(ensemble.drawCount) draws, the chains have \(drawCount)")
    }
    guard let inputs else { return }
    guard inputs.rowShape == ensemble.inputShape else {
      throw CoreError("held-out inputs have the shape \(inputs.rowShape); the network takes \(ensemble.inputShape)")
    }
    guard let labels else { return }
    guard labels.count == inputs.rowCount else {
      throw CoreError("there are \(labels.count) labels for \(inputs.rowCount) held-out inputs")
    }
    guard labels.allSatisfy({ (0..<ensemble.classCount).contains($0) }) else {
      throw CoreError("a label lies outside the \(ensemble.classCount) classes")
    }
  }
}
