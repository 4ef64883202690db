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
    // A difference of probabilities changes by at most 3/2 of what all differences of logits change by.
    self.slack[example] = max(self.slack[example], 1.5 * slack + DifferenceBox.slack(classes: classes))
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
    let sum = sums[example * classes + rival]
    let count = Double(drawsSeen)
    switch question.decision {
    case .predictive: return (sum / count - (count + 4) * Rounding.unit).orNothingBelow
    case .majorityVote: return (Double(safe[example]) - sum) / count
    case .singleDraw: return sum.orNothingBelow
    }
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
