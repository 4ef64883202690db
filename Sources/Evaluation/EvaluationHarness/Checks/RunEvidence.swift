import Foundation
import RobustnessCore

/// What the checks of one run look at, and the companions that they ask for.
///
/// A companion is run once, when a check first asks for it; what it finds counts for the lowest number found as well.
final class RunEvidence {
  let evaluator: Evaluator
  let outcome: Evaluator.Outcome
  let examples: Examples
  /// How many of the examples are distinct: intervals are of so many.
  let distinct: Int
  /// Random noise in the same ball.
  let noise: Evaluator.Outcome?
  /// What is found out about gradients, which other runs of the same objective share.
  let gradients: GradientFindings
  /// What a defence that rejects makes of the run, and of the attack that knows the defence.
  let rejection: RunRejection?
  /// What is left of the checks' effort for this run.
  let effort: CheckEffort
  /// What companions found, on which examples, by their names.
  private(set) var companions: [(name: String, outcome: Evaluator.Outcome, rows: [Int])] = []

  init(
    _ evaluator: Evaluator, _ outcome: Evaluator.Outcome, _ examples: Examples, distinct: Int,
    noise: Evaluator.Outcome?, gradients: GradientFindings, rejection: RunRejection? = nil
  ) {
    self.rejection = rejection
    self.evaluator = evaluator
    self.outcome = outcome
    self.examples = examples
    self.distinct = distinct
    self.noise = noise
    self.gradients = gradients
    effort = CheckEffort(
      evaluator.plan.checks, examples: outcome.examples.count, draws: evaluator.evaluationDraws.count)
    effort.allow(outcome.record.memberGradients)
  }

  var name: String { outcome.request.attack.name }
  var count: Int { outcome.examples.count }
  /// Whether it is an attack, and not the random noise beside them.
  var isAttack: Bool { !evaluator.isNoise(outcome.request) }
  var followsGradient: Bool {
    isAttack
      && (outcome.record.hadGradient.contains(true) || outcome.request.attack.capabilities.access == .gradients)
  }

  /// How many examples two results may differ by before it means something: a small fraction, and more than one, unless
  /// one example alone moves the number by more than 5 %.
  func tolerance(_ fraction: Double) -> Int {
    max(count < 20 ? 0 : 1, Int((fraction * Double(count)).rounded(.down)))
  }

  /// So many of the examples, with the interval that is reported for them.
  func proportion(_ number: Int) -> Estimate { .proportion(number, of: count, distinct: distinct) }

  /// Runs a companion on all examples, or on those that withstood.
  ///
  /// - Returns: The outcome on these examples.
  func companion(
    _ name: String, _ request: AttackRequest, onSurvivors: Bool, again: Bool = false
  ) throws -> Evaluator.Outcome {
    let rows = onSurvivors ? outcome.withstood.indices.filter { outcome.withstood[$0] } : Array(0..<count)
    let found = try evaluator.perform(
      request, objective: outcome.objective, threat: outcome.threat, examples: examples.subset(rows), again: again)
    effort.spend(found.record.memberGradients)
    companions.append((name, found, rows))
    return found
  }

  /// A companion that cannot be run leaves its question open.
  func unlessItFails(_ name: String, _ make: () throws -> Check) throws -> Check {
    do {
      return try make()
    } catch let failure as AttackFailure {
      return Check(
        name, .warning, finding: "the run to compare with could not be made: \(failure)",
        advice: "Nothing says that the attack has converged: let it take twice the effort.")
    }
  }

  /// The checks of this run alone, after those of the ensemble.
  func suite(_ ensemble: CheckSuite) throws -> CheckSuite {
    var suite = ensemble
    for check in VerdictCheck.all {
      guard case .run(let applies, let make) = check.question, applies(self) else { continue }
      try suite.add(check) { try make(self) }
    }
    return suite
  }

  /// Adds the checks beside other runs.
  func compare(_ comparison: RunComparison, _ suite: inout CheckSuite) throws {
    for check in VerdictCheck.all {
      guard case .comparison(let applies, let make) = check.question, applies(self, comparison) else { continue }
      try suite.add(check) { try make(self, comparison) }
    }
  }
}

/// What a run is compared with when all of them are over.
struct RunComparison {
  /// All runs.
  let outcomes: [Evaluator.Outcome]
  /// The union of everything that was run in the same ball.
  let lowest: LowestSearch
  /// What is certified and fooled at once in the same ball; nil where nothing was to be certified.
  var sandwich: Sandwich?
}

/// What is found out about the gradients of objectives, once each.
final class GradientFindings {
  private let checks: GradientChecks
  private var known: [Objective: GradientChecks.Findings] = [:]

  init(_ checks: GradientChecks) { self.checks = checks }

  /// Of the run's objective, and of every other one that the attack asked for.
  func findings(of outcome: Evaluator.Outcome) throws -> [GradientChecks.Findings] {
    let others = Objective.allCases.filter { $0 != outcome.objective && outcome.record.objectives.contains($0) }
    return try ([outcome.objective] + others).map { objective in
      let found = try known[objective] ?? checks.findings(objective)
      known[objective] = found
      return found
    }
  }

  /// Makes one check of each finding: the first that failed, else the first that warns, else the first that passed.
  func gravest(
    of outcome: Evaluator.Outcome, besides more: [Check] = [],
    _ make: (GradientChecks, GradientChecks.Findings) -> Check
  ) throws -> Check? {
    let made = more + (try findings(of: outcome).map { make(checks, $0) })
    for status in [Check.Status.failed, .warning, .passed] {
      if let check = made.first(where: { $0.status == status }) { return check }
    }
    return made.first
  }

  func repeated(_ outcome: Evaluator.Outcome, draws: AccountingOracle.QueryDraws) throws -> Check? {
    try checks.repeated(outcome.record.probes, draws: draws)
  }
}
