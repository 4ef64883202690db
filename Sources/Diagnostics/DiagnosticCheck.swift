import Foundation
import RobustnessCore

/// One question about a posterior, with its answer.
public struct DiagnosticCheck: Sendable, Hashable, Codable {
  /// How a check ended.
  public enum Status: String, Sendable, Codable {
    /// Nothing wrong.
    case passed
    /// The draws are of use, with a reservation.
    case warning
    /// The draws are not a sample of the posterior.
    case failed
    /// Measured, but it decides nothing here; or it could not be measured.
    case notJudged = "not judged"
    /// The question does not arise for draws of this kind.
    case doesNotApply = "does not apply"
  }

  /// Short name, also the anchor in `Docs/diagnostics.md`.
  public var name: String
  /// How it ended.
  public var status: Status
  /// The quantity judged; NaN where it is not defined or there is none.
  @ExtendedNumber public var value: Double
  /// What was found, in one sentence without its full stop.
  public var finding: String
  /// What to do about it; empty when there is nothing to do.
  public var advice: String

  init(_ name: String, _ status: Status, value: Double = .nan, finding: String, advice: String = "") {
    self.name = name
    self.status = status
    self.value = value
    self.finding = finding
    self.advice = advice
  }
}

/// The checks of a report whose numbers are there.
struct DiagnosticChecks {
  let report: PosteriorReport

  /// Below this fraction of distinct draws, a posterior is far smaller than it says.
  static let distinctFraction = 0.25
  /// From this fraction of divergent draws on, the sampler does not follow its Hamiltonian.
  static let divergentFraction = 0.5
  /// Below this, momenta are refreshed too weakly for the spread of energies (Betancourt 2016).
  static let energyFraction = 0.3
  /// Effective draws that each chain should be worth (Vehtari et al. 2021, §4).
  static let effectiveDrawsPerChain = 100

  private var isChains: Bool { report.origin == .mcmc || report.origin == nil }

  func all() -> [DiagnosticCheck] {
    var checks = [finiteValues()]
    if report.origin != .single, let check = identicalDraws() { checks.append(check) }
    guard isChains else {
      return checks + [
        DiagnosticCheck("convergence", .doesNotApply, finding: "\(report.drawDescription): no chain to converge")
      ]
    }
    if let check = divergences() { checks.append(check) }
    checks.append(convergence())
    if let summary = report.logDensity { checks.append(logDensity(summary)) }
    if report.functionSpace != nil, let summary = report.weightSpace { checks.append(weightSpace(summary)) }
    checks.append(effectiveSampleSize())
    if report.energy != nil { checks.append(energyFraction()) }
    return checks
  }

  private func finiteValues() -> DiagnosticCheck {
    let bad = report.nonFiniteCount
    return DiagnosticCheck(
      "finite-values", bad == 0 ? .passed : .failed, value: Double(bad),
      finding: bad == 0
        ? "every number is finite"
        : "\(bad) log-probabilit\(bad == 1 ? "y or weight is" : "ies or weights are") not finite",
      advice: bad == 0 ? "" : "The training overflowed: a smaller step or learning rate.")
  }

  private func identicalDraws() -> DiagnosticCheck? {
    guard let distinct = report.allChains.distinctDrawCount else { return nil }
    let total = report.drawCount
    let fraction = Double(distinct) / Double(total)
    let isFine = fraction >= Self.distinctFraction
    return DiagnosticCheck(
      "identical-draws", isFine ? .passed : .failed, value: fraction,
      finding: "\(isFine ? "" : "only ")\(distinct) of \(total) draws are distinct",
      advice: isFine
        ? "" : isChains ? "A smaller step, so that more proposals are accepted." : "Draws were stored more than once.")
  }

  private func divergences() -> DiagnosticCheck? {
    guard let count = report.allChains.divergenceCount else { return nil }
    let fraction = Double(count) / Double(report.drawCount)
    let total = report.drawCount
    return DiagnosticCheck(
      "divergences", count == 0 ? .passed : fraction < Self.divergentFraction ? .warning : .failed, value: fraction,
      finding: count == 0 ? "no draw diverged" : "\(count) of \(total) draws diverged",
      advice: count == 0 ? "" : "A smaller step.")
  }

  /// In function space; in weight space where nothing else is known.
  private func convergence() -> DiagnosticCheck {
    let length = report.drawsPerChain
    guard length >= RHat.minimumDraws else {
      return DiagnosticCheck(
        "convergence", report.origin == nil ? .notJudged : .failed,
        finding: "\(length) draw\(length == 1 ? "" : "s") a chain are too few to judge convergence (4 at least)",
        advice: "Longer chains; networks trained separately have the kind ensemble.")
    }
    guard let (summary, place) = judged else {
      return DiagnosticCheck(
        "convergence", .notJudged, finding: "there are neither held-out inputs nor weights to look at",
        advice: "Give held-out data.")
    }
    return rHat("convergence", summary, "in \(place)")
  }

