import Foundation
import RobustnessCore

extension CheckName {
  /// Clean accuracy is above chance.
  public static let cleanAccuracy = "clean-accuracy"
}

extension VerdictCheck {
  /// Chance is what the best constant answer gets on these examples.
  static let cleanAccuracy = VerdictCheck(
    CheckName.cleanAccuracy, needs: [CheckName.finiteValues],
    .ensemble { evidence in
      let (labels, clean, accuracy, chance) = (evidence.labels, evidence.clean, evidence.accuracy, evidence.chance)
      let frequencies = Dictionary(labels.map { ($0, 1) }, uniquingKeysWith: +)
      let percent = String(
        format: "%.1f %%, a constant answer gets %.1f %%", 100 * accuracy.value, 100 * chance)
      // Of one class there is no better or worse than constant, but for a network that is worse than a guess at it.
      if let only = labels.first, frequencies.count == 1, accuracy.high ?? 1 >= 1 / Double(evidence.classCount) {
        return Check(
          CheckName.cleanAccuracy, .notRun, value: accuracy.value,
          finding:
            "all examples are of class \(only): a constant answer is right on every one, so that nothing can be told",
          advice: "Give examples of every class.")
      }
      // Wrong on every example of the other classes, and there are enough of them that this is no accident.
      if let only = clean.decisions.first, clean.decisions.allSatisfy({ $0 == only }),
        labels.count - (frequencies[only] ?? 0) >= 5
      {
        return Check(
          CheckName.cleanAccuracy, .failed, value: accuracy.value,
          finding: "every example is decided as class \(only), clean accuracy \(percent)",
          advice: "A network that always says the same knows no task. Are the labels and the inputs' scale right?")
      }
      // An interval that holds chance and half-way from there to perfection says neither that the network knows its task
      // nor that it does not.
      if accuracy.low ?? 0 <= chance, accuracy.high ?? 1 >= (1 + chance) / 2 {
        return Check(
          CheckName.cleanAccuracy, .notRun, value: accuracy.value, finding: "too few examples to tell \(percent) apart",
          advice: "Give more examples.")
      }
      return Check(
        CheckName.cleanAccuracy, isFine: accuracy.low ?? 0 > chance, value: accuracy.value,
        finding: "clean accuracy \(percent)",
        advice:
          "A posterior that does not know its task cannot be robust at it. Are the labels and the inputs' scale right?")
    })
}
