import Foundation
public import RobustnessCore

/// Runs attacks on an ensemble, with the companions that tell whether to believe them.
public struct Evaluator: Sendable {
  let subject: EvaluationSubject
  let plan: EvaluationPlan
  let companions: Companions
  let progress: any EvaluationProgress
  /// Where portfolios keep what they have found.
  var checkpoint: Checkpoint?
  /// Draws that judge, and draws that attacks see.
  let evaluationDraws: [Int]
  let oracleDraws: AccountingOracle.QueryDraws

  /// An evaluation of `subject`.
  ///
  /// - Parameters:
  ///   - subject: what is evaluated.
  ///   - plan: attacks, objectives, radii, and everything else that is done to it.
  ///   - companions: random noise and the one-step attack, which run beside the others: without them an attack that
  ///     does nothing would pass for a robust network.
  ///   - progress: is told how the evaluation goes on, and may stop it.
  /// - Throws: `CoreError` when the plan does not fit the subject.
  public init(
    subject: EvaluationSubject, plan: EvaluationPlan, companions: Companions,
    progress: any EvaluationProgress = SilentProgress()
  ) throws {
    self.subject = subject
    self.plan = plan
    self.companions = companions
    self.progress = progress
    if let boxes = subject.boxPerFeature {
      guard boxes.count == subject.examples.inputs.rowSize else {
        throw CoreError(
          "\(boxes.count) intervals are not one for each of the \(subject.examples.inputs.rowSize) numbers of an input")
      }
    }
    let channels = subject.examples.inputs.shape.dropFirst().first ?? 0
    guard plan.epsilonFactors.isEmpty || plan.epsilonFactors.count == channels else {
      throw CoreError(
        "\(plan.epsilonFactors.count) factors of ε are not one for each of the \(channels) channels of an input, which has "
          + "the shape \(subject.examples.inputs.rowShape)")
    }
    let all = plan.draws.indices(of: subject.ensemble.drawCount)
    guard !all.isEmpty, all.allSatisfy({ (0..<subject.ensemble.drawCount).contains($0) }) else {
      throw CoreError("draws must be among 0 to \(subject.ensemble.drawCount - 1), and at least one")
    }
    guard Set(all).count == all.count else { throw CoreError("a draw is selected twice") }
    let streams = RandomStreams(seed: plan.seed, purpose: "attack-draws")
    switch plan.attackDraws {
    case .same:
      evaluationDraws = all
      oracleDraws = .fixed(all)
    case .disjoint(let count):
      guard count > 0 else { throw CoreError("disjoint:\(count) leaves no draw to attack") }
      guard count < all.count else {
        throw CoreError("disjoint:\(count) leaves no draw to judge: there are \(all.count)")
      }
      let seen = evenlySpaced(count, of: all.count).map { all[$0] }
      oracleDraws = .fixed(seen)
      evaluationDraws = all.filter { !seen.contains($0) }
    case .resampled(let count):
      guard count > 0 else { throw CoreError("resampled:\(count) leaves no draw to attack") }
      guard count <= all.count else { throw CoreError("resampled:\(count) asks for more draws than the \(all.count)") }
      evaluationDraws = all
      oracleDraws = .resampled(count: count, among: all, streams)
    }
    if case .singleDraw(let draw) = plan.decision, !evaluationDraws.contains(draw) {
      let first = evaluationDraws.prefix(8).map(String.init).joined(separator: ", ")
      throw CoreError(
        "decision draw:\(draw) is not one of the draws that judge, which "
          + (evaluationDraws.count == 1 ? "is \(first) alone" : "are \(first)")
          + (evaluationDraws.count > 8 ? ", …" : ""))
    }
    try plan.surrogate?.check(against: subject.ensemble)
    try plan.rejection?.check(plan, subject, draws: evaluationDraws.count)
    try checkCapabilities()
  }

  /// Whether an attack is the random noise that runs beside the others.
  func isNoise(_ request: AttackRequest) -> Bool { request.attack == companions.noise }

