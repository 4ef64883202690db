import BoundPropagation
import Foundation
import RobustnessCore

/// The margin at the inputs and at the suspects, up to rounding: where it is below 0 there is nothing to prove.
struct LowestMargins {
  private let labels: [Int]
  private let points: [Double]
  private let rows: Int
  private let decision: Decision
  private var sums: [Double] = []

  /// For majority votes and single draws nothing is looked at.
  init(_ examples: Examples, _ question: CertificateQuestion, _ region: InputRegion) {
    decision = question.decision
    guard case .predictive = question.decision else {
      (labels, points, rows) = ([], [], 0)
      return
    }
    var points = examples.inputs.elements
    if let suspects = question.suspects {
      for example in 0..<examples.count {
        points += region.nearest(to: Array(suspects[row: example]), example: example)
      }
    }
    self.points = points
    labels = examples.labels
    rows = points.count / max(1, region.count)
  }

  /// Adds one draw's probabilities.
  mutating func add(_ network: BoundedNetwork) {
    guard rows > 0 else { return }
    let values = network.values(at: points, rows: rows)
    let logits = values[values.count - 1]
    let classes = logits.count / rows
    if sums.isEmpty { sums = [Double](repeating: 0, count: logits.count) }
    for row in 0..<rows {
      let z = logits[row * classes..<(row + 1) * classes]
      let largest = z.max()!
      let e = z.map { exp($0 - largest) }
      let total = e.reduce(0, +)
      for k in 0..<classes { sums[row * classes + k] += e[k] / total }
    }
  }

  /// Whether the label wins at all points of an example.
  func mayHold(_ example: Int) -> Bool {
    guard rows > 0 else { return true }
    let classes = sums.count / rows
    return stride(from: example, to: rows, by: labels.count).allSatisfy { row in
      let own = sums[row * classes + labels[example]]
      // Not a number is no evidence.
      return !(0..<classes).contains { $0 != labels[example] && sums[row * classes + $0] > own * (1 + 1e-9) }
    }
  }
}
