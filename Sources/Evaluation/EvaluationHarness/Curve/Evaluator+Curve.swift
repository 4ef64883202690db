import Foundation
import RobustnessCore

extension Evaluator {
  /// The curves of all attacks that were asked for, one for each: the smallest ε of every example up to the largest ε
  /// of the plan.
  func curves(_ clean: Observations, _ examples: Examples, _ runs: [Outcome]) throws -> [RobustnessCurve] {
    let isWrong = zip(clean.decisions, examples.labels).map { $0 != $1 }
    return try plan.attacks.filter { !isNoise($0) }.map { request in
      progress.willRun("\(request.attack.name) · curve")
      let own = runs.filter { $0.request.text == request.text && $0.threat.norm == request.norm }
      return try curve(request.attack, request, examples, isWrong, own)
    }
  }

  private func curve<A: Attack>(
    _ attack: A.Type, _ request: AttackRequest, _ examples: Examples, _ isWrong: [Bool], _ runs: [Outcome]
  ) throws -> RobustnessCurve {
    let largest = try ThreatModel(
      norm: request.norm, epsilon: plan.epsilons.max() ?? 0, box: plan.box, boxPerFeature: subject.boxPerFeature)
    let random = RandomStreams(seed: plan.seed, purpose: "curve/\(A.name)")
    var search = CurveSearch(self, examples, within: largest, isWrong: isWrong)
    // What was found at one ε serves at all larger ones.
    for run in runs { search.consider(run) }
    let clock = ContinuousClock()
    let duration = try clock.measure {
      try blaming(A.self) {
        if let portfolio = A.self as? any Portfolio.Type, let attacks = companions.portfolio {
          try run(portfolio.budget, of: attacks, &search, largest, random)
        } else {
          let made = try A(try A.Options(assignments: request.assignments))
          for objective in plan.objectives {
            let streams = random.streams(for: objective.rawValue)
            if A.capabilities.search == .smallestPerturbation {
              try search.attempt(
                made, on: Array(0..<examples.count), epsilon: largest.epsilon, objective: objective,
                gradient: plan.gradient, random: streams)
            } else {
              try search.descend(made, objective: objective, gradient: plan.gradient, random: streams)
            }
          }
          try search.shrink()
        }
      }
    }
    let radii = search.found.distances.map { $0 <= largest.epsilon * (1 + 1e-6) ? $0 : .infinity }
    var points = search.found.points
    for row in radii.indices where radii[row] == .infinity { points.copyRow(row, of: examples.inputs, to: row) }
    return RobustnessCurve(
      attack: A.name, request: request.text, norm: request.norm, largest: largest.epsilon, radii: radii,
      points: points, memberGradients: search.cost.memberGradients, memberForwards: search.cost.memberForwards,
      seconds: duration.inSeconds)
  }

  private func run(
    _ budget: PortfolioBudget, of attacks: PortfolioAttacks, _ search: inout CurveSearch, _ largest: ThreatModel,
    _ random: RandomStreams
  ) throws {
    for member in attacks.smallest where member.attack.capabilities.norms.contains(largest.norm) {
      progress.willRun("\(budget.rawValue) · curve · \(member.attack.name)")
      try attempt(member.attack, member, &search, largest, random.streams(for: member.attack.name))
    }
    try search.shrink()
    let ensemble = plan.surrogate?.ensemble ?? subject.ensemble
    for stage in budget.descents where stage.gradient != .straightThrough || ensemble.hasWideDerivatives {
      let attack = attacks[stage.attack]
      progress.willRun("\(budget.rawValue) · curve · \(stage.name)")
      try descend(attack, stage, &search, random.streams(for: stage.name))
    }
    try search.shrink()
  }

  private func attempt<A: Attack>(
    _ attack: A.Type, _ member: SmallestAttack, _ search: inout CurveSearch, _ largest: ThreatModel,
    _ random: RandomStreams
  ) throws {
    let rows = search.found.distances.indices.filter { search.found.distances[$0] > 0 }
    try search.attempt(
      try A(try A.Options(assignments: member.options)), on: rows, epsilon: largest.epsilon,
      objective: member.objective,
      gradient: .exact, random: random)
  }

  private func descend<A: Attack>(
    _ attack: A.Type, _ stage: PortfolioStage, _ search: inout CurveSearch, _ random: RandomStreams
  ) throws {
    try search.descend(
      try A(try A.Options(assignments: stage.options)), objective: stage.objective, gradient: stage.gradient,
      random: random)
  }
}
