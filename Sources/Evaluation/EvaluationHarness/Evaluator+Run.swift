import Foundation
import RobustnessCore

extension Evaluator {
  /// Runs every attack × objective × ε, the random noise beside them, and all checks.
  ///
  /// The result depends on subject, plan and companions only, not on threads; the times in it aside.
  ///
  /// - Throws: `CoreError` when an attack's options make no sense or it returns points of another shape, what the
  ///   progress throws to stop it, and whatever the ensemble throws.
  public func evaluate() throws -> EvaluationResult {
    progress.willEvaluate(memberGradients: expectedWork())
    defer { progress.didEnd() }
    progress.willRun("reading draws")
    try subject.prepare?()
    progress.willRun("clean accuracy")
    let needsMembers = plan.metrics.contains { $0.needsMembers }
    let clean = try observe(subject.examples.inputs, members: needsMembers)
    let examples = targeted(subject.examples, clean: clean)
    let ensembleChecks = try ensembleSuite(clean)
    var session = Session(
      evaluator: self, clean: clean, examples: examples, ensembleChecks: ensembleChecks,
      defence: try defence(clean, examples),
      cleanViews: plan.recordsExamples ? try views(clean, labels: examples.labels) : nil)
    try session.runAll(needsMembers: needsMembers)
    var result = session.result()
    if plan.curve {
      result.curves = try curves(clean, examples, session.outcomes)
    }
    return result
  }

  private func defence(_ clean: Observations, _ examples: Examples) throws -> Defence? {
    guard let rule = plan.rejection else { return nil }
    return try Defence(
      rule, labels: examples.labels, distinct: examples.distinctCount, decisions: clean.decisions,
      scores: try scores(clean.inputs, rule.score))
  }

  func ensembleSuite(_ clean: Observations) throws -> CheckSuite {
    let chosen = subject.examples.spread(EnsembleEvidence.memberExampleLimit)
    let members = try subject.ensemble.memberLogProbabilities(
      subject.examples.inputs.rows(chosen), draws: .some(evaluationDraws))
    return try EnsembleEvidence(
      subject: subject, plan: plan, draws: evaluationDraws, clean: clean, members: members, memberExamples: chosen
    ).suite()
  }

  /// Member-gradients of the runs asked for, with those of the companions: for the progress bar only.
  private func expectedWork() -> Int {
    let perPass = subject.examples.count * evaluationDraws.count
    var passes = 0
    for request in plan.attacks where request.attack.capabilities.access == .gradients {
      let steps = effort(of: request, "steps") ?? effort(of: request, "iterations") ?? 1
      let restarts = effort(of: request, "restarts") ?? 1
      passes += plan.objectives.count * plan.epsilons.count * (steps * restarts + 1)
    }
    if plan.rejection != nil {
      // Three climbs at most behind every run, of two gradients a step.
      passes += 6 * plan.checks.adaptiveSteps * plan.attacks.count * plan.objectives.count * plan.epsilons.count
    }
    return passes * perPass
  }

  /// What an attack says about its effort, for instance its number of steps.
  func effort(of request: AttackRequest, _ option: String) -> Int? {
    func open<A: Attack>(_ type: A.Type) -> Int? {
      let options = try? A.Options(assignments: request.assignments).resolved(for: request.norm)
      return (try? options?.described())?.first { $0.name == option }?.value.flatMap { Int($0) }
    }
    return open(request.attack)
  }

  /// Whether an attack takes an option.
  func takes(_ request: AttackRequest, _ option: String) -> Bool {
    func open<A: Attack>(_ type: A.Type) -> Bool {
      ((try? A.Options().described()) ?? []).contains { $0.name == option }
    }
    return open(request.attack)
  }
}
