import Foundation
import RobustnessCore

extension CheckName {
  /// The predictive prefers some class.
  public static let uniformPredictive = "uniform-predictive"
}

extension VerdictCheck {
  /// A predictive that gives every class the same probability decides by rounding: what withstands is not a network
  /// that knows, but one that says nothing.
  static let uniformPredictive = VerdictCheck(
    CheckName.uniformPredictive, needs: [CheckName.finiteValues],
    .ensemble { evidence in
      let l = evidence.clean.prediction.logProbabilities
      guard l.rowCount > 0, evidence.classCount > 1 else { return nil }
      let flat = (0..<l.rowCount).count { row in
        exp(l[row: row].max() ?? 0) < 1.001 / Double(evidence.classCount)
      }
      let fraction = Double(flat) / Double(l.rowCount)
      return Check(
        CheckName.uniformPredictive, isFine: fraction < 0.5, value: fraction,
        finding: fraction < 0.5
          ? "the predictive prefers a class"
          : "the predictive gives all \(evidence.classCount) classes the same probability at \(percent(fraction)) of the inputs",
        advice: "Its decisions are rounding. Is the temperature right, or the prior's scale?")
    })
}
