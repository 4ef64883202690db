public import RobustnessCore

/// Whether Markov chains sample their posterior: the one place where that is decided, for every program.
///
/// `posterior diagnose`, `posterior verify`, `evaluate` and `benchmark` differ in the evidence that they have, and in
/// nothing else. Thresholds, and where they come from:
///
/// - R-hat (of predictions, and of the log-density) above 1.01 is a reservation (Vehtari et al. 2021, §4.1), in short
///   chains above what independent draws of that number would show (simulated); above 1.1,
///   the threshold before that paper (Gelman et al., Bayesian Data Analysis, 3rd edition, §11.4), the chains have not
///   converged, in short chains above what one in two hundred R-hats of independent draws exceeds.
/// - A divergence is a reservation, however rare: the chain may avoid a region (Betancourt 2017, arXiv:1701.02434,
///   §6.2; Stan and PyMC warn of the first). No source has a fraction from which draws are useless. Here it is a half,
///   from which on the sampler mostly does not follow its Hamiltonian.
/// - E-BFMI below 0.3 in any chain is a reservation (Betancourt 2016, arXiv:1604.00695; Stan and ArviZ have the same
///   number). It tells of slow tails, not of wrong draws, so that it never fails.
public struct ConvergenceJudgement: Sendable {
  /// What was judged.
  public let evidence: ConvergenceEvidence

  /// Below this fraction of distinct draws, a posterior is far smaller than it says: healthy samplers accept well over
  /// a quarter of their proposals.
  static let distinctFraction = 0.25
  /// So many distinct draws of Markov chains are enough, whatever fraction of all draws they are: a random walk that
  /// accepts a fifth of its proposals, as it should, repeats most of its states.
  static let distinctCount = 100
  /// From this fraction of divergent draws on, the sampler does not follow its Hamiltonian.
  public static let divergentFraction = 0.5
  /// Below this, momenta are refreshed too weakly for the spread of energies.
  public static let energyFraction = 0.3

  /// Judges what is known.
  public init(_ evidence: ConvergenceEvidence) { self.evidence = evidence }

  /// The checks for which there is evidence, in the order in which a verdict names them: causes before symptoms.
  public var checks: [DiagnosticCheck] { [divergences, convergence, logDensity, energyFraction].compactMap(\.self) }

  /// What a verdict names: what failed first, else R-hat of the predictions where it warns, else what warns first; nil
  /// where nothing failed and nothing warns.
  public var worst: DiagnosticCheck? {
    let checks = checks
    let warnings = checks.filter { $0.status == .warning }
    return checks.first { $0.status == .failed } ?? warnings.first { $0.name == "convergence" } ?? warnings.first
  }

  /// Number of checks that failed or warn.
  public var findingCount: Int { checks.count { $0.status == .failed || $0.status == .warning } }

  // MARK: - Checks

  /// Whether a posterior is not far smaller than it says: a quarter of its draws are distinct or, of Markov chains, a
  /// hundred of them.
  public static func isLargeEnough(_ distinct: Int, of total: Int, origin: DrawOrigin?) -> Bool {
    Double(distinct) / Double(total) >= distinctFraction || origin == .mcmc && distinct >= distinctCount
  }

  /// How many draws are distinct, which is asked of every kind but one network.
  ///
  /// - Parameters:
  ///   - distinct: Number of different draws.
  ///   - total: Number of draws.
  ///   - origin: How they came about.
  public static func identicalDraws(_ distinct: Int, of total: Int, origin: DrawOrigin?) -> DiagnosticCheck {
    let fraction = Double(distinct) / Double(total)
    let isFine = isLargeEnough(distinct, of: total, origin: origin)
    let isChains = origin == .mcmc || origin == nil
    return DiagnosticCheck(
      "identical-draws", isFine ? .passed : .failed, value: fraction,
      finding: "\(isFine ? "" : "only ")\(distinct) of \(total) draws are distinct",
      advice: isFine
        ? ""
        : isChains
          ? "Sample again with a smaller step size, so that more proposals are accepted."
          : "Draws were stored more than once.")
  }

