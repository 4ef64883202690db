import Diagnostics
import Foundation
import PosteriorFiles
import RobustnessCore

/// Checks of the ensemble itself, before any attack.
struct EnsembleChecks {
  let subject: EvaluationSubject
  let draws: [Int]
  let clean: Observations
  /// Log-probabilities of every draw at a few examples, shape (draws, examples, classes), and which examples.
  let members: Tensor
  let memberExamples: [Int]

  /// Examples on which draws are compared with each other.
  static let memberExampleLimit = FunctionSpace.exampleLimit

  func suite() throws -> CheckSuite {
    var suite = CheckSuite()
    suite.add(CheckName.finiteValues) { finiteValues() }
    // Only of files: an ensemble that comes from none has no author elsewhere.
    if let reference = subject.reference {
      try suite.add(CheckName.referenceAnswers) { try ReferenceCheck(comparison: reference()).check() }
    }
    suite.add(CheckName.logits) { logits() }
    suite.add(CheckName.identicalDraws) { identicalDraws() }
    let convergence = ConvergenceCheck(
      members: members, labels: memberExamples.map { subject.examples.labels[$0] }, draws: draws, subject: subject)
    if convergence.applies { suite.add(CheckName.convergence) { convergence.check() } }
    suite.add(CheckName.signature) { signature() }
    // Only where there is something to say: most ensembles come from a file that contradicts nothing.
    if let statements = fileStatements() { suite.add(CheckName.fileStatements) { statements } }
    suite.add(CheckName.cleanAccuracy) { cleanAccuracy() }
    return suite
  }

  private func finiteValues() -> Check {
    let bad = clean.prediction.logProbabilities.nonFiniteCount + members.nonFiniteCount
    return Check(
      CheckName.finiteValues, isFine: bad == 0, value: Double(bad),
      finding: bad == 0
        ? "every log-probability at the inputs is finite" : "\(bad) log-probabilities at the inputs are not finite",
      advice: "The network overflows or has weights that are not numbers: nothing else can be judged.")
  }

  /// Logits that lie in [0, 1] and sum to 1 for every input are probabilities: a softmax of them caps every confidence
  /// at e/(e + C − 1), and a loss of them has a tiny gradient.
  private func logits() -> Check {
    let rows = Array(memberExamples.prefix(20))
    guard rows.count > 1, subject.ensemble.classCount > 1 else {
      return Check(CheckName.logits, .notRun, finding: "too few examples to tell")
    }
    let direct = (try? subject.ensemble.member(draws[0]).logits(subject.examples.inputs.rows(rows)))
      .map(Self.areProbabilities)
    let isFine = !(direct ?? membersLookTwiceSoftmaxed)
    return Check(
      CheckName.logits, isFine: isFine, value: isFine ? 0 : 1,
      finding: isFine
        ? "logits are not probabilities"
        : "what the model calls logits are probabilities: they lie in [0, 1] and sum to 1",
      advice: "Remove the softmax at the end of the model: a loss for logits must not be fed probabilities.")
  }

  static func areProbabilities(_ logits: Tensor) -> Bool {
    (0..<logits.rowCount).allSatisfy { row in
      let z = logits[row: row]
      return z.allSatisfy { $0 > -1e-5 && $0 < 1 + 1e-5 } && abs(z.reduce(0, +) - 1) < 1e-5
    }
  }

  /// For an ensemble that has no members to ask: log-probabilities that are the log-softmax of a one-hot row, almost
  /// everywhere.
  private var membersLookTwiceSoftmaxed: Bool {
    let classes = subject.ensemble.classCount
    let count = members.elements.count / classes
    var confident = 0
    for row in 0..<count {
      let l = members.elements[row * classes..<(row + 1) * classes]
      // If l = p − log Σ eᵖ with Σp = 1, then p = l + (1 − Σl)/C.
      let shift = (1 - l.reduce(0, +)) / Double(classes)
      let p = l.map { $0 + shift }
      guard p.allSatisfy({ $0 > -1e-5 && $0 < 1 + 1e-5 }) else { return false }
      if p.max() ?? 0 > 0.9 { confident += 1 }
    }
    return confident * 2 > count
  }

  private func identicalDraws() -> Check {
    let total = draws.count
    var distinct = distinctFunctions()
    if let known = subject.distinctDraws, draws.count == subject.ensemble.drawCount { distinct = min(distinct, known) }
    let fraction = Double(distinct) / Double(total)
    let isFine = subject.origin == .single || fraction >= ConvergenceJudgement.distinctFraction
    return Check(
      CheckName.identicalDraws, isFine: isFine, value: fraction,
      finding: "\(distinct) of \(total) draws are distinct",
      advice:
        "Nearly all draws are copies: the ensemble is far smaller than it says. Look at the sampler's acceptance rate.")
  }

  /// Draws that answer differently somewhere.
  private func distinctFunctions() -> Int {
    let size = members.rowSize
    var seen = Set<[Double]>()
    for draw in 0..<members.rowCount { seen.insert(Array(members.elements[draw * size..<(draw + 1) * size])) }
    return seen.count
  }

  private func signature() -> Check {
    switch subject.signature {
    case .verified, .none:
      return Check(
        CheckName.signature, .passed,
        finding: subject.signature == .none ? "the ensemble comes from no file" : "the content is what its digest says")
    case .unsigned:
      return Check(
        CheckName.signature, .warning,
        finding: "the file is unsigned: nothing says that it is what its author published",
        advice: "Ask its author for a file with content_sha256.")
    case .changed:
      return Check(
        CheckName.signature, .warning, finding: "the content differs from its digest, and was accepted all the same",
        advice: "The numbers speak of these bytes only.")
    }
  }

  private func fileStatements() -> Check? {
    let warnings = subject.fileWarnings
    guard let first = warnings.first else { return nil }
    let more = warnings.count == 1 ? "" : " (and \(warnings.count - 1) more: posterior verify lists them)"
    return Check(
      CheckName.fileStatements, .warning, value: Double(warnings.count),
      finding: "\(first.place) \(first.sentence)\(more)", advice: first.advice.isEmpty ? "" : first.advice + ".")
  }

  /// Chance is what the best constant answer gets on these examples: the frequency of their most frequent class.
  private func cleanAccuracy() -> Check {
    let labels = subject.examples.labels
    let right = zip(clean.decisions, labels).count { $0 == $1 }
    let accuracy = Estimate.proportion(right, of: labels.count)
    let frequencies = Dictionary(labels.map { ($0, 1) }, uniquingKeysWith: +)
    let chance = Double(frequencies.values.max() ?? 0) / Double(labels.count)
    let percent = String(
      format: "%.1f %%, a constant answer gets %.1f %%", 100 * accuracy.value, 100 * chance)
    // Of one class there is no better or worse than constant, but for a network that is worse than a guess at it.
    if let only = labels.first, frequencies.count == 1, accuracy.high ?? 1 >= 1 / Double(subject.ensemble.classCount) {
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
  }
}
