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
    let judgement = ConvergenceJudgement(report.evidence)
    if let check = judgement.divergences { checks.append(check) }
    checks.append(judgement.convergence ?? nothingToLookAt())
    if let check = judgement.logDensity { checks.append(check) }
    if report.functionSpace != nil, let summary = report.weightSpace { checks.append(weightSpace(summary)) }
    checks.append(effectiveSampleSize())
    if let check = judgement.energyFraction { checks.append(check) }
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
    report.allChains.distinctDrawCount.map {
      ConvergenceJudgement.identicalDraws($0, of: report.drawCount, origin: report.origin)
    }
  }

  private func nothingToLookAt() -> DiagnosticCheck {
    DiagnosticCheck(
      "convergence", .notJudged, finding: "there are neither held-out inputs nor weights to look at",
      advice: "Give held-out data.")
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

  /// What convergence is judged by.
  private var judged: (ConvergenceSummary, String)? {
    report.functionSpace.map { ($0, "function space") } ?? report.weightSpace.map { ($0, "weight space") }
  }
}

extension PosteriorReport {
  /// What the report knows about convergence.
  public var evidence: ConvergenceEvidence {
    var evidence = ConvergenceEvidence(origin: origin, chainCount: chainCount, drawsPerChain: drawsPerChain)
    evidence.predictions = functionSpace.map {
      ConvergenceEvidence.Predictions(
        chainCount: chainCount, drawsPerChain: drawsPerChain, rHat: $0.ninthDecileRHat,
        exchangedAxes: exchangedAxesRHat)
    }
    evidence.weightSpace = weightSpace?.ninthDecileRHat
    evidence.logDensity = logDensity?.ninthDecileRHat
    evidence.divergenceCount = allChains.divergenceCount
    evidence.energyFractions = energy == nil ? nil : chains.map(\.energyFraction)
    evidence.absences = absences
    return evidence
  }
}

/// A number with so many decimals, and two more when it would read like the `threshold` that it differs from.
func decimal(_ value: Double, _ digits: Int, beside threshold: Double? = nil) -> String {
  guard value.isFinite else { return value.isNaN ? "not defined" : value > 0 ? "∞" : "−∞" }
  let text = String(format: "%.\(digits)f", value)
  guard let threshold, value != threshold, text == String(format: "%.\(digits)f", threshold) else { return text }
  return String(format: "%.\(digits + 2)f", value)
}
