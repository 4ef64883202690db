import RobustnessCore

/// The best direction of every example and how far along it the decision changes.
struct Rays {
  private let examples: Examples
  private let threat: ThreatModel
  /// How fast each feature moves along a direction: 1, or in proportion to its radius; 0 where it may not change.
  private let speeds: [Double]
  /// The farthest that is looked: every feature has then reached the box.
  private let reach: Double
  /// What the radius may be off by, in units of the fastest feature.
  private let tolerance: Double
  private var signs: [[Double]]
  private var radii: [Double]

  init(_ examples: Examples, threat: ThreatModel, tolerance: Double) {
    self.examples = examples
    self.threat = threat
    let size = examples.inputs.rowSize
    let fastest = threat.epsilonPerFeature?.max() ?? 0
    speeds = (0..<size).map { feature in
      if let mask = threat.mask, !mask[feature] { return 0 }
      guard let radii = threat.epsilonPerFeature, fastest > 0 else { return 1 }
      return radii[feature] / fastest
    }
    let boxes = threat.boxPerFeature ?? [threat.box]
    reach = boxes.map { $0.upperBound - $0.lowerBound }.max() ?? 1
    let length = speeds.reduce(0) { $0 + $1 * $1 }.squareRoot()
    self.tolerance = length > 0 ? tolerance / length : .infinity
    signs = [[Double]](repeating: [Double](repeating: 1, count: size), count: examples.count)
    radii = [Double](repeating: .infinity, count: examples.count)
  }

  /// A direction on trial, and the interval in which its radius lies.
  struct Attempt {
    var signs: [Double]
    /// The decision is the old one here, and the goal is reached at `high`.
    var low: Double
    var high: Double
    var tolerance: Double
    /// Where the next question is asked.
    var place: Double

    var isOpen: Bool { high - low > tolerance }
    /// The same direction, asked about in the middle of its interval.
    var middle: Attempt {
      var result = self
      result.place = (low + high) / 2
      return result
    }

    mutating func halve(_ isFooled: Bool) {
      let middle = (low + high) / 2
      if isFooled { high = middle } else { low = middle }
    }
  }

  /// The direction of an example with the signs of a block flipped, to be asked about at the radius known so far.
  func attempt(flipping block: Range<Int>, of row: Int) -> Attempt {
    var signs = signs[row]
    for feature in block { signs[feature] = -signs[feature] }
    let radius = min(radii[row], reach)
    return Attempt(signs: signs, low: 0, high: radius, tolerance: tolerance, place: radius)
  }

  /// The points that attempts ask about, inside the box.
  func points(_ attempts: [Attempt], of rows: [Int]) -> Tensor {
    var points = examples.inputs.rows(rows)
    let directions = Tensor(shape: points.shape, elements: attempts.flatMap(\.signs))
    let steps = attempts.map(\.place)
    for position in rows.indices {
      var point = points.rows([position])
      point.add(directions.rows([position]), scaledBy: 1, perFeature: speeds.map { $0 * steps[position] })
      points.copyRow(0, of: point, to: position)
    }
    threat.clipToBox(&points)
    return points
  }

  /// Takes a direction that reaches the goal at the end of its interval, where it is nearer than the best so far.
  mutating func keep(_ attempt: Attempt, of row: Int) {
    guard attempt.high < radii[row] else { return }
    signs[row] = attempt.signs
    radii[row] = attempt.high
  }
}

/// The blocks of features in the order in which they are flipped: all, then halves, quarters, and so on down to single
/// features, and those again and again.
struct Blocks {
  private let count: Int
  private var level = 0
  private var index = 0

  init(count: Int) { self.count = count }

  mutating func next() -> Range<Int> {
    // 2 to the level, but beyond single features nothing gets smaller.
    let parts = level < 62 ? 1 << level : Int.max
    let length = parts >= count ? 1 : (count + parts - 1) / parts
    let block = index * length..<min((index + 1) * length, count)
    index += 1
    if index == parts || block.upperBound == count {
      level += 1
      index = 0
    }
    return block
  }
}
