import Diagnostics
import Foundation
import RobustnessCore

/// Whether Markov chains agree about what the network says: rank-normalised split R-hat (Vehtari et al. 2021) of the label's log-probability at each of up to a hundred examples.
///
/// Weights can be permuted without changing the function, so that weight-space R-hat says too little; the function is what is evaluated. The figure reported is the ninth decile over
/// examples (the largest of a hundred would exceed 1.1 by chance in short chains) or, where larger, that of the recorded log-density.
struct ConvergenceCheck {
  let members: Tensor
  let labels: [Int]
  let draws: [Int]
  let subject: EvaluationSubject

  func check() -> Check {
    let chains = drawsByChain()
    let length = chains.map(\.count).min() ?? 0
    guard length >= RHat.minimumDraws else {
      return Check(
        CheckName.convergence, .failed,
        finding: "\(length) draws a chain are too few to judge convergence (4 at least)",
        advice: "Sample longer chains; an ensemble of independent networks should say so in kind.")
    }
    let rHat = max(functionSpace(chains, length), logDensity(chains, length))
    if let swapped = rHatWithAxesSwapped(chains, length), swapped > RHat.failureThreshold {
      return Check(
        CheckName.convergence, .failed, value: swapped,
        finding: String(
          format: "R-hat %.2f in function space when read as %d chains of %d draws", swapped, length, chains.count),
        advice:
          "Are the first two axes of the weights swapped? They are (chain, draw, …). Otherwise the draws of the many "
          + "short chains still move together: longer warm-up.")
    }
    guard !rHat.isNaN else {
      return Check(
        CheckName.convergence, .failed, finding: "R-hat cannot be computed: what the chains say does not vary",
        advice: "Look at the sampler's acceptance rate.")
    }
    let figure = String(format: "R-hat %.2f in function space", rHat)
    if rHat > RHat.failureThreshold {
      return Check(
        CheckName.convergence, .failed, value: rHat, finding: figure + " > 1.10: the chains disagree",
        advice: "These draws are not a sample of the posterior. Longer warm-up, longer trajectories, more draws.")
    }
    if rHat > RHat.warningThreshold {
      return Check(
        CheckName.convergence, .warning, value: rHat,
        finding: figure + " > 1.01: this speaks of the \(draws.count) draws in the file, not of the exact posterior",
        advice: "More draws, or longer trajectories.")
    }
    return Check(CheckName.convergence, .passed, value: rHat, finding: figure)
  }

  /// Positions (among the draws evaluated) of each chain's draws, in order.
  private func drawsByChain() -> [[Int]] {
    let perChain = max(1, subject.ensemble.drawCount / max(1, subject.chains))
    var chains = [[Int]](repeating: [], count: subject.chains)
    for (position, draw) in draws.enumerated() { chains[min(draw / perChain, subject.chains - 1)].append(position) }
    return chains.filter { !$0.isEmpty }
  }

  private func functionSpace(_ chains: [[Int]], _ length: Int) -> Double {
    FunctionSpace(members, classes: labels, chains: chains.map { Array($0.prefix(length)) }).rHats.ninthDecile
  }

  /// R-hat with chains and draws exchanged, where there are more chains than draws.
  ///
  /// Chains that never mixed, stored as (draw, chain, …), look like many short chains that agree. Read as they were meant, they
  /// disagree. Many short chains that have converged agree either way: their draws of one number are independent.
  private func rHatWithAxesSwapped(_ chains: [[Int]], _ length: Int) -> Double? {
    guard chains.count > length else { return nil }
    let swapped = (0..<length).map { index in chains.map { $0[index] } }
    let rHat = functionSpace(swapped, chains.count)
    return rHat.isNaN ? nil : rHat
  }

  /// −∞ where no log-density was recorded.
  private func logDensity(_ chains: [[Int]], _ length: Int) -> Double {
    guard let recorded = subject.logDensities, draws.count == subject.ensemble.drawCount,
      recorded.allSatisfy({ $0.allSatisfy(\.isFinite) && $0.count >= length })
    else { return -.infinity }
    let rHat = RHat(recorded.map { Array($0.prefix(length)) }).value
    return rHat.isNaN ? -.infinity : rHat
  }
}
