/// Is told how an evaluation goes on, and may stop it.
public protocol EvaluationProgress: Sendable {
  /// The evaluation begins; `memberGradients` is the work to expect, as far as it can be known.
  func willEvaluate(memberGradients: Int)
  /// A part begins, for instance `pgd · predictive · ε 0.1`.
  func willRun(_ part: String)
  /// So many backward passes of one example through one draw were made.
  func didPass(memberGradients: Int)
  /// Everything is done.
  func didEnd()
  /// Throws when the user wants to stop.
  func checkForInterruption() throws
  /// Is told, in a sentence without its full stop, where something is done otherwise than it was asked for.
  func note(_ sentence: String)
}

// MARK: - Default implementations

extension EvaluationProgress {
  /// Nothing.
  public func note(_ sentence: String) {}
}

/// Tells nobody.
public struct SilentProgress: EvaluationProgress {
  /// Silence.
  public init() {}
  /// Nothing.
  public func willEvaluate(memberGradients: Int) {}
  /// Nothing.
  public func willRun(_ part: String) {}
  /// Nothing.
  public func didPass(memberGradients: Int) {}
  /// Nothing.
  public func didEnd() {}
  /// Nothing.
  public func checkForInterruption() throws {}
}