  private func checkCapabilities() throws {
    let examples = subject.examples
    let classes = 0..<subject.ensemble.classCount
    guard examples.count > 0 else { throw CoreError("there are no examples to evaluate") }
    guard examples.inputs.rowShape == subject.ensemble.inputShape else {
      throw CoreError(
        "the examples have the shape \(examples.inputs.rowShape), the ensemble takes \(subject.ensemble.inputShape)")
    }
    guard examples.labels.allSatisfy(classes.contains) else {
      throw CoreError("labels lie outside the \(classes.count) classes")
    }
    if case .fixed(let target) = plan.target, !classes.contains(target) {
      throw CoreError("there is no class \(target) to aim at: classes are 0 to \(classes.count - 1)")
    }
    // Nothing run, nothing checked: that must not read as believable.
    guard !plan.attacks.isEmpty, !plan.objectives.isEmpty, !plan.epsilons.isEmpty else {
      throw CoreError("an evaluation needs an attack, an objective and an epsilon at least")
    }
    for objective in plan.objectives { try objective.check(classes: classes.count) }
    for request in plan.attacks {
      let capabilities = request.attack.capabilities
      guard capabilities.norms.contains(request.norm) else {
        let norms = capabilities.norms.map(\.rawValue).joined(separator: ", ")
        throw CoreError("\(request.attack.name) does not work in the norm \(request.norm.rawValue); it has \(norms)")
      }
      guard plan.epsilonFactors.isEmpty || request.norm == .linf else {
        throw CoreError(
          "factors of ε for each channel are defined for the norm linf only, and \(request.attack.name) runs in "
            + request.norm.rawValue)
      }
      guard subject.ensemble.classCount >= capabilities.minimumClasses else {
        throw CoreError(
          "\(request.attack.name) needs at least \(capabilities.minimumClasses) classes, there are "
            + "\(subject.ensemble.classCount)")
      }
      guard plan.target == .untargeted || capabilities.targeted || isNoise(request) else {
        throw CoreError("\(request.attack.name) cannot aim at a class")
      }
    }
  }

  // MARK: - One attack

  /// What one attack did.
  struct Outcome: Sendable {
    var request: AttackRequest
    var objective: Objective
    var threat: ThreatModel
    var examples: Examples
    var adversarial: Observations
    var record: QueryRecord
    /// Whether each example is decided as something else than its label at the best point over all queries.
    var fooledByAnyQuery: [Bool]
    var seconds: Double
    var options: [String: String]
    /// The stages of a portfolio, and the stage that each example fell to.
    var stages: [StageResult] = []
    var foundBy: [String?] = []

    /// Whether each example is decided as its label at the point returned.
    var correct: [Bool] { zip(adversarial.decisions, examples.labels).map { $0 == $1 } }
    /// Whether the attack has a class to aim at.
    var isTargeted: Bool { threat.goal == .targeted }
    /// Whether the goal was missed at the point returned: for an untargeted attack the same as `correct`.
    var withstood: [Bool] {
      guard isTargeted, let targets = examples.targets else { return correct }
      return zip(adversarial.decisions, targets).map { $0 != $1 }
    }
  }

  /// - Parameter again: Whether the attack is given other random numbers than the run that was asked for.
  func perform(
    _ request: AttackRequest, objective: Objective, threat: ThreatModel, examples: Examples, again: Bool = false
  ) throws -> Outcome {
    try open(request.attack, request, objective, threat, examples, again: again)
  }

