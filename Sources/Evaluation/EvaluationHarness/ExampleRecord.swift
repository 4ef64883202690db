/// What one run did to one example: what paired tests, tables by class and detection curves are made from.
public struct ExampleRecord: Sendable, Hashable {
  /// Place among the examples that were evaluated, from 0.
  public var index: Int
  /// The true class.
  public var label: Int
  /// What was decided and believed at the input as given.
  public var clean: View
  /// The same at the point that the attack returned.
  public var adversarial: View
  /// Distance of the two in the run's norm.
  public var perturbation: Double
  /// Number of the first query about this example, from 1, at which a point inside the threat model reached the goal
  /// for the draws that the attack saw; nil when none did.
  public var firstSuccess: Int?
  /// What a defence that rejects made of it; nil where the plan asks for none.
  public var rejection: Rejection?
  /// What is certified about it in the run's ball, by the first certificate; nil where the plan asks for none.
  public var certificate: Certificate?

  /// What a certificate says about one example.
  public struct Certificate: Sendable, Hashable {
    /// Whether no point of the ball changes its decision.
    public var isCertified: Bool
    /// Lower bound on the margin over the ball; −∞ where nothing is known.
    public var margin: Double
    /// The radius that it is certified within.
    public var radius: Double
    /// Draws that are proven safe by themselves.
    public var safeDraws: Int
  }

  /// What the draws that judge say at one point.
  public struct View: Sendable, Hashable {
    /// The class decided; −1 where a probability is not a number.
    public var decision: Int
    /// Whether that is the label.
    public var isCorrect: Bool
    /// Predictive probability of the label.
    public var labelProbability: Double
    /// Predictive probability of the class decided; not a number without one.
    public var decisionProbability: Double
    /// Entropy of the predictive, in nat.
    public var entropy: Double
    /// Mutual information of the class and the draw, in nat: how far the draws disagree.
    public var mutualInformation: Double
  }

  /// What a defence that rejects uncertain inputs makes of one example.
  public struct Rejection: Sendable, Hashable {
    /// The score of the clean input, in nat.
    public var cleanScore: Double
    /// Whether the clean input is rejected.
    public var isCleanRejected: Bool
    /// The score of the point that the attack returned.
    public var adversarialScore: Double
    /// Whether that point is rejected.
    public var isAdversarialRejected: Bool
    /// The class that the point of the adaptive attack is decided as; nil for noise.
    public var adaptiveDecision: Int?
    /// The score of that point; nil for noise.
    public var adaptiveScore: Double?
    /// Whether that point is rejected; nil for noise.
    public var isAdaptiveRejected: Bool?
    /// Whether the example is robust against both.
    public var isRobust: Bool

    init(_ row: Int, _ run: RunRejection, _ defence: Defence) {
      cleanScore = defence.cleanScores[row]
      isCleanRejected = defence.detector.rejects(cleanScore)
      adversarialScore = run.blind.scores[row]
      isAdversarialRejected = run.blind.rejected[row]
      adaptiveDecision = run.adaptive?.decisions[row]
      adaptiveScore = run.adaptive?.scores[row]
      isAdaptiveRejected = run.adaptive?.rejected[row]
      isRobust = run.robust[row]
    }
  }
}
