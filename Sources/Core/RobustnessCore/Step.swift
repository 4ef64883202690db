/// Length of a step of an attack.
public enum StepLength: Sendable, Hashable {
  /// In the units of the inputs.
  case absolute(Double)
  /// As a multiple of ε; with a radius for each feature, of each feature's radius.
  case relative(Double)
}

extension ThreatModel {
  /// Moves every row of `points` a step of steepest ascent in this norm: along sign(direction) for L∞, along
  /// direction/‖direction‖₂ for L2.
  ///
  /// In L2 with a mask the direction is restricted to the features that may change before it is normalised, so that the
  /// step keeps its length. A row that is exactly zero stays. The result can lie outside ball and box: `project`
  /// afterwards.
  ///
  /// - Parameters:
  ///   - points: shape (examples, …input).
  ///   - direction: the same shape. Rows may have any magnitude; the mantissas of a `ScaledGradient` will do.
  ///   - length: length of the step in this norm.
  public func step(_ points: inout Tensor, along direction: Tensor, by length: StepLength) {
    let (distance, perFeature): (Double, [Double]?) =
      switch length {
      case .absolute(let distance): (distance, nil)
      case .relative(let multiple): (multiple * epsilon, epsilonPerFeature.map { $0.map { multiple * $0 } })
      }
    switch norm {
    case .linf:
      points.stepAlongSign(of: direction, by: distance, perFeature: perFeature)
    case .l2:
      var free = direction
      restrict(&free)
      points.stepAlongUnitVector(of: free, by: distance)
    }
  }

  /// Random points of ball ∩ box around every example, shape of `examples.inputs`: where a run with a random start
  /// begins.
  ///
  /// Row `i` depends on the example's identifier, `restart` and the streams only.
  ///
  /// - Parameters:
  ///   - examples: the centres of the balls.
  ///   - restart: names the draw among several for the same example.
  ///   - distribution: how the perturbation is drawn; what leaves the ball is scaled back to it, then clipped to the
  ///     box.
  ///   - random: streams of the attack.
  public func randomStart(
    around examples: Examples, restart: Int = 0, distribution: BallDistribution = .uniform, random: RandomStreams
  ) -> Tensor {
    var points = randomPerturbations(
      distribution, shape: examples.inputs.shape, identifiers: examples.identifiers, restart: restart, random: random)
    points.add(examples.inputs)
    // Only CleverHans's cube lies outside the ball; then the box, as every library does.
    project(&points, around: examples.inputs, by: .sequential)
    return points
  }
}
