import Diagnostics
import RobustnessCore

extension CheckName {
  /// Enough of the draws are distinct.
  public static let identicalDraws = "identical-draws"
}

extension VerdictCheck {
  /// Whether draws are copies of each other: exactly, or up to rounding where they are said to be independent.
  static let identicalDraws = VerdictCheck(
    CheckName.identicalDraws, needs: [CheckName.finiteValues],
    .ensemble { evidence in
      let total = evidence.draws.count
      if let (first, second) = evidence.copiedChains {
        return Check(
          CheckName.identicalDraws, .failed, value: 1 / Double(evidence.subject.chains),
          finding: "chains \(first) and \(second) are the same chain: their draws answer alike, one by one",
          advice: "Chains need random streams and starts of their own; one that is stored twice says nothing new.")
      }
      let isChain = evidence.subject.origin == .mcmc || evidence.subject.origin == nil
      var distinct = evidence.distinctDraws(tolerance: isChain ? 0 : EnsembleEvidence.roundingOfCopies)
      if let known = evidence.subject.distinctDraws, total == evidence.subject.ensemble.drawCount {
        distinct = min(distinct, known)
      }
      let fraction = Double(distinct) / Double(total)
      let isFine =
        evidence.subject.origin == .single
        || ConvergenceJudgement.isLargeEnough(distinct, of: total, origin: evidence.subject.origin)
      // Networks that were trained apart are never alike, not even two of them.
      let isTrained = evidence.subject.origin == .ensemble || evidence.subject.origin == .bootstrap
      let apart = isTrained ? evidence.distinctDraws(tolerance: EnsembleEvidence.closestNetworks) : distinct
      if isFine, !isChain, evidence.subject.origin != .single, 4 * apart <= 3 * total {
        return Check(
          CheckName.identicalDraws, .warning, value: Double(apart) / Double(total),
          finding: "\(apart) of \(total) draws are distinct; the others answer almost as these do",
          advice: "The ensemble is as large as its distinct draws: leave the copies out.")
      }
      return Check(
        CheckName.identicalDraws, isFine: isFine, value: fraction,
        finding: "\(distinct) of \(total) draws are distinct",
        advice:
          "Nearly all draws are copies: the ensemble is far smaller than it says. "
          + (isChain ? "Look at the sampler's acceptance rate." : "Was one network stored many times?"))
    })
}

extension EnsembleEvidence {
  /// Log-probabilities of copies differ by this fraction at most (of 1 where they are smaller): a hundred times what
  /// weights that are rounded to float32 once more entail.
  static let roundingOfCopies = 1e-4

  /// Networks that were trained apart differ by more than this.
  static let closestNetworks = 0.02

  /// Whether two draws answer alike at every example looked at.
  func areAlike(_ first: Int, _ second: Int, tolerance: Double) -> Bool {
    let size = members.rowSize
    let (a, b) = (first * size, second * size)
    return members.elements.withUnsafeBufferPointer { l in
      for i in 0..<size where l[a + i] != l[b + i] {
        guard abs(l[a + i] - l[b + i]) <= tolerance * max(1, abs(l[a + i])) else { return false }
      }
      return true
    }
  }

  /// Draws that answer differently somewhere, by more than `tolerance`: each is compared with those that were different
  /// before it.
  func distinctDraws(tolerance: Double) -> Int {
    if tolerance == 0 {
      let size = members.rowSize
      return Set((0..<members.rowCount).map { members.elements[$0 * size..<($0 + 1) * size] }).count
    }
    var different: [Int] = []
    for draw in 0..<members.rowCount where !different.contains(where: { areAlike($0, draw, tolerance: tolerance) }) {
      different.append(draw)
    }
    return different.count
  }

  /// Two chains of which every draw answers as the other's of the same place; nil where all draws do not judge.
  var copiedChains: (Int, Int)? {
    let chains = subject.chains
    guard chains > 1, draws.count == subject.ensemble.drawCount, draws.count % chains == 0 else { return nil }
    let length = draws.count / chains
    guard length > 1 else { return nil }
    for second in 1..<chains {
      for first in 0..<second
      where (0..<length).allSatisfy({
        areAlike(first * length + $0, second * length + $0, tolerance: Self.roundingOfCopies)
      }) { return (first, second) }
    }
    return nil
  }
}
