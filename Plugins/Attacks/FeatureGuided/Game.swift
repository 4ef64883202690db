import RobustnessCore

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The game about one example: `move` makes a candidate, `learn` hears its value.
struct Game {
  private let origin: Tensor
  private let raster: Raster
  private let threat: ThreatModel
  private let options: FeatureGuidedSearch.Options
  private let keypoints: [Keypoint]
  /// The weights of the mixture: responses that sum to 1.
  private let saliency: [Double]
  private var stream: RandomStream
  private var tree: FeatureTree

  /// The point to be asked about, shape (1, …input).
  private(set) var candidate: Tensor
  /// Where the play is, and the value there.
  private var current: Tensor
  private var value = -Double.infinity
  /// The pixels that were drawn since the input, or since none was left.
  private var drawnPixels: [Bool]
  private var stage = Stage.input

  private enum Stage {
    /// The input itself is asked about.
    case input
    /// The last node of the path is new.
    case leaf([Int])
    /// The play after the leaf: the feature just visited, the weights of the features in this play, and how many visits
    /// each had.
    case play(Playout)
  }

  private struct Playout {
    var path: [Int]
    /// The value at the leaf.
    let start: Double
    var weights: [Double]
    var visits: [Double]
    var moves = 0
    var feature = 0
  }

  init(
    _ input: Tensor, raster: Raster, threat: ThreatModel, options: FeatureGuidedSearch.Options, stream: RandomStream
  ) {
    origin = input
    self.raster = raster
    self.threat = threat
    self.options = options
    self.stream = stream
    keypoints = KeypointDetector.keypoints(input, raster, in: threat)
    let total = keypoints.reduce(0) { $0 + $1.response }
    saliency = keypoints.map { $0.response / total }
    tree = FeatureTree(featureCount: keypoints.count, exploration: options.exploration)
    candidate = input
    current = input
    drawnPixels = [Bool](repeating: false, count: raster.pixelCount)
  }

  // MARK: - Moves

  /// Makes the next candidate.
  mutating func move() {
    if case .play(var playout) = stage, playout.moves < options.playout {
      playout.feature = chosenFeature(playout)
      candidate = visited(playout.feature)
      // A visit may take any pixel of an image: where it changes nothing, all are where they would go.
      if !raster.isImage || candidate != current {
        stage = .play(playout)
        return
      }
    }
    if case .play(let playout) = stage { tree.credit(playout.path, max(value, Self.lowestReward)) }
    // Down the tree from the input: nodes that are known are not asked about again.
    current = origin
    drawnPixels = [Bool](repeating: false, count: raster.pixelCount)
    var path = [0]
    while case .known(let node, let feature) = tree.choice(at: path[path.count - 1]) {
      current = visited(feature)
      path.append(node)
    }
    let parent = path[path.count - 1]
    let tried = tree.tried(at: parent)
    let feature = drawn(saliency.indices.map { tried.contains($0) ? 0 : saliency[$0] })
    path.append(tree.add(feature, below: parent))
    candidate = visited(feature)
    stage = .leaf(path)
  }

  /// A loss that is exactly zero has a value of −∞, of which no mean can be taken.
  private static let lowestReward = -1e9

  /// Takes the value of the candidate.
  mutating func learn(_ answer: Double) {
    switch stage {
    case .input: break
    case .leaf(let path):
      (current, value) = (candidate, answer)
      stage = .play(
        Playout(path: path, start: answer, weights: saliency, visits: [Double](repeating: 1, count: saliency.count)))
    case .play(var playout):
      let reference = options.takeBack == .start ? playout.start : value
      let gain = answer == reference ? 0 : answer - reference
      // A visit that did harm is taken back.
      if gain >= 0 { (current, value) = (candidate, answer) }
      playout.moves += 1
      playout.visits[playout.feature] += 1
      playout.weights = reweighted(playout.weights, playout.feature, gain)
      stage = .play(playout)
    }
  }

  /// What a visit gained is added to the weight of its feature, at most a nat and divided by 25 as in the paper's
  /// program.
  private func reweighted(_ weights: [Double], _ feature: Int, _ gain: Double) -> [Double] {
    guard !gain.isNaN else { return weights }
    var weights = weights
    weights[feature] = max(0, weights[feature] + min(max(gain, -1), 1) / 25)
    let total = weights.reduce(0, +)
    return total > 0 ? weights.map { $0 / total } : saliency
  }

