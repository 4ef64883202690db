import Foundation
import RobustnessCore

/// The lowest number found in one ball: the union of everything that was run there, companions included, each point
/// judged by the draws that judge.
struct LowestSearch {
  let examples: Examples
  let threat: ThreatModel
  /// How many of the examples are distinct: intervals are of so many.
  let distinct: Int
  /// Whether each example stands: not decided as its target where there is one, else decided as its label.
  private(set) var stands: [Bool]
  /// What each example fell to first; nil where it stands, or falls as it is.
  private(set) var foundBy: [String?]
  /// The stages that were tried beside the runs.
  private(set) var stages: [StageResult] = []
  /// Everything that was asked for in this ball.
  private(set) var memberGradients = 0
  private(set) var memberForwards = 0
  /// The points that the stages found, where a defence has to be asked about them.
  private(set) var fellPoints: [(name: String, rows: [Int], points: Tensor)] = []
  /// For each example a point that fools it, or of several that of the first name; where certificates are beside.
  private(set) var fooling: [Int: (name: String, point: [Double])] = [:]
  /// Whether these are kept.
  let keepsPoints: Bool
  /// Gradients that were spent, and examples that stood, before the companions and after each of them.
  private var history: [(memberGradients: Int, standing: Int)] = []

  /// Nothing was run yet.
  init(
    _ examples: Examples, distinct: Int, clean: Observations, within threat: ThreatModel, keepsPoints: Bool = false
  ) {
    self.keepsPoints = keepsPoints
    self.examples = examples
    self.distinct = distinct
    self.threat = threat
    stands = Self.stand(clean.decisions, examples, threat)
    foundBy = Array(repeating: nil, count: examples.count)
  }

  private static func stand(_ decisions: [Int], _ examples: Examples, _ threat: ThreatModel) -> [Bool] {
    if threat.goal == .targeted, let targets = examples.targets { return zip(decisions, targets).map { $0 != $1 } }
    return zip(decisions, examples.labels).map { $0 == $1 }
  }

  var standing: [Int] { stands.indices.filter { stands[$0] } }

  /// Adds what a run found on the examples `rows`, where its points lie in ball and box. Of several that found an
  /// example the first by name is kept: the order of the runs changes nothing.
  mutating func add(_ outcome: Evaluator.Outcome, of rows: [Int], named name: String) {
    memberGradients += outcome.record.memberGradients
    memberForwards += outcome.record.memberForwards
    let points = outcome.adversarial.inputs
    let isAllowed = zip(
      threat.respectsBudget(points, around: outcome.examples.inputs), threat.respectsBox(points)
    ).map { $0 && $1 }
    let withstood = outcome.withstood
    for (position, row) in rows.enumerated() where stands[row] || foundBy[row] != nil {
      // A point that was asked about is only remembered inside ball and box.
      let isSilent = !outcome.isTargeted && outcome.record.reachedGoal[position] && outcome.fooledByAnyQuery[position]
      let isReturned = !withstood[position] && isAllowed[position]
      guard isReturned || isSilent else { continue }
      let found = isReturned ? points : outcome.record.adversarialPoints
      keep(found, position, row, name)
      fall(row, to: min(name, foundBy[row] ?? name))
    }
  }

  private mutating func fall(_ row: Int, to name: String) {
    stands[row] = false
    foundBy[row] = name
  }

  private mutating func keep(_ points: Tensor, _ position: Int, _ row: Int, _ name: String) {
    guard keepsPoints, fooling[row].map({ name < $0.name }) ?? true else { return }
    fooling[row] = (name, Array(points[row: position]))
  }

  /// Whether twice the effort no longer matters: with half of the gradients (or with the runs alone, where these took
  /// more) the number was inside its own interval, or no more than half a per cent of the examples above the last.
  var isSettled: Bool {
    guard let last = history.last, let first = history.first else { return false }
    let half = history.last { 2 * $0.memberGradients <= last.memberGradients } ?? first
    let count = stands.count
    let low = Estimate.proportion(half.standing, of: count, distinct: distinct).low ?? 0
    return Double(half.standing - last.standing) <= 0.005 * Double(count)
      || Double(last.standing) >= low * Double(count)
  }

  // MARK: - Companions

