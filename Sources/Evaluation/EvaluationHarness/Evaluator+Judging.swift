import Foundation
package import RobustnessCore

/// What somebody else reports is judged again: decisions at points that come from elsewhere, and what the ensemble is
/// said to be.
extension Evaluator {
  /// What the draws that judge say of some points.
  package struct Judgement: Sendable {
    /// The class that each point is decided as.
    package var decisions: [Int]
    /// Whether the runner-up is so close to the class decided that another processor's rounding may turn it.
    package var isClose: [Bool]
  }

  /// Two log-probabilities that differ by less may change places on another processor. The products are float32 with
  /// sums of some hundred terms; 10⁻⁴ is a hundred times what processors were seen to differ by.
  static let closeCall = 1e-4

  /// Decisions at points of shape (examples, …input).
  package func judge(_ points: Tensor) throws -> Judgement {
    let observed = try observe(points)
    return Judgement(decisions: observed.decisions, isClose: try closeness(points, observed.prediction))
  }

  private func closeness(_ points: Tensor, _ prediction: Prediction) throws -> [Bool] {
    var prediction = prediction
    if case .singleDraw(let draw) = plan.decision {
      prediction = try subject.ensemble.predict(points, draws: .some([draw]))
    }
    func gap(_ values: [Double]) -> Double {
      let sorted = values.sorted(by: >)
      return sorted.count > 1 ? sorted[0] - sorted[1] : .infinity
    }
    return (0..<prediction.count).map { row in
      // One draw whose vote turns takes one from a class and gives it to another.
      if plan.decision == .majorityVote { return gap(Array(prediction.votes[row: row])) <= 2 }
      return !(gap(Array(prediction.logProbabilities[row: row])) >= Self.closeCall)
    }
  }

  /// The checks that are about the ensemble and the examples, not about an attack.
  package func ensembleChecks() throws -> [Check] {
    try subject.prepare?()
    let needsMembers = plan.metrics.contains { $0.needsMembers }
    return try ensembleSuite(try observe(subject.examples.inputs, members: needsMembers)).checks
  }

  /// Which points lie in the ball and in the box, for points of shape (examples, …input).
  package func areAllowed(_ points: Tensor, in threat: ThreatModel) -> [Bool] {
    zip(threat.respectsBudget(points, around: subject.examples.inputs), threat.respectsBox(points)).map { $0 && $1 }
  }
}
