import RobustnessCore

extension PosteriorReport {
  /// What the draws are, in words.
  public var drawDescription: String {
    let count = drawCount
    switch origin {
    case .mcmc, nil:
      return "\(chainCount) chain\(chainCount == 1 ? "" : "s") of \(drawsPerChain) draw\(drawsPerChain == 1 ? "" : "s")"
    case .variational: return "\(count) independent draw\(count == 1 ? "" : "s") from a fitted distribution"
    case .independent: return "\(count) independent draw\(count == 1 ? "" : "s")"
    case .ensemble: return count == 1 ? "one network" : "an ensemble of \(count) networks trained separately"
    case .bootstrap: return "\(count) network\(count == 1 ? "" : "s") trained on resampled data"
    case .single: return count == 1 ? "one network" : "\(count) draws that are said to be one network"
    }
  }
}

/// The sentence at the end of a report.
struct DiagnosticVerdict {
  let report: PosteriorReport

  func result() -> (PosteriorReport.Outcome, String) {
    let failed = report.checks.filter { $0.status == .failed }
    let warnings = report.checks.filter { $0.status == .warning }
    let convergence = report.checks.first { $0.name == "convergence" }
    let isChains = report.origin == .mcmc || report.origin == nil
    if let worst = failed.first(where: { $0.name == "finite-values" || !isChains }) {
      let subject = isChains ? "" : report.drawDescription + ", "
      return (.unusable, "\(subject)unusable: \(sentence(worst, others: failed.count + warnings.count - 1))")
    }
    guard isChains else { return (.doesNotApply, "\(report.drawDescription): convergence does not apply") }
    // What could not be measured must not read like a measurement.
    if let worst = failed.first(where: { !($0.name == "convergence" && $0.value.isNaN) }) {
      return (.notConverged, "not converged: \(sentence(worst, others: failed.count + warnings.count - 1))")
    }
    guard report.origin != nil else {
      let figure = convergence.map { ": \($0.finding), if they are Markov chains" } ?? ""
      return (
        .notJudged,
        "not judged, since nothing says how the draws came about\(figure). State the kind, for instance mcmc or ensemble."
      )
    }
    if let convergence, convergence.status == .failed || convergence.status == .notJudged {
      return (.notJudged, "not judged: \(sentence(convergence, others: 0))")
    }
    if let worst = warnings.first(where: { $0.name == "convergence" }) ?? warnings.first {
      return (
        .convergedWithReservations,
        "converged, with \(warnings.count == 1 ? "a reservation" : "reservations"): "
          + sentence(worst, others: warnings.count - 1)
      )
    }
    let size = report.checks.first { $0.name == "effective-sample-size" && $0.status == .passed }
    return (.converged, "converged: " + [convergence, size].compactMap { $0?.finding }.joined(separator: "; "))
  }

  private func sentence(_ check: DiagnosticCheck, others: Int) -> String {
    let more = others > 0 ? " (and \(others) other finding\(others == 1 ? "" : "s"))" : ""
    return check.finding + more + (check.advice.isEmpty ? "" : ". " + check.advice)
  }
}
