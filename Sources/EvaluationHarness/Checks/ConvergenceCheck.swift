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

  /// Above this the chains have not converged.
  static let failing = 1.1
  /// Above this (Vehtari et al.'s recommendation) there is a reservation.
  static let warning = 1.01

  func check() -> Check {
    let chains = drawsByChain()
    let length = chains.map(\.count).min() ?? 0
    guard length >= 4 else {
      return Check(
        CheckName.convergence, .failed,
        finding: "\(length) draws a chain are too few to judge convergence (4 at least)",
        advice: "Sample longer chains; an ensemble of independent networks should say so in kind.")
    }
    let rHat = max(functionSpace(chains, length), logDensity(chains, length))
    guard !rHat.isNaN else {
      return Check(
        CheckName.convergence, .failed, finding: "R-hat cannot be computed: what the chains say does not vary",
        advice: "Look at the sampler's acceptance rate.")
    }
    let figure = String(format: "R-hat %.2f in function space", rHat)
    if rHat > Self.failing {
      return Check(
        CheckName.convergence, .failed, value: rHat, finding: figure + " > 1.10: the chains disagree",
        advice: "These draws are not a sample of the posterior. Longer warm-up, longer trajectories, more draws.")
    }
    if rHat > Self.warning {
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
    let examples = members.shape[1]
    let classes = members.shape[2]
    var values: [Double] = []
    for example in 0..<examples {
      let series = chains.map { chain in
        chain.prefix(length).map { members.elements[($0 * examples + example) * classes + labels[example]] }
      }
      let rHat = RHat(series).value
      // Infinite where every chain stands still at a value of its own: the worst there is. Not a number where nothing varies at all.
      if !rHat.isNaN { values.append(rHat) }
    }
    guard !values.isEmpty else { return .nan }
    values.sort()
    return values[min(values.count - 1, values.count * 9 / 10)]
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
