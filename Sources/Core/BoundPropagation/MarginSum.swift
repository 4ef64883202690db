public import RobustnessCore

/// Adds up, draw by draw, what is known about the margin of a decision for each example.
public struct MarginSum: Sendable {
  private let labels: [Int]
  private let classes: Int
  private let question: CertificateQuestion
  /// For the predictive: the sum over draws of lower bounds on p_y − p_k. For votes: draws that may choose k. For a
  /// single draw: lower bounds on z_y − z_k.
  private var sums: [Double]
  private var safe: [Int]
  private var slack: [Double]
  private var drawsSeen = 0
  /// Bounds on margins that did not come from adding up.
  private var raised: [Int: Double] = [:]

  /// A sum without draws.
  public init(labels: [Int], classes: Int, question: CertificateQuestion) {
    self.labels = labels
    self.classes = classes
    self.question = question
    sums = [Double](repeating: 0, count: labels.count * classes)
    safe = [Int](repeating: 0, count: labels.count)
    slack = [Double](repeating: 0, count: labels.count)
  }

  /// The draws that have a part in the decision.
  public static func draws(of question: CertificateQuestion) -> [Int] {
    if case .singleDraw(let draw) = question.decision { [draw] } else { question.draws }
  }

  /// Says that all examples of a draw have been added.
  public mutating func endDraw() { drawsSeen += 1 }

  /// Adds what is known about one draw at one example.
  ///
  /// - Parameters:
  ///   - margins: lower bounds on p_y − p_k for each class k; anything at the label. One of −∞ says that the draw gives
  ///     no probabilities at all, and then neither its votes nor its average with others are anything.
  ///   - slack: what rounding took off the bounds of differences of logits.
  public mutating func add(_ box: DifferenceBox, margins: [Double], slack: Double, example: Int) {
    if box.isSafe { safe[example] += 1 }
    self.slack[example] = max(self.slack[example], Self.slack(ofDifferences: slack, classes: classes))
    for k in 0..<classes where k != labels[example] {
      let place = example * classes + k
      switch question.decision {
      case .predictive: sums[place] += margins[k]
      case .majorityVote: sums[place] += margins[k] == -.infinity ? .infinity : box.upper[k] < 0 ? 0 : 1
      case .singleDraw: sums[place] = -box.upper[k]
      }
    }
  }

  /// Lower bound on the margin against one class.
  public func margin(example: Int, against rival: Int) -> Double {
    max(raised[example * classes + rival] ?? -.infinity, summed(example: example, against: rival))
  }

  private func summed(example: Int, against rival: Int) -> Double {
    let sum = sums[example * classes + rival]
    let count = Double(drawsSeen)
    switch question.decision {
    case .predictive: return (sum / count - (count + 4) * Rounding.unit).orNothingBelow
    case .majorityVote: return (Double(safe[example]) - sum) / count
    case .singleDraw: return sum.orNothingBelow
    }
  }

  /// What rounding took off a draw's margin if it took so much off its differences of logits: a difference of
  /// probabilities changes by at most 3/2 of what all differences of logits change by.
  public static func slack(ofDifferences slack: Double, classes: Int) -> Double {
    1.5 * slack + DifferenceBox.slack(classes: classes)
  }

  /// Replaces what draws have added up to where another bound on the predictive's margin is larger.
  public mutating func raise(to bound: Double, slack: Double, example: Int, against rival: Int) {
    self.slack[example] = max(self.slack[example], slack)
    let place = example * classes + rival
    raised[place] = max(raised[place] ?? -.infinity, bound)
  }

  /// The classes that the decision may still turn to.
  public func openRivals(example: Int) -> [Int] {
    (0..<classes).filter { $0 != labels[example] && !(margin(example: example, against: $0) > 0) }
  }

  /// What is known about one example.
  public func result(example: Int) -> CertifiedExample {
    let rivals = (0..<classes).filter { $0 != labels[example] }
    return CertifiedExample(
      margin: rivals.map { margin(example: example, against: $0) }.min() ?? -.infinity, slack: slack[example],
      safeDraws: safe[example])
  }
}
