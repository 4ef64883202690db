import EvaluationHarness
import RobustnessCore

extension ExperimentContext {
  /// A radius within which each example is certified, in L∞; what `evaluate --certify` finds with one ε.
  ///
  /// - Parameters:
  ///   - part: What is measured, for who stops it.
  ///   - certificate: With its default options.
  ///   - largest: No radius is looked for beyond it, in the units of the inputs.
  ///   - fixed: Whether each number of an input is kept from the adversary; nil for none.
  ///   - ensemble: In the log domain.
  ///   - draws: Those that decide.
  /// - Returns: One for each example; 0 where there is none, or the example is decided wrongly as it is.
  /// - Throws: `BoundsUnavailable` for a network without bounds; what leads to exit code 75 when the user stops it.
  func certifiedRadii(
    _ part: String, by certificate: any RobustnessCertificate.Type, of examples: Examples, upTo largest: Double,
    fixed: [Bool]? = nil, box: ClosedRange<Double>, ensemble: any PosteriorEnsemble, draws: DrawSelection
  ) throws -> [Double] {
    let threat = try ThreatModel(norm: .linf, epsilon: largest, box: box, mask: fixed.map { $0.map { !$0 } })
    return try CertifiedRadii(
      of: examples, by: CertificateRequest(certificate), within: threat, ensemble: ensemble, draws: draws,
      threads: threads, companions: companions, progress: Stoppable(context: self, part: part)
    ).radii
  }
}