  /// Tries companions on what stands, against the draws that judge and whatever the runs followed, while effort is left.
  mutating func pursue(
    _ evaluator: Evaluator, _ attacks: PortfolioAttacks, _ effort: CheckEffort, isBehindPortfolio: Bool
  ) throws {
    history.append((memberGradients, standing.count))
    guard !standing.isEmpty else { return }
    let classes = evaluator.subject.ensemble.classCount
    var pursuit = Pursuit(evaluator, examples, within: threat, surrogate: nil)
    pursuit.asksWhatJudges()
    let draws = evaluator.evaluationDraws.count
    let isRough = try pursuit.gradientsAreRough(at: standing)
    effort.spend(pursuit.record.memberGradients)
    memberGradients += pursuit.record.memberGradients
    let stages = CompanionStage.all(
      threat.norm, classes: classes, draws: draws, isRough: isRough,
      isBehindPortfolio: isBehindPortfolio)
    let random = RandomStreams(seed: evaluator.plan.seed, purpose: "verdict/lowest-found")
    for companion in stages where pursuit.has(companion.stage.gradient) {
      let rows = standing
      guard !rows.isEmpty else { return }
      if threat.goal == .targeted, companion.stage.ranks != nil { continue }
      let cost = Int((companion.cost(classes: classes, draws: draws) * Double(rows.count * draws)).rounded(.up))
      guard effort.left >= cost else { continue }
      evaluator.progress.willRun("checks · \(companion.stage.name) · \(rows.count) of \(examples.count) examples")
      let before = pursuit.record
      let clock = ContinuousClock()
      let duration = try clock.measure {
        try pursuit.perform(
          companion, attacks[companion.stage.attack], on: rows, random.streams(for: companion.stage.name))
      }
      let (gradients, forwards) = (
        pursuit.record.memberGradients - before.memberGradients, pursuit.record.memberForwards - before.memberForwards
      )
      effort.spend(gradients + forwards / 3)
      memberGradients += gradients
      memberForwards += forwards
      let fell = rows.filter { pursuit.hasFallen[$0] }
      // Points of gradients in lower precision are judged again by what judges.
      let decisions = fell.isEmpty ? [] : try evaluator.observe(pursuit.points.rows(fell)).decisions
      let part = examples.subset(fell)
      for (position, stands) in Self.stand(decisions, part, threat).enumerated() where !stands {
        keep(pursuit.points, fell[position], fell[position], companion.stage.name)
        fall(fell[position], to: companion.stage.name)
      }
      if evaluator.plan.rejection != nil {
        fellPoints.append((companion.stage.name, fell, pursuit.points.rows(fell)))
      }
      history.append((memberGradients, standing.count))
      self.stages.append(
        StageResult(
          name: companion.stage.name, tried: rows.count, fell: rows.count { !stands[$0] }, memberGradients: gradients,
          memberForwards: forwards,
          seconds: duration.inSeconds))
    }
  }
}

extension Pursuit {
  /// Companions attack the draws that judge, not those that an attack was given.
  mutating func asksWhatJudges() {
    if case .singleDraw(let draw) = evaluator.plan.decision {
      draws = .fixed([draw])
    } else {
      draws = .fixed(evaluator.evaluationDraws)
    }
  }

  /// One companion on the examples `rows`.
  mutating func perform(
    _ companion: CompanionStage, _ attack: any Attack.Type, on rows: [Int], _ random: RandomStreams
  ) throws {
    if companion.attacksOneDraw {
      // The draw in the middle: any would do.
      let chosen = evaluator.evaluationDraws[evaluator.evaluationDraws.count / 2]
      surrogate = Surrogate(name: "draw:\(chosen)", ensemble: evaluator.subject.ensemble, draws: [chosen])
    }
    defer { surrogate = nil }
    try perform(companion.stage, attack, on: rows, random)
  }

  /// Whether the gradient of the margin turns within a quarter of the ball, at sixteen examples: after the indicator of
  /// unstable predictions of Pintor et al. (NeurIPS 2022), of the direction that is followed in place of the loss.
  mutating func gradientsAreRough(at rows: [Int]) throws -> Bool {
    let standing = examples.subset(rows)
    let part = standing.subset(standing.spread(16))
    let streams = RandomStreams(seed: evaluator.plan.seed, purpose: "verdict/roughness")
    var moved = part.inputs
    // In every norm about a quarter of the radius.
    let scale = threat.norm == .linf ? threat.epsilon : threat.epsilon / Double(moved.rowSize).squareRoot() * 1.7
    for row in 0..<part.count {
      var stream = streams.stream(example: part.identifiers[row])
      moved[row: row] =
        zip(moved[row: row], stream.uniforms(moved.rowSize)).enumerated().map { feature, pair in
          pair.0 + 0.5 * (pair.1 - 0.5) * (threat.epsilonPerFeature?[feature] ?? scale)
        }[...]
    }
    threat.clipToBox(&moved)
    let indices = judgingDraws
    let ensemble = evaluator.subject.ensemble
    let here = try ensemble.lossAndGradient(part, objective: .margin, draws: .some(indices)).gradient
    let there = try ensemble.lossAndGradient(part.moved(to: moved), objective: .margin, draws: .some(indices)).gradient
    record.memberGradients += 2 * part.count * indices.count
    let cosines = (0..<part.count).map { GradientChecks.cosine(here.values[row: $0], there.values[row: $0]) }
    return cosines.reduce(0, +) / Double(max(1, cosines.count)) < 0.3
  }

  private var judgingDraws: [Int] {
    if case .fixed(let indices) = draws { return indices }
    return evaluator.evaluationDraws
  }
}
