import Diagnostics
import RobustnessCore

/// What the checks of the ensemble and of the examples look at, before any attack.
struct EnsembleEvidence {
  let subject: EvaluationSubject
  let plan: EvaluationPlan
  /// The draws that judge.
  let draws: [Int]
  let clean: Observations
  /// Log-probabilities of every draw at a few examples, shape (draws, examples, classes), and which examples.
  let members: Tensor
  let memberExamples: [Int]

  /// Examples on which draws are compared with each other.
  static let memberExampleLimit = FunctionSpace.exampleLimit

  var classCount: Int { subject.ensemble.classCount }
  var labels: [Int] { subject.examples.labels }

  /// Log-probabilities of one draw at one of the examples, by their positions in `members`.
  func logProbabilities(draw: Int, example: Int) -> ArraySlice<Double> {
    let start = (draw * memberExamples.count + example) * classCount
    return members.elements[start..<start + classCount]
  }

  /// The class that a draw decides for by itself.
  func decision(draw: Int, example: Int) -> Int {
    let l = logProbabilities(draw: draw, example: example)
    return (l.indices.max { l[$0] < l[$1] } ?? l.startIndex) - l.startIndex
  }

  /// Fraction right, of the predictive at all examples.
  var accuracy: Estimate {
    .proportion(zip(clean.decisions, labels).count { $0 == $1 }, of: labels.count)
  }

  /// What the best constant answer gets on these examples: the frequency of their most frequent class.
  var chance: Double {
    let frequencies = Dictionary(labels.map { ($0, 1) }, uniquingKeysWith: +)
    return Double(frequencies.values.max() ?? 0) / Double(max(1, labels.count))
  }

  /// The checks of the ensemble and of the examples, in order.
  func suite() throws -> CheckSuite {
    var suite = CheckSuite()
    for check in VerdictCheck.all {
      guard case .ensemble(let make) = check.question else { continue }
      try suite.add(check) { try make(self) }
    }
    return suite
  }
}
