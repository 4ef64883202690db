import Foundation
import RobustnessCore

extension CheckName {
  /// There are examples of more than one class.
  public static let exampleClasses = "example-classes"
  /// Examples are not near copies of each other.
  public static let distinctExamples = "distinct-examples"
  /// The examples are not those that the posterior was trained on.
  public static let trainingData = "training-data"
}

extension VerdictCheck {
  /// The accuracy on one class is that of a constant answer.
  static let exampleClasses = VerdictCheck(
    CheckName.exampleClasses,
    .ensemble { evidence in
      guard evidence.classCount > 1, let only = evidence.labels.first else { return nil }
      let present = Set(evidence.labels).count
      let isOne = present == 1
      // With five examples for each class there is, half of the classes do not stay away by chance.
      let isPart = 2 * present < evidence.classCount && evidence.labels.count >= 5 * evidence.classCount
      return Check(
        CheckName.exampleClasses, isOne || isPart ? .warning : .passed, value: Double(present),
        finding: isOne
          ? "all examples are of class \(only): a constant answer would withstand every attack on them"
          : "the examples are of \(present) of \(evidence.classCount) classes",
        advice: isOne || isPart ? "Give examples of every class." : "")
    })

  /// Copies with a little noise are no further examples: intervals count those that are distinct.
  static let distinctExamples = VerdictCheck(
    CheckName.distinctExamples,
    .ensemble { evidence in
      let (count, distinct) = (evidence.subject.examples.count, evidence.subject.examples.distinctCount)
      let isFew = 10 * distinct < 9 * count
      return Check(
        CheckName.distinctExamples, isFew ? .warning : .passed, value: Double(distinct),
        finding: isFew
          ? "\(distinct) of \(count) examples are distinct, the others near copies of them; the intervals count the distinct ones"
          : "\(distinct) of \(count) examples are distinct",
        advice: isFew ? "Copies are no further evidence: give each example once." : "")
    })

  /// Robust on what was learnt by heart is no news.
  static let trainingData = VerdictCheck(
    CheckName.trainingData,
    .ensemble { evidence in
      evidence.subject.trainingDataStatement.map {
        Check(
          CheckName.trainingData, .warning, finding: "by the file's own word (\($0)) the examples are training data",
          advice: "Evaluate on examples that the posterior has not seen: --data FILE.")
      }
    })
}

extension Examples {
  /// Positions of so many examples, evenly spaced in the order of their identifiers, whatever order they are in here.
  func spread(_ limit: Int) -> [Int] {
    let sorted = identifiers.indices.sorted { identifiers[$0] < identifiers[$1] }
    return evenlySpaced(Swift.min(limit, count), of: count).map { sorted[$0] }
  }

  /// Examples that are no near copies of one before them: same label, and closer than a twentieth of the typical
  /// distance between two examples (of fewer than 50 features: than a thousandth).
  ///
  /// The nearest of 10,000 digits is a tenth of the typical distance away, and in two dimensions a thousandth of 500
  /// examples have a neighbour closer than a thousandth of it.
  var distinctCount: Int {
    guard count > 1 else { return count }
    let rows = spread(count)
    // The typical distance, from neighbours and at half the length.
    var typical: [Double] = []
    for place in 0..<count {
      for other in [place + 1, place + count / 2] {
        typical.append(squaredDistance(rows[place], rows[other % count], limit: .infinity))
      }
    }
    typical.sort()
    // The ninth decile: where most neighbours are copies, the typical distance is that of the others.
    let ratio = inputs.rowSize < 50 ? 1e-3 : 0.05
    let limit = ratio * ratio * typical[typical.count * 9 / 10]
    var seen: [Int: [Int]] = [:]
    var distinct = 0
    for row in rows {
      let same = seen[labels[row], default: []]
      if same.contains(where: { squaredDistance($0, row, limit: limit) <= limit }) { continue }
      seen[labels[row], default: []].append(row)
      distinct += 1
    }
    return distinct
  }

  /// Squared Euclidean distance, or any number above `limit` where it is above.
  private func squaredDistance(_ first: Int, _ second: Int, limit: Double) -> Double {
    let size = inputs.rowSize
    return inputs.elements.withUnsafeBufferPointer { x in
      var sum = 0.0
      for i in 0..<size {
        let d = x[first * size + i] - x[second * size + i]
        sum += d * d
        if sum > limit { break }
      }
      return sum
    }
  }
}
