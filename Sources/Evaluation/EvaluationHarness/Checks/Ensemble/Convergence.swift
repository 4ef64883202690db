import Diagnostics
import RobustnessCore

extension CheckName {
  /// Chains agree in function space.
  public static let convergence = "convergence"
}

extension VerdictCheck {
  /// Made by the judgement that every program shares, of all draws in the file, whichever are evaluated.
  static let convergence = VerdictCheck(
    CheckName.convergence, needs: [CheckName.finiteValues, CheckName.identicalDraws],
    .ensemble { evidence in
      let check = try ConvergenceCheck(evidence)
      return check.applies ? check.check() : nil
    })
}

/// Whether Markov chains sample their posterior, as `ConvergenceJudgement` decides it for every program: from R-hat of
/// the label's log-probability at each of up to a hundred examples, and from what the sampler recorded.
///
/// Weights can be permuted without changing the function, so that weight-space R-hat says too little; the function is
/// what is evaluated. What the sampler recorded is about all draws of the file as well.
private struct ConvergenceCheck {
  /// Log-probabilities of all draws of the file.
  let members: Tensor
  let labels: [Int]
  let subject: EvaluationSubject

  init(_ evidence: EnsembleEvidence) throws {
    subject = evidence.subject
    labels = evidence.memberExamples.map { evidence.labels[$0] }
    let count = subject.ensemble.drawCount
    members =
      subject.origin != .mcmc || evidence.draws == Array(0..<count)
      ? evidence.members
      : try subject.ensemble.memberLogProbabilities(
        subject.examples.inputs.rows(evidence.memberExamples), draws: .all)
  }

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
        + (isFailure
          ? "" : ": this speaks of the \(subject.ensemble.drawCount) draws in the file, not of the exact posterior"),
      advice: (isFailure ? "These draws are not a sample of the posterior. " : "") + worst.advice)
  }

  private func evidence() -> ConvergenceEvidence {
    let length = subject.ensemble.drawCount / max(1, subject.chains)
    var evidence = ConvergenceEvidence(origin: subject.origin, chainCount: subject.chains, drawsPerChain: length)
    evidence.add(statistics: subject.statistics)
    guard subject.origin == .mcmc else { return evidence }
    evidence.predictions = .init(
      FunctionSpace(
        members, classes: labels, chains: (0..<subject.chains).map { Array($0 * length..<($0 + 1) * length) }))
    return evidence
  }
}
