import Foundation
import RobustnessCore

/// Changes with a few numbers that are in no list: they are fitted to the answers.
struct ReferenceFamily {
  /// Where the fit begins; the first that explains the answers counts.
  var starts: [[Double]]
  /// The change with these numbers; nil where they make none.
  var change: ([Double]) -> ReferenceHypothesis?
}

extension ReferenceSearch {
  /// What a few steps of Gauss and Newton's method find in every family.
  ///
  /// A fit must explain the answers by the arithmetic that the author declared: a difference of TF32's size is easily
  /// taken for a slightly other number, and the other way round.
  func fitted() throws -> [ReferenceHypothesis] {
    var result: [ReferenceHypothesis] = []
    for family in families {
      for start in family.starts {
        guard let found = try solve(start, family.change) else { continue }
        // As a person would have typed them, where that explains as much.
        for numbers in [Self.centred(found.map(Self.short)), Self.centred(found)] {
          guard var hypothesis = family.change(numbers), !result.contains(where: { $0.cause == hypothesis.cause })
          else { continue }
          hypothesis.isFine = true
          result.append(hypothesis)
        }
      }
    }
    return result
  }

  private static func short(_ value: Double) -> Double { Double(String(format: "%.6g", value)) ?? value }

  /// A mean that is zero but for the fit's rounding is zero. The second half of several numbers are shifts, the negative
  /// of a mean times the factor in the first half: minus zero makes it a mean of zero, and not of minus zero.
  private static func centred(_ numbers: [Double]) -> [Double] {
    guard numbers.count > 1 else { return numbers }
    let half = numbers.count / 2
    return numbers.indices.map { index in
      index >= half && abs(numbers[index]) < 1e-6 * abs(numbers[index - half]) ? -0.0 : numbers[index]
    }
  }

  private var families: [ReferenceFamily] {
    var result = [hypotheses.slopes, hypotheses.commonNormalization].compactMap(\.self)
    result += [hypotheses.channelNormalization].compactMap(\.self)
    // A pass for each layer and step: in large networks that would be minutes.
    if comparison.architecture.operationsPerExample / 2 * Double(first.draws.count) <= 5e6 {
      result += hypotheses.weightFactors
    }
    return result
  }

  /// Numbers at which a change gives the author's answers; nil when none were found.
  private func solve(_ start: [Double], _ change: ([Double]) -> ReferenceHypothesis?) throws -> [Double]? {
    let inputs = evenlySpaced(start.count > 2 ? 16 : 4, of: comparison.chosen.count).map { comparison.chosen[$0] }
    let probe = (draws: first.draws, inputs: inputs)
    let rows = comparison.question.logits == nil ? 1 : probe.draws.count
    // Few numbers are met by many parameters.
    guard inputs.count * rows * comparison.classes >= start.count + 4 else { return nil }
    func residual(_ numbers: [Double]) throws -> [Double]? {
      guard let hypothesis = change(numbers) else { return nil }
      let own = try answers(hypothesis, probe)
      if let logits = comparison.question.logits { return comparison.differences(own, logits) }
      return comparison.differences(own, logPredictive: comparison.question.logPredictive ?? [], precision: strict)
    }
    func size(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }
    var numbers = start
    guard var current = try residual(numbers), size(current).isFinite else { return nil }
    for _ in 0..<12 {
      var columns: [[Double]] = []
      for index in numbers.indices {
        var moved = numbers
        let step = 1e-6 * max(1, abs(numbers[index]))
        moved[index] += step
        guard let other = try residual(moved) else { return nil }
        // The residual falls as the answers rise.
        columns.append(zip(other, current).map { ($1 - $0) / step })
      }
      guard let move = leastSquares(columns, current) else { return nil }
      let before = size(current)
      var factor = 1.0
      while factor > 1e-3 {
        let tried = zip(numbers, move).map { $0 + factor * $1 }
        if let values = try residual(tried), size(values) < before {
          (current, numbers) = (values, tried)
          break
        }
        factor /= 4
      }
      guard size(current) < before * (1 - 1e-6) else { break }
    }
    return numbers.allSatisfy(\.isFinite) ? numbers : nil
  }

  /// The unknowns of least squares, by the normal equations with columns of length one; nil where the equations do not
  /// determine them.
  private func leastSquares(_ columns: [[Double]], _ right: [Double]) -> [Double]? {
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let lengths = columns.map { dot($0, $0).squareRoot() }
    guard lengths.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
    let count = columns.count
    // Cholesky's factor of the matrix of cosines, row by row.
    var factor = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
    var solution = [Double](repeating: 0, count: count)
    for i in 0..<count {
      for j in 0...i {
        var sum = dot(columns[i], columns[j]) / (lengths[i] * lengths[j])
        for k in 0..<j { sum -= factor[i][k] * factor[j][k] }
        if i == j {
          guard sum > 1e-12 else { return nil }
          factor[i][i] = sum.squareRoot()
        } else {
          factor[i][j] = sum / factor[j][j]
        }
      }
      var sum = dot(columns[i], right) / lengths[i]
      for k in 0..<i { sum -= factor[i][k] * solution[k] }
      solution[i] = sum / factor[i][i]
    }
    for i in (0..<count).reversed() {
      for k in i + 1..<count { solution[i] -= factor[k][i] * solution[k] }
      solution[i] /= factor[i][i]
    }
    return zip(solution, lengths).map { $0 / $1 }
  }
}
