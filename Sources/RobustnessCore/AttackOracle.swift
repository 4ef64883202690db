/// What an attack may ask.
///
/// The harness owns the oracle: it counts queries and member-gradients, remembers the best point over all queries, and records what the checks need. It knows labels, targets,
/// objective, decision and draws, so that an attack only ever climbs: for an untargeted goal `value` is the log-loss of the label, for a targeted one it is minus the log-loss of the
/// target; larger is better for the attacker.
public protocol AttackOracle {
  /// Number of classes.
  var classCount: Int { get }

  /// Value, ascent direction and success at `points`, row `i` being a candidate for example `rows[i]` of the examples given to the attack.
  ///
  /// - Parameter objective: another objective than the one the run is about; nil for the run's own.
  mutating func ascent(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Ascent

  /// Value and success at `points` without a gradient.
  mutating func values(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Values

  /// Log-probabilities of the predictive at `points`, shape (rows, classes).
  mutating func logProbabilities(_ points: Tensor, of rows: [Int]) throws -> Tensor

  /// Whether the goal is reached at `points` under the decision that is scored.
  mutating func successes(_ points: Tensor, of rows: [Int]) throws -> [Bool]
}

/// The answer to a query without a gradient.
public struct Values: Sendable, Hashable {
  /// Larger is better for the attacker.
  public var values: [Double]
  /// Whether the goal is reached under the decision that is scored.
  public var successes: [Bool]

  /// Wraps values and successes.
  public init(values: [Double], successes: [Bool]) {
    self.values = values
    self.successes = successes
  }
}

/// The answer to a query with a gradient.
public struct Ascent: Sendable, Hashable {
  /// Larger is better for the attacker.
  public var values: [Double]
  /// Whether the goal is reached under the decision that is scored.
  public var successes: [Bool]
  /// The direction in which the value grows.
  public var gradient: ScaledGradient

  /// Wraps values, successes and gradient.
  public init(values: [Double], successes: [Bool], gradient: ScaledGradient) {
    self.values = values
    self.successes = successes
    self.gradient = gradient
  }
}

// MARK: - Conveniences

extension AttackOracle {
  /// Value, ascent direction and success at `points`, one row for each example of the attack.
  public mutating func ascent(_ points: Tensor) throws -> Ascent {
    try ascent(points, of: Array(0..<points.rowCount), objective: nil)
  }

  /// Value and success at `points`, one row for each example of the attack.
  public mutating func values(_ points: Tensor) throws -> Values {
    try values(points, of: Array(0..<points.rowCount), objective: nil)
  }

  /// Whether the goal is reached at `points`, one row for each example of the attack.
  public mutating func successes(_ points: Tensor) throws -> [Bool] {
    try successes(points, of: Array(0..<points.rowCount))
  }
}
