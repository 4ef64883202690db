import CTensorLoops

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Gradients of many examples, each carried as mantissas times a power of two, so that none underflows.
///
/// Row `i` is `values[row: i] · 2^exponents[i]`. Loss gradients of confident networks are as small as 10⁻¹¹² (and
/// smaller still for float32 activations): they keep their direction here, where a plain float would be zero.
public struct ScaledGradient: Sendable, Hashable, Codable {
  /// Mantissas, shape (examples, …input). In a normalised gradient the largest magnitude of every row lies in [1/2, 1).
  public var values: Tensor
  /// One power of two for each row.
  public var exponents: [Int]

  /// Wraps mantissas and exponents as they are.
  public init(values: Tensor, exponents: [Int]) {
    precondition(values.rowCount == exponents.count)
    self.values = values
    self.exponents = exponents
  }

  /// A gradient given as plain numbers.
  public init(_ values: Tensor) {
    self.init(values: values, exponents: [Int](repeating: 0, count: values.rowCount))
    normalize()
  }

  /// Moves each row's magnitude into its exponent.
  public mutating func normalize() {
    let size = values.rowSize
    var exponents = exponents
    values.withEachRow { row, x in exponents[row] += Int(ctl_normalize(x, size)) }
    self.exponents = exponents
  }

  /// log₂‖row‖₂, −∞ for a row of zeros.
  public var log2Norms: [Double] {
    zip(values.rowNorms, exponents).map { norm, exponent in norm > 0 ? log2(norm) + Double(exponent) : -.infinity }
  }

  /// Whether every element of a row is exactly zero.
  public var isExactlyZero: [Bool] { values.rowMaximumMagnitudes.map { $0 == 0 } }

  /// The gradient as plain numbers; rows below 2⁻¹⁰⁷⁴ become zero.
  public var plain: Tensor {
    var result = values
    let size = values.rowSize
    let exponents = exponents
    result.withEachRow { row, x in
      ctl_scale_by_power(x, Int32(clamping: exponents[row]), size)
    }
    return result
  }

  /// Every row divided by its mean magnitude: plain numbers of order 1, comparable from one step of an attack to the
  /// next however small the gradients are.
  ///
  /// This is g/‖g‖₁ times the number of elements. A row of zeros stays; a row that is not finite stays so.
  public var unitMeanMagnitude: Tensor {
    var result = self
    // Mantissas first: of a row whose largest magnitude lies in [1/2, 1) the mean cannot underflow.
    result.normalize()
    let size = values.rowSize
    result.values.withEachRow { _, x in
      let mean = ctl_sum_abs(x, size) / Double(size)
      if mean != 0 { ctl_scale(x, 1 / mean, size) }
    }
    return result.values
  }

  /// The same gradient with the opposite sign.
  public var negated: ScaledGradient {
    var result = self
    let count = values.elements.count
    result.values.elements.withUnsafeMutableBufferPointer { ctl_scale($0.baseAddress, -1, count) }
    return result
  }

  /// Only the rows named by `indices`.
  public func rows(_ indices: [Int]) -> ScaledGradient {
    ScaledGradient(values: values.rows(indices), exponents: indices.map { exponents[$0] })
  }

  /// The mean of gradients of the same points, row by row.
  ///
  /// - Parameter gradients: at least one, all of one shape.
  public static func mean(of gradients: [ScaledGradient]) -> ScaledGradient {
    guard let first = gradients.first else { preconditionFailure("a mean needs at least one gradient") }
    var sum = ScaledGradient(Tensor(zeros: first.values.shape))
    let weights = [Double](repeating: -log(Double(gradients.count)), count: first.exponents.count)
    for gradient in gradients { sum.accumulate(gradient, logWeights: weights) }
    return sum
  }

  /// Adds `weight · other` row by row (`weights` one a row, as natural logarithm of a positive number).
  mutating func accumulate(_ other: ScaledGradient, logWeights: [Double]) {
    let size = values.rowSize
    var exponents = exponents
    other.values.elements.withUnsafeBufferPointer { source in
      values.withEachRow { row, sum in
        guard logWeights[row] != -.infinity, ctl_max_abs(source.baseAddress! + row * size, size) > 0 else { return }
        guard logWeights[row].isFinite else {
          // A weight that is not a number must show in the sum.
          for index in 0..<size { sum[index] = .nan }
          return
        }
        let log2Weight = logWeights[row] / ln2
        let whole = log2Weight.rounded(.down)
        // Beyond any exponent of a number already: a logarithm of 10²⁰ would be no whole number of the machine.
        let incoming = other.exponents[row] + Int(max(-0x1p52, min(0x1p52, whole)))
        if ctl_max_abs(sum, size) == 0 {
          exponents[row] = incoming
        } else if incoming > exponents[row] {
          ctl_scale_by_power(sum, Int32(clamping: exponents[row] - incoming), size)
          exponents[row] = incoming
        }
        let shift = exp2(log2Weight - whole + Double(max(incoming - exponents[row], -1060)))
        ctl_add_scaled(sum, source.baseAddress! + row * size, shift, size)
      }
    }
    self.exponents = exponents
    normalize()
  }
}
