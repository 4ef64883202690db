public import Diagnostics
public import PosteriorFiles
import RobustnessCore

extension PosteriorFile {
  /// What the file itself says about its draws, judged as everywhere else but without running the network: how many are
  /// distinct and, where they may be chains, what the sampler recorded.
  ///
  /// - Throws: `PosteriorFileError` when the file can no longer be read.
  public func recordedChecks() throws(PosteriorFileError) -> [DiagnosticCheck] {
    let origin = kind.flatMap { DrawOrigin(rawValue: $0.rawValue) }
    var checks: [DiagnosticCheck] = []
    if origin != .single {
      checks.append(ConvergenceJudgement.identicalDraws(distinctDrawCount, of: drawCount, origin: origin))
    }
    guard origin == .mcmc || origin == nil else { return checks }
    var evidence = ConvergenceEvidence(origin: origin, chainCount: chainCount, drawsPerChain: drawsPerChain)
    let statistics = try sampleStatistics()
    evidence.add(statistics: Dictionary(statistics.map { ($0.name, $0.values) }) { first, _ in first })
    return checks + ConvergenceJudgement(evidence).checks
  }
}

extension DiagnosticCheck {
  /// The outcome of a diagnosis that this check by itself would bring about, before its finding and advice; the finding
  /// and the advice alone where it brings about none.
  ///
  /// - Parameter isChains: Whether the draws may be Markov chains.
  public func sentence(isChains: Bool) -> String {
    let text = finding + (advice.isEmpty ? "" : ". " + advice)
    guard status == .failed else { return text }
    // What could not be measured must not read like a measurement.
    let outcome = !isChains ? "unusable" : name == "convergence" && value.isNaN ? "not judged" : "not converged"
    return "\(outcome): \(text)"
  }
}