  /// Divergent draws; nil where nobody recorded them.
  var divergences: DiagnosticCheck? {
    let total = evidence.drawCount
    guard let count = evidence.divergenceCount else { return notRecorded("diverging", as: "divergences") }
    let fraction = Double(count) / Double(total)
    return DiagnosticCheck(
      "divergences", count == 0 ? .passed : fraction < Self.divergentFraction ? .warning : .failed, value: fraction,
      finding: count == 0 ? "no draw diverged" : "\(count) of \(total) draws diverged",
      advice: count == 0 ? "" : "Sample again with a smaller step size.")
  }

  /// R-hat in function space; in weight space where nothing else is known; nil where neither was looked at.
  var convergence: DiagnosticCheck? {
    let length = evidence.predictions?.drawsPerChain ?? evidence.drawsPerChain
    guard length >= RHat.minimumDraws else {
      return DiagnosticCheck(
        "convergence", evidence.origin == nil ? .notJudged : .failed,
        finding:
          "\(length) draw\(length == 1 ? " a chain is" : "s a chain are") too few to judge convergence (4 at least)",
        advice: "Longer chains; networks trained separately have the kind ensemble.")
    }
    if let predictions = evidence.predictions {
      // Read the other way round there are as many chains as draws.
      let exchanged = failureThreshold(
        predictions.exchangedAxes, predictions.drawsPerChain, predictions.chainCount, isDecile: true)
      return predictions.exchangedAxes > exchanged.value
        ? exchangedAxes(predictions)
        : rHat(
          "convergence", predictions.rHat, "in function space", predictions.chainCount, predictions.drawsPerChain,
          isDecile: true)
    }
    return evidence.weightSpace.map {
      rHat("convergence", $0, "in weight space", evidence.chainCount, evidence.drawsPerChain, isDecile: true)
    }
  }

  /// R-hat of the log-density; nil where it was not recorded.
  var logDensity: DiagnosticCheck? {
    guard let value = evidence.logDensity else { return notRecorded("lp", as: "log-density") }
    guard evidence.drawsPerChain >= RHat.minimumDraws else {
      return DiagnosticCheck("log-density", .notJudged, finding: "too few draws a chain")
    }
    guard !value.isNaN else {
      return DiagnosticCheck(
        "log-density", .warning, finding: "R-hat of the log-density is not defined: it does not vary, or is not finite",
        advice: "Look at what the sampler recorded as lp.")
    }
    return rHat("log-density", value, "of the log-density", evidence.chainCount, evidence.drawsPerChain)
  }

  /// The smallest E-BFMI of a chain; nil where no energy was recorded.
  var energyFraction: DiagnosticCheck? {
    guard let fractions = evidence.energyFractions else { return notRecorded("energy", as: "energy-fraction") }
    if let undefined = fractions.firstIndex(where: \.isNaN) {
      return DiagnosticCheck(
        "energy-fraction", .warning,
        finding: "E-BFMI of chain \(undefined) is not defined: its energy does not vary, or is not finite",
        advice: "Look at what the sampler recorded as energy.")
    }
    let worst = fractions.indices.min { fractions[$0] < fractions[$1] } ?? 0
    let value = fractions[worst]
    let isFine = value >= Self.energyFraction
    return DiagnosticCheck(
      "energy-fraction", isFine ? .passed : .warning, value: value,
      finding: "E-BFMI \(isFine ? "at least " : "")\(decimal(value, 2, beside: Self.energyFraction))"
        + (isFine ? " (chain \(worst))" : " in chain \(worst), below 0.30"),
      advice: isFine ? "" : "More draws: single trajectories move too little between energies to reach the tails.")
  }

  // MARK: - Sentences

  private func notRecorded(_ statistic: String, as check: String) -> DiagnosticCheck? {
    evidence.absences[statistic].map {
      DiagnosticCheck(check, .notJudged, finding: "\(statistic) \($0): it counts as not recorded")
    }
  }

