import CTensorLoops

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Adam (Kingma and Ba, ICLR 2015, Algorithm 1) on points of many examples, each of which may have been asked about
/// another number of times.
///
/// The guard in the denominator is 10⁻⁸, and a hundredth of an example's largest second moment where that is smaller:
/// gradients of any size move the point.
public struct AdaptiveMoments: Sendable {
  private var first: Tensor
  private var second: Tensor
  private var count = 0
  private let rate: Double
  private let decays: (first: Double, second: Double)

  /// Moments of points of this shape, all zero.
  ///
  /// - Parameters:
  ///   - shape: shape of the points, (rows, …input).
  ///   - rate: length of a first step of every feature.
  ///   - decays: β₁ and β₂.
  public init(shape: [Int], rate: Double, decays: (first: Double, second: Double) = (0.9, 0.999)) {
    first = Tensor(zeros: shape)
    second = first
    self.rate = rate
    self.decays = decays
  }

  /// Moves `points` one step down `gradient`.
  public mutating func descend(_ points: inout Tensor, along gradient: Tensor) {
    precondition(points.shape == gradient.shape && points.shape == first.shape)
    count += 1
    let corrections = (1 - pow(decays.first, Double(count)), 1 - pow(decays.second, Double(count)))
    let size = points.rowSize
    let tops = zip(gradient.rowMaximumMagnitudes, second.rowMaximumMagnitudes).map { now, before in
      ((decays.second * before + (1 - decays.second) * now * now) / corrections.1).squareRoot()
    }
    gradient.elements.withUnsafeBufferPointer { g in
      points.withEachRow { row, x in
        first.elements.withUnsafeMutableBufferPointer { first in
          second.elements.withUnsafeMutableBufferPointer { second in
            ctl_adam_step(
              x, g.baseAddress! + row * size, first.baseAddress! + row * size, second.baseAddress! + row * size, rate,
              decays.first, decays.second, corrections.0, corrections.1, min(1e-8, tops[row] / 100), size)
          }
        }
      }
    }
  }

  /// Goes on with these rows only.
  public mutating func keep(_ rows: [Int]) {
    first = first.rows(rows)
    second = second.rows(rows)
  }
}
