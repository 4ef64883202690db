import Foundation
import RobustnessCore

extension CheckName {
  /// The ball leaves something of the input.
  public static let radius = "radius-within-box"
  /// The ball is larger than the rounding of an input.
  public static let smallRadius = "radius-above-rounding"
}

extension VerdictCheck {
  /// A ball that holds the whole box, whatever the input: nothing of the input is left.
  static let radius = VerdictCheck(
    CheckName.radius,
    .ofRun(where: { _ in true }) { evidence in
      let threat = evidence.outcome.threat
      let width = threat.box.upperBound - threat.box.lowerBound
      let widths =
        threat.boxPerFeature?.map { $0.upperBound - $0.lowerBound }
        ?? Array(repeating: width, count: evidence.outcome.examples.inputs.rowSize)
      let factors = threat.factors(features: widths.count)
      let reach =
        switch threat.norm {
        case .linf: zip(widths, factors).map { $0 / $1 }.max() ?? 0
        case .l2: widths.reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
      guard threat.epsilon >= reach, threat.epsilon > 0 else { return nil }
      return Check(
        CheckName.radius, .warning, value: threat.epsilon / reach,
        finding: String(
          format: "the ball of ε %.6g holds the whole box [%.6g, %.6g], so that nothing of the input is left",
          threat.epsilon, threat.box.lowerBound, threat.box.upperBound),
        advice:
          "Every input may become every other one: only a constant decision withstands that. Give ε in the units of the inputs"
          + (threat.norm == .linf && width == 1 && threat.epsilon >= 1 && threat.epsilon <= 255
            ? String(format: ", for instance %.6g/255.", threat.epsilon) : "."))
    })

  /// Half a grey level is what rounding to bytes does to an input: a smaller ball is no perturbation, but a slip of the
  /// unit.
  static let smallRadius = VerdictCheck(
    CheckName.smallRadius,
    .ofRun(where: { _ in true }) { evidence in
      let threat = evidence.outcome.threat
      let features = evidence.outcome.examples.inputs.rowSize
      let boxes = threat.boxPerFeature ?? Array(repeating: threat.box, count: features)
      let widths = zip(boxes, threat.factors(features: features)).map { ($0.upperBound - $0.lowerBound) / $1 }
      let half = 0.5 / 255 * (widths.min() ?? 1)
      guard threat.epsilon > 0, threat.epsilon < half else { return nil }
      return Check(
        CheckName.smallRadius, .warning, value: threat.epsilon / half,
        finding: String(
          format:
            "ε %.3g is below half a grey level (%.3g in the box [%.6g, %.6g]): smaller than the rounding of an input to bytes",
          threat.epsilon, half, threat.box.lowerBound, threat.box.upperBound),
        advice: "Hardly anything can change within it. Give ε in the units of the inputs, for instance 8/255.")
    })
}

extension ThreatModel {
  /// What ε is multiplied by for each feature: 1 where all have the same radius.
  fileprivate func factors(features: Int) -> [Double] {
    guard let radii = epsilonPerFeature, epsilon > 0 else { return Array(repeating: 1, count: features) }
    return radii.map { $0 / epsilon }
  }
}
