public import RobustnessCore

/// What is known about whether Markov chains sample their posterior; what nobody looked at or recorded is nil.
///
/// Some of it stands in a file, some needs the network. Whoever judges fills in what there is, and
/// ``ConvergenceJudgement`` says what it comes to: the same evidence gives the same answer everywhere.
public struct ConvergenceEvidence: Sendable {
  /// How the draws came about; nil when nobody says.
  public var origin: DrawOrigin?
  /// Number of chains.
  public var chainCount: Int
  /// Number of draws in each chain.
  public var drawsPerChain: Int
  /// What the chains say about some inputs; nil where no network was run.
  public var predictions: Predictions?
  /// R-hat in weight space, the ninth decile over parameters.
  public var weightSpace: Double?
  /// R-hat of the log-density `lp`.
  public var logDensity: Double?
  /// Number of draws that diverged.
  public var divergenceCount: Int?
  /// Estimated Bayesian fraction of missing information of each chain; nil without energies.
  public var energyFractions: [Double]?
  /// Statistics that are there and count as not recorded, by ArviZ's name, with a clause that says why.
  public var absences: [String: String] = [:]

  /// What chains say about some inputs, which may be fewer draws than were recorded.
  public struct Predictions: Sendable {
    /// Number of chains.
    public var chainCount: Int
    /// Number of draws in each chain.
    public var drawsPerChain: Int
    /// R-hat in function space, the ninth decile over inputs; NaN where it is not defined.
    public var rHat: Double
    /// The same with chains and draws exchanged; NaN where there are no more chains than draws.
    public var exchangedAxes: Double

    init(chainCount: Int, drawsPerChain: Int, rHat: Double, exchangedAxes: Double) {
      self.chainCount = chainCount
      self.drawsPerChain = drawsPerChain
      self.rHat = rHat
      self.exchangedAxes = exchangedAxes
    }

    /// Compares the chains.
    public init(_ space: FunctionSpace) {
      let chains = space.logProbabilities.first ?? []
      self.init(
        chainCount: chains.count, drawsPerChain: chains.map(\.count).min() ?? 0, rHat: space.rHats.ninthDecile,
        exchangedAxes: space.exchangedAxes)
    }
  }

  /// Number of draws over all chains.
  public var drawCount: Int { chainCount * drawsPerChain }

  /// Evidence of nothing yet.
  public init(origin: DrawOrigin?, chainCount: Int, drawsPerChain: Int) {
    self.origin = origin
    self.chainCount = chainCount
    self.drawsPerChain = drawsPerChain
  }

  /// Takes what a sampler recorded: the log-density, the energies, the divergences.
  ///
  /// What counts as not recorded, zeros throughout for instance, is no evidence, and stands in ``absences``.
  ///
  /// - Parameter statistics: One number for each draw, chain by chain, by ArviZ's name; other names are ignored.
  public mutating func add(statistics: [String: [Double]]) {
    let recorded = RecordedStatistics(statistics.filter { $0.value.count == drawCount }, chainCount: chainCount)
    absences = Dictionary(recorded.absences.map { ($0.name, $0.sentence) }) { first, _ in first }
    func chains(_ name: String) -> [[Double]]? {
      recorded.values[name].map { values in
        (0..<chainCount).map { Array(values[$0 * drawsPerChain..<($0 + 1) * drawsPerChain]) }
      }
    }
    logDensity = chains("lp").map { RHat($0).value }
    divergenceCount = recorded.values["diverging"]?.count { $0 != 0 }
    energyFractions = chains("energy")?.map(bayesianFractionOfMissingInformation)
  }

  /// Whether a sampler recorded anything that can be judged.
  public var hasRecords: Bool { logDensity != nil || divergenceCount != nil || energyFractions != nil }
}
