package import RobustnessCore

extension CertifiedRadii {
  /// How far each example is certified, by itself: for tables that set it beside attacks of their own.
  ///
  /// Nothing is attacked and nothing is checked: whoever asks for this compares it with what was attacked. The decision
  /// is that of the predictive over `draws`.
  ///
  /// - Parameters:
  ///   - request: The certificate, with its options.
  ///   - threat: Norm, box, and which numbers of an input may change; its ε is the largest radius that is looked for.
  ///   - ensemble: What is certified.
  ///   - draws: Those that decide.
  ///   - threads: Workers; results do not depend on it.
  ///   - companions: What an evaluation of these examples would run with.
  ///   - progress: May stop the run.
  /// - Throws: `BoundsUnavailable` where a layer has no bounds, `CoreError` for a threat model with a radius for each
  ///   feature, what `progress` throws to stop, and whatever the ensemble throws.
  package init(
    of examples: Examples, by request: CertificateRequest, within threat: ThreatModel,
    ensemble: any PosteriorEnsemble, draws: DrawSelection = .all, threads: Int? = nil, companions: Companions,
    progress: any EvaluationProgress = SilentProgress()
  ) throws {
    guard threat.epsilonPerFeature == nil else {
      throw CoreError("certified radii are for one radius of all features that may change")
    }
    let plan = EvaluationPlan(
      attacks: [AttackRequest(companions.noise, norm: threat.norm)], epsilons: [threat.epsilon], box: threat.box,
      draws: draws)
    var subject = EvaluationSubject(name: "", ensemble: ensemble, examples: examples)
    subject.boxPerFeature = threat.boxPerFeature
    subject.threads = threads
    let evaluator = try Evaluator(subject: subject, plan: plan, companions: companions, progress: progress)
    self = try evaluator.certifiedRadii(request, threat.norm, epsilons: [threat.epsilon], mask: threat.mask)
  }
}
