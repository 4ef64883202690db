import RobustnessCore

extension CheckName {
  /// What the model calls logits are not probabilities.
  public static let logits = "logits"
}

extension VerdictCheck {
  /// Logits that lie in [0, 1] and sum to 1 for every input are probabilities: a softmax of them caps every confidence
  /// at e/(e + C − 1), and a loss of them has a tiny gradient.
  static let logits = VerdictCheck(
    CheckName.logits, needs: [CheckName.finiteValues],
    .ensemble { evidence in
      let rows = Array(evidence.memberExamples.prefix(20))
      let ensemble = evidence.subject.ensemble
      guard rows.count > 1, evidence.classCount > 1 else {
        return Check(CheckName.logits, .notRun, finding: "too few examples to tell")
      }
      let direct = (try? ensemble.member(evidence.draws[0]).logits(evidence.subject.examples.inputs.rows(rows)))
        .map(areProbabilities)
      let isFine = !(direct ?? evidence.membersLookTwiceSoftmaxed)
      return Check(
        CheckName.logits, isFine: isFine, value: isFine ? 0 : 1,
        finding: isFine
          ? "logits are not probabilities"
          : "what the model calls logits are probabilities: they lie in [0, 1] and sum to 1",
        advice: "Remove the softmax at the end of the model: a loss for logits must not be fed probabilities.")
    })

  private static func areProbabilities(_ logits: Tensor) -> Bool {
    (0..<logits.rowCount).allSatisfy { row in
      let z = logits[row: row]
      return z.allSatisfy { $0 > -1e-5 && $0 < 1 + 1e-5 } && abs(z.reduce(0, +) - 1) < 1e-5
    }
  }
}

extension EnsembleEvidence {
  /// For an ensemble that has no members to ask: log-probabilities that are the log-softmax of a one-hot row, almost
  /// everywhere.
  fileprivate var membersLookTwiceSoftmaxed: Bool {
    let count = members.elements.count / classCount
    var confident = 0
    for row in 0..<count {
      let l = members.elements[row * classCount..<(row + 1) * classCount]
      // If l = p − log Σ eᵖ with Σp = 1, then p = l + (1 − Σl)/C.
      let shift = (1 - l.reduce(0, +)) / Double(classCount)
      let p = l.map { $0 + shift }
      guard p.allSatisfy({ $0 > -1e-5 && $0 < 1 + 1e-5 }) else { return false }
      if p.max() ?? 0 > 0.9 { confident += 1 }
    }
    return confident * 2 > count
  }
}
