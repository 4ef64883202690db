import Foundation
import RobustnessCore

extension CheckName {
  /// No draw is at chance beside others that know the task.
  public static let memberAccuracy = "member-accuracy"
  /// No draw decides alone.
  public static let decidingMember = "deciding-member"
}

extension VerdictCheck {
  /// Draws at chance beside draws that know the task: an ensemble of two kinds, of which one is garbage. The draws of a
  /// posterior lie on a continuum; what tells the two apart is a wide gap.
  static let memberAccuracy = VerdictCheck(
    CheckName.memberAccuracy, needs: [CheckName.finiteValues, CheckName.cleanAccuracy],
    .ensemble { evidence in
      guard evidence.draws.count > 1, evidence.memberExamples.count >= 20 else { return nil }
      let accuracies = evidence.memberAccuracies
      let sorted = accuracies.sorted()
      let best = sorted[sorted.count - 1]
      let chance = evidence.chance
      let gaps = (1..<sorted.count).map { sorted[$0] - sorted[$0 - 1] }
      let split = 1 + (gaps.indices.max { gaps[$0] < gaps[$1] } ?? 0)
      let (below, above) = (sorted[split - 1], sorted[split])
      // Three standard errors of a draw at chance.
      let error = 3 * (chance * (1 - chance) / Double(evidence.memberExamples.count)).squareRoot()
      let knowsTask = (evidence.accuracy.low ?? 0) > chance && best > chance + 2 * error
      let isApart = below <= chance + error && above - below > 0.5 * (best - chance)
      // Of many draws of one distribution the last may lie far out; of separate trainings it is one that failed.
      let isTrained = evidence.subject.origin == .ensemble || evidence.subject.origin == .bootstrap
      let isRare = 20 * split < sorted.count || split == 1 && sorted.count >= 20 && !isTrained
      let isMixed = knowsTask && isApart && !isRare
      return Check(
        CheckName.memberAccuracy, isMixed ? .warning : .passed, value: sorted[0],
        finding: isMixed
          ? "\(split) of \(sorted.count) draws have an accuracy of at most \(percent(below)), which is chance, the others of at least \(percent(above))"
          : "single draws have an accuracy of \(percent(sorted[0])) to \(percent(best))",
        advice: isMixed ? "Draws that know nothing only blur the others: were they trained, and read rightly?" : "")
    })

  /// One draw whose confidence outweighs all the others: the ensemble is a single network.
  static let decidingMember = VerdictCheck(
    CheckName.decidingMember, needs: [CheckName.finiteValues],
    .ensemble { evidence in
      guard evidence.draws.count > 2, evidence.memberExamples.count >= 20, evidence.plan.decision == .predictive,
        let (draw, changed) = evidence.decidingDraw
      else { return nil }
      return Check(
        CheckName.decidingMember, .warning, value: changed,
        finding:
          "draw \(evidence.draws[draw]) decides alone: the predictive decides as it does everywhere, and without it otherwise at \(percent(changed)) of the inputs",
        advice: "The number is that of one network. Are the logits of all draws on one scale?")
    })
}

extension EnsembleEvidence {
  /// Fraction right of each draw by itself.
  fileprivate var memberAccuracies: [Double] {
    draws.indices.map { draw in
      let right = memberExamples.enumerated().count { decision(draw: draw, example: $0) == labels[$1] }
      return Double(right) / Double(memberExamples.count)
    }
  }

  /// The draw that the predictive follows everywhere, where without it the decision is another at a third of the
  /// examples or more; nil where there is none.
  fileprivate var decidingDraw: (draw: Int, changed: Double)? {
    let count = memberExamples.count
    let candidates = draws.indices.filter { draw in
      memberExamples.indices.count { decision(draw: draw, example: $0) != clean.decisions[memberExamples[$0]] } * 100
        <= count
    }
    // Many draws that all agree: none of them decides.
    guard candidates.count == 1, let draw = candidates.first else { return nil }
    let changed = memberExamples.indices.count { example in
      var sums = [Double](repeating: 0, count: classCount)
      for other in draws.indices where other != draw {
        for (k, l) in logProbabilities(draw: other, example: example).enumerated() { sums[k] += exp(l) }
      }
      let without = sums.indices.max { sums[$0] < sums[$1] } ?? 0
      return without != clean.decisions[memberExamples[example]]
    }
    let fraction = Double(changed) / Double(count)
    return fraction >= 1.0 / 3 ? (draw, fraction) : nil
  }
}
