import Foundation
import RobustnessCore

extension Pursuit {
  /// Runs the stages one after the other on the examples that stand, from where a checkpoint leaves off.
  mutating func run(
    _ budget: PortfolioBudget, of attacks: PortfolioAttacks, random: RandomStreams, checkpoint: Checkpoint?
  ) throws {
    let name = evaluator.runName(budget.rawValue, threat, examples)
    let saved = checkpoint?.state(of: name)
    if let saved { restore(saved) } else { try dropWhatIsWrongAsItIs() }
    for (index, stage) in budget.stages(threat.norm, classes: evaluator.subject.ensemble.classCount)
      .filter({ has($0.gradient) }).enumerated().dropFirst(saved?.completed ?? 0)
    {
      let rows = standing
      guard !rows.isEmpty else { return }
      evaluator.progress.willRun("\(budget.rawValue) · \(stage.name) · \(rows.count) of \(examples.count) examples")
      let before = record
      let attack = attacks[stage.attack]
      let clock = ContinuousClock()
      let duration = try clock.measure {
        try perform(stage, attack, on: rows, random.streams(for: stage.name))
      }
      let fell = rows.filter { hasFallen[$0] }
      for row in fell { foundBy[row] = stage.name }
      stages.append(
        StageResult(
          name: stage.name, tried: rows.count, fell: fell.count,
          memberGradients: record.memberGradients - before.memberGradients,
          memberForwards: record.memberForwards - before.memberForwards,
          seconds: duration.inSeconds))
      try checkpoint?.save(state(completed: index + 1), of: name)
    }
  }

  private func state(completed: Int) -> Checkpoint.State {
    Checkpoint.State(
      completed: completed, points: points, record: record, hasFallen: hasFallen, foundBy: foundBy, stages: stages,
      classOrders: classOrders)
  }

  private mutating func restore(_ state: Checkpoint.State) {
    (points, record, hasFallen) = (state.points, state.record, state.hasFallen)
    (foundBy, stages, classOrders) = (state.foundBy, state.stages, state.classOrders)
  }

  /// One stage on the examples `rows`. Where the goal is a class of each example, that is what it aims at.
  mutating func perform<A: Attack>(
    _ stage: PortfolioStage, _ attack: A.Type, on rows: [Int], _ random: RandomStreams
  ) throws {
    let made = try A(try A.Options(assignments: stage.options))
    guard let ranks = stage.ranks else {
      let isTargeted = threat.goal == .targeted
      return try attempt(
        made, on: rows, targets: isTargeted ? examples.targets.map { targets in rows.map { targets[$0] } } : nil,
        objective: stage.objective, gradient: stage.gradient, random: random, countsAnyError: !isTargeted)
    }
    let missing = rows.filter { classOrders[$0] == nil }
    classOrders.merge(try classOrder(of: missing)) { first, _ in first }
    for rank in ranks {
      let open = rows.filter { !hasFallen[$0] }
      let targets = open.map { classOrders[$0]?[rank] ?? 0 }
      try attempt(
        made, on: open, targets: targets, objective: stage.objective, gradient: stage.gradient,
        random: random.streams(for: "rank \(rank)"))
    }
  }
}
