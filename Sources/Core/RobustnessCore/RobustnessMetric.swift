/// A number about what an attack did to an ensemble.
///
/// ## Conforming to RobustnessMetric
///
/// `name`, `init()` and `evaluate` are enough. A metric sees everything the harness saw at the clean and the
/// adversarial inputs; it asks for the log-probabilities of single draws by ``needsMembers``, since they can be large.
public protocol RobustnessMetric: Sendable {
  /// The name that `--metric` takes: lower case, digits, and hyphens between words, for instance `mutual-information`.
  static var name: String { get }
  /// One line for `--list-metrics`.
  static var summary: String { get }
  /// Whether `Observations.memberLogProbabilities` is read.
  static var needsMembers: Bool { get }
  /// A metric.
  init()
  /// The number, with its unit, its interval where one is known, and the count of the examples that it rests on.
  ///
  /// It must not depend on the order of the examples, and probabilities of exactly 0 (log-probabilities of −∞) must not
  /// make it NaN.
  ///
  /// - Throws: `CoreError` when the outcomes do not allow the number; it ends the evaluation.
  func evaluate(_ outcomes: Outcomes) throws -> Estimate
}

extension RobustnessMetric {
  /// No summary.
  public static var summary: String { "" }
  /// Only predictive log-probabilities are read.
  public static var needsMembers: Bool { false }
}

/// What an ensemble says at some inputs.
public struct Observations: Sendable {
  /// The inputs, shape (examples, …input).
  public var inputs: Tensor
  /// Natural logarithms of the predictive's probabilities, and the votes.
  public var prediction: Prediction
  /// The class decided for each example; −1 where a probability is NaN, which counts as wrong.
  public var decisions: [Int]
  /// Log-probabilities of each draw, shape (draws, examples, classes); only for metrics that need members.
  public var memberLogProbabilities: Tensor?

  /// Wraps what was observed.
  public init(inputs: Tensor, prediction: Prediction, decisions: [Int], memberLogProbabilities: Tensor? = nil) {
    self.inputs = inputs
    self.prediction = prediction
    self.decisions = decisions
    self.memberLogProbabilities = memberLogProbabilities
  }
}

/// Everything a metric may look at: labels, clean and adversarial observations, and what the attack cost.
public struct Outcomes: Sendable {
  /// True class of each example.
  public var labels: [Int]
  /// At the inputs as given.
  public var clean: Observations
  /// At the inputs that the attack returned.
  public var adversarial: Observations
  /// Whether each example is misclassified at the best point over all the attack's queries.
  public var fooledByAnyQuery: [Bool]
  /// What the attacker was allowed.
  public var threat: ThreatModel
  /// Backward passes through one draw for one example.
  public var memberGradients: Int

  /// Wraps what was observed.
  public init(
    labels: [Int], clean: Observations, adversarial: Observations, fooledByAnyQuery: [Bool], threat: ThreatModel,
    memberGradients: Int
  ) {
    self.labels = labels
    self.clean = clean
    self.adversarial = adversarial
    self.fooledByAnyQuery = fooledByAnyQuery
    self.threat = threat
    self.memberGradients = memberGradients
  }

  /// Number of examples.
  public var count: Int { labels.count }
  /// Whether each example is classified correctly at the clean input.
  public var cleanCorrect: [Bool] { zip(clean.decisions, labels).map { $0 == $1 } }
  /// Whether each example is classified correctly at the input that the attack returned.
  public var adversarialCorrect: [Bool] { zip(adversarial.decisions, labels).map { $0 == $1 } }
}
