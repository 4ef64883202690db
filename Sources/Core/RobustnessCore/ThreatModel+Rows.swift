import CTensorLoops

extension ThreatModel {
  /// The distance of each row from the corner of the box that is farthest from it, along the features that may change:
  /// no perturbation is larger.
  public func largestPerturbations(of points: Tensor) -> [Double] {
    var corners = points
    let size = points.rowSize
    let (lows, highs) = bounds
    corners.withEachRow { _, x in ctl_farther_bounds(x, box.lowerBound, box.upperBound, lows, highs, size) }
    corners.add(points, scaledBy: -1)
    restrict(&corners)
    return distances(corners, from: Tensor(zeros: points.shape))
  }

  /// Brings every row of `points` into a ball of a radius of its own around the same row of `origins`, and into the
  /// box: ``project(_:around:by:)`` with `radii[row]` in the place of ε.
  public func project(
    _ points: inout Tensor, around origins: Tensor, radii: [Double], by projection: Projection = .exact
  ) {
    precondition(points.shape == origins.shape && radii.count == points.rowCount)
    let size = points.rowSize
    let (lows, highs) = bounds
    let mask = mask?.map { $0 ? UInt8(1) : 0 }
    origins.elements.withUnsafeBufferPointer { base in
      points.withEachRow { row, x in
        let origin = base.baseAddress! + row * size
        if let mask { ctl_restore_masked(x, origin, mask, size) }
        switch (norm, projection) {
        case (.linf, _):
          ctl_clip_linf(x, origin, radii[row], nil, box.lowerBound, box.upperBound, lows, highs, size)
        case (.l2, .exact):
          ctl_project_l2_box(x, origin, radii[row], box.lowerBound, box.upperBound, lows, highs, size)
        case (.l2, .sequential):
          ctl_rescale_l2(x, origin, radii[row], size)
          ctl_clip_box(x, box.lowerBound, box.upperBound, lows, highs, size)
        case (.l2, .boxFirst):
          ctl_clip_box(x, box.lowerBound, box.upperBound, lows, highs, size)
          ctl_rescale_l2(x, origin, radii[row], size)
        }
      }
    }
  }

  /// Changes of some inputs as points in the box; `changes` become what is left of them there. Features whose change is
  /// zero keep their bits.
  ///
  /// - Parameters:
  ///   - changes: shape (rows, …input), zero where the mask forbids a change.
  ///   - inputs: the same shape, in the box.
  public func points(from inputs: Tensor, changedBy changes: inout Tensor) -> Tensor {
    var points = inputs
    points.add(changes)
    clipToBox(&points)
    changes = points
    changes.add(inputs, scaledBy: -1)
    return points
  }

  /// Moves every row of `points` a step of steepest ascent in this norm, as `step(_:along:by:)` does, of a length of
  /// its own: `multiples[row]` times ε, or times each feature's radius.
  public func step(_ points: inout Tensor, along direction: Tensor, byMultiples multiples: [Double]) {
    switch norm {
    case .linf:
      if let radii = epsilonPerFeature {
        points.stepAlongSign(of: direction, by: multiples, perFeature: radii)
      } else {
        points.stepAlongSign(of: direction, by: multiples.map { $0 * epsilon })
      }
    case .l2:
      var free = direction
      restrict(&free)
      points.stepAlongUnitVector(of: free, by: multiples.map { $0 * epsilon })
    }
  }

  /// The smallest change of each row of `points`, in this norm, that meets `normal · change = gap` and stays in the
  /// box; where the box does not reach that far, the change that comes closest.
  ///
  /// In L∞ the changes are sign(normal)·t, in L2 they are t·normal, both cut off at the box: what is optimal for one t.
  ///
  /// - Parameters:
  ///   - points: shape (rows, …input), in the box.
  ///   - normals: the same shape, of any magnitude; zero where the mask forbids a change (``restrict(_:)``).
  ///   - gaps: one for each row, in the units of `normals`; +∞ or −∞ go as far as the box does.
  /// - Returns: changes of the shape of `points`, to be added to them. A row whose normal is zero does not change.
  public func smallestChanges(of points: Tensor, toward normals: Tensor, gaps: [Double]) -> Tensor {
    precondition(points.shape == normals.shape && gaps.count == points.rowCount)
    var changes = Tensor(zeros: points.shape)
    let size = points.rowSize
    let (lows, highs) = bounds
    points.elements.withUnsafeBufferPointer { x in
      normals.elements.withUnsafeBufferPointer { w in
        changes.withEachRow { row, change in
          ctl_reach_hyperplane(
            change, x.baseAddress! + row * size, w.baseAddress! + row * size, gaps[row], norm == .linf ? 1 : 0,
            box.lowerBound, box.upperBound, lows, highs, size)
        }
      }
    }
    return changes
  }

  /// The bounds of every feature where each has its own.
  var bounds: (lows: [Double]?, highs: [Double]?) {
    (boxPerFeature?.map(\.lowerBound), boxPerFeature?.map(\.upperBound))
  }

  /// The width of the box; where every feature has its own, their mean.
  public var boxWidth: Double {
    guard let boxes = boxPerFeature, !boxes.isEmpty else { return box.upperBound - box.lowerBound }
    return boxes.reduce(0) { $0 + $1.upperBound - $1.lowerBound } / Double(boxes.count)
  }
}
