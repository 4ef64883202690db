package import RobustnessCore

/// What the portfolio `standard` leaves of some examples, by itself: for tables that set it beside other attacks.
///
/// No companion runs beside it, and nothing is checked: whoever asks for this says nothing of a verdict.
package struct PortfolioRun: Sendable {
  /// The points, shape (examples, …input). An example that is decided wrongly as it is stays where it is.
  package let points: Tensor
  /// The predictive at the points, over the draws that were attacked.
  package let prediction: Prediction
  /// Whether each example is still decided as its label.
  package let correct: [Bool]
  /// What the stages did, in order.
  package let stages: [StageResult]

  /// Runs `standard`, untargeted and white box: the same draws are attacked and judge.
  ///
  /// - Parameters:
  ///   - ensemble: In the log domain.
  ///   - box: The box that inputs live in.
  ///   - draws: Those that are attacked and that judge.
  ///   - seed: Names the random streams, as `--seed` of `evaluate` does.
  ///   - companions: With what portfolios are composed of.
  ///   - progress: May stop the run.
  /// - Throws: `CoreError` where the companions have no portfolio, what `progress` throws to stop, and whatever the
  ///   ensemble throws.
  package init(
    standardOn examples: Examples, within threat: ThreatModel, ensemble: any PosteriorEnsemble,
    draws: DrawSelection = .all, seed: UInt64, companions: Companions,
    progress: any EvaluationProgress = SilentProgress()
  ) throws {
    guard let attacks = companions.portfolio else {
      throw CoreError("this program has no portfolio: give its companions the attacks of one")
    }
    let request = AttackRequest(StandardPortfolio.self, norm: threat.norm)
    let plan = EvaluationPlan(
      attacks: [request], epsilons: [threat.epsilon], box: threat.box, draws: draws, seed: seed)
    var subject = EvaluationSubject(name: "", ensemble: ensemble, examples: examples)
    subject.boxPerFeature = threat.boxPerFeature
    let evaluator = try Evaluator(subject: subject, plan: plan, companions: companions, progress: progress)
    var pursuit = Pursuit(evaluator, examples, within: threat, surrogate: nil)
    try pursuit.run(
      StandardPortfolio.budget, of: attacks,
      random: RandomStreams(seed: seed, purpose: "attack/\(StandardPortfolio.name)"), checkpoint: nil)
    let observed = try evaluator.observe(pursuit.points)
    points = pursuit.points
    prediction = observed.prediction
    correct = zip(observed.decisions, examples.labels).map { $0 == $1 }
    stages = pursuit.stages
  }
}
