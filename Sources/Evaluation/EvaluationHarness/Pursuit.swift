import Foundation
import RobustnessCore

/// Attempts on some examples, one after the other, and what they found together.
///
/// One attack makes one attempt on all examples. Where several follow each other, each is made on those that still
/// stand: an example that has fallen is not asked about again, and what is tried on it depends on nothing that the
/// others do.
struct Pursuit {
  let evaluator: Evaluator
  let examples: Examples
  let threat: ThreatModel
  /// What answers attacks in the posterior's place.
  var surrogate: Surrogate?
  /// The draws that answer where no surrogate does.
  var draws: AccountingOracle.QueryDraws
  /// The points returned.
  var points: Tensor
  /// What all attempts asked, and were answered.
  var record: QueryRecord
  /// Whether each example has fallen to an attempt.
  var hasFallen: [Bool]
  /// The stages of a portfolio, in order, and the stage that each example fell to.
  var stages: [StageResult] = []
  var foundBy: [String?]
  /// Whether the closest success over all queries of an attempt is kept, and what it is.
  var tracksSmallest = false
  private(set) var closest: SmallestPerturbations?
  /// The classes of each example in the order in which they are aimed at, where it is known.
  var classOrders: [Int: [Int]] = [:]

  init(_ evaluator: Evaluator, _ examples: Examples, within threat: ThreatModel, surrogate: Surrogate?) {
    self.evaluator = evaluator
    self.surrogate = surrogate
    draws = evaluator.oracleDraws
    self.examples = examples
    self.threat = threat
    points = examples.inputs
    record = QueryRecord(examples)
    hasFallen = [Bool](repeating: false, count: examples.count)
    foundBy = [String?](repeating: nil, count: examples.count)
  }

  /// Whether gradients of this kind can be had: stages whose gradients cannot are left out.
  func has(_ rule: GradientRule) -> Bool {
    rule != .straightThrough
      || evaluator.subject.arithmetic == .logDomain
        && (surrogate?.ensemble ?? evaluator.subject.ensemble).hasWideDerivatives
  }

  /// Examples that no attempt has made fall.
  var standing: [Int] { hasFallen.indices.filter { !hasFallen[$0] } }

  // MARK: - One attempt

  /// One attempt on all examples: its points are returned as they are.
  mutating func attempt(
    _ attack: some Attack, objective: Objective, gradient: GradientRule, random: RandomStreams
  ) throws {
    var oracle = oracle(examples, threat, objective, gradient, random, countsAnyError: false)
    points = try perturbed(by: attack, examples, threat, &oracle, random)
    record = oracle.record
    hasFallen = record.reachedGoal
  }

  /// One attempt on the examples `rows`; the points of those that fall are kept.
  ///
  /// - Parameters:
  ///   - targets: A class for each of `rows` that the attempt aims at, or nil for any.
  ///   - countsAnyError: Whether any wrong decision counts, whatever it aims at.
  mutating func attempt(
    _ attack: some Attack, on rows: [Int], targets: [Int]? = nil, objective: Objective, gradient: GradientRule,
    random: RandomStreams, countsAnyError: Bool = true
  ) throws {
    guard !rows.isEmpty else { return }
    let part = examples.subset(rows)
    let aimed = Examples(
      inputs: part.inputs, labels: part.labels, targets: targets, identifiers: part.identifiers)
    var threat = threat
    threat.goal = targets == nil ? .untargeted : .targeted
    var oracle = oracle(aimed, threat, objective, gradient, random, countsAnyError: countsAnyError)
    if tracksSmallest { oracle.closest = SmallestPerturbations(aimed, within: threat) }
    let found = try perturbed(by: attack, aimed, threat, &oracle, random)
    // What is returned need not have been asked about.
    let open = rows.indices.filter { !oracle.record.reachedGoal[$0] }
    if !open.isEmpty { _ = try oracle.successes(found.rows(open), of: open) }
    closest = oracle.closest
    try keep(oracle.record, found, of: rows)
  }

  private func oracle(
    _ examples: Examples, _ threat: ThreatModel, _ objective: Objective, _ gradient: GradientRule,
    _ random: RandomStreams, countsAnyError: Bool
  ) -> AccountingOracle {
    AccountingOracle(
      ensemble: evaluator.subject.ensemble, surrogate: surrogate, examples: examples,
      threat: threat, objective: objective,
      decision: evaluator.plan.decision, draws: draws, gradientRule: gradient,
      smoothing: random.streams(for: "smoothing"), countsAnyError: countsAnyError, progress: evaluator.progress)
  }

