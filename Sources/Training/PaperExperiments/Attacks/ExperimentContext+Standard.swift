import EvaluationHarness
import RobustnessCore

extension ExperimentContext {
  /// The portfolio `standard`, white box, on some examples; what `evaluate --attack standard` does to them with this
  /// seed. Its stages choose objectives and gradients themselves.
  ///
  /// - Parameters:
  ///   - part: What is measured, for who stops it.
  ///   - epsilon: Radius in L∞, in the units of the inputs.
  ///   - ensemble: In the log domain.
  ///   - draws: Those that are attacked and that judge.
  /// - Throws: `CoreError` where the program has no portfolio; what leads to exit code 75 when the user stops it.
  func standard(
    _ part: String, on examples: Examples, epsilon: Double, box: ClosedRange<Double>,
    ensemble: any PosteriorEnsemble, draws: DrawSelection
  ) throws -> PortfolioRun {
    try PortfolioRun(
      standardOn: examples, within: ThreatModel(norm: .linf, epsilon: epsilon, box: box), ensemble: ensemble,
      draws: draws, seed: seed, companions: companions, progress: Stoppable(context: self, part: part))
  }

  /// Lets a portfolio or a certificate be stopped between two questions: on a large posterior it takes minutes.
  struct Stoppable: EvaluationProgress {
    let context: ExperimentContext
    let part: String

    func willEvaluate(memberGradients: Int) {}
    func willRun(_ stage: String) {}
    func didPass(memberGradients: Int) {}
    func didEnd() {}
    func checkForInterruption() throws { try context.checkForInterruption(at: part) }
  }
}
