import Foundation
import PosteriorFiles
import RobustnessCore
import TestSupport
import Testing

@testable import Datasets

/// Two half circles.
@Suite(.inTurn) struct HalfMoonsTests {
  private static let exact = HalfMoons(count: 1000, noise: 0)

  @Test func `the paper's half-moons are 24,000 points to train on and 6,000 to test on`() throws {
    let dataset = HalfMoons().dataset
    #expect(dataset.train.count == 24_000)
    #expect(dataset.test?.count == 6_000)
    let test = try #require(dataset.test)
    #expect(zip(dataset.train.classCounts(2), test.classCounts(2)).map(+) == [15_000, 15_000])
  }

  @Test func `both coordinates together reach 0 and 1, and neither alone`() throws {
    let dataset = HalfMoons().dataset
    let points = dataset.train.examples().inputs.elements + (try #require(dataset.test).examples().inputs.elements)
    #expect(points.min() == 0)
    #expect(points.max() == 1)
    // The paper's second coordinate spans about 0.13 to 0.73.
    let second = stride(from: 1, to: points.count, by: 2).map { points[$0] }
    #expect(try abs(#require(second.min()) - 0.13) < 0.05)
    #expect(try abs(#require(second.max()) - 0.73) < 0.05)
  }

  @Test func `noise of 0.1 is about 0.027 after scaling`() {
    let moons = HalfMoons()
    let points = moons.dataset.train.examples().inputs.elements
    let squares = zip(points, moons.trainCurve.points.elements).map { ($0 - $1) * ($0 - $1) }
    let deviation = (squares.reduce(0, +) / Double(squares.count)).squareRoot()
    #expect(abs(deviation - 0.027) < 0.001)
  }

  // Without noise the coordinates reach from −1 to 2, so the circles have radius 1/3 about (1/3, 1/3) and (2/3, 1/2).
  private static let radius = 1.0 / 3

  /// From the centre of a point's circle to the point.
  private static func fromCentre(_ x: Double, _ y: Double, label: Int) -> (x: Double, y: Double) {
    label == 0 ? (x - 1.0 / 3, y - 1.0 / 3) : (x - 2.0 / 3, y - 1.0 / 2)
  }

  /// The largest difference between `expected` and the distance from the centre after a step along `directions`.
  private static func deviation(
    _ curve: HalfMoons.Curve, _ labels: [Int], _ directions: Tensor, step: Double, from expected: Double
  ) -> Double? {
    labels.indices.map { row in
      let offset = fromCentre(
        curve.points[row, 0] + step * directions[row, 0], curve.points[row, 1] + step * directions[row, 1],
        label: labels[row])
      return abs(hypot(offset.x, offset.y) - expected)
    }.max()
  }

  @Test func `points without noise lie on their half circles`() {
    let points = Self.exact.dataset.train.examples()
    let isWrong = (0..<points.count).filter { row in
      let (x, y) = Self.fromCentre(points.inputs[row, 0], points.inputs[row, 1], label: points.labels[row])
      let isOnItsSide = points.labels[row] == 0 ? y >= -1e-6 : y <= 1e-6
      return abs(hypot(x, y) - Self.radius) > 1e-6 || !isOnItsSide
    }
    #expect(isWrong == [])
  }

  @Test func `a step along the tangent leaves the curve only to second order`() throws {
    let curve = Self.exact.trainCurve
    let deviation = Self.deviation(
      curve, Self.exact.dataset.train.labels, curve.tangents, step: 1e-3, from: Self.radius)
    // √(r² + h²) − r is h²/2r.
    #expect(try #require(deviation) < 1.6e-6)
  }

  @Test func `a step along the normal leaves the circle by its whole length`() throws {
    let curve = Self.exact.testCurve
    let labels = try #require(Self.exact.dataset.test).labels
    let deviation = Self.deviation(curve, labels, curve.normals, step: 0.1, from: Self.radius + 0.1)
    #expect(try #require(deviation) < 1e-12)
  }

  @Test func `tangents point towards larger angles`() {
    let curve = Self.exact.trainCurve
    let labels = Self.exact.dataset.train.labels
    for label in 0..<2 {
      let order = labels.indices.filter { labels[$0] == label }.sorted { curve.angles[$0] < curve.angles[$1] }
      let isForward = zip(order, order.dropFirst()).allSatisfy { here, next in
        let x = curve.points[next, 0] - curve.points[here, 0]
        let y = curve.points[next, 1] - curve.points[here, 1]
        return x * curve.tangents[here, 0] + y * curve.tangents[here, 1] > 0
      }
      #expect(isForward, "class \(label)")
    }
  }

  @Test func `a seed gives the same points again, another seed others`() {
    let one = HalfMoons(count: 100, seed: 1).dataset.train.sha256
    #expect(HalfMoons(count: 100, seed: 1).dataset.train.sha256 == one)
    #expect(HalfMoons(count: 100, seed: 2).dataset.train.sha256 != one)
  }

  @Test func `the scale is what lengths are multiplied by`() {
    #expect(abs(Self.exact.scale - 1.0 / 3) < 1e-15)
  }
}
