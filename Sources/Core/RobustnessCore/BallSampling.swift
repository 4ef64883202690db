#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How a random perturbation of the ball is drawn.
public enum BallDistribution: String, Codable, Sendable, CaseIterable {
  /// Uniform in the ball: for L2 a Gaussian direction times radius ε·U^(1/d).
  case uniform
  /// Radius uniform in [0, ε] along a uniform direction; denser at the centre than uniform in the ball. The same as
  /// `uniform` for L∞.
  case uniformRadius = "uniform-radius"
  /// Uniform in the cube [−ε, ε]ᵈ. In L2 that is outside the ball: project afterwards.
  case cube
  /// A corner of the cube, each feature ±ε; for L2 the corner scaled to length ε.
  case signs
}

extension ThreatModel {
  /// Random perturbations of the ball, before the box is looked at: one row for each identifier, zero where the mask
  /// forbids a change.
  ///
  /// Row `i` depends on `identifiers[i]`, `restart` and the streams' key only. With a mask the ball is that of the
  /// features that may change.
  ///
  /// - Parameters:
  ///   - distribution: how they are drawn.
  ///   - shape: shape of the result, (examples, …input).
  ///   - identifiers: one for each row, those of ``Examples/identifiers``.
  ///   - restart: names the draw among several for the same example.
  ///   - random: streams of the attack.
  /// - Returns: perturbations in the units of the inputs, to be added to them.
  public func randomPerturbations(
    _ distribution: BallDistribution, shape: [Int], identifiers: [Int], restart: Int, random: RandomStreams
  ) -> Tensor {
    precondition(shape.first == identifiers.count, "one identifier for each row")
    let size = shape.dropFirst().reduce(1, *)
    let isDirection = norm == .l2 && (distribution == .uniform || distribution == .uniformRadius)
    var numbers: [Double] = []
    numbers.reserveCapacity(identifiers.count * size)
    var radii: [Double] = []
    let dimension = Double(mask.map { $0.count { $0 } } ?? size)
    for identifier in identifiers {
      var stream = random.stream(example: identifier, restart: restart)
      if isDirection {
        numbers += stream.normals(size)
        let u = stream.uniforms(1)[0]
        radii.append(epsilon * (distribution == .uniform ? pow(u, 1 / dimension) : u))
      } else {
        numbers += stream.uniforms(size)
      }
    }
    var draws = Tensor(shape: shape, elements: numbers)
    var result = Tensor(zeros: shape)
    if isDirection {
      restrict(&draws)
      result.stepAlongUnitVector(of: draws, by: radii)
      return result
    }
    draws.add(Tensor(repeating: 1, shape: shape), scaledBy: -0.5)
    restrict(&draws)
    switch (distribution, norm) {
    case (.signs, .linf):
      result.stepAlongSign(of: draws, by: epsilon, perFeature: epsilonPerFeature)
    case (.signs, .l2):
      var corners = Tensor(zeros: shape)
      corners.stepAlongSign(of: draws, by: 1)
      result.stepAlongUnitVector(of: corners, by: epsilon)
    default:
      result.add(draws, scaledBy: 2 * epsilon, perFeature: epsilonPerFeature.map { $0.map { 2 * $0 } })
    }
    return result
  }

  /// Zeroes the features of a direction that the mask forbids to change, so that a step of given length is spent on the
  /// others.
  public func restrict(_ direction: inout Tensor) {
    guard let mask else { return }
    direction.withEachRow { _, x in
      for index in mask.indices where !mask[index] { x[index] = 0 }
    }
  }
}
