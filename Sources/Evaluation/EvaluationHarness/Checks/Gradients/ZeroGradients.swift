import Foundation
import RobustnessCore

extension CheckName {
  /// Gradients are not exactly zero.
  public static let zeroGradients = "zero-gradients"
}

extension VerdictCheck {
  /// An attack cannot move an example whose gradient is exactly zero.
  static let zeroGradients = VerdictCheck(
    CheckName.zeroGradients, needs: [CheckName.finiteValues, CheckName.logits],
    .ofRun(where: \.followsGradient) { evidence in
      let asked = evidence.outcome.record.hadGradient.count { $0 }
      guard asked > 0 else {
        return Check(CheckName.zeroGradients, .notRun, finding: "\(evidence.name) asks for no gradient")
      }
      // Where the decision fell all the same, a gradient that vanished on the way did no harm.
      let stuck = zip(evidence.outcome.record.hadZeroGradient, evidence.outcome.withstood).count { $0 && $1 }
      let fraction = Double(stuck) / Double(asked)
      return Check(
        CheckName.zeroGradients, isFine: fraction <= 0.01, value: fraction,
        finding: "the gradient of \(percent(fraction)) of the examples was exactly zero, and they stand",
        advice: "The attack could not move these examples: \"robust\" here means \"not attacked\". "
          + (evidence.evaluator.subject.arithmetic == .logDomain
            ? "Try another objective, random starts, or an attack without gradients." : "Try --arithmetic log-domain."))
    })
}
