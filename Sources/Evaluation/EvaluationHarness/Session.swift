import Foundation
import RobustnessCore

/// The runs of one evaluation as they come in, and what is found beside them.
struct Session {
  let evaluator: Evaluator
  let clean: Observations
  let examples: Examples
  let ensembleChecks: CheckSuite
  /// A defence that rejects uncertain inputs, where the plan asks for it.
  let defence: Defence?
  /// What is known of every example at the input as given, where the plan asks for it.
  let cleanViews: [ExampleRecord.View]?
  /// How many of the examples are distinct.
  private let distinct: Int
  private var runs: [Run] = []
  private var failures: [FailedRun] = []
  private var balls: [Ball: State] = [:]
  private var certificates = CertificateFindings()
  private var contradictions: [CertificateContradiction] = []
  private let gradients: GradientFindings

  private struct Run {
    let evidence: RunEvidence
    let ball: Ball
    var suite: CheckSuite
    let metrics: [(String, Estimate)]
    var examples: [ExampleRecord]
  }

  private struct Ball: Hashable {
    let norm: Norm
    let epsilon: Double
  }

  /// What is run once in a ball, and what was found there.
  private struct State {
    let noise: Evaluator.Outcome
    let effort: CheckEffort
    var lowest: LowestSearch
    var rejection: BallRejection?
  }

  init(
    evaluator: Evaluator, clean: Observations, examples: Examples, ensembleChecks: CheckSuite,
    defence: Defence?, cleanViews: [ExampleRecord.View]?
  ) {
    self.cleanViews = cleanViews
    self.defence = defence
    self.evaluator = evaluator
    self.clean = clean
    self.examples = examples
    distinct = examples.distinctCount
    self.ensembleChecks = ensembleChecks
    // Of the gradients that are followed: those of the surrogate where there is one.
    var subject = evaluator.subject
    if let surrogate = evaluator.plan.surrogate { subject.ensemble = surrogate.ensemble }
    gradients = GradientFindings(
      GradientChecks(
        subject: subject, draws: evaluator.plan.surrogate?.draws ?? evaluator.evaluationDraws, box: evaluator.plan.box,
        effort: evaluator.plan.finiteDifferences, seed: evaluator.plan.seed))
  }

  private var plan: EvaluationPlan { evaluator.plan }
  var outcomes: [Evaluator.Outcome] { runs.map(\.evidence.outcome) }

  mutating func runAll(needsMembers: Bool) throws {
    for request in plan.attacks {
      for epsilon in plan.epsilons {
        let threat = try evaluator.threat(request.norm, epsilon)
        let ball = try open(request, threat)
        for objective in plan.objectives where !evaluator.isNoise(request) {
          try attack(request, objective, threat, in: ball, needsMembers)
        }
      }
    }
    let sorted = balls.keys.sorted { ($0.epsilon, $0.norm.rawValue) < ($1.epsilon, $1.norm.rawValue) }
    for ball in sorted {
      guard let state = balls[ball] else { continue }
      let rejection = try balls[ball]?.rejection?.noise(state.noise)
      try append(evidence(state.noise, state, rejection), in: ball, needsMembers)
      try pursue(ball)
    }
    let sandwiches = try certify()
    for index in runs.indices {
      let ball = runs[index].ball
      guard let state = balls[ball] else { continue }
      try runs[index].evidence.compare(
        RunComparison(outcomes: outcomes, lowest: state.lowest, sandwich: sandwiches[ball]), &runs[index].suite)
    }
  }

  private mutating func attack(
    _ request: AttackRequest, _ objective: Objective, _ threat: ThreatModel, in ball: Ball, _ needsMembers: Bool
  ) throws {
    let label = "\(request.attack.name) · \(objective.rawValue) · ε \(threat.epsilon.formatted())"
    evaluator.progress.willRun(label)
    let outcome: Evaluator.Outcome
    do {
      outcome = try evaluator.perform(request, objective: objective, threat: threat, examples: examples)
    } catch let failure as AttackFailure {
      failures.append(FailedRun(request, objective, threat, failure))
      return
    }
    guard let state = balls[ball] else { return }
    state.effort.allow(outcome.record.memberGradients)
    if defence != nil { evaluator.progress.willRun(label + " · adaptive attack") }
    let rejection = try balls[ball]?.rejection?.attack(after: outcome)
    evaluator.progress.willRun(label + " · checks")
    let evidence = evidence(outcome, state, rejection)
    try append(evidence, in: ball, needsMembers)
    state.effort.spend(evidence.effort.spent)
    let all = Array(0..<examples.count)
    balls[ball]?.lowest.add(outcome, of: all, named: request.text)
    for companion in evidence.companions {
      balls[ball]?.lowest.add(companion.outcome, of: companion.rows, named: companion.name)
      try balls[ball]?.rejection?.add(companion.outcome.adversarial.inputs, of: companion.rows, named: companion.name)
    }
  }

  private func evidence(_ outcome: Evaluator.Outcome, _ state: State, _ rejection: RunRejection?) -> RunEvidence {
    RunEvidence(
      evaluator, outcome, examples, distinct: distinct, noise: state.noise, gradients: gradients, rejection: rejection)
  }

  private mutating func append(_ evidence: RunEvidence, in ball: Ball, _ needsMembers: Bool) throws {
    let outcome = evidence.outcome
    let suite = try evidence.suite(ensembleChecks)
    var records = try cleanViews.map { try evaluator.records(outcome, clean: $0) } ?? []
    if let defence, let rejection = evidence.rejection {
      for row in records.indices { records[row].rejection = .init(row, rejection, defence) }
    }
    runs.append(
      Run(
        evidence: evidence, ball: ball, suite: suite, metrics: try metrics(outcome, needsMembers), examples: records))
  }

