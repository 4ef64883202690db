public import RobustnessCore

/// The end of a trajectory.
public struct Leapfrog: Sendable {
  /// Positions q.
  public internal(set) var position: [Double]
  /// Momenta p.
  public internal(set) var momentum: [Double]
  /// ∇ log π(q).
  public internal(set) var gradient: [Double]
  /// log π(q); nil after steps that did not ask for it.
  public internal(set) var value: LogDensityValue?
  /// Whether some gradient was not finite: then the trajectory ended there.
  public private(set) var hasDiverged = false

  /// Begins at a position whose gradient is known.
  public init(position: [Double], momentum: [Double], gradient: [Double]) {
    precondition(position.count == momentum.count && position.count == gradient.count)
    self.position = position
    self.momentum = momentum
    self.gradient = gradient
  }

  /// Integrates Hamilton's equations of H(q, p) = −log π(q) + ½ pᵀM⁻¹p with the leapfrog scheme: p ← p + ½ε∇log π(q); q
  /// ← q + εM⁻¹p; p ← p + ½ε∇log π(q) (Neal 2011, §2.3).
  ///
  /// The half steps between two positions are taken as one. Exactly `steps` gradients are computed: the first half step
  /// uses the one that is there.
  ///
  /// - Parameters:
  ///   - steps: Number of steps L, at least 1.
  ///   - stepSize: ε.
  ///   - inverseMass: The diagonal of M⁻¹; nil for the identity.
  ///   - rounding: Whether the last position is rounded to single precision, in which draws are kept, before its
  ///     gradient and value are computed: then what is stored is exactly what was accepted. The rounding is that of the
  ///     arithmetic of a single step; the trajectory before it runs in double precision.
  public mutating func advance(
    _ target: some LogDensity, steps: Int, stepSize: Double, inverseMass: [Double]?, rounding: Bool = false
  ) throws {
    precondition(steps >= 1 && position.count == target.dimension)
    kick(stepSize / 2)
    for step in 1...steps {
      drift(stepSize, inverseMass)
      let isLast = step == steps
      if isLast, rounding { round() }
      try position.withUnsafeBufferPointer { position in
        try gradient.withUnsafeMutableBufferPointer { gradient in
          if isLast {
            value = try target.evaluate(position, gradient: gradient)
          } else {
            try target.differentiate(position, gradient: gradient)
          }
        }
      }
      kick(isLast ? stepSize / 2 : stepSize)
      // One number tells: a gradient that is not finite makes its momentum so, and the density returns no other than
      // NaN all over.
      if !(momentum[0] - momentum[0] == 0) || (isLast && !value!.total.isFinite) {
        hasDiverged = true
        return
      }
    }
  }

  /// ½ (p′ᵀM⁻¹p′ − pᵀM⁻¹p) from `start` to here, term by term: for a million parameters each sum is in the hundreds of
  /// thousands, their difference near one.
  public func kineticDifference(from start: [Double], inverseMass: [Double]?) -> Double {
    var sum = 0.0
    momentum.withUnsafeBufferPointer { new in
      start.withUnsafeBufferPointer { old in
        if let inverseMass {
          inverseMass.withUnsafeBufferPointer { weights in
            for i in new.indices { sum += weights[i] * (new[i] - old[i]) * (new[i] + old[i]) }
          }
        } else {
          for i in new.indices { sum += (new[i] - old[i]) * (new[i] + old[i]) }
        }
      }
    }
    return sum / 2
  }

  /// ½ pᵀM⁻¹p.
  static func kineticEnergy(_ momentum: [Double], inverseMass: [Double]?) -> Double {
    var sum = 0.0
    for (i, p) in momentum.enumerated() { sum += p * p * (inverseMass?[i] ?? 1) }
    return sum / 2
  }

  private mutating func kick(_ length: Double) {
    momentum.withUnsafeMutableBufferPointer { p in
      gradient.withUnsafeBufferPointer { g in
        for i in p.indices { p[i] += length * g[i] }
      }
    }
  }

  private mutating func drift(_ length: Double, _ inverseMass: [Double]?) {
    position.withUnsafeMutableBufferPointer { q in
      momentum.withUnsafeBufferPointer { p in
        if let inverseMass {
          inverseMass.withUnsafeBufferPointer { weights in
            for i in q.indices { q[i] += length * weights[i] * p[i] }
          }
        } else {
          for i in q.indices { q[i] += length * p[i] }
        }
      }
    }
  }

  private mutating func round() {
    position.withUnsafeMutableBufferPointer { q in
      for i in q.indices { q[i] = Double(Float(q[i])) }
    }
  }
}