  private func open<A: Attack>(
    _ type: A.Type, _ request: AttackRequest, _ objective: Objective, _ threat: ThreatModel, _ examples: Examples,
    again: Bool
  ) throws -> Outcome {
    let (options, attack) = try blaming(A.self) {
      let options = try A.Options(assignments: request.assignments)
      return (options, try A(options))
    }
    let streams = RandomStreams(seed: plan.seed, purpose: "attack/\(A.name)" + (again ? "/again" : ""))
    // Noise asks for nothing that a surrogate could answer.
    var pursuit = Pursuit(
      self, examples, within: threat, surrogate: isNoise(request) ? nil : plan.surrogate)
    let clock = ContinuousClock()
    let duration = try clock.measure {
      try blaming(A.self) {
        if let portfolio = A.self as? any Portfolio.Type, let attacks = companions.portfolio {
          try pursuit.run(portfolio.budget, of: attacks, random: streams, checkpoint: checkpoint)
          return
        }
        // Noise aims at nothing.
        if plan.target == .each, !isNoise(request) {
          try pursuit.aimAtEach(attack, objective: objective, random: streams)
        } else {
          try pursuit.attempt(attack, objective: objective, gradient: plan.gradient, random: streams)
        }
      }
    }
    let adversarial = try observe(pursuit.points)
    var described: [String: String] = ["norm": request.norm.rawValue]
    for (name, value) in try blaming(A.self, { try options.resolved(for: request.norm).described() }) {
      described[name] = value ?? "not set"
    }
    return Outcome(
      request: request, objective: objective, threat: threat, examples: examples, adversarial: adversarial,
      record: pursuit.record, fooledByAnyQuery: try fooled(adversarial, pursuit.record, examples),
      seconds: duration.inSeconds,
      options: described, stages: pursuit.stages, foundBy: pursuit.foundBy)
  }

  /// What an attack cannot do is its own failure, not that of the evaluation.
  func blaming<A: Attack, Value>(_ attack: A.Type, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as CoreError {
      throw AttackFailure(attack: A.name, reason: error.description)
    }
  }

  /// Predictions and decisions of the draws that judge.
  func observe(_ points: Tensor, members: Bool = false) throws -> Observations {
    let draws = DrawSelection.some(evaluationDraws)
    let prediction = try subject.ensemble.predict(points, draws: draws)
    return Observations(
      inputs: points, prediction: prediction, decisions: try decisions(points, prediction),
      memberLogProbabilities: members ? try subject.ensemble.memberLogProbabilities(points, draws: draws) : nil)
  }

  private func decisions(_ points: Tensor, _ prediction: Prediction) throws -> [Int] {
    guard case .singleDraw(let draw) = plan.decision else { return prediction.classes(plan.decision) }
    return try subject.ensemble.predict(points, draws: .some([draw])).classes(plan.decision)
  }

  /// Wrong at the point returned, or at a point asked about. Where the oracle's answers were of other draws or of lower
  /// precision, the point is judged again.
  private func fooled(_ adversarial: Observations, _ record: QueryRecord, _ examples: Examples) throws -> [Bool] {
    var fooled = zip(adversarial.decisions, examples.labels).map { $0 != $1 }
    let open = examples.labels.indices.filter { !fooled[$0] && record.reachedGoal[$0] }
    guard !open.isEmpty else { return fooled }
    let again = try observe(record.adversarialPoints.rows(open)).decisions
    for (position, row) in open.enumerated() { fooled[row] = again[position] != examples.labels[row] }
    return fooled
  }

  func threat(_ norm: Norm, _ epsilon: Double) throws -> ThreatModel {
    let size = subject.examples.inputs.rowShape.dropFirst().reduce(1, *)
    let radii = plan.epsilonFactors.flatMap { Array(repeating: $0 * epsilon, count: size) }
    return try ThreatModel(
      norm: norm, epsilon: epsilon, epsilonPerFeature: radii.isEmpty ? nil : radii, box: plan.box,
      boxPerFeature: subject.boxPerFeature,
      goal: plan.target.isOneClass ? .targeted : .untargeted)
  }

  /// The examples with the targets that the plan asks for.
  func targeted(_ examples: Examples, clean: Observations) -> Examples {
    let classes = subject.ensemble.classCount
    let targets: [Int]? =
      switch plan.target {
      case .untargeted, .each: nil
      case .next: examples.labels.map { ($0 + 1) % classes }
      case .fixed(let target): examples.labels.map { $0 == target ? (target + 1) % classes : target }
      case .leastLikely:
        examples.labels.indices.map { row in
          let l = Array(clean.prediction.logProbabilities[row: row])
          return (0..<classes).filter { $0 != examples.labels[row] }.min { l[$0] < l[$1] } ?? 0
        }
      }
    return Examples(
      inputs: examples.inputs, labels: examples.labels, targets: targets, identifiers: examples.identifiers)
  }
}
