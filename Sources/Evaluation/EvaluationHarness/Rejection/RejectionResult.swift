public import RobustnessCore

/// What rejecting uncertain inputs does for an ensemble.
public struct RejectionResult: Sendable {
  /// What was asked for.
  public var rule: RejectionRule
  /// Inputs whose score lies above it are rejected; in nat.
  public var threshold: Double
  /// The fraction of the clean inputs that are accepted.
  public var cleanCoverage: Estimate
  /// The fraction of the clean inputs that are accepted and decided as their label.
  public var cleanAccuracy: Estimate
  /// Of the clean inputs that are accepted, the fraction decided as their label.
  public var acceptedAccuracy: Estimate
  /// The score of every clean input, in nat.
  public var cleanScores: [Double]
  /// Whether each clean input is rejected.
  public var cleanRejected: [Bool]
  /// In each ball what withstands everything that was run.
  public var lowestFound: [LowestWithRejection]

  init(_ defence: Defence, _ lowest: [LowestWithRejection]) {
    rule = defence.rule
    threshold = defence.detector.threshold
    cleanScores = defence.cleanScores
    cleanRejected = defence.cleanScores.map(defence.detector.rejects)
    let accepted = cleanRejected.indices.filter { !defence.detector.rejects(defence.cleanScores[$0]) }
    cleanCoverage = defence.proportion(cleanRejected.map { !$0 })
    cleanAccuracy = defence.proportion(defence.standsAsGiven)
    acceptedAccuracy = .proportion(
      accepted.count { defence.cleanDecisions[$0] == defence.labels[$0] }, of: accepted.count)
    lowestFound = lowest
  }
}

/// What a defence makes of one run, and of the attack that knows the defence.
public struct RunRejection: Sendable {
  /// Of the points that the run returned, which knew nothing of the defence.
  public var blind: RejectionMeasures
  /// Of what the adaptive attack found by itself; nil for noise.
  public var adaptive: RejectionMeasures?
  /// The fraction of the examples that are robust against both.
  public var robustAccuracy: Estimate
  /// Whether each of them is.
  public var robust: [Bool]
  /// Backward passes of the adaptive attack, of one example through one draw.
  public var memberGradients: Int { cost.memberGradients }
  /// Its forward passes that were no part of a gradient.
  public var memberForwards: Int { cost.memberForwards }
  /// Points that it asked about.
  public var queries: Int { cost.queries }
  /// Its time.
  public var seconds = 0.0
  /// The points that it returned, shape (examples, …input); nil for noise.
  public var adaptiveInputs: Tensor?
  var cost = SearchCost()

  init(blind: RejectionMeasures, adaptive: RejectionMeasures?, defence: Defence) {
    self.blind = blind
    self.adaptive = adaptive
    // Never above either, whatever the adaptive attack is worth.
    robust = adaptive.map { zip(blind.robust, $0.robust).map { $0 && $1 } } ?? blind.robust
    robustAccuracy = defence.proportion(robust)
  }
}

/// The lowest number found in one ball with a defence that rejects.
public struct LowestWithRejection: Sendable {
  /// Norm of the ball.
  public var norm: Norm
  /// Radius of the ball.
  public var epsilon: Double
  /// The fraction of the examples that are robust against everything that was run: attacks, noise, companions and
  /// adaptive attacks.
  public var robustAccuracy: Estimate
  /// What each example fell to (of several the first by name); nil where it stands, or is wrong or rejected as it is.
  public var foundBy: [String?]

  init(_ ball: BallRejection) {
    norm = ball.threat.norm
    epsilon = ball.threat.epsilon
    robustAccuracy = ball.defence.proportion(ball.stands)
    foundBy = ball.foundBy
  }
}
