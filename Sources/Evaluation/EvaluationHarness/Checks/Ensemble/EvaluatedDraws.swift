import Foundation
import RobustnessCore

extension CheckName {
  /// What judges is the posterior, not a part of it.
  public static let evaluatedDraws = "evaluated-draws"
}

extension VerdictCheck {
  /// So many draws of a larger posterior are never too few.
  private static let fewestDraws = 10

  /// A few draws of many predict otherwise than all of them, and are robust otherwise; one draw is no posterior at all.
  static let evaluatedDraws = VerdictCheck(
    CheckName.evaluatedDraws, needs: [CheckName.finiteValues],
    .ensemble { evidence in
      let total = evidence.subject.ensemble.drawCount
      guard total > 1 else { return nil }
      if case .singleDraw(let draw) = evidence.plan.decision {
        return Check(
          CheckName.evaluatedDraws, .warning, value: 1 / Double(total),
          finding: "draw \(draw) alone decides, of \(total) draws",
          advice: "The number is that of one network, not of the posterior: leave out --decision.")
      }
      // Draws that only judge because others are attacked are a check of their own.
      guard case .some(let chosen) = evidence.plan.draws, chosen.count < total else { return nil }
      let count = evidence.draws.count
      let inputs = evidence.subject.examples.inputs.rows(evidence.memberExamples)
      let whole = try evidence.subject.ensemble.predict(inputs, draws: .all).classes(evidence.plan.decision)
      let others = evidence.memberExamples.indices.count {
        whole[$0] != evidence.clean.decisions[evidence.memberExamples[$0]]
      }
      let fraction = Double(others) / Double(max(1, whole.count))
      // Decisions at the inputs as given can agree where those at attacked points do not: a handful tells nothing.
      let isFew = count < min(Self.fewestDraws, (total + 1) / 2) || fraction > 0.02
      return Check(
        CheckName.evaluatedDraws, isFew ? .warning : .passed, value: fraction,
        finding:
          "\(count) draw\(count == 1 ? "" : "s") of \(total) judge\(count == 1 ? "s" : ""); at the inputs as given "
          + "\(percent(fraction)) of the decisions are others than those of all draws",
        advice: isFew ? "The number is about these draws only: leave out --draws, or take more." : "")
    })
}
