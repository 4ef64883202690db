import CTensorLoops

/// Coordinates in which the box has no borders: x = middle + half · tanh(u) (Carlini and Wagner 2017, §V.B), for a box
/// of any place and for one of each feature.
///
/// Where the mask forbids a change x stays what it was, whatever u is.
public struct BoxCoordinates: Sendable {
  private let inputs: Tensor
  private let threat: ThreatModel

  /// Coordinates around some inputs, shape (examples, …input).
  public init(_ inputs: Tensor, within threat: ThreatModel) {
    self.inputs = inputs
    self.threat = threat
  }

  /// u of the inputs, which `shrink` keeps off the borders, where u would be infinite.
  public func coordinates(shrink: Double = 0.999_999) -> Tensor {
    var result = inputs
    let size = inputs.rowSize
    let (lows, highs) = threat.bounds
    inputs.elements.withUnsafeBufferPointer { x in
      result.withEachRow { row, u in
        ctl_unbound(
          u, x.baseAddress! + row * size, shrink, threat.box.lowerBound, threat.box.upperBound, lows, highs, size)
      }
    }
    return result
  }

  /// The points at `coordinates`, whose row `i` belongs to input `rows[i]`.
  public func points(at coordinates: Tensor, of rows: [Int]) -> Tensor {
    var result = coordinates
    let size = coordinates.rowSize
    let (lows, highs) = threat.bounds
    coordinates.elements.withUnsafeBufferPointer { u in
      result.withEachRow { row, x in
        ctl_bound(x, u.baseAddress! + row * size, threat.box.lowerBound, threat.box.upperBound, lows, highs, size)
      }
    }
    guard threat.mask != nil else { return result }
    let origins = inputs.rows(rows)
    result.add(origins, scaledBy: -1)
    threat.restrict(&result)
    result.add(origins)
    return result
  }

  /// A gradient with respect to the points made one with respect to the coordinates.
  public func pullBack(_ gradient: inout Tensor, at points: Tensor) {
    precondition(gradient.shape == points.shape)
    let size = points.rowSize
    let (lows, highs) = threat.bounds
    points.elements.withUnsafeBufferPointer { x in
      gradient.withEachRow { row, g in
        ctl_pull_to_unbounded(
          g, x.baseAddress! + row * size, threat.box.lowerBound, threat.box.upperBound, lows, highs, size)
      }
    }
    threat.restrict(&gradient)
  }
}
