import BoundPropagation
import Foundation
import RobustnessCore

/// Bounds of some boxes: draw by draw, and for the predictive by one joint minorant that is close at the box's middle.
struct BoxBounds {
  /// Lower bound on the margin of each box.
  private(set) var bounds: [Double] = []
  /// What was subtracted for rounding.
  private(set) var slack: [Double] = []
  /// Draws that are safe in all of each box.
  private(set) var safe: [Int] = []
  /// How much each bound falls along each feature.
  private(set) var slopes: [[Double]] = []
  /// The margin at a point of each box, up to rounding.
  private(set) var values: [Double] = []
  private(set) var multiplications = 0.0
  /// What is taken off the margin of any box, a point among them.
  let leastProvable: Double

  /// Bounds boxes, each with a label and a point inside.
  init<Ensemble: BoundedEnsemble>(
    _ boxes: [InputBox], labels: [Int], points: [[Double]], _ question: CertificateQuestion, of ensemble: Ensemble
  ) throws {
    let region = InputRegion(
      lower: boxes.flatMap(\.lower), upper: boxes.flatMap(\.upper), count: points[0].count)
    let classes = ensemble.classCount
    let draws = MarginSum.draws(of: question)
    if case .predictive = question.decision {
      leastProvable = DifferenceBox.slack(classes: classes)
    } else {
      leastProvable = 0
    }
    let isPredictive = if case .predictive = question.decision { true } else { false }
    let rivals = labels.map { label in (0..<classes).filter { $0 != label } }
    let examples = rivals.enumerated().flatMap { row, rivals in rivals.map { _ in row } }
    var sum = MarginSum(labels: labels, classes: classes, question: question)
    var point = PointMargins(labels: labels, classes: classes, decision: question.decision)
    var shared = [SharedMinorant](
      repeating: SharedMinorant(count: region.count), count: isPredictive ? examples.count : 0)
    let all = points.flatMap { $0 }
    for draw in draws {
      try question.interruption?()
      let network = try ensemble.boundedMember(draw)
      var pass = BoundPass(network, over: region, hidden: .linear)
      let differences = pass.differences(labels: labels)
      let values = network.values(at: all, rows: boxes.count)
      let logits = values[values.count - 1]
      point.add(logits)
      var minorants: [SoftmaxMinorant] = []
      var constants: [Double] = []
      for (row, (box, slack)) in differences.enumerated() {
        let margins = pass.minimumMargins(box, example: row)
        sum.add(box, margins: margins, slack: slack, example: row)
        guard isPredictive else { continue }
        let z = logits[row * classes..<(row + 1) * classes]
        let t = z.map { $0 - z[z.startIndex + labels[row]] }
        for rival in rivals[row] {
          minorants.append(box.minorant(against: rival, near: t) ?? .least(classes: classes))
          constants.append(margins[rival])
        }
      }
      sum.endDraw()
      if isPredictive {
        let near = values.enumerated().map { value, numbers in
          let count = network.count(value)
          return examples.flatMap { numbers[$0 * count..<($0 + 1) * count] }
        }
        let forms = pass.inputForms(
          below: minorants, examples: examples, labels: examples.map { labels[$0] }, near: near)
        for (place, row) in examples.enumerated() {
          if forms.value(row: place, at: points[row]) > constants[place] {
            shared[place].add(forms, row: place, over: region, example: row)
          } else {
            shared[place].add(constants[place])
          }
        }
      }
      multiplications += pass.multiplications
    }
    finish(sum, shared, rivals, region, draws.count, point)
  }

  private mutating func finish(
    _ sum: MarginSum, _ shared: [SharedMinorant], _ rivals: [[Int]], _ region: InputRegion, _ draws: Int,
    _ point: PointMargins
  ) {
    var place = 0
    for (row, rivals) in rivals.enumerated() {
      var (least, slack, steepest) = (Double.infinity, sum.result(example: row).slack, [Double]())
      for rival in rivals {
        var bound = sum.margin(example: row, against: rival)
        var slopes: [Double] = []
        if !shared.isEmpty {
          var mixture = MinorantMixture(over: region, example: row)
          mixture.append(shared[place])
          slopes = shared[place].coefficients.map(abs)
          place += 1
          bound = max(bound, (mixture.bound / Double(draws)).nextDown)
          slack = max(slack, mixture.slack / Double(draws))
        }
        if bound < least { (least, steepest) = (bound, slopes) }
      }
      bounds.append(least)
      self.slack.append(slack)
      slopes.append(steepest)
      safe.append(sum.result(example: row).safeDraws)
      values.append(point.margin(row))
    }
  }
}
