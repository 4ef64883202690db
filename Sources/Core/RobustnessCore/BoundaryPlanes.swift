#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The nearest face of the decision boundary at some points, as the gradients there see it: the plane
/// `normal · change = gap` of changes of each point, what DeepFool and FAB go to.
public struct BoundaryPlanes: Sendable {
  /// A normal for each row, shape (rows, …input), of any magnitude; it points to where the goal is reached, and is zero
  /// where the mask forbids a change.
  public let normals: Tensor
  /// How far each plane is along its normal, in the units of `normals`: positive while the margin is on the wrong side.
  public let gaps: [Double]
  /// Whether the goal is reached at the points.
  public let successes: [Bool]

  /// Length of the smallest changes that reach the planes, box aside; ∞ where a normal is zero.
  public func distances(in norm: Norm) -> [Double] {
    let lengths = norm == .linf ? normals.rowMagnitudeSums : normals.rowNorms
    return zip(gaps, lengths).map { gap, length in length > 0 ? abs(gap) / length : .infinity }
  }

  /// Planes of margins that are positive where the goal is reached.
  init(margins: [Double], gradient: ScaledGradient, successes: [Bool], within threat: ThreatModel) {
    var scaled = gradient
    threat.restrict(&scaled.values)
    scaled.normalize()
    normals = scaled.values
    // The gap in units of the mantissas; where the gradient is very small it is farther than any number.
    gaps = zip(margins, scaled.exponents).map { margin, exponent in
      Double(sign: .plus, exponent: min(max(-exponent, -1070), 1020), significand: -margin)
    }
    self.successes = successes
  }
}

extension AttackOracle {
  /// The nearest face of the linearised boundary at each of `points`: of the margins log p̄_k − log p̄_own, that of the
  /// rival k with the smallest |margin| / ‖∇margin‖ in the dual norm. One gradient for the own class and one for each
  /// rival.
  ///
  /// - Parameters:
  ///   - points: shape (rows, …input).
  ///   - rows: the example that each point belongs to.
  ///   - classes: the class that each is to be led away from.
  ///   - rivals: the classes it may be led to, as many for every row.
  ///   - threat: norm and mask.
  public mutating func nearestPlanes(
    at points: Tensor, of rows: [Int], awayFrom classes: [Int], to rivals: [[Int]], within threat: ThreatModel
  ) throws -> BoundaryPlanes {
    let count = rows.count
    let choices = rivals.first?.count ?? 0
    precondition(rivals.count == count && rivals.allSatisfy { $0.count == choices } && choices > 0)
    // One question for all classes, so that draws that are resampled for each question are the same ones.
    let positions = (0...choices).flatMap { _ in 0..<count }
    let asked = classes + (0..<choices).flatMap { choice in rivals.map { $0[choice] } }
    let answer = try logProbabilityGradients(points.rows(positions), of: positions.map { rows[$0] }, classes: asked)
    let own = answer.gradients.rows(Array(0..<count)).negated
    var nearest = own
    var margins = [Double](repeating: 0, count: count)
    var smallest = [Double](repeating: .infinity, count: count)
    for choice in 1...choices {
      let part = Array(choice * count..<(choice + 1) * count)
      let difference = answer.gradients.rows(part).adding(own)
      let norms = threat.log2DualNorms(of: difference)
      for row in 0..<count {
        let margin = answer.values[part[row]] - answer.values[row]
        let distance = norms[row] == -.infinity ? .infinity : log2(abs(margin)) - norms[row]
        guard choice == 1 || distance < smallest[row] else { continue }
        smallest[row] = distance
        margins[row] = margin
        nearest.values.copyRow(row, of: difference.values, to: row)
        nearest.exponents[row] = difference.exponents[row]
      }
    }
    return BoundaryPlanes(
      margins: margins, gradient: nearest, successes: Array(answer.successes.prefix(count)), within: threat)
  }

  /// The plane between the target of each example and the class that is in its way, for a targeted goal: that of the
  /// margin log p̄_target − max log p̄_k. One gradient.
  public mutating func targetPlanes(
    at points: Tensor, of rows: [Int], within threat: ThreatModel
  ) throws -> BoundaryPlanes {
    let ascent = try ascent(points, of: rows, objective: .margin)
    return BoundaryPlanes(
      margins: ascent.values, gradient: ascent.gradient, successes: ascent.successes, within: threat)
  }

  /// The classes that each example may be led to: the `limit` most probable ones at `points` but its own, all of them
  /// when nil. A limit asks for the probabilities once.
  public mutating func rivals(
    at points: Tensor, of rows: [Int], awayFrom classes: [Int], limit: Int?
  ) throws -> [[Int]] {
    guard let limit, limit < classCount - 1 else {
      return classes.map { own in (0..<classCount).filter { $0 != own } }
    }
    let logProbabilities = try logProbabilities(points, of: rows)
    return classes.indices.map { row in
      let values = Array(logProbabilities[row: row])
      let others = values.indices.filter { $0 != classes[row] }
      return Array(others.sorted { (-values[$0], $0) < (-values[$1], $1) }.prefix(limit))
    }
  }
}

extension ScaledGradient {
  /// The sum with another gradient of the same points, row by row.
  func adding(_ other: ScaledGradient) -> ScaledGradient {
    var sum = self
    sum.accumulate(other, logWeights: [Double](repeating: 0, count: exponents.count))
    return sum
  }
}
