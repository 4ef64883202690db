/// A question that a verdict asks, as a value: its name, what must not have failed before it says anything, and how it
/// is answered. Each has a file of its own, and a section of its name in `Docs/verdict.md`; `all` is the one list.
struct VerdictCheck: Sendable {
  /// Short name, also the anchor in `Docs/verdict.md`.
  var name: String
  /// The checks that must not have failed.
  var needs: [String]
  /// What is looked at.
  var question: Question

  /// What a check looks at; an answer of nil says that there is nothing to say, and the check is left out.
  enum Question: Sendable {
    /// The ensemble and the examples, before any attack.
    case ensemble(@Sendable (EnsembleEvidence) throws -> Check?)
    /// One run to which it applies, and what it asks to be run beside it.
    case run(applies: @Sendable (RunEvidence) -> Bool, @Sendable (RunEvidence) throws -> Check?)
    /// One run beside all the others, when all of them are over.
    case comparison(
      applies: @Sendable (RunEvidence, RunComparison) -> Bool, @Sendable (RunEvidence, RunComparison) throws -> Check?)
    /// Answered where it happens: a run that did not finish has no evidence.
    case event
  }

  init(_ name: String, needs: [String] = [], _ question: Question) {
    self.name = name
    self.needs = needs
    self.question = question
  }

  /// Whether it is about the ensemble or the examples, not about one attack on them.
  var isOfEnsemble: Bool { if case .ensemble = question { true } else { false } }
}

extension VerdictCheck.Question {
  /// A question about every run to which it applies.
  static func ofRun(
    where applies: @escaping @Sendable (RunEvidence) -> Bool, _ make: @escaping @Sendable (RunEvidence) throws -> Check?
  ) -> Self { .run(applies: applies, make) }

  /// A question about every run to which it applies, beside all the others.
  static func ofAll(
    where applies: @escaping @Sendable (RunEvidence, RunComparison) -> Bool,
    _ make: @escaping @Sendable (RunEvidence, RunComparison) throws -> Check?
  ) -> Self { .comparison(applies: applies, make) }
}

extension VerdictCheck {
  /// All checks, in the order in which a verdict names them: what a check needs comes before it.
  static let all: [VerdictCheck] = [
    .attackCompletes, .finiteValues, .finiteValuesOfRun, .referenceAnswers, .logits, .identicalDraws, .convergence,
    .independentDraws, .signature, .fileStatements, .cleanAccuracy, .uniformPredictive, .calibration,
    .memberAccuracy, .decidingMember, .evaluatedDraws, .exampleClasses, .distinctExamples, .trainingData, .budget, .box,
    .radius,
    .smallRadius, .targetedGoal, .attackDraws, .surrogate, .noiseAlone, .zeroGradients, .saturation, .finiteDifferences,
    .silentSuccess, .noise, .fgsm, .blind, .doubledSteps, .doubledRestarts, .monotone, .lowestFound,
    .sandwich,
  ]
}

/// The names of the checks; each stands in the file of its check.
public enum CheckName {
  /// All names, in the order in which a verdict names them.
  public static let all: [String] = {
    var names: [String] = []
    for check in VerdictCheck.all where !names.contains(check.name) { names.append(check.name) }
    return names
  }()

  /// The checks that are about the ensemble and the examples, not about one attack on them.
  package static let ofEnsemble = Set(VerdictCheck.all.filter(\.isOfEnsemble).map(\.name))

  /// What the numbers of an attack need to be compared with another's.
  static let ofSoundRun = [
    finiteValues, logits, budget, box, zeroGradients, saturation, finiteDifferences, silentSuccess,
  ]
}
