internal import CComputeKernels

/// Adam over flat parameters in single precision.
///
/// Kingma and Ba, *Adam: a method for stochastic optimization*, ICLR 2015, algorithm 1, with their constants:
/// m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², x ← x − rate · m̂/(√v̂ + ε), where m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ).
public struct Adam: Codable, Sendable, Hashable {
  /// Decay of the mean of the gradients: β₁ = 0.9.
  public static let firstDecay = 0.9
  /// Decay of the mean of their squares: β₂ = 0.999.
  public static let secondDecay = 0.999
  /// Added to the root: ε = 10⁻⁸.
  public static let epsilon = 1e-8

  /// Updates made.
  public private(set) var steps = 0
  /// m, one number for each parameter.
  public private(set) var firstMoments: [Float]
  /// v, likewise.
  public private(set) var secondMoments: [Float]

  /// Before the first update.
  public init(dimension: Int) {
    firstMoments = Array(repeating: 0, count: dimension)
    secondMoments = firstMoments
  }

  /// One step downhill.
  ///
  /// - Parameters:
  ///   - parameters: What is changed, one number for each parameter.
  ///   - gradient: Of what is to become smaller, one number for each parameter.
  ///   - rate: Learning rate.
  ///   - threads: Threads to compute with; they change no bit.
  public mutating func update(
    _ parameters: UnsafeMutableBufferPointer<Float>, gradient: UnsafeBufferPointer<Float>, rate: Double,
    threads: Int = 1
  ) {
    precondition(parameters.count == firstMoments.count && gradient.count == firstMoments.count)
    steps += 1
    // In Double: 1 − βᵗ loses digits in single precision while t is small.
    let unbias = (power(Self.firstDecay), power(Self.secondDecay))
    firstMoments.withUnsafeMutableBufferPointer { first in
      secondMoments.withUnsafeMutableBufferPointer { second in
        let (x, m, v) = (SharedMutablePointer(parameters), SharedMutablePointer(first), SharedMutablePointer(second))
        let g = SharedPointer(gradient)
        ParameterRanges(count: parameters.count, threads: threads).perform { range in
          let from = range.lowerBound
          ckn_adam(
            x.pointer + from, m.pointer + from, v.pointer + from, g.pointer + from, Float(rate), Float(Self.firstDecay),
            Float(Self.secondDecay), Float(Self.epsilon), Float(1 / (1 - unbias.0)), Float(1 / (1 - unbias.1)),
            range.count)
        }
      }
    }
  }

  /// decayᵗ.
  private func power(_ decay: Double) -> Double {
    // By squaring: a loop over t would grow with the run, and pow differs between libraries.
    var (result, base, exponent) = (1.0, decay, steps)
    while exponent > 0 {
      if exponent % 2 == 1 { result *= base }
      base *= base
      exponent /= 2
    }
    return result
  }
}

/// Stochastic gradient descent with momentum over flat parameters in single precision.
///
/// Polyak (1964) in the form that deep learning uses: v ← momentum · v + g, x ← x − rate · v.
public struct MomentumDescent: Codable, Sendable, Hashable {
  /// Share of the last step that is kept; 0 is plain gradient descent.
  public let momentum: Double
  /// v, one number for each parameter.
  public private(set) var velocity: [Float]

  /// Before the first update.
  public init(dimension: Int, momentum: Double) {
    self.momentum = momentum
    velocity = Array(repeating: 0, count: dimension)
  }

  /// One step downhill; parameters as for ``Adam/update(_:gradient:rate:threads:)``.
  public mutating func update(
    _ parameters: UnsafeMutableBufferPointer<Float>, gradient: UnsafeBufferPointer<Float>, rate: Double,
    threads: Int = 1
  ) {
    precondition(parameters.count == velocity.count && gradient.count == velocity.count)
    let momentum = Float(momentum)
    velocity.withUnsafeMutableBufferPointer { velocity in
      let (x, v, g) = (SharedMutablePointer(parameters), SharedMutablePointer(velocity), SharedPointer(gradient))
      ParameterRanges(count: parameters.count, threads: threads).perform { range in
        let from = range.lowerBound
        ckn_momentum(x.pointer + from, v.pointer + from, g.pointer + from, Float(rate), momentum, range.count)
      }
    }
  }
}
