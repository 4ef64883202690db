/// The worst case over several runs (attacks, objectives, restarts, seeds), example by example.
///
/// An example counts as robust only when every run left it correct: mean over examples of the minimum over runs, never
/// the minimum over runs of the mean (Carlini et al. 2019, *On Evaluating Adversarial Robustness*).
public struct WorstCase: Sendable, Hashable {
  /// Whether each example is classified correctly after every run.
  public let correct: [Bool]

  /// Combines the `adversarialCorrect` of each run; all runs are over the same examples in the same order.
  public init(_ runs: [[Bool]]) {
    let count = runs.first?.count ?? 0
    precondition(runs.allSatisfy { $0.count == count }, "every run has the same examples")
    correct = (0..<count).map { example in runs.allSatisfy { $0[example] } }
  }

  /// The fraction that stays correct, with its Wilson interval.
  public var accuracy: Estimate { .proportion(correct.count { $0 }, of: correct.count) }
}
