import RobustnessCore

extension BoundPass {
  /// Bounds on the differences of the logits from the label's for each example, by linear bounds of the differences
  /// themselves (their common part cancels), not of the logits.
  ///
  /// - Parameters:
  ///   - labels: the label of each example.
  ///   - rivals: for each example a class whose difference gets lines of its own; nil for none.
  ///   - slopeSteps: steps by which these are improved.
  /// - Returns: a box for each example, and what rounding took off its ends at most.
  public mutating func differences(
    labels: [Int], rivals: [Int]? = nil, slopeSteps: Int = 0
  ) -> [(box: DifferenceBox, slack: Double)] {
    let classes = network.count(logits)
    let perExample = 2 * (classes - 1)
    var coefficients = [Double](repeating: 0, count: region.rows * perExample * classes)
    var examples: [Int] = []
    var chosen: [Int] = []
    for (example, label) in labels.enumerated() {
      for k in 0..<classes where k != label {
        for sign in [1.0, -1.0] {
          let row = examples.count * classes
          coefficients[row + k] = sign
          coefficients[row + label] = -sign
          if slopeSteps > 0, rivals?[example] == k { chosen.append(examples.count) }
          examples.append(example)
        }
      }
    }
    var minima = minima(of: coefficients, examples: examples, at: logits)
    if !chosen.isEmpty {
      let better = self.minima(
        of: chosen.flatMap { coefficients[$0 * classes..<($0 + 1) * classes] }, examples: chosen.map { examples[$0] },
        at: logits, slopeSteps: slopeSteps)
      for (place, row) in chosen.enumerated() where better.bounds[place] > minima.bounds[row] {
        (minima.bounds[row], minima.slack[row]) = (better.bounds[place], better.slack[place])
      }
    }
    var row = 0
    return labels.enumerated().map { example, label in
      var box = intervalDifferences(example: example, label: label)
      var slack = 0.0
      for k in 0..<classes where k != label {
        box.lower[k] = max(box.lower[k], minima.bounds[row])
        box.upper[k] = min(box.upper[k], -minima.bounds[row + 1])
        if box.lower[k] > box.upper[k] { (box.lower[k], box.upper[k]) = (box.upper[k], box.lower[k]) }
        slack = max(slack, minima.slack[row], minima.slack[row + 1])
        row += 2
      }
      return (box, slack)
    }
  }

  /// Bounds on the same differences from the logits' intervals.
  public func intervalDifferences(example: Int, label: Int) -> DifferenceBox {
    let (l, u) = interval(logits, example: example)
    let classes = l.count
    var box = DifferenceBox(
      label: label, lower: [Double](repeating: 0, count: classes), upper: [Double](repeating: 0, count: classes))
    for k in 0..<classes where k != label {
      box.lower[k] = (l[l.startIndex + k] - u[u.startIndex + label]).nextDown.orNothingBelow
      box.upper[k] = (u[u.startIndex + k] - l[l.startIndex + label]).nextUp.orNothingAbove
    }
    return box
  }

  /// Lower bounds on p_y − p_k for each class k of one example, the larger of what differences and intervals give; −∞
  /// for a draw that is not all numbers, whose probabilities are none.
  public func minimumMargins(_ box: DifferenceBox, example: Int) -> [Double] {
    let (l, u) = interval(logits, example: example)
    guard network.isFinite else { return [Double](repeating: -.infinity, count: l.count) }
    return (0..<l.count).map { k in
      k == box.label
        ? 0
        : max(
          box.minimumMargin(against: k),
          DifferenceBox.minimumMargin(lower: l, upper: u, label: box.label, rival: k))
    }
  }
}
