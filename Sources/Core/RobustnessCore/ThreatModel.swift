import CTensorLoops

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What the attacker may do: the norm and radius of the ball around each input, the box that inputs live in, the
/// features that may change, and the goal.
public struct ThreatModel: Sendable, Hashable {
  /// What counts as success.
  public enum Goal: Sendable, Hashable {
    /// Any decision other than the true label.
    case untargeted
    /// The decision named for each example in `Examples.targets`.
    case targeted
  }

  /// The norm of the ball.
  public var norm: Norm
  /// The radius of the ball, in the units of the inputs.
  public var epsilon: Double
  /// For L∞: a radius for each feature, which replaces `epsilon`.
  public var epsilonPerFeature: [Double]?
  /// The box, the same for every feature.
  public var box: ClosedRange<Double>
  /// A box for each feature, which replaces `box`.
  public var boxPerFeature: [ClosedRange<Double>]?
  /// Which features may change; all of them when nil.
  public var mask: [Bool]?
  /// What counts as success.
  public var goal: Goal

  /// A threat model; by default L∞ in the box [0, 1], untargeted, with every feature free. `epsilon` larger than the
  /// box is allowed: then only the box binds.
  ///
  /// - Parameters:
  ///   - norm: the norm of the ball.
  ///   - epsilon: its radius, in the units of the inputs.
  ///   - epsilonPerFeature: for L∞, one radius for each number of an input in C order, which replace `epsilon`.
  ///   - box: the interval of every feature.
  ///   - boxPerFeature: one interval for each number of an input, which replace `box`.
  ///   - mask: true where a number of an input may change; nil for all.
  ///   - goal: what counts as success.
  /// - Throws: `CoreError` when ε is negative or not finite, the box is empty or not finite, or a radius for each
  ///   feature is asked for in L2.
  public init(
    norm: Norm = .linf, epsilon: Double, epsilonPerFeature: [Double]? = nil, box: ClosedRange<Double> = 0...1,
    boxPerFeature: [ClosedRange<Double>]? = nil, mask: [Bool]? = nil, goal: Goal = .untargeted
  ) throws {
    guard epsilon.isFinite, epsilon >= 0 else {
      throw CoreError("epsilon must be finite and not negative, not \(epsilon)")
    }
    guard box.lowerBound.isFinite, box.upperBound.isFinite, box.lowerBound < box.upperBound else {
      throw CoreError("the box [\(box.lowerBound), \(box.upperBound)] is empty or not finite")
    }
    if let radii = epsilonPerFeature {
      guard norm == .linf else { throw CoreError("a radius for each feature is defined for the norm linf only") }
      guard radii.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
        throw CoreError("every radius must be finite and not negative")
      }
    }
    self.norm = norm
    self.epsilon = epsilon
    self.epsilonPerFeature = epsilonPerFeature
    self.box = box
    self.boxPerFeature = boxPerFeature
    self.mask = mask
    self.goal = goal
  }

  private var lows: [Double]? { boxPerFeature?.map(\.lowerBound) }
  private var highs: [Double]? { boxPerFeature?.map(\.upperBound) }

  /// Brings every row of `points` back into the ball around the same row of `origins` and into the box.
  ///
  /// For L∞ all projections agree. For L2, `.exact` is the Euclidean projection on ball ∩ box. Features that the mask
  /// forbids to change are put back.
  ///
  /// - Parameters:
  ///   - points: shape (examples, …input).
  ///   - origins: the centres of the balls, the same shape; they lie in the box.
  ///   - projection: how, for L2.
  public func project(_ points: inout Tensor, around origins: Tensor, by projection: Projection = .exact) {
    precondition(points.shape == origins.shape)
    let size = points.rowSize
    let lows = lows
    let highs = highs
    let mask = mask?.map { $0 ? UInt8(1) : 0 }
    origins.elements.withUnsafeBufferPointer { base in
      points.withEachRow { row, x in
        let origin = base.baseAddress! + row * size
        if let mask { ctl_restore_masked(x, origin, mask, size) }
        switch (norm, projection) {
        case (.linf, _):
          ctl_clip_linf(x, origin, epsilon, epsilonPerFeature, box.lowerBound, box.upperBound, lows, highs, size)
        case (.l2, .exact):
          ctl_project_l2_box(x, origin, epsilon, box.lowerBound, box.upperBound, lows, highs, size)
        case (.l2, .sequential):
          ctl_rescale_l2(x, origin, epsilon, size)
          ctl_clip_box(x, box.lowerBound, box.upperBound, lows, highs, size)
        case (.l2, .boxFirst):
          ctl_clip_box(x, box.lowerBound, box.upperBound, lows, highs, size)
          ctl_rescale_l2(x, origin, epsilon, size)
        }
      }
    }
  }

  /// Clips every row to the box alone.
  public func clipToBox(_ points: inout Tensor) {
    let size = points.rowSize
    let lows = lows
    let highs = highs
    points.withEachRow { _, x in ctl_clip_box(x, box.lowerBound, box.upperBound, lows, highs, size) }
  }

  /// Distance of each row of `points` from the same row of `origins` in this norm.
  public func distances(_ points: Tensor, from origins: Tensor) -> [Double] {
    precondition(points.shape == origins.shape)
    let size = points.rowSize
    return points.elements.withUnsafeBufferPointer { x in
      origins.elements.withUnsafeBufferPointer { y in
        (0..<points.rowCount).map { row in
          let a = x.baseAddress! + row * size
          let b = y.baseAddress! + row * size
          return norm == .linf ? ctl_max_abs_difference(a, b, size) : ctl_distance_l2(a, b, size)
        }
      }
    }
  }

  /// log₂ of the dual norm of each row of a gradient, over the features that may change: how fast the best direction of
  /// this norm climbs. ‖g‖₁ for L∞, ‖g‖₂ for L2; −∞ for a row of zeros.
  public func log2DualNorms(of gradient: ScaledGradient) -> [Double] {
    var values = gradient.values
    restrict(&values)
    let size = values.rowSize
    var norms: [Double] = []
    norms.reserveCapacity(values.rowCount)
    values.withEachRow { _, x in norms.append(ctl_sum_abs(x, size)) }
    if norm == .l2 { norms = values.rowNorms }
    return zip(norms, gradient.exponents).map { $0 > 0 ? log2($0) + Double($1) : -.infinity }
  }

  /// log₂ of the most that a slope can climb within the ball, for each row of a gradient: ε times the dual norm, or the
  /// sum of |g| times each feature's radius; −∞ for a row of zeros.
  package func log2Reaches(of gradient: ScaledGradient) -> [Double] {
    guard let radii = epsilonPerFeature else { return log2DualNorms(of: gradient).map { $0 + log2(epsilon) } }
    var weighted = gradient
    let size = weighted.values.rowSize
    weighted.values.withEachRow { _, x in
      for feature in 0..<size { x[feature] *= radii[feature] }
    }
    return log2DualNorms(of: weighted)
  }

  /// Whether each row keeps to the ball (and changes only what the mask allows), up to rounding: a relative 10⁻⁶ of ε,
  /// the float32 rounding of an attack from another library.
  public func respectsBudget(_ points: Tensor, around origins: Tensor) -> [Bool] {
    let size = points.rowSize
    let distances = distances(points, from: origins)
    let mask = mask?.map { $0 ? UInt8(1) : 0 }
    return (0..<points.rowCount).map { row in
      let x = Array(points[row: row])
      let y = Array(origins[row: row])
      if let mask, ctl_count_masked_changes(x, y, mask, size) > 0 { return false }
      if let radii = epsilonPerFeature { return ctl_max_excess(x, y, radii, size) <= tolerance }
      return distances[row] <= epsilon * (1 + 1e-6) + tolerance
    }
  }

  /// Whether each row lies in the box, up to rounding.
  public func respectsBox(_ points: Tensor) -> [Bool] {
    let size = points.rowSize
    let lows = lows
    let highs = highs
    return (0..<points.rowCount).map { row in
      ctl_count_outside(Array(points[row: row]), box.lowerBound, box.upperBound, lows, highs, tolerance, size) == 0
    }
  }

  /// Rounding of a float32 at the size of the box.
  private var tolerance: Double { 1.2e-7 * max(abs(box.lowerBound), abs(box.upperBound)) }
}
