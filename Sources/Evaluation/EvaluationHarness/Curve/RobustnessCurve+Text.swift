import Foundation
import Reporting
import RobustnessCore

extension RobustnessCurve {
  /// The curve as JSON: the radius of each example, `null` where nothing was found, and the steps of the curve.
  var json: JSONText {
    .object([
      ("attack", .text(attack)), ("request", .text(request)), ("norm", .text(norm.rawValue)),
      ("largestEpsilon", .number(largest)), ("medianRadius", .number(medianRadius)),
      ("radii", .array(radii.map { .number($0) })),
      (
        "steps",
        .array(
          steps.map { .object([("epsilon", .number($0.epsilon)), ("robustAccuracy", .number($0.robustAccuracy))]) })
      ),
      ("bandHalfWidth", .number(bandHalfWidth)), ("memberGradients", .integer(memberGradients)),
      ("memberForwards", .integer(memberForwards)), ("seconds", .number(seconds)),
    ])
  }

  /// The curve for people: robust accuracy at ten ε, and the median radius.
  var lines: String {
    var table = TextTable(
      header: [["ε", "accuracy (95 %)", "band"]], alignments: [.right, .right, .right])
    for tenth in 0...10 {
      let epsilon = largest * Double(tenth) / 10
      let accuracy = robustAccuracy(at: epsilon)
      let low = max(0, accuracy.value - bandHalfWidth)
      let high = min(1, accuracy.value + bandHalfWidth)
      table.append([
        EvaluationResult.short(epsilon), EvaluationResult.accuracy(accuracy),
        String(format: "%.1f–%.1f", 100 * low, 100 * high),
      ])
    }
    let median =
      medianRadius.isFinite
      ? "half of the examples fall at ε ≤ \(EvaluationResult.short(medianRadius))"
      : "more than half of the examples stand at ε = \(EvaluationResult.short(largest))"
    let time = String(format: "%.1f s", seconds)
    let title = "\(request), \(norm.symbol): smallest ε of every example, \(time); \(median)"
    return "\(title)\n" + table.text
  }
}

extension EvaluationResult {
  /// All curves, as a person reads them.
  var curveLines: String { curves.map { "\n" + $0.lines }.joined() + (curves.isEmpty ? "" : "\n") }
}
