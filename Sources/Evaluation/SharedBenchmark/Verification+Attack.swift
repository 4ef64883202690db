import Crypto
import EvaluationHarness
import Foundation
import RobustnessCore
import Shell

/// The attack of a result, done again.
extension Verification {
  /// What doing the attack again on a few examples says of a run.
  func repeated(
    _ result: BenchmarkResult, _ rules: BenchmarkSuite, _ run: BenchmarkResult.Run, _ points: Tensor,
    _ plan: EvaluationPlan, _ opened: Opened
  ) throws -> Standing {
    let chosen = try chosen(of: result.examples, by: result.encoded())
    var subject = opened.subject
    subject.examples = subject.examples.subset(chosen)
    let progress = TerminalProgress(prefix: "\(subject.name) · \(run.norm.symbol) · again · ")
    let evaluation = try Evaluator(subject: subject, plan: plan, companions: companions, progress: progress).evaluate()
    if let failure = evaluation.failures.first { return .unconfirmed("its attack fails here: \(failure.reason)") }
    guard let again = evaluation.runs.first(where: { $0.attack == result.attack.name }) else {
      return .unconfirmed("its attack leaves no result here")
    }
    let isWhole = chosen.count == opened.subject.examples.count
    let allowed = rules.budget(of: plan.attacks[0], plan.objectives[0], among: attacks)
    if isWhole || !again.isPortfolio,
      let problem = costProblem(result, rules, allowed, run, again, chosen.count)
    {
      return .contradicted(problem)
    }
    if isWhole, let problem = countProblem(result, run, again, opened) { return .contradicted(problem) }
    let claims = run.correct.map { $0 == "1" }
    let kept = points.rows(chosen)
    let moved = chosen.indices.filter { Array(kept[row: $0]) != Array(again.adversarialInputs[row: $0]) }
    let fooled = moved.filter { claims[chosen[$0]] && !again.correct[$0] }
    let missed = moved.filter { !claims[chosen[$0]] && again.correct[$0] }
    let names = isWhole ? "all \(chosen.count) examples" : "\(chosen.count) examples"
    // On another processor the last bits differ, and an example in fifty may go either way.
    let tolerated = max(1, chosen.count / 50)
    if fooled.count > tolerated {
      return .contradicted(
        "repeated on \(names), the attack fools \(fooled.count) that the result calls decided as their label")
    }
    if missed.count > tolerated {
      return .unconfirmed(
        "its points stand, but the attack that it names does not find them: repeated on \(names), it misses "
          + "\(missed.count)")
    }
    if !moved.isEmpty, isOfThisMachine(result, opened.subject) {
      return .unconfirmed(
        "this processor, the same as its own, returns other points for \(moved.count) of \(names): the attack or this "
          + "program has changed since")
    }
    if run.options != again.options {
      return .contradicted("its options are not those of \(result.attack.request)")
    }
    return checks(result, run, again, opened, isWhole: isWhole)
  }

  /// What the attack spends on an example, where the result or its suite says otherwise. A portfolio spends a hundred
  /// times as much on an example that stands as on one that falls at once: a few examples tell nothing of its cost.
  private func costProblem(
    _ result: BenchmarkResult, _ rules: BenchmarkSuite, _ allowed: BenchmarkSuite.Budget, _ run: BenchmarkResult.Run,
    _ again: RunResult, _ count: Int
  ) -> String? {
    let draws = Double(result.draws)
    let costs = [
      (
        what: "gradients", claimed: Double(run.memberGradients) / draws / Double(result.examples),
        repeated: Double(again.memberGradients) / draws / Double(count), allowed: Double(allowed.gradients)
      ),
      (
        what: "points", claimed: Double(run.queries) / Double(result.examples),
        repeated: Double(again.queries) / Double(count), allowed: Double(allowed.queries)
      ),
    ]
    // An attack that stops when it has won spends more on some examples than on others.
    for cost in costs where cost.claimed > 2 * cost.repeated || cost.repeated > 2 * cost.claimed {
      return
        "it says that the attack asks for \(shortest(cost.claimed)) \(cost.what) an example; repeated, it asks for "
        + shortest(cost.repeated)
    }
    let saysSo = run.failed.contains(BenchmarkResult.Run.protocolBudget)
    if !saysSo, costs.contains(where: { $0.repeated > $0.allowed }) {
      return "the attack asks for more than \(rules.title) allows, and it does not say so"
    }
    if saysSo, costs.allSatisfy({ max($0.claimed, $0.repeated) <= $0.allowed }) {
      return "it says that the attack asks for more than \(rules.title) allows, which it does not"
    }
    return nil
  }

  /// A count of a whole repetition that is not the result's: exactly on the processor that it names, and of the examples
  /// also elsewhere within what last bits explain.
  private func countProblem(
    _ result: BenchmarkResult, _ run: BenchmarkResult.Run, _ again: RunResult, _ opened: Opened
  ) -> String? {
    let isHere = isOfThisMachine(result, opened.subject)
    let best = Int((again.robustAccuracyBestQuery.value * Double(again.correct.count)).rounded())
    let tolerated = isHere ? 0 : max(1, result.examples / 50)
    if abs(best - run.correctAtBestQuery) > tolerated {
      return "\(best) examples are decided as their label at all points that the attack asks about, not "
        + "\(run.correctAtBestQuery)"
    }
    guard isHere else { return nil }
    for (what, claimed, found) in [
      ("gradients through a draw", run.memberGradients, again.memberGradients), ("points", run.queries, again.queries),
    ] where claimed != found {
      return "it says that the attack asks for \(claimed) \(what); repeated on this processor, the same as its own, it "
        + "asks for \(found)"
    }
    return nil
  }

  /// Compares the checks that a repetition made with those that the result lists.
  private func checks(
    _ result: BenchmarkResult, _ run: BenchmarkResult.Run, _ again: RunResult, _ opened: Opened, isWhole: Bool
  ) -> Standing {
    let listed = Dictionary(run.checks.map { ($0.name, $0.status) }) { first, _ in first }
    // Whether anything stronger than noise was run follows from the request, and from no example.
    let alone = again.checks.first { $0.name == CheckName.noiseAlone }?.status.rawValue
    if let claimed = listed[CheckName.noiseAlone], claimed != alone {
      return .contradicted(
        "it says of the check \(CheckName.noiseAlone) \(claimed), "
          + (alone.map { "but it is \($0)" } ?? "which is not made of this attack"))
    }
    for check in again.checks where check.status != .notRun {
      guard let status = listed[check.name] else {
        return .unconfirmed("it lacks the check \(check.name), which this version makes")
      }
      if isWhole, check.status.rawValue != status { return otherwise(status, check, result, opened) }
    }
    let known = Set(CheckName.all + [BenchmarkResult.Run.protocolBudget])
    if let unknown = run.checks.first(where: { !known.contains($0.name) }) {
      return .unconfirmed("it has a check that this version does not know, '\(PrintedText.line(unknown.name))'")
    }
    return .confirmed(isWhole ? .everything : .number)
  }

  /// Examples in an order that follows from the seed and from every letter of the result.
  func chosen(of examples: Int, by result: Data) -> [Int] {
    let all = Array(0..<examples)
    guard case .some(let count) = repeats, count < all.count else { return all }
    let digest = Data(SHA256.hash(data: result))
    let keys = all.map { index in Array(SHA256.hash(data: digest + Data("/\(seed)/\(index)".utf8))) }
    return Array(all.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }.prefix(count)).sorted()
  }
}