  /// Random noise in the same norm and at the same ε; once each.
  private mutating func open(_ request: AttackRequest, _ threat: ThreatModel) throws -> Ball {
    let ball = Ball(norm: threat.norm, epsilon: threat.epsilon)
    guard balls[ball] == nil else { return ball }
    let own = evaluator.isNoise(request) ? request : plan.attacks.first(where: evaluator.isNoise)
    let companion = evaluator.companions.noise
    evaluator.progress.willRun("\(companion.name) · ε \(threat.epsilon.formatted())")
    let noise = try evaluator.perform(
      AttackRequest(companion, assignments: own?.assignments ?? [:], norm: threat.norm), objective: plan.objectives[0],
      threat: threat, examples: examples)
    var lowest = LowestSearch(
      examples, distinct: distinct, clean: clean, within: threat, keepsPoints: !plan.certificates.isEmpty)
    lowest.add(noise, of: Array(0..<examples.count), named: companion.name)
    balls[ball] = State(
      noise: noise,
      effort: CheckEffort(plan.checks, examples: examples.count, draws: evaluator.evaluationDraws.count),
      lowest: lowest, rejection: defence.map { BallRejection(evaluator, $0, examples, within: threat) })
    return ball
  }

  /// Tries what is stronger than the attacks that were asked for; not beside noise alone.
  private mutating func pursue(_ ball: Ball) throws {
    guard let attacks = evaluator.companions.portfolio, var state = balls[ball] else { return }
    let inBall = runs.filter { $0.ball == ball && $0.evidence.isAttack }
    guard !inBall.isEmpty else { return }
    try state.lowest.pursue(
      evaluator, attacks, state.effort,
      isBehindPortfolio: inBall.contains { $0.evidence.outcome.request.attack is any Portfolio.Type })
    for stage in state.lowest.fellPoints {
      try state.rejection?.add(stage.points, of: stage.rows, named: stage.name)
    }
    balls[ball] = state
  }

  /// Certifies, and looks whether anything is certified and fooled at once.
  private mutating func certify() throws -> [Ball: Sandwich] {
    guard !plan.certificates.isEmpty else { return [:] }
    // Beside noise alone as well: a proof needs no attack.
    certificates = try evaluator.certificates(balls.values.map(\.lowest), outcomes, clean: clean)
    var result: [Ball: Sandwich] = [:]
    for (ball, state) in balls {
      var all = Sandwich()
      let indices = certificates.results.indices.filter {
        certificates.results[$0].norm == ball.norm && certificates.results[$0].epsilon == ball.epsilon
      }
      for index in indices {
        let own = try evaluator.sandwich(state.lowest, certificates.results[index])
        certificates.results[index].fooledInSinglePrecision = own.close
        all.contradictions += own.contradictions
        all.close += own.close
      }
      guard let first = indices.first else { continue }
      contradictions += all.contradictions
      record(certificates.results[first], in: ball)
      result[ball] = all
    }
    return result
  }

  /// Writes down for each example what is certified in its run's ball.
  private mutating func record(_ certified: CertifiedResult, in ball: Ball) {
    let radii = certificates.radii.first { $0.request == certified.request && $0.norm == certified.norm }?.radii
    for index in runs.indices where runs[index].ball == ball {
      for row in runs[index].examples.indices {
        runs[index].examples[row].certificate = .init(
          isCertified: certified.isCertified[row], margin: certified.examples[row].margin, radius: radii?[row] ?? 0,
          safeDraws: certified.examples[row].safeDraws)
      }
    }
  }

  // MARK: - Metrics and result

  private func observed(_ run: Evaluator.Outcome, _ adversarial: Observations) -> Outcomes {
    Outcomes(
      labels: examples.labels, clean: clean, adversarial: adversarial, fooledByAnyQuery: run.fooledByAnyQuery,
      threat: run.threat, memberGradients: run.record.memberGradients)
  }

  private func metrics(_ run: Evaluator.Outcome, _ needsMembers: Bool) throws -> [(String, Estimate)] {
    guard !plan.metrics.isEmpty else { return [] }
    let adversarial = needsMembers ? try evaluator.observe(run.adversarial.inputs, members: true) : run.adversarial
    let seen = observed(run, adversarial)
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
    var result = EvaluationResult(
      evaluator: evaluator, clean: clean, examples: examples,
      runs: runs.map { run in
        RunResult(
          run.evidence.outcome, rejection: run.evidence.rejection, isNoise: !run.evidence.isAttack, clean: clean,
          metrics: Dictionary(run.metrics) { first, _ in first }, checks: run.suite.checks, examples: run.examples,
          distinct: distinct)
      }, failures: failures, distinct: distinct)
    let draws = evaluator.evaluationDraws.count
    let attacked = balls.values.filter { state in
      runs.contains {
        $0.evidence.isAttack && $0.ball == Ball(norm: state.lowest.threat.norm, epsilon: state.lowest.threat.epsilon)
      }
    }.sorted {
      let (a, b) = ($0.lowest.threat, $1.lowest.threat)
      return (Norm.allCases.firstIndex(of: a.norm) ?? 0, a.epsilon) < (
        Norm.allCases.firstIndex(of: b.norm) ?? 0, b.epsilon
      )
    }
    result.lowestFound = attacked.map { LowestFound($0.lowest, draws: draws) }
    result.certified = certificates.results
    result.certifiedRadii = certificates.radii
    result.certificateFailures = certificates.failures
    result.contradiction = contradictions.min { $0.example < $1.example }
    result.rejection = defence.map {
      RejectionResult($0, attacked.compactMap(\.rejection).map(LowestWithRejection.init))
    }
    return result
  }
}