  // MARK: - Choices

  /// Exploitation and exploration take turns: by the weights alone, and by the weights with a bonus for features that
  /// had few visits.
  private mutating func chosenFeature(_ playout: Playout) -> Int {
    guard playout.moves % 2 == 1 else { return drawn(playout.weights) }
    let mean = 1 / Double(playout.weights.count)
    return drawn(playout.weights.indices.map { playout.weights[$0] + mean / playout.visits[$0] })
  }

  /// An index drawn in proportion to weights.
  private mutating func drawn(_ weights: [Double]) -> Int {
    let total = weights.reduce(0, +)
    var left = stream.uniforms(1)[0] * total
    var last = 0
    for (index, weight) in weights.enumerated() where weight > 0 {
      last = index
      left -= weight
      if left < 0 { break }
    }
    return last
  }

  /// How often a visit is made again because nothing would change.
  private static let redraws = 10

  /// The second player's move: pixels of a feature, brightened or darkened together, brought back into the ball.
  private mutating func visited(_ feature: Int) -> Tensor {
    var result = current
    for _ in 0..<Self.redraws {
      var direction = Tensor(zeros: current.shape)
      let sign: Double = stream.next() >> 63 == 0 ? 1 : -1
      var movable = (0..<raster.pixelCount).map { pixel in
        raster.places(pixel).contains { canMove($0, fartherEnd($0) ?? sign) }
      }
      for _ in 0..<options.pixels {
        guard let pixel = pixel(of: keypoints[feature], among: movable) else { break }
        movable[pixel] = false
        for place in raster.places(pixel) { direction.elements[place] = fartherEnd(place) ?? sign }
      }
      threat.restrict(&direction)
      result = current
      let step = options.relativeStep ?? 0
      result.add(
        direction, scaledBy: step * threat.epsilon, perFeature: threat.epsilonPerFeature.map { $0.map { step * $0 } })
      threat.project(&result, around: origin)
      if result != current { break }
    }
    return result
  }

  /// A pixel that can be moved, drawn from a feature's Gaussian: none a second time until all others were drawn,
  /// whether the visit was kept or taken back. The paper's program draws until a pixel is new; this is the distribution
  /// that it draws from then.
  ///
  /// - Returns: nil where no pixel can be moved.
  private mutating func pixel(of keypoint: Keypoint, among movable: [Bool]) -> Int? {
    guard keypoint.spread > 0 else { return keypoint.row * raster.width + keypoint.column }
    var free = movable.indices.filter { movable[$0] && !drawnPixels[$0] }
    if free.isEmpty {
      drawnPixels = [Bool](repeating: false, count: raster.pixelCount)
      free = movable.indices.filter { movable[$0] }
    }
    let exponents = free.map { pixel in
      let row = Double(pixel / raster.width - keypoint.row)
      let column = Double(pixel % raster.width - keypoint.column)
      return (row * row + column * column) / (2 * keypoint.spread * keypoint.spread)
    }
    // Relative to the nearest pixel, as all that are left may be many standard deviations away.
    guard let nearest = exponents.min() else { return nil }
    let pixel = free[drawn(exponents.map { exp(nearest - $0) })]
    drawnPixels[pixel] = true
    return pixel
  }

  /// The sign towards the end of the ball that is farther from the input; nil where both are as far. On black and white
  /// there is one way only, and half of a visit would be lost.
  private func fartherEnd(_ place: Int) -> Double? {
    let box = threat.boxPerFeature?[place] ?? threat.box
    let radius = threat.epsilonPerFeature?[place] ?? threat.epsilon
    let up = min(radius, box.upperBound - origin.elements[place])
    let down = min(radius, origin.elements[place] - box.lowerBound)
    return up == down ? nil : up > down ? 1 : -1
  }

  /// Whether a number of the current point is not at the end of ball and box, in L2 of the box, on one side.
  private func canMove(_ place: Int, _ sign: Double) -> Bool {
    if let mask = threat.mask, !mask[place] { return false }
    let box = threat.boxPerFeature?[place] ?? threat.box
    let radius = threat.norm == .linf ? threat.epsilonPerFeature?[place] ?? threat.epsilon : .infinity
    let end = min(max(origin.elements[place] + sign * radius, box.lowerBound), box.upperBound)
    return sign * (end - current.elements[place]) > 1e-12
  }
}
