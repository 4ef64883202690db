/// What an attack may ask.
///
/// The harness owns the oracle: it counts queries and member-gradients, remembers the best point over all queries, and
/// records what the checks need. It knows labels, targets, objective, decision and draws, so that an attack only ever
/// climbs: for an untargeted goal the value of a point is the natural logarithm of the objective's loss for the label,
/// for a targeted one minus that for the target (for ``Objective/margin``, which can be negative, the loss itself takes
/// the place of its logarithm); larger is better for the attacker.
public protocol AttackOracle {
  /// Number of classes.
  var classCount: Int { get }

  /// Value, ascent direction and success at `points`, row `i` being a candidate for example `rows[i]` of the examples
  /// given to the attack.
  ///
  /// - Parameters:
  ///   - points: candidates, shape (rows, …input), in the units of the inputs. They may lie outside ball and box, but
  ///     are then not remembered as adversarial.
  ///   - rows: the example that each candidate belongs to, by its position among those given to the attack; repetitions
  ///     are allowed.
  ///   - objective: another objective than the one the run is about; nil for the run's own.
  /// - Throws: whatever the ensemble throws, and an error when the user wants to stop. An attack passes it on.
  mutating func ascent(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Ascent

  /// Value and success at `points` without a gradient; parameters and errors as for ``ascent(_:of:objective:)``.
  mutating func values(_ points: Tensor, of rows: [Int], objective: Objective?) throws -> Values

  /// Natural logarithms of the predictive's probabilities at `points`, shape (rows, classes).
  mutating func logProbabilities(_ points: Tensor, of rows: [Int]) throws -> Tensor

  /// Whether the goal is reached at `points` under the decision that is scored.
  mutating func successes(_ points: Tensor, of rows: [Int]) throws -> [Bool]
}

/// The answer to a query without a gradient.
public struct Values: Sendable, Hashable {
  /// One for each point; larger is better for the attacker. ``AttackOracle`` says what it is.
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
  /// One for each point; larger is better for the attacker. ``AttackOracle`` says what it is.
  public var values: [Double]
  /// Whether the goal is reached under the decision that is scored.
  public var successes: [Bool]
  /// The direction in which the value grows, shape (rows, …input): the gradient with respect to the points of the loss,
  /// not of its logarithm; of minus the loss for a targeted goal.
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
