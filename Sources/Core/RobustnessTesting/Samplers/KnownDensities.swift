import Foundation
import RobustnessCore

/// Two correlated normal numbers. Half of the log-density counts as likelihood and half as prior, so that a sampler
/// that leaves one out is found.
struct CorrelatedNormal: LogDensity {
  let mean = [1.0, -2]
  let deviations = [1.0, 2.5]
  let correlation = 0.6

  var dimension: Int { 2 }
  var priorDeviations: [Double]? { deviations }

  func evaluate(
    _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>?
  ) throws -> LogDensityValue {
    let u = (position[0] - mean[0]) / deviations[0]
    let v = (position[1] - mean[1]) / deviations[1]
    let rest = 1 - correlation * correlation
    gradient?[0] = -(u - correlation * v) / (rest * deviations[0])
    gradient?[1] = -(v - correlation * u) / (rest * deviations[1])
    let half = -(u * u - 2 * correlation * u * v + v * v) / (4 * rest)
    return LogDensityValue(logLikelihood: half, logPrior: half)
  }

  /// An exact draw.
  func draw(_ stream: inout RandomStream) -> [Float] {
    let z = stream.normals(2)
    return [
      Float(mean[0] + deviations[0] * z[0]),
      Float(mean[1] + deviations[1] * (correlation * z[0] + (1 - correlation * correlation).squareRoot() * z[1])),
    ]
  }

  /// Functions of a position with their exact distribution functions: uniform where the position is a draw.
  func levels(_ position: [Float]) -> [(name: String, level: Double)] {
    let u = (Double(position[0]) - mean[0]) / deviations[0]
    let v = (Double(position[1]) - mean[1]) / deviations[1]
    let square = (u * u - 2 * correlation * u * v + v * v) / (1 - correlation * correlation)
    func normal(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }
    return [
      ("the first parameter", normal(u)), ("the second parameter", normal(v)),
      ("the difference of the standardised parameters", normal((u - v) / (2 - 2 * correlation).squareRoot())),
      // −2 log π is χ² with two degrees of freedom.
      ("the log-density", exp(-square / 2)),
    ]
  }
}

/// Independent normal numbers around zero, with standard deviations between ½ and 2.
struct IndependentNormals: LogDensity {
  let dimension: Int
  private func deviation(_ index: Int) -> Double { pow(4, Double(index % 7) / 6 - 0.5) }

  var priorDeviations: [Double]? { (0..<dimension).map(deviation) }

  func evaluate(
    _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>?
  ) throws -> LogDensityValue {
    var sum = 0.0
    for (index, value) in position.enumerated() {
      let precision = 1 / (deviation(index) * deviation(index))
      sum -= 0.25 * value * value * precision
      gradient?[index] = -value * precision
    }
    return LogDensityValue(logLikelihood: sum, logPrior: sum)
  }
}

/// A standard normal density in two dimensions with a wall: where the first parameter is below −½ it is zero, or not a
/// number. The gradient there is not a number, as it is where a network's logits overflow.
struct WalledNormal: LogDensity {
  static let wall = -0.5
  /// What the log-density is beyond the wall.
  let beyond: Double

  var dimension: Int { 2 }
  var priorDeviations: [Double]? { [1, 1] }

  func evaluate(
    _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>?
  ) throws -> LogDensityValue {
    guard position[0] >= Self.wall, position[0].isFinite, position[1].isFinite else {
      gradient?.update(repeating: .nan)
      return LogDensityValue(logLikelihood: beyond, logPrior: 0)
    }
    for index in 0..<2 { gradient?[index] = -position[index] }
    let half = -(position[0] * position[0] + position[1] * position[1]) / 4
    return LogDensityValue(logLikelihood: half, logPrior: half)
  }
}

/// The same density, at which threads meet before each answer.
struct MeetingDensity: LogDensity {
  let base: any LogDensity
  let rendezvous: Rendezvous

  var dimension: Int { base.dimension }
  var priorDeviations: [Double]? { base.priorDeviations }

  func evaluate(
    _ position: UnsafeBufferPointer<Double>, gradient: UnsafeMutableBufferPointer<Double>?
  ) throws -> LogDensityValue {
    rendezvous.arrive()
    return try base.evaluate(position, gradient: gradient)
  }
}