  private func logDensity(_ summary: ConvergenceSummary) -> DiagnosticCheck {
    guard report.drawsPerChain >= RHat.minimumDraws else {
      return DiagnosticCheck("log-density", .notJudged, finding: "too few draws a chain")
    }
    guard !summary.ninthDecileRHat.isNaN else {
      return DiagnosticCheck(
        "log-density", .warning, finding: "R-hat of the log-density is not defined: it does not vary, or is not finite",
        advice: "Look at what the sampler recorded as lp.")
    }
    return rHat("log-density", summary, "of the log-density")
  }

  /// Says what weight space says, and judges nothing: hidden units can be permuted without changing the function.
  private func weightSpace(_ summary: ConvergenceSummary) -> DiagnosticCheck {
    let value = summary.ninthDecileRHat
    let figure = "R-hat \(decimal(value, 2, beside: RHat.warningThreshold)) in weight space"
    return value <= RHat.warningThreshold
      ? DiagnosticCheck("weight-space", .passed, value: value, finding: figure)
      : DiagnosticCheck(
        "weight-space", .notJudged, value: value,
        finding: value.isNaN ? "R-hat in weight space is not defined" : figure + ": units that are permuted do this too"
      )
  }

  private func rHat(_ name: String, _ summary: ConvergenceSummary, _ place: String) -> DiagnosticCheck {
    let value = summary.ninthDecileRHat
    guard !value.isNaN else {
      return DiagnosticCheck(
        name, report.origin == nil ? .notJudged : .failed,
        finding: "R-hat \(place) is not defined: nothing varies, or is finite",
        advice: "Look at the acceptance rate.")
    }
    let failing = RHat.failureThreshold
    let warning = RHat.warningThreshold
    let status: DiagnosticCheck.Status = value > failing ? .failed : value > warning ? .warning : .passed
    let figure = "R-hat \(decimal(value, 2, beside: value > failing ? failing : warning)) \(place)"
    switch status {
    case .failed:
      let advice =
        report.allChains.divergenceCount ?? 0 > 0
        ? "A smaller step, since draws diverge; then longer warm-up and trajectories."
        : "Longer warm-up, longer trajectories, more draws."
      return DiagnosticCheck(
        name, report.origin == nil ? .notJudged : .failed, value: value, finding: figure + ", above 1.10",
        advice: advice)
    case .warning:
      return DiagnosticCheck(
        name, report.origin == nil ? .notJudged : .warning, value: value, finding: figure + ", above 1.01",
        advice: "More draws, or longer trajectories.")
    default: return DiagnosticCheck(name, report.origin == nil ? .notJudged : .passed, value: value, finding: figure)
    }
  }

  private func effectiveSampleSize() -> DiagnosticCheck {
    guard let (summary, place) = judged, !summary.smallestESS.isNaN else {
      return DiagnosticCheck("effective-sample-size", .notJudged, finding: "effective sample size not defined")
    }
    let value = summary.smallestESS
    let isFine = value >= Double(Self.effectiveDrawsPerChain * report.chainCount)
    return DiagnosticCheck(
      "effective-sample-size", report.origin == nil ? .notJudged : isFine ? .passed : .warning, value: value,
      finding:
        "effective sample size in \(place) \(isFine ? "at least" : "only") \(decimal(value, 0)) of \(report.drawCount)"
        + (isFine ? "" : ", below \(Self.effectiveDrawsPerChain) for each chain"),
      advice: isFine ? "" : "More draws, or longer trajectories.")
  }

  private func energyFraction() -> DiagnosticCheck {
    let fractions = report.chains.map(\.energyFraction)
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

  /// What convergence is judged by.
  private var judged: (ConvergenceSummary, String)? {
    report.functionSpace.map { ($0, "function space") } ?? report.weightSpace.map { ($0, "weight space") }
  }
}

/// A number with so many decimals, and two more when it would read like the `threshold` that it differs from.
func decimal(_ value: Double, _ digits: Int, beside threshold: Double? = nil) -> String {
  guard value.isFinite else { return value.isNaN ? "not defined" : value > 0 ? "∞" : "−∞" }
  let text = String(format: "%.\(digits)f", value)
  guard let threshold, value != threshold, text == String(format: "%.\(digits)f", threshold) else { return text }
  return String(format: "%.\(digits + 2)f", value)
}
