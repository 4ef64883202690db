import CComputeKernels
import Foundation
import TestSupport
import Testing

@testable import NeuralNetworks

/// Rows of logits are added eight at a time: what is said of one depends neither on the others nor on their number.
@Suite(.inTurn) struct `Predictions of eight rows at a time` {
  /// log Σ_s p_s, votes, sums of logits, log-loss and gradient of each row, after two draws.
  private static func answers(_ logits: [[Float]], _ labels: [Int32], classes: Int) -> [[UInt64]] {
    let rows = labels.count
    let (all, block) = (PredictionBuffers(rows: rows, classes: classes), PredictionLanes(rows: rows, classes: classes))
    var (into, lanes) = (all[0], block.lanes)
    var gradient = [Float](repeating: 0, count: rows * classes)
    var exponents = [Int32](repeating: 0, count: rows)
    for draw in logits {
      gradient.withUnsafeMutableBytes { gradient in
        exponents.withUnsafeMutableBufferPointer { exponents in
          var target = ckn_gradient_target(
            objective: CKN_PREDICTIVE, gradient: gradient.baseAddress, type: CKN_FLOAT32,
            exponents: exponents.baseAddress, rows: rows)
          ckn_prediction_add(&lanes, draw, CKN_FLOAT32, labels, rows, classes, &target)
        }
      }
    }
    ckn_prediction_merge(&into, &lanes, rows, classes)
    var (logs, votes) = ([Double](repeating: 0, count: rows * classes), [Double](repeating: 0, count: rows * classes))
    var (losses, factors) = ([Double](repeating: 0, count: rows), [Double](repeating: 0, count: rows))
    ckn_prediction_finish(
      CKN_EXPECTED_LOSS, &logs, &votes, &losses, &factors, &into, labels, Double(logits.count), rows, classes)
    return (0..<rows).map { row in
      let own = row * classes..<(row + 1) * classes
      // NaN is one number, whatever its bits.
      return (logs[own] + votes[own] + gradient[own].map(Double.init) + [losses[row], Double(exponents[row])]).map {
        $0.isNaN ? UInt64.max : $0.bitPattern
      }
    }
  }

  private static func logits(rows: Int, classes: Int, seed: UInt64) -> [Float] {
    var state = seed
    return (0..<rows * classes).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int32(truncatingIfNeeded: state >> 32)) / 2e8
    }
  }

  @Test(arguments: [2, 3, 8, 10, 70], [1, 7, 8, 9, 19])
  func `a row has the bits that it has alone`(classes: Int, rows: Int) {
    var draws = [1, 2].map { Self.logits(rows: rows, classes: classes, seed: $0) }
    let labels = (0..<rows).map { Int32($0 * 3 % classes) }
    // What is no number, or far away, stays in its own row.
    for (row, value) in [Float.nan, .infinity, -.infinity, 3e38, -3e38].enumerated() where 2 * row < rows {
      draws[row % 2][2 * row * classes + row % classes] = value
    }
    let together = Self.answers(draws, labels, classes: classes)
    for row in 0..<rows {
      let alone = Self.answers(
        draws.map { Array($0[row * classes..<(row + 1) * classes]) }, [labels[row]], classes: classes)
      #expect(together[row] == alone[0], "row \(row)")
    }
  }

  @Test(arguments: [2, 3, 10, 70]) func `the numbers are those of the definition`(classes: Int) {
    let rows = 11
    let draws = [3, 4].map { Self.logits(rows: rows, classes: classes, seed: $0) }
    let labels = (0..<rows).map { Int32($0 % classes) }
    let answers = Self.answers(draws, labels, classes: classes).map { $0.map(Double.init(bitPattern:)) }
    for row in 0..<rows {
      let members = draws.map { draw -> [Double] in
        let z = (0..<classes).map { Double(draw[row * classes + $0]) }
        let top = z.max()!
        let sum = z.reduce(0) { $0 + exp($1 - top) }
        return z.map { exp($0 - top) / sum }
      }
      for c in 0..<classes {
        let predictive = (members[0][c] + members[1][c]) / 2
        #expect(abs(answers[row][c] - log(predictive)) < 1e-9)
        #expect(answers[row][classes + c] == Double(members.count { $0[c] == $0.max() }))
      }
      let y = Int(labels[row])
      #expect(abs(answers[row][3 * classes] - log(-(log(members[0][y]) + log(members[1][y])) / 2)) < 1e-8)
      // Of the last draw: p_y (p − one-hot), up to the factor that all draws share.
      let (exponent, p) = (answers[row][3 * classes + 1], members[1])
      for c in 0..<classes {
        let expected = p[y] * (p[c] - (c == y ? 1 : 0)), found = answers[row][2 * classes + c] * exp2(exponent)
        #expect(abs(found - expected) <= 1e-6 * abs(p[y] * (1 - p[y])), "row \(row), class \(c)")
      }
    }
  }
}
