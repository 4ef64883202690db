import RobustnessCore

/// Where the search stands for each example: the point kept, its value, and whether the goal is reached.
struct Search {
  private let examples: Examples
  private let threat: ThreatModel
  private let layout: Layout
  /// Whether the ball has fewer corners than there are questions.
  private let hasFewCorners: Bool
  /// Numbers of each example, used up as its proposals are made.
  private var streams: [RandomStream]
  /// The points kept.
  private(set) var points: Tensor
  private var values: [Double]
  /// The examples whose goal is not reached.
  private(set) var standing: [Int]

  init(_ examples: Examples, threat: ThreatModel, layout: Layout, queries: Int, random: RandomStreams) {
    let free = threat.mask.map { $0.count { $0 } } ?? examples.inputs.rowSize
    hasFewCorners = free < Int.bitWidth - queries.leadingZeroBitCount
    self.examples = examples
    self.threat = threat
    self.layout = layout
    streams = examples.identifiers.map { random.stream(example: $0) }
    points = examples.inputs
    values = [Double](repeating: -.infinity, count: examples.count)
    standing = Array(0..<examples.count)
  }

  /// Keeps each candidate that is better than the point kept, or reaches the goal.
  ///
  /// - Parameters:
  ///   - candidates: points asked about, one for each of `rows`.
  ///   - answer: what the oracle said of them.
  ///   - keepsAll: whether they take the place of the points kept in any case, which the first perturbation does.
  mutating func receive(_ candidates: Tensor, of rows: [Int], _ answer: Values, keepsAll: Bool) {
    var fallen: Set<Int> = []
    for (position, row) in rows.enumerated() {
      let value = answer.values[position]
      guard keepsAll || answer.successes[position] || value > values[row] else { continue }
      points.copyRow(position, of: candidates, to: row)
      // Nothing is better than NaN, and everything better than what is no number.
      values[row] = value.isNaN ? -.infinity : value
      if answer.successes[position] { fallen.insert(row) }
    }
    standing.removeAll { fallen.contains($0) }
  }

  /// The first perturbation of every standing example: each tile of the layout with a sign of its own, as large as the
  /// ball allows.
  mutating func start() -> Tensor {
    let tiles = layout.tiles(threat.norm)
    var candidates = examples.inputs.rows(standing)
    for (position, row) in standing.enumerated() {
      var delta = [Double](repeating: 0, count: candidates.rowSize)
      for tile in tiles {
        let sign = streams[row].sign()
        switch threat.norm {
        case .linf:
          for place in tile { delta[place] = sign * threat.radius(place) }
        case .l2:
          for (place, height) in zip(tile, tileBump(tile.count, &streams[row])) { delta[place] = sign * height }
        }
      }
      place(delta, at: position, of: &candidates)
    }
    return settled(candidates)
  }

  private func tileBump(_ count: Int, _ stream: inout RandomStream) -> [Double] {
    switch layout {
    case .image: layout.bump(extent: Int(Double(count).squareRoot().rounded()), &stream)
    case .runs: layout.bump(extent: count, &stream)
    case .scattered: [1]
    }
  }

  /// A new point for every standing example, in which one window of the perturbation is another.
  mutating func proposals(windowFraction: Double) -> Tensor {
    let extent = layout.extent(of: windowFraction, threat.norm)
    var candidates = points.rows(standing)
    for (position, row) in standing.enumerated() where threat.norm == .l2 {
      moveNorm(extent, row, position, &candidates)
    }
    if threat.norm == .linf {
      let rows = standing
      candidates.withEachRow { position, x in drawSigns(extent, rows[position], x) }
    }
    return settled(candidates)
  }

  private func settled(_ candidates: Tensor) -> Tensor {
    var candidates = candidates
    // Where the box takes norm away none is given back elsewhere (Algorithm 1, line 9).
    threat.project(&candidates, around: examples.inputs.rows(standing), by: .sequential)
    return candidates
  }

  // MARK: - L∞

  /// How often signs are drawn again because they are those that the window has.
  private static let redraws = 10

  /// Algorithm 2: every plane of a window gets one sign, and features in no order one each.
  ///
  /// Inputs of few features have so few corners that all of them can be tried. There every second window, by a coin,
  /// goes to a point between the corners.
  private mutating func drawSigns(_ extent: Int, _ row: Int, _ x: UnsafeMutablePointer<Double>) {
    let groups = layout.signGroups(of: layout.window(extent: extent, &streams[row]))
    let origin = examples.inputs[row: row]
    let isBetween = hasFewCorners && streams[row].sign() > 0
    var hasChanged = false
    for _ in 0..<Self.redraws where !hasChanged {
      for places in groups {
        let sign = isBetween ? 2 * streams[row].uniforms(1)[0] - 1 : streams[row].sign()
        for place in places {
          let value = threat.reachable(place, from: origin[origin.startIndex + place], sign)
          hasChanged = hasChanged || value != x[place]
          x[place] = value
        }
      }
    }
  }

  // MARK: - L2

  /// Algorithm 3: what norm two windows have, and what is left of ε, goes into the first of them, along its old
  /// direction and a new bump; the second becomes zero.
  private mutating func moveNorm(_ extent: Int, _ row: Int, _ position: Int, _ candidates: inout Tensor) {
    let origin = examples.inputs[row: row]
    var delta = zip(points[row: row], origin).map { $0 - $1 }
    let target = layout.window(extent: extent, &streams[row])
    let source = layout.window(extent: extent, &streams[row])
    let bump = layout.bump(extent: extent, &streams[row])
    let left = max(threat.epsilon * threat.epsilon - delta.reduce(0) { $0 + $1 * $1 }, 0)
    for (places, emptied) in zip(target, source) {
      let sign = streams[row].sign()
      let old = Layout.unit(places.map { delta[$0] })
      var direction = zip(bump, old).map { sign * $0 + $1 }
      if let mask = threat.mask { for index in places.indices where !mask[places[index]] { direction[index] = 0 } }
      var squares = places.reduce(0) { $0 + delta[$1] * delta[$1] }
      let inTarget = Set(places)
      for place in emptied where !inTarget.contains(place) { squares += delta[place] * delta[place] }
      let norm = (left / Double(layout.channelCount) + squares).squareRoot()
      for place in emptied { delta[place] = 0 }
      for (place, value) in zip(places, Layout.unit(direction)) { delta[place] = norm * value }
    }
    place(delta, at: position, of: &candidates)
  }

  /// Writes origin + δ, in L2 origin + ε·δ/‖δ‖, over a row.
  private func place(_ delta: [Double], at position: Int, of candidates: inout Tensor) {
    let row = standing[position]
    var moved = Tensor(shape: [1] + candidates.rowShape, elements: Array(examples.inputs[row: row]))
    var direction = Tensor(shape: moved.shape, elements: delta)
    threat.restrict(&direction)
    switch threat.norm {
    case .linf: moved.add(direction)
    case .l2: moved.stepAlongUnitVector(of: direction, by: threat.epsilon)
    }
    candidates.copyRow(0, of: moved, to: position)
  }
}

extension ThreatModel {
  /// The radius of a feature in L∞.
  func radius(_ feature: Int) -> Double { epsilonPerFeature?[feature] ?? epsilon }

  /// Where a feature ends that goes from `origin` to the end of the ball, or a part of the way, in L∞.
  func reachable(_ feature: Int, from origin: Double, _ part: Double) -> Double {
    if let mask, !mask[feature] { return origin }
    let box = boxPerFeature?[feature] ?? box
    return min(max(origin + part * radius(feature), box.lowerBound), box.upperBound)
  }
}
