import RobustnessCore

/// What the oracle saw of one attack, for the checks.
struct QueryRecord: Sendable, Codable {
  /// Backward passes through one draw for one example.
  var memberGradients = 0
  /// Forward passes through one draw for one example that were no part of a gradient.
  var memberForwards = 0
  /// Calls with draws of their own: they name the draws, so that these do not depend on how many examples are asked
  /// about.
  var calls = 0
  /// Points asked about.
  var queries = 0
  /// Answers that were not finite: losses, probabilities, gradients.
  var nonFiniteAnswers = 0
  /// Points asked about that were not finite.
  var nonFinitePoints = 0
  /// Whether each example ever got a gradient, and whether one of them was exactly zero.
  var hadGradient: [Bool]
  var hadZeroGradient: [Bool]
  /// log₂ of the norm of the first gradient of each example; nil before one.
  var firstLog2Norm: [Double?]
  /// The objectives whose gradients were asked for.
  var objectives: Set<Objective> = []
  /// The first question for a gradient at a few examples, to be asked again.
  var probes: [Int: GradientProbe] = [:]
  /// The examples that are probed: spread evenly, and the last one, where a batch has its tail.
  let probedRows: Set<Int>
  /// The first point inside the threat model, over all queries, at which each example reached the goal.
  var adversarialPoints: Tensor
  var reachedGoal: [Bool]
  /// Points asked about of each example, and how many those were when it first reached the goal.
  var queriesOfExample: [Int]
  var firstSuccess: [Int?]

  init(_ examples: Examples) {
    let none = [Bool](repeating: false, count: examples.count)
    hadGradient = none
    hadZeroGradient = none
    reachedGoal = none
    firstLog2Norm = Array(repeating: nil, count: examples.count)
    queriesOfExample = Array(repeating: 0, count: examples.count)
    firstSuccess = Array(repeating: nil, count: examples.count)
    adversarialPoints = examples.inputs
    probedRows = Set(evenlySpaced(15, of: examples.count) + [examples.count - 1])
  }

  /// Adds the record of an attempt on the examples `rows`, of which those at the positions `fell` fell.
  mutating func add(_ attempt: QueryRecord, of rows: [Int], fell: [Int]) {
    addCost(attempt)
    for (position, row) in rows.enumerated() {
      hadGradient[row] = hadGradient[row] || attempt.hadGradient[position]
      hadZeroGradient[row] = hadZeroGradient[row] || attempt.hadZeroGradient[position]
      firstLog2Norm[row] = firstLog2Norm[row] ?? attempt.firstLog2Norm[position]
      if let probe = attempt.probes[position], probedRows.contains(row), probes[row] == nil { probes[row] = probe }
    }
    for position in fell where !reachedGoal[rows[position]] {
      reachedGoal[rows[position]] = true
      firstSuccess[rows[position]] =
        attempt.firstSuccess[position].map { $0 + queriesOfExample[rows[position]] }
    }
    for (position, row) in rows.enumerated() { queriesOfExample[row] += attempt.queriesOfExample[position] }
    adversarialPoints.replaceRows(fell.map { rows[$0] }, with: attempt.adversarialPoints.rows(fell))
  }

  /// Adds what questions cost, but not what they found.
  mutating func addCost(_ other: QueryRecord) {
    memberGradients += other.memberGradients
    memberForwards += other.memberForwards
    calls += other.calls
    queries += other.queries
    nonFiniteAnswers += other.nonFiniteAnswers
    nonFinitePoints += other.nonFinitePoints
    objectives.formUnion(other.objectives)
  }

  /// Fraction of the examples with a gradient for which one was exactly zero.
  var zeroGradientFraction: Double? {
    let asked = hadGradient.count { $0 }
    return asked > 0 ? Double(hadZeroGradient.count { $0 }) / Double(asked) : nil
  }
}

/// One question for the gradient of one example, with its answer.
struct GradientProbe: Sendable, Codable {
  var point: Tensor
  /// The class whose loss was asked for: the label, or the target.
  var label: Int
  var objective: Objective
  var gradient: ScaledGradient
}
