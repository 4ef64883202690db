import RobustnessCore
import TestSupport
import Testing

@testable import BoundPropagation

@Suite(.inTurn) struct `Margins of many draws` {
  static func sum(_ decision: Decision, classes: Int, draws: Int) throws -> MarginSum {
    MarginSum(
      labels: [0], classes: classes,
      question: CertificateQuestion(
        threat: try ThreatModel(epsilon: 0.1), radii: [0.1], draws: Array(0..<draws), decision: decision))
  }

  /// Each draw votes for whatever its box allows, against the label and for the rival wherever it can.
  @Test func `are votes that the worst point of every box leaves`() throws {
    var numbers = Numbers(97)
    var positive = 0
    for trial in 0..<400 {
      let (classes, draws) = (2 + trial % 3, 1 + trial % 7)
      var sum = try Self.sum(.majorityVote, classes: classes, draws: draws)
      var boxes: [DifferenceBox] = []
      for _ in 0..<draws {
        var upper = numbers.uniforms(classes, -1, 0.2)
        // Ends at zero and a little to either side.
        for k in 1..<classes where numbers.whole(below: 4) == 0 {
          upper[k] = [0, Double.leastNonzeroMagnitude, -Double.leastNonzeroMagnitude, 0.1][numbers.whole(below: 4)]
        }
        upper[0] = 0
        let lower = upper.enumerated().map { $0 == 0 ? 0 : $1 - 1 }
        let box = DifferenceBox(label: 0, lower: lower, upper: upper)
        boxes.append(box)
        sum.add(box, margins: [Double](repeating: 0, count: classes), slack: 0, example: 0)
        sum.endDraw()
      }
      func share(_ rival: Int) -> Double {
        let votes = boxes.map { box in
          // A tie is no vote for the label that could be relied on.
          box.upper[rival] >= 0 ? -1.0 : (1..<classes).contains { box.upper[$0] >= 0 } ? 0 : 1
        }
        return votes.reduce(0, +) / Double(draws)
      }
      let least = (1..<classes).map(share).min()!
      let result = sum.result(example: 0)
      #expect(result.margin == least)
      #expect(result.safeDraws == boxes.count { box in (1..<classes).allSatisfy { box.upper[$0] < 0 } })
      if result.isCertified { positive += 1 }
    }
    #expect(positive > 20)
  }

  @Test func `are means that rounding has not lifted`() throws {
    for margins in [`Sums that round upwards`.serial, [0.1, 0.2, 0.3], [1e-17, 1, -1], [1.0 / 3]] {
      var sum = try Self.sum(.predictive, classes: 2, draws: margins.count)
      var exact = ExactSum()
      for margin in margins {
        exact.add(margin, 1)
        sum.add(
          DifferenceBox(label: 0, lower: [0, -1], upper: [0, 1]), margins: [0, margin], slack: 1e-9, example: 0)
        sum.endDraw()
      }
      let result = sum.result(example: 0)
      #expect(exact.isAtLeast(result.margin, times: Double(margins.count)))
      #expect(!exact.isAtLeast(result.margin + 1e-13, times: Double(margins.count)))
      #expect(result.slack >= 1.5e-9 && result.safeDraws == 0)
    }
  }

  @Test func `are those of the draw that decides alone`() throws {
    var sum = try Self.sum(.singleDraw(4), classes: 3, draws: 6)
    #expect(
      MarginSum.draws(
        of: CertificateQuestion(
          threat: try ThreatModel(epsilon: 0.1), radii: [0.1], draws: [0, 1], decision: .singleDraw(4))) == [4])
    sum.add(
      DifferenceBox(label: 0, lower: [0, -9, -9], upper: [0, -2, -0.5]), margins: [0, 1, 1], slack: 0, example: 0)
    sum.endDraw()
    #expect(sum.result(example: 0).margin == 0.5)
    #expect(sum.openRivals(example: 0).isEmpty)
  }
}
