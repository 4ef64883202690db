#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What an attack may ask.
///
/// The harness owns the oracle: it counts queries and member-gradients, remembers the best point over all queries, and
/// records what the checks need. It knows labels, targets, objective, decision and draws, so that an attack only ever
/// climbs: for an untargeted goal the value of a point is the natural logarithm of the objective's loss for the label,
/// for a targeted one minus that for the target (of an objective that can be negative, ``Objective/isSigned``, the loss
/// itself takes the place of its logarithm); larger is better for the attacker.
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

  /// Value, ascent direction and success at `points` as if the goal were that row `i` is decided as `classes[i]`: the
  /// value is minus the logarithm of the objective's loss for that class, the direction the gradient of minus that
  /// loss. Success is that of the run's goal all the same. Parameters and errors as for ``ascent(_:of:objective:)``.
  ///
  /// - Parameter classes: one class for each row.
  mutating func ascent(_ points: Tensor, of rows: [Int], toward classes: [Int], objective: Objective?) throws -> Ascent

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

extension AttackOracle {
  /// log p̄ of one class at each of `points`, with its gradient: what attacks that linearise every class's margin,
  /// log p̄_k − log p̄_y, are made of.
  ///
  /// - Parameters:
  ///   - points: candidates, shape (rows, …input).
  ///   - rows: the example that each candidate belongs to.
  ///   - classes: one class for each row.
  /// - Returns: natural logarithms of the predictive's probabilities, their gradients of shape (rows, …input), and
  ///   whether the run's goal is reached.
  public mutating func logProbabilityGradients(_ points: Tensor, of rows: [Int], classes: [Int]) throws -> (
    values: [Double], gradients: ScaledGradient, successes: [Bool]
  ) {
    let answer = try ascent(points, of: rows, toward: classes, objective: .predictive)
    // The loss is −log p̄, and the value minus its logarithm.
    return (answer.values.map { -exp(-$0) }, answer.gradient, answer.successes)
  }
}
