import Foundation
import RobustnessCore

extension Evaluator {
  /// What is kept of every example, where the plan asks for it.
  func records(_ outcome: Outcome, clean: [ExampleRecord.View]) throws -> [ExampleRecord] {
    let adversarial = try views(outcome.adversarial, labels: outcome.examples.labels)
    let distances = outcome.threat.distances(outcome.adversarial.inputs, from: outcome.examples.inputs)
    return outcome.examples.labels.indices.map { row in
      ExampleRecord(
        index: row, label: outcome.examples.labels[row], clean: clean[row], adversarial: adversarial[row],
        perturbation: distances[row], firstSuccess: outcome.record.firstSuccess[row])
    }
  }

  /// What the draws that judge say at every point.
  func views(_ seen: Observations, labels: [Int]) throws -> [ExampleRecord.View] {
    let information = try mutualInformations(seen)
    return labels.indices.map { row in
      let logarithms = Array(seen.prediction.logProbabilities[row: row])
      let decision = seen.decisions[row]
      return ExampleRecord.View(
        decision: decision, isCorrect: decision == labels[row], labelProbability: exp(logarithms[labels[row]]),
        decisionProbability: logarithms.indices.contains(decision) ? exp(logarithms[decision]) : .nan,
        // 0 · log 0 is 0.
        entropy: logarithms.reduce(0) { $1 == -.infinity ? $0 : $0 - exp($1) * $1 },
        mutualInformation: information[row])
    }
  }

  /// Mean over draws of KL(p_s ‖ p̄) at every point: what predictive entropy minus expected entropy is, as a sum of
  /// terms that are never negative.
  private func mutualInformations(_ seen: Observations) throws -> [Double] {
    let classes = subject.ensemble.classCount
    // At most some 32 MB at a time, however many draws there are.
    let block = max(1, min(250, (1 << 22) / (evaluationDraws.count * classes)))
    var result: [Double] = []
    for first in stride(from: 0, to: seen.inputs.rowCount, by: block) {
      let rows = Array(first..<min(first + block, seen.inputs.rowCount))
      let members = try subject.ensemble.memberLogProbabilities(
        seen.inputs.rows(rows), draws: .some(evaluationDraws)
      ).elements
      for (position, row) in rows.enumerated() {
        let mean = Array(seen.prediction.logProbabilities[row: row])
        var sum = 0.0
        for draw in evaluationDraws.indices {
          let start = (draw * rows.count + position) * classes
          for k in 0..<classes where members[start + k] != -.infinity {
            sum += exp(members[start + k]) * (members[start + k] - mean[k])
          }
        }
        result.append(max(0, sum / Double(evaluationDraws.count)))
      }
    }
    return result
  }
}
