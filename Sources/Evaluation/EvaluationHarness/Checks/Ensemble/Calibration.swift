import Foundation
import RobustnessCore

extension CheckName {
  /// Confidence at the inputs as given is near accuracy.
  public static let calibration = "calibration"
}

extension VerdictCheck {
  /// Confidence far above accuracy at the clean inputs: labels that are not those of the inputs, or a network that was
  /// trained on others. Far below: a temperature, which takes the gradients' size but no decision away.
  static let calibration = VerdictCheck(
    CheckName.calibration, needs: [CheckName.finiteValues, CheckName.cleanAccuracy, CheckName.uniformPredictive],
    .ensemble { evidence in
      let l = evidence.clean.prediction.logProbabilities
      guard l.rowCount >= 20 else { return nil }
      let confidence = (0..<l.rowCount).reduce(0.0) { $0 + exp(l[row: $1].max() ?? 0) } / Double(l.rowCount)
      let accuracy = evidence.accuracy
      let sentence =
        "mean confidence at the inputs as given is \(percent(confidence)), accuracy \(percent(accuracy.value))"
      let isAbove = confidence - (accuracy.high ?? 1) > 0.15
      let isBelow = (accuracy.low ?? 0) - confidence > 0.5
      return Check(
        CheckName.calibration, isAbove || isBelow ? .warning : .passed, value: confidence - accuracy.value,
        finding: sentence,
        advice: isAbove
          ? "Are the labels those of these inputs, and the inputs of the kind that the network was trained on?"
          : isBelow ? "Was a temperature left in? The number is about the decisions; its losses say little." : "")
    })
}
