public import RobustnessCore

/// Everything that can be said about the draws of a posterior: convergence in function space and in weight space, what
/// the sampler recorded, and the quality of the predictions.
///
/// The report is a function of the draws and the held-out data alone: not of threads, time or the order of anything.
public struct PosteriorReport: Sendable, Hashable, Codable {
  /// How the draws came about; nil when nobody says.
  public var origin: DrawOrigin?
  /// Number of chains.
  public var chainCount: Int
  /// Number of draws in each chain.
  public var drawsPerChain: Int
  /// Of the log-probability of the true class at up to a hundred held-out inputs, evenly spaced among them; nil without
  /// held-out inputs. The Monte Carlo error is that of the predictive probability. For draws that are no chains it is
  /// the only diagnostic, √(variance/draws).
  public var functionSpace: ConvergenceSummary?
  /// R-hat in function space with chains and draws exchanged, where there are more chains than draws; NaN otherwise.
  @ExtendedNumber public var exchangedAxesRHat: Double
  /// Of the parameters: all, or a fixed sample of a thousand where parameters × draws exceeds a million. Nil where
  /// draws are no chains or have no parameters.
  public var weightSpace: ConvergenceSummary?
  /// Of the log-density `lp`, where it was recorded.
  public var logDensity: ConvergenceSummary?
  /// Of the energy, where it was recorded.
  public var energy: ConvergenceSummary?
  /// Counts and means of each chain.
  public var chains: [ChainSummary]
  /// Counts and means over all chains.
  public var allChains: ChainSummary
  /// Statistics that are there and count as not recorded, by ArviZ's name, with a clause that says why.
  public var absences: [String: String]
  /// Number of log-probabilities and weights that are not finite.
  public var nonFiniteCount: Int
  /// Quality of the predictions on held-out data; nil without labels.
  public var quality: QualityReport?
  /// The checks, in the order in which a verdict names them.
  public var checks: [DiagnosticCheck]
  /// The verdict in one word.
  public var outcome: Outcome
  /// The verdict in a sentence: the worst finding and what to do about it.
  public var verdict: String

  /// What the checks come to.
  public enum Outcome: String, Sendable, Codable {
    /// Chains that agree, without a reservation.
    case converged
    /// Chains that agree, but some check warns.
    case convergedWithReservations = "converged with reservations"
    /// Chains that disagree, stand still or diverge.
    case notConverged = "not converged"
    /// Too few draws, nothing that varies, nothing to look at, or nobody says what the draws are.
    case notJudged = "not judged"
    /// The draws are no Markov chains.
    case doesNotApply = "does not apply"
    /// Numbers that are not finite, or an ensemble of copies.
    case unusable
  }

  /// Number of draws over all chains.
  public var drawCount: Int { chainCount * drawsPerChain }

  /// Diagnoses a posterior: reads every draw's parameters once, and takes the held-out inputs through every draw twice.
  ///
  /// - Throws: `CoreError` when the parts of `posterior` do not fit each other, and what reading and predicting throw.
  public init(of posterior: DiagnosedPosterior) throws {
    try posterior.validate()
    let recorded = RecordedStatistics(posterior.statistics, chainCount: posterior.chainCount)
    var posterior = posterior
    posterior.statistics = recorded.values
    let weights = try posterior.readParameters.map { try WeightSpace(posterior, $0) }
    var function: FunctionPass?
    if let ensemble = posterior.ensemble, let inputs = posterior.inputs, inputs.rowCount > 0 {
      function = try FunctionPass(posterior, ensemble: ensemble, inputs: inputs)
    }
    func summary(of statistic: String) -> ConvergenceSummary? {
      guard posterior.mayBeChains, let values = posterior.statistics[statistic].map(posterior.chains) else {
        return nil
      }
      return ConvergenceSummary(count: 1, population: 1, quantity: { _ in values })
    }
    origin = posterior.origin
    chainCount = posterior.chainCount
    drawsPerChain = posterior.drawsPerChain
    functionSpace = function?.summary(posterior)
    exchangedAxesRHat = posterior.mayBeChains ? function?.space.exchangedAxes ?? .nan : .nan
    absences = Dictionary(recorded.absences.map { ($0.name, $0.sentence) }) { first, _ in first }
    weightSpace = posterior.mayBeChains ? weights?.summary(posterior) : nil
    logDensity = summary(of: "lp")
    energy = summary(of: "energy")
    (chains, allChains) = ChainSummary.all(posterior, hashes: [weights?.hashes, function?.hashes].compactMap(\.self))
    nonFiniteCount = (weights?.nonFiniteCount ?? 0) + (function?.nonFiniteCount ?? 0)
    quality = function?.quality
    checks = []
    outcome = .notJudged
    verdict = ""
    checks = DiagnosticChecks(report: self).all()
    (outcome, verdict) = DiagnosticVerdict(report: self).result()
  }
}
