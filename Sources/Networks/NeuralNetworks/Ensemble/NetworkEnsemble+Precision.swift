public import RobustnessCore

extension NetworkEnsemble {
  /// Magnitude of a logit from which float64 is better: float32 rounds it by more than 10⁻⁴.
  public static let logitForFloat64 = 5000.0
  /// Fraction of saturated units from which float64 is better.
  public static let saturationForFloat64 = 0.1

  /// Whether float32 would lose too much: over eight of `inputs` and a few draws, units are saturated or logits are
  /// large, or the weights of a layer are all below what float32 can hold well.
  public func needsFloat64(_ inputs: Tensor) throws -> Bool {
    let few = inputs.rows(evenlySpaced(8, of: inputs.rowCount))
    if try hasSubnormalLayer() { return true }
    return try saturatedFraction(few) > Self.saturationForFloat64 || largestLogit(few) > Self.logitForFloat64
  }
}
