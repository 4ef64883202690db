import CTensorLoops

// Arithmetic with a number of its own for each row: attacks keep a step, a radius or a distance for every example.

extension Tensor {
  /// Multiplies each row by its factor.
  public mutating func scaleRows(by factors: [Double]) {
    precondition(factors.count == rowCount)
    let size = rowSize
    withEachRow { row, x in ctl_scale(x, factors[row], size) }
  }

  /// Adds `factors[row] · other` row by row.
  public mutating func addRows(_ other: Tensor, scaledBy factors: [Double]) {
    precondition(shape == other.shape && factors.count == rowCount)
    let size = rowSize
    other.elements.withUnsafeBufferPointer { source in
      withEachRow { row, x in ctl_add_scaled(x, source.baseAddress! + row * size, factors[row], size) }
    }
  }

  /// Adds `steps[row] · sign(direction)` row by row, with sign(0) = 0; where `perFeature` is given, its numbers times
  /// the row's step.
  public mutating func stepAlongSign(of direction: Tensor, by steps: [Double], perFeature: [Double]? = nil) {
    precondition(shape == direction.shape && steps.count == rowCount)
    let size = rowSize
    direction.elements.withUnsafeBufferPointer { g in
      withEachRow { row, x in
        let direction = g.baseAddress! + row * size
        if let perFeature {
          ctl_sign_step_each(x, direction, perFeature.map { steps[row] * $0 }, size)
        } else {
          ctl_sign_step(x, direction, steps[row], size)
        }
      }
    }
  }

  /// Σ of the products of the elements, row by row.
  public func rowDots(_ other: Tensor) -> [Double] {
    precondition(shape == other.shape)
    let size = rowSize
    return elements.withUnsafeBufferPointer { x in
      other.elements.withUnsafeBufferPointer { y in
        (0..<rowCount).map { ctl_dot(x.baseAddress! + $0 * size, y.baseAddress! + $0 * size, size) }
      }
    }
  }

  /// Σ of the magnitudes, row by row.
  public var rowMagnitudeSums: [Double] {
    let size = rowSize
    return elements.withUnsafeBufferPointer { x in
      (0..<rowCount).map { ctl_sum_abs(x.baseAddress! + $0 * size, size) }
    }
  }

  /// Moves to x + a·(z − x) + (1 − a)·(x − previous), and notes in `previous` where it was: a step to `z` with
  /// momentum.
  public mutating func moveWithMomentum(to z: Tensor, weight a: Double, previous: inout Tensor) {
    precondition(shape == z.shape && shape == previous.shape)
    let count = elements.count
    elements.withUnsafeMutableBufferPointer { x in
      previous.elements.withUnsafeMutableBufferPointer { before in
        ctl_momentum_blend(x.baseAddress, z.elements, before.baseAddress, a, count)
      }
    }
  }
}
