import Foundation
import RobustnessCore

/// The decision's margin at points, up to rounding.
struct PointMargins {
  private let labels: [Int]
  private let classes: Int
  private let decision: Decision
  /// Probabilities, votes, or one draw's logits.
  private var scores: [Double]
  private var draws = 0

  init(labels: [Int], classes: Int, decision: Decision) {
    self.labels = labels
    self.classes = classes
    self.decision = decision
    scores = [Double](repeating: 0, count: labels.count * classes)
  }

  /// Adds one draw's logits, row by row.
  mutating func add(_ logits: [Double]) {
    draws += 1
    for row in labels.indices {
      let z = logits[row * classes..<(row + 1) * classes]
      switch decision {
      case .predictive:
        let largest = z.max()!
        let e = z.map { exp($0 - largest) }
        let total = e.reduce(0, +)
        for k in 0..<classes { scores[row * classes + k] += e[k] / total }
      case .majorityVote:
        scores[row * classes + (z.indices.max { z[$0] < z[$1] }! - z.startIndex)] += 1
      case .singleDraw:
        for k in 0..<classes { scores[row * classes + k] = z[z.startIndex + k] }
      }
    }
  }

  /// How far the label's score is above every other's.
  func margin(_ row: Int) -> Double {
    let own = scores[row * classes + labels[row]]
    let other = (0..<classes).filter { $0 != labels[row] }.map { scores[row * classes + $0] }.max() ?? -.infinity
    if case .singleDraw = decision { return own - other }
    return (own - other) / Double(draws)
  }
}
