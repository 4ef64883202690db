/// What one measurement says of a claim.
enum Evidence: Sendable, Hashable {
  case supports, contradicts, neither
}

extension ExperimentResult.Verdict {
  /// The verdict on a claim about several posteriors.
  ///
  /// - Parameters:
  ///   - evidence: From those that may carry a verdict.
  ///   - isComplete: Whether these are all of them: a claim about all is supported by all or not at all, and
  ///     contradicted by what can be seen.
  init(_ evidence: [Evidence], isComplete: Bool) {
    self =
      if evidence.isEmpty {
        .undecided
      } else if evidence.allSatisfy({ $0 == .contradicts }) {
        .contradicted
      } else if evidence.contains(.contradicts) {
        .notSupported
      } else {
        isComplete && evidence.allSatisfy { $0 == .supports } ? .supported : .undecided
      }
  }
}

extension SignalInterval {
  /// Where it is seen to be below one per cent, the mean gradient has vanished for all that is claimed.
  var isSmall: Bool { high < 0.01 }

  /// What R says of the claim that the mean gradient vanishes.
  var vanishing: Evidence { isSmall ? .supports : low > 0 ? .contradicts : .neither }
}
