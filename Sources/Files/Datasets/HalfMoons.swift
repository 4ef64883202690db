import Foundation
public import RobustnessCore

/// Two interleaved half circles in the plane, one for each class, as scikit-learn's `make_moons` lays them out.
///
/// The angles t divide [0, π] evenly. Class 0 lies at (cos t, sin t), class 1 at (1 − cos t, ½ − sin t); normal noise
/// is added to both coordinates. Then both coordinates are scaled jointly, by the smallest and the largest number among
/// all of them, to [0, 1]: the same factor for both, so that angles and tangents stay. Carbone et al. (NeurIPS 2020)
/// use 30,000 points with noise 0.1 and train on the first 80 % of them, in random order; those are the defaults.
///
/// Without noise the points lie on a curve, whose tangents are known.
public struct HalfMoons: Sendable, Hashable {
  /// Where points came from: the curve before the noise, in the scaled coordinates.
  public struct Curve: Sendable, Hashable {
    /// The angle t of each point, in radians.
    public let angles: [Double]
    /// The points on the curve, shape (points, 2).
    public let points: Tensor
    /// Unit vectors along the curve in the direction of growing t, shape (points, 2).
    public let tangents: Tensor
    /// Unit vectors across the curve, away from the half circle's centre, shape (points, 2).
    public let normals: Tensor
  }

  /// The points.
  public let dataset: Dataset
  /// The curve behind the points to train on, in their order.
  public let trainCurve: Curve
  /// The curve behind the points to test on, in their order.
  public let testCurve: Curve
  /// Lengths on the curve before scaling times this are lengths after it; the noise's standard deviation scales
  /// likewise.
  public let scale: Double

  /// Generates the points.
  ///
  /// - Parameters:
  ///   - count: Number of points; half of them, rounded down, are of class 0. At least 4.
  ///   - noise: Standard deviation of the noise before scaling; 0 for points on the curve.
  ///   - trainFraction: Fraction of the points to train on, in (0, 1).
  ///   - seed: Seed of the random streams, which noise and order have one of each.
  public init(count: Int = 30_000, noise: Double = 0.1, trainFraction: Double = 0.8, seed: UInt64 = 0) {
    precondition(count >= 4 && noise >= 0 && noise.isFinite && trainFraction > 0 && trainFraction < 1)
    let streams = RandomStreams(seed: seed, purpose: "datasets/half-moons")
    let noiseStreams = streams.streams(for: "noise")
    let positions = Self.positions(count)
    let noisy = positions.enumerated().map { index, position -> (x: Double, y: Double) in
      guard noise > 0 else { return position.point }
      var stream = noiseStreams.stream(example: index)
      let normals = stream.normals(2)
      return (position.point.x + noise * normals[0], position.point.y + noise * normals[1])
    }
    let lowest = noisy.reduce(Double.infinity) { min($0, $1.x, $1.y) }
    let highest = noisy.reduce(-Double.infinity) { max($0, $1.x, $1.y) }
    let scale = 1 / (highest - lowest)
    self.scale = scale

    var order = streams.streams(for: "order").stream(example: 0)
    let shuffled = Array(0..<count).shuffled(with: &order)
    let trainCount = min(count - 1, max(1, Int((trainFraction * Double(count)).rounded())))
    func part(_ indices: ArraySlice<Int>) -> (DatasetPart, Curve) {
      let values = indices.flatMap { index in
        [noisy[index].x, noisy[index].y].map { Float(min(max(($0 - lowest) * scale, 0), 1)) }
      }
      let part = DatasetPart(
        inputs: .floats(values), inputShape: [2], labels: indices.map { positions[$0].label }, inputBounds: 0...1)
      return (part, Self.curve(indices.map { positions[$0] }, lowest: lowest, scale: scale))
    }
    let (train, trainCurve) = part(shuffled[..<trainCount])
    let (test, testCurve) = part(shuffled[trainCount...])
    self.trainCurve = trainCurve
    self.testCurve = testCurve
    do {
      dataset = try Dataset(
        name: noise > 0 ? "half-moons" : "half-moons-noise-free", classCount: 2, train: train, test: test,
        origin: "generated: \(count) points, noise \(noise), seed \(seed)")
    } catch {
      preconditionFailure("the labels are 0 and 1")
    }
  }

  private struct Position {
    var label: Int
    var angle: Double
    var point: (x: Double, y: Double)
  }

  private static func positions(_ count: Int) -> [Position] {
    let outer = count / 2
    return (0..<count).map { index in
      let label = index < outer ? 0 : 1
      let (step, steps) = label == 0 ? (index, outer - 1) : (index - outer, count - outer - 1)
      let angle = Double.pi * Double(step) / Double(steps)
      let point = label == 0 ? (cos(angle), sin(angle)) : (1 - cos(angle), 0.5 - sin(angle))
      return Position(label: label, angle: angle, point: point)
    }
  }

  private static func curve(_ positions: [Position], lowest: Double, scale: Double) -> Curve {
    // Class 1 is class 0 turned by half a circle about (½, ¼), so its vectors are the negatives.
    let signs = positions.map { $0.label == 0 ? 1.0 : -1.0 }
    let shape = [positions.count, 2]
    func vectors(_ vector: (Double) -> [Double]) -> Tensor {
      Tensor(
        shape: shape,
        elements: zip(positions, signs).flatMap { position, sign in vector(position.angle).map { sign * $0 } })
    }
    return Curve(
      angles: positions.map(\.angle),
      points: Tensor(
        shape: shape, elements: positions.flatMap { [$0.point.x, $0.point.y].map { ($0 - lowest) * scale } }),
      tangents: vectors { [-sin($0), cos($0)] }, normals: vectors { [cos($0), sin($0)] })
  }
}
