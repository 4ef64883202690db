/// Inputs, and what an author's program answers there.
package struct ReferenceQuestion: Sendable {
  /// The inputs one after the other, each in C order, as the network takes them.
  package var inputs: [Double]
  /// Number of inputs.
  package var count: Int
  /// Logits in the order (draw, input, class), if there are any.
  package var logits: [Double]?
  /// The logarithm of the mean probability over all draws, in the order (input, class), if there is any.
  package var logPredictive: [Double]?
  /// The arithmetic of the answers.
  package var precision: AnswerPrecision
  /// Relative error with which the numbers are stored: 2⁻²⁴ where they are float32.
  package var storedError: Double
  /// Whether the author's program is known to give logarithms of probabilities under the name of logits.
  package var areLogProbabilities: Bool

  /// Keeps inputs and answers together.
  package init(
    inputs: [Double], count: Int, logits: [Double]? = nil, logPredictive: [Double]? = nil, precision: AnswerPrecision,
    storedError: Double = 0, areLogProbabilities: Bool = false
  ) {
    self.inputs = inputs
    self.count = count
    self.logits = logits
    self.logPredictive = logPredictive
    self.precision = precision
    self.storedError = storedError
    self.areLogProbabilities = areLogProbabilities
  }
}

/// What the comparison of a network with an author's answers found.
package struct ReferenceFindings: Sendable, Hashable {
  package enum Outcome: Sendable, Hashable {
    /// Rounding explains every difference.
    case agrees
    /// The same predictions, but for something that a reader should know.
    case agreesBut(reason: String, advice: String)
    /// Another network.
    case differs
  }

  package var outcome: Outcome
  /// Number of inputs that were compared, through all draws, and of those that there are.
  package var compared: Int
  package var inputs: Int
  package var draws: Int
  /// The largest difference, what rounding explains there at most, and of what: `logit` or `log-probability`.
  package var largest: Double
  package var explained: Double
  package var quantity: String
  /// Number of draws that differ; nil where answers of single draws were not given.
  package var differingDraws: Int?
  /// What makes the answers agree, a clause that continues "the answers agree when …"; nil when nothing did.
  package var cause: String?
  /// What to do, a sentence with its full stop.
  package var advice: String
  /// Why agreement at these inputs proves little, a clause that continues "for"; nil where it proves something.
  package var caution: String?
  /// Whether the answers of draws are log-probabilities, as they are known to be.
  package var saysLogProbabilities = false
}

extension ReferenceQuestion {
  /// Why agreement at these inputs proves little, a clause that continues "for".
  ///
  /// One input does not show what depends on inputs, and inputs that are one number over and over show neither a
  /// transposition nor an order.
  var caution: String? {
    let size = count > 0 ? inputs.count / count : 0
    guard size > 0 else { return nil }
    let rows = (0..<count).lazy.map { inputs[$0 * size..<($0 + 1) * size] }
    if count == 1 { return "there is one input only" }
    if rows.allSatisfy({ $0.elementsEqual(inputs[..<size]) }) { return "all inputs are the same" }
    let isFlat = size > 1 && rows.allSatisfy { row in row.allSatisfy { $0 == row.first } }
    return isFlat ? "every input is one number over and over" : nil
  }
}