  private func perturbed<A: Attack>(
    by attack: A, _ examples: Examples, _ threat: ThreatModel, _ oracle: inout AccountingOracle,
    _ random: RandomStreams
  ) throws -> Tensor {
    let points = try attack.perturb(examples, within: threat, oracle: &oracle, random: random)
    guard points.shape == examples.inputs.shape else {
      throw AttackFailure(
        attack: A.name, reason: "it returned points of shape \(points.shape) for examples of \(examples.inputs.shape)")
    }
    return points
  }

  /// Adds what an attempt on `rows` found to what was known.
  private mutating func keep(_ attempt: QueryRecord, _ found: Tensor, of rows: [Int]) throws {
    var fell = rows.indices.filter { attempt.reachedGoal[$0] }
    let seen = attempt.adversarialPoints
    if evaluator.subject.hasApproximateGradients, !fell.isEmpty {
      // Gradients of lower precision come with decisions of lower precision: what does not hold is tried again.
      let decisions = try evaluator.observe(seen.rows(fell)).decisions
      fell = zip(fell, decisions).filter { position, decision in
        guard threat.goal == .targeted, let targets = examples.targets else {
          return decision != examples.labels[rows[position]]
        }
        return decision == targets[rows[position]]
      }.map(\.0)
    }
    let first = rows.indices.filter { record.queriesOfExample[rows[$0]] == 0 }
    points.replaceRows(first.map { rows[$0] }, with: found.rows(first))
    points.replaceRows(fell.map { rows[$0] }, with: seen.rows(fell))
    record.add(attempt, of: rows, fell: fell)
    for position in fell { hasFallen[rows[position]] = true }
  }

  // MARK: - Every class

  /// Attempts at every class but the true one, in MALT's order, on the examples that stand.
  mutating func aimAtEach(
    _ attack: some Attack, objective: Objective, random: RandomStreams
  ) throws {
    try dropWhatIsWrongAsItIs()
    let order = try classOrder(of: standing)
    for rank in 0..<max(0, evaluator.subject.ensemble.classCount - 1) {
      let rows = standing
      guard !rows.isEmpty else { return }
      try attempt(
        attack, on: rows, targets: rows.map { order[$0]?[rank] ?? 0 }, objective: objective,
        gradient: evaluator.plan.gradient, random: random.streams(for: "rank \(rank)"))
    }
  }

  /// An example that is decided wrongly as it is needs no attempt.
  mutating func dropWhatIsWrongAsItIs() throws {
    let decisions = try evaluator.observe(examples.inputs).decisions
    for row in decisions.indices where decisions[row] != examples.labels[row] { hasFallen[row] = true }
  }

  /// The classes other than the label of each of `rows`, those first whose margin is small beside the norm of its
  /// gradient; the norm is the dual of the threat model's (Melamed, Yehudai and Shamir, NeurIPS 2024, §4).
  mutating func classOrder(of rows: [Int]) throws -> [Int: [Int]] {
    guard !rows.isEmpty else { return [:] }
    let part = examples.subset(rows)
    var oracle = oracle(
      part, threat, .predictive, evaluator.plan.gradient, RandomStreams(seed: evaluator.plan.seed, purpose: "classes"),
      countsAnyError: true)
    let all = Array(0..<part.count)
    let own = try oracle.logProbabilityGradients(part.inputs, of: all, classes: part.labels)
    var ratios = [[(ratio: Double, class: Int)]](repeating: [], count: part.count)
    for k in 0..<evaluator.subject.ensemble.classCount {
      let chosen = all.filter { part.labels[$0] != k }
      guard !chosen.isEmpty else { continue }
      let other = try oracle.logProbabilityGradients(
        part.inputs.rows(chosen), of: chosen, classes: chosen.map { _ in k })
      let slopes = ScaledGradient.mean(of: [other.gradients, own.gradients.rows(chosen).negated])
      let norms = threat.log2DualNorms(of: slopes)
      for (position, row) in chosen.enumerated() {
        // The order is that of the logarithms: slopes can lie below the smallest double.
        let margin = own.values[row] - other.values[position]
        let ratio = margin > 0 ? log2(margin) - norms[position] - 1 : -.infinity
        ratios[row].append((ratio.isNaN ? .infinity : ratio, k))
      }
    }
    record.addCost(oracle.record)
    var order: [Int: [Int]] = [:]
    for row in all {
      order[rows[row]] = ratios[row].sorted { ($0.ratio, $0.class) < ($1.ratio, $1.class) }.map(\.class)
    }
    return order
  }
}
