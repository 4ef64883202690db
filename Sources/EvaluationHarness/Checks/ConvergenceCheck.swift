import Diagnostics
import RobustnessCore

/// Whether Markov chains sample their posterior, as `ConvergenceJudgement` decides it for every program: from R-hat of
/// the label's log-probability at each of up to a hundred examples, and from what the sampler recorded.
///
/// Weights can be permuted without changing the function, so that weight-space R-hat says too little; the function is
/// what is evaluated. What the sampler recorded is about all draws of the file, whichever of them judge.
struct ConvergenceCheck {
  let members: Tensor
  let labels: [Int]
  let draws: [Int]
  let subject: EvaluationSubject

  /// Draws that nobody calls chains are judged where what a sampler recorded speaks against them.
  var applies: Bool {
    subject.origin == .mcmc || subject.origin == nil && ConvergenceJudgement(evidence()).worst != nil
  }

  func check() -> Check {
    let judgement = ConvergenceJudgement(evidence())
    guard let worst = judgement.worst else {
      let convergence = judgement.checks.first { $0.name == "convergence" }
      return Check(
        CheckName.convergence, .passed, value: convergence?.value,
        finding: convergence?.finding ?? "there is nothing to look at")
    }
    let others = judgement.findingCount - 1
    let more = others > 0 ? " (and \(others) more: posterior diagnose lists \(others == 1 ? "it" : "them"))" : ""
    let isFailure = worst.status == .failed
    return Check(
      CheckName.convergence, isFailure ? .failed : .warning, value: worst.value.isNaN ? nil : worst.value,
      finding: worst.finding + more
        + (isFailure ? "" : ": this speaks of the \(draws.count) draws in the file, not of the exact posterior"),
      advice: (isFailure ? "These draws are not a sample of the posterior. " : "") + worst.advice)
  }

  /// What was recorded is about all draws of the file, predictions about those that judge.
  private func evidence() -> ConvergenceEvidence {
    var evidence = ConvergenceEvidence(
      origin: subject.origin, chainCount: subject.chains,
      drawsPerChain: subject.ensemble.drawCount / max(1, subject.chains))
    evidence.add(statistics: subject.statistics)
    guard subject.origin == .mcmc else { return evidence }
    let chains = drawsByChain()
    let length = chains.map(\.count).min() ?? 0
    evidence.predictions = .init(
      FunctionSpace(members, classes: labels, chains: chains.map { Array($0.prefix(length)) }))
    return evidence
  }

  /// Positions (among the draws evaluated) of each chain's draws, in order.
  private func drawsByChain() -> [[Int]] {
    let perChain = max(1, subject.ensemble.drawCount / max(1, subject.chains))
    var chains = [[Int]](repeating: [], count: subject.chains)
    for (position, draw) in draws.enumerated() { chains[min(draw / perChain, subject.chains - 1)].append(position) }
    return chains.filter { !$0.isEmpty }
  }
}