  /// Chains that never mixed, stored as (draw, chain, …), look like many short chains that agree. Read as they were
  /// meant, they disagree. Many short chains that have converged agree either way: their draws of one number are
  /// independent.
  private func exchangedAxes(_ predictions: ConvergenceEvidence.Predictions) -> DiagnosticCheck {
    let value = predictions.exchangedAxes
    return DiagnosticCheck(
      "convergence", evidence.origin == nil ? .notJudged : .failed, value: value,
      finding: "R-hat \(decimal(value, 2, beside: RHat.failureThreshold)) in function space when read as "
        + "\(predictions.drawsPerChain) chains of \(predictions.chainCount) draws",
      advice:
        "Are the first two axes of the weights swapped? They are (chain, draw, …). Otherwise the draws of the many "
        + "short chains still move together: longer warm-up.")
  }

  /// Above 1.1, and above what draws rarely show that are as good as can be.
  ///
  /// Two chains that are two standard deviations apart have an R-hat of 1.5. Chains so short that independent draws
  /// show as much cannot be told from those that never mixed: nothing excuses theirs above 1.5, and what is found says
  /// that they are too short.
  ///
  /// - Parameter isDecile: Whether it is the ninth decile of many R-hats, and not one.
  private func failureThreshold(
    _ value: Double, _ chains: Int, _ draws: Int, isDecile: Bool
  ) -> (value: Double, isTooShort: Bool) {
    // It takes a moment to know what short chains show, and nothing below 1.1 fails.
    guard value > RHat.failureThreshold else { return (RHat.failureThreshold, false) }
    let independent =
      isDecile
      ? RHat.rarelyExceededInFunctionSpace(chains: chains, drawsPerChain: draws)
      : RHat.rarelyExceededByIndependentDraws(chains: chains, drawsPerChain: draws)
    // A quantile of 2,000 simulations is uncertain by so much.
    let isTooShort = independent > Self.farApart - 0.05
    return (max(RHat.failureThreshold, min(independent, Self.farApart)), isTooShort)
  }

  /// R-hat of two chains that are two standard deviations apart.
  private static let farApart = 1.5

  private func rHat(
    _ name: String, _ value: Double, _ place: String, _ chains: Int, _ draws: Int, isDecile: Bool = false
  ) -> DiagnosticCheck {
    let isStated = evidence.origin != nil
    guard !value.isNaN else {
      return DiagnosticCheck(
        name, isStated ? .failed : .notJudged, finding: "R-hat \(place) is not defined: nothing varies, or is finite",
        advice: "Look at the acceptance rate.")
    }
    let (failing, isTooShort) = failureThreshold(value, chains, draws, isDecile: isDecile)
    // Short chains show more than 1.01 even where their draws are independent.
    let independent = RHat.ofIndependentDraws(chains: chains, drawsPerChain: draws)
    let warning = min(failing, max(RHat.warningThreshold, isTooShort ? RHat.failureThreshold : independent))
    let status: DiagnosticCheck.Status = value > failing ? .failed : value > warning ? .warning : .passed
    let figure = "R-hat \(decimal(value, 2, beside: value > failing ? failing : warning)) \(place)"
    let tooShort =
      "; \(draws) draws\(chains == 1 ? "" : " in each of \(chains) chains") are too few to tell whether they converged"
    switch status {
    case .failed:
      let advice =
        evidence.divergenceCount ?? 0 > 0
        ? "Sample again with a smaller step size, since draws diverge; then with a longer warm-up and longer trajectories."
        : isTooShort ? "More draws." : "Longer warm-up, longer trajectories, more draws."
      return DiagnosticCheck(
        name, isStated ? .failed : .notJudged, value: value,
        finding: figure + ", above \(decimal(failing, 2))"
          + (isTooShort
            ? tooShort
            : failing > RHat.failureThreshold ? ", which independent draws of that number hardly ever show" : ""),
        advice: advice)
    case .warning:
      return DiagnosticCheck(
        name, isStated ? .warning : .notJudged, value: value,
        finding: figure + ", above \(decimal(warning, 2))"
          + (isTooShort
            ? tooShort : warning > RHat.warningThreshold ? ", which independent draws of that number show" : ""),
        advice: isTooShort ? "More draws." : "More draws, or longer trajectories.")
    default: return DiagnosticCheck(name, isStated ? .passed : .notJudged, value: value, finding: figure)
    }
  }
}
