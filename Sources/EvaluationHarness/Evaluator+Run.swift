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
      cleanViews: plan.recordsExamples ? try views(clean, labels: examples.labels) : nil)
    try session.runAll(needsMembers: needsMembers)
    var result = session.result()
    if plan.curve {
      result.curves = try curves(clean, examples, session.outcomes)
    }
    return result
  }

  func ensembleSuite(_ clean: Observations) throws -> CheckSuite {
    let chosen = evenlySpaced(EnsembleChecks.memberExampleLimit, of: subject.examples.count)
    let members = try subject.ensemble.memberLogProbabilities(
      subject.examples.inputs.rows(chosen), draws: .some(evaluationDraws))
    return try EnsembleChecks(
      subject: subject, draws: evaluationDraws, clean: clean, members: members, memberExamples: chosen
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

/// The runs of one evaluation as they come in.
private struct Session {
  let evaluator: Evaluator
  let clean: Observations
  let examples: Examples
  let ensembleChecks: CheckSuite
  /// What is known of every example at the input as given, where the plan asks for it.
  let cleanViews: [ExampleRecord.View]?
  private var runs: [Run] = []
  private var failures: [FailedRun] = []
  private var noise: [NoiseKey: Evaluator.Outcome] = [:]
  private var gradientFindings: [Objective: GradientChecks.Findings] = [:]

  private struct Run {
    let outcome: Evaluator.Outcome
    var suite: CheckSuite
    let metrics: [(String, Estimate)]
    let examples: [ExampleRecord]
  }

  private struct NoiseKey: Hashable {
    let norm: Norm
    let epsilon: Double
  }

  init(
    evaluator: Evaluator, clean: Observations, examples: Examples, ensembleChecks: CheckSuite,
    cleanViews: [ExampleRecord.View]?
  ) {
    self.cleanViews = cleanViews
    self.evaluator = evaluator
    self.clean = clean
    self.examples = examples
    self.ensembleChecks = ensembleChecks
  }

  private var plan: EvaluationPlan { evaluator.plan }
  var outcomes: [Evaluator.Outcome] { runs.map(\.outcome) }

  mutating func runAll(needsMembers: Bool) throws {
    for request in plan.attacks {
      for epsilon in plan.epsilons {
        let threat = try evaluator.threat(request.norm, epsilon)
        let noise = try noise(request, threat)
        for objective in plan.objectives where !evaluator.isNoise(request) {
          let label = "\(request.attack.name) · \(objective.rawValue) · ε \(epsilon.formatted())"
          evaluator.progress.willRun(label)
          let outcome: Evaluator.Outcome
          do {
            outcome = try evaluator.perform(request, objective: objective, threat: threat, examples: examples)
          } catch let failure as AttackFailure {
            failures.append(FailedRun(request, objective, threat, failure))
            continue
          }
          evaluator.progress.willRun(label + " · checks")
          let suite = try checks(outcome, noise: noise.withstood)
          try append(outcome, suite, needsMembers)
        }
      }
    }
    for outcome in noise.values.sorted(by: {
      ($0.threat.epsilon, $0.threat.norm.rawValue) < ($1.threat.epsilon, $1.threat.norm.rawValue)
    }) {
      var suite = ensembleChecks.replacing(CheckName.finiteValues, RunChecks(outcome: outcome).finiteValues())
      addBasics(&suite, RunChecks(outcome: outcome))
      try append(outcome, suite, needsMembers)
    }
    addMonotoneChecks()
  }

  private mutating func append(_ outcome: Evaluator.Outcome, _ suite: CheckSuite, _ needsMembers: Bool) throws {
    let records = try cleanViews.map { try evaluator.records(outcome, clean: $0) } ?? []
    runs.append(
      Run(outcome: outcome, suite: suite, metrics: try metrics(outcome, needsMembers), examples: records))
  }

  /// Random noise in the same norm and at the same ε; once each.
  private mutating func noise(_ request: AttackRequest, _ threat: ThreatModel) throws -> Evaluator.Outcome {
    let key = NoiseKey(norm: threat.norm, epsilon: threat.epsilon)
    if let known = noise[key] { return known }
    let own = evaluator.isNoise(request) ? request : plan.attacks.first(where: evaluator.isNoise)
    let companion = evaluator.companions.noise
    evaluator.progress.willRun("\(companion.name) · ε \(threat.epsilon.formatted())")
    let outcome = try evaluator.perform(
      AttackRequest(companion, assignments: own?.assignments ?? [:], norm: threat.norm), objective: plan.objectives[0],
      threat: threat, examples: examples)
    noise[key] = outcome
    return outcome
  }

  // MARK: - Checks of one run

  private func addBasics(_ suite: inout CheckSuite, _ checks: RunChecks) {
    suite.add(CheckName.budget) { checks.budget() }
    suite.add(CheckName.box) { checks.box() }
    if let radius = checks.radius() { suite.add(CheckName.radius) { radius } }
  }

  private mutating func checks(_ outcome: Evaluator.Outcome, noise: [Bool]) throws -> CheckSuite {
    let checks = RunChecks(outcome: outcome, arithmetic: evaluator.subject.arithmetic)
    var suite = ensembleChecks.replacing(CheckName.finiteValues, checks.finiteValues())
    addBasics(&suite, checks)
    if let surrogate = plan.surrogate { suite.add(CheckName.surrogate) { checks.surrogate(surrogate) } }
    let followsGradient =
      outcome.record.hadGradient.contains(true) || outcome.request.attack.capabilities.access == .gradients
    if followsGradient {
      suite.add(CheckName.zeroGradients) { checks.zeroGradients() }
      if suite.allows(CheckName.saturation) {
        let gradients = gradientChecks
        let findings = try findings(outcome, gradients)
        suite.add(CheckName.saturation) { gravest(findings.map(gradients.saturation)) }
        try suite.add(CheckName.finiteDifferences) {
          let repeated = try gradients.repeated(outcome.record.probes, draws: evaluator.oracleDraws)
          return gravest([repeated].compactMap(\.self) + findings.map(gradients.finiteDifferences))
        }
      } else {
        suite.skip(CheckName.saturation)
        suite.skip(CheckName.finiteDifferences)
      }
    }
    suite.add(CheckName.silentSuccess) { checks.silentSuccess() }
    suite.add(CheckName.noise) { checks.noise(noise) }
    try addCompanions(&suite, outcome, checks, followsGradient: followsGradient)
    return suite
  }

  /// What is found out about the gradient of the run's objective, and of every other one that the attack asked for.
  private mutating func findings(
    _ outcome: Evaluator.Outcome, _ gradients: GradientChecks
  ) throws -> [GradientChecks.Findings] {
    let others = Objective.allCases.filter { $0 != outcome.objective && outcome.record.objectives.contains($0) }
    return try ([outcome.objective] + others).map { objective in
      let found = try gradientFindings[objective] ?? gradients.findings(objective)
      gradientFindings[objective] = found
      return found
    }
  }

  /// The first that failed, else the first that warns, else the first that passed.
  private func gravest(_ checks: [Check]) -> Check {
    for status in [Check.Status.failed, .warning, .passed] {
      if let check = checks.first(where: { $0.status == status }) { return check }
    }
    return checks[0]
  }

  /// Of the gradients that are followed: those of the surrogate where there is one.
  private var gradientChecks: GradientChecks {
    var subject = evaluator.subject
    if let surrogate = plan.surrogate { subject.ensemble = surrogate.ensemble }
    return GradientChecks(
      subject: subject, draws: plan.surrogate?.draws ?? evaluator.evaluationDraws, box: plan.box,
      effort: plan.finiteDifferences, seed: plan.seed)
  }

  /// FGSM beside an iterative attack, twice the steps, twice the restarts: they appear in the checks only.
  private func addCompanions(
    _ suite: inout CheckSuite, _ outcome: Evaluator.Outcome, _ checks: RunChecks, followsGradient: Bool
  ) throws {
    let request = outcome.request
    // An attack that asks for decisions only may well be weaker than one step along a gradient.
    let oneStep = evaluator.companions.oneStep
    if followsGradient, request.attack != oneStep {
      try suite.add(CheckName.fgsm) {
        try unlessItFails(CheckName.fgsm) {
          let fgsm = try evaluator.perform(
            AttackRequest(oneStep, norm: outcome.threat.norm), objective: outcome.objective, threat: outcome.threat,
            examples: examples)
          return checks.fgsm(fgsm.withstood)
        }
      }
    }
    // Steps have the name that the attack's authors gave them.
    let doubled = [
      (CheckName.doubledSteps, "steps"), (CheckName.doubledSteps, "iterations"),
      (CheckName.doubledRestarts, "restarts"),
    ]
    for (name, option) in doubled where evaluator.takes(request, option) {
      guard let effort = evaluator.effort(of: request, option), effort > 0 else { continue }
      if option == "restarts", outcome.options["random-start"] == "false" {
        suite.add(name) { Check(name, .notRun, finding: "without random starts another run would be the same run") }
        continue
      }
      try suite.add(name) {
        var stronger = request
        stronger.assignments[option] = "\(2 * effort)"
        return try unlessItFails(name) { checks.doubled(name, try newlyFooled(by: stronger, outcome), what: option) }
      }
    }
  }

  /// A companion that cannot be run leaves its question open.
  private func unlessItFails(_ name: String, _ make: () throws -> Check) throws -> Check {
    do {
      return try make()
    } catch let failure as AttackFailure {
      return Check(
        name, .warning, finding: "the run to compare with could not be made: \(failure)",
        advice: "Nothing says that the attack has converged: let it take twice the effort.")
    }
  }

  /// Examples that withstood the run and fall to `request`.
  private func newlyFooled(by request: AttackRequest, _ outcome: Evaluator.Outcome) throws -> Int {
    let withstood = outcome.withstood
    let survivors = withstood.indices.filter { withstood[$0] }
    guard !survivors.isEmpty else { return 0 }
    let again = try evaluator.perform(
      request, objective: outcome.objective, threat: outcome.threat, examples: examples.subset(survivors))
    return again.withstood.count { !$0 }
  }

  /// Not for random noise: a few draws do not search the larger ball better than the smaller one.
  private mutating func addMonotoneChecks() {
    for index in runs.indices where !evaluator.isNoise(runs[index].outcome.request) {
      let run = runs[index].outcome
      let larger = runs.filter {
        $0.outcome.request.attack.name == run.request.attack.name && $0.outcome.objective == run.objective
          && $0.outcome.request.norm == run.request.norm && $0.outcome.request.assignments == run.request.assignments
          && $0.outcome.threat.epsilon > run.threat.epsilon
      }.min { $0.outcome.threat.epsilon < $1.outcome.threat.epsilon }
      guard let larger else { continue }
      runs[index].suite.add(CheckName.monotone) {
        RunChecks(outcome: run).monotone(larger.outcome.withstood, epsilon: larger.outcome.threat.epsilon)
      }
    }
  }

  // MARK: - Metrics and result

  private func outcomes(_ run: Evaluator.Outcome, _ adversarial: Observations) -> Outcomes {
    Outcomes(
      labels: examples.labels, clean: clean, adversarial: adversarial, fooledByAnyQuery: run.fooledByAnyQuery,
      threat: run.threat, memberGradients: run.record.memberGradients)
  }

  private func metrics(_ run: Evaluator.Outcome, _ needsMembers: Bool) throws -> [(String, Estimate)] {
    guard !plan.metrics.isEmpty else { return [] }
    let adversarial = needsMembers ? try evaluator.observe(run.adversarial.inputs, members: true) : run.adversarial
    let seen = outcomes(run, adversarial)
    return plan.metrics.map { metric in
      do {
        return (metric.name, try metric.init().evaluate(seen))
      } catch {
        // One metric that cannot say anything must not cost the rest of the evaluation.
        return (metric.name, Estimate(value: .nan, unit: "failed: \(error)", count: examples.count))
      }
    }
  }

  func result() -> EvaluationResult {
    EvaluationResult(
      evaluator: evaluator, clean: clean, examples: examples,
      runs: runs.map { run in
        RunResult(
          run.outcome, isNoise: evaluator.isNoise(run.outcome.request), clean: clean,
          metrics: Dictionary(run.metrics) { first, _ in first }, checks: run.suite.checks, examples: run.examples)
      }, failures: failures)
  }
}
