import Foundation

/// The predictive of some draws' logits, with the deviations that theirs entail.
struct Predictive {
  /// What an author may have taken for the predictive.
  enum Kind: CaseIterable {
    /// log of the mean over draws of the probabilities: what it is.
    case meanProbability
    /// Log-softmax of the mean logits.
    case meanLogit
    /// Mean of the log-probabilities.
    case meanLogProbability
    /// Mean over draws of a softmax of the probabilities.
    case softmaxTwice
    /// The probabilities without their logarithm.
    case probability
    /// The sum over draws without its division.
    case sum
  }

  /// Logarithm of a probability from which on float32 has no digits to lose.
  static let smallest = -80.0

  let answers: ReferenceComparison.Answers
  let classes: Int
  private let sumError: Double
  private let resultError: Double

  init(_ answers: ReferenceComparison.Answers, classes: Int, precision: AnswerPrecision, storedError: Double) {
    self.answers = answers
    self.classes = classes
    sumError = RoundingModel(precision).sum
    resultError = max(RoundingModel(precision).result, storedError)
  }

  /// In the order (input, class), with the squares of the deviations.
  func logarithms(_ kind: Kind) -> (numbers: [Double], squares: [Double]) {
    let draws = answers.draws.count
    let size = answers.inputs.count * classes
    var numbers = [Double](repeating: 0, count: size)
    var squares = numbers
    for input in answers.inputs.indices {
      var terms = [[Double]](repeating: [], count: classes)
      var deviations = terms
      var largest = 0.0
      for draw in 0..<draws {
        let range = draw * size + input * classes..<draw * size + (input + 1) * classes
        let logits = Array(answers.numbers[range])
        largest = max(largest, logits.reduce(0) { max($0, abs($1)) })
        var logarithms = Self.logSoftmax(logits)
        let spread = answers.squares[range].map { $0.squareRoot() }
        // A probability's share of all classes' deviations, taken as if they had conspired.
        let common = zip(logarithms, spread).reduce(0) { $0 + exp($1.0) * $1.1 }
        if kind == .softmaxTwice { logarithms = Self.logSoftmax(logarithms.map { exp($0) }) }
        for k in 0..<classes {
          terms[k].append(kind == .meanLogit ? logits[k] : logarithms[k])
          deviations[k].append(spread[k] + common)
        }
      }
      var row = [Double](repeating: 0, count: classes)
      for k in 0..<classes {
        let total = Self.logSumExp(terms[k])
        var deviation = 0.0
        switch kind {
        case .meanLogit, .meanLogProbability:
          row[k] = terms[k].reduce(0, +) / Double(draws)
          deviation = deviations[k].reduce(0, +) / Double(draws)
        default:
          row[k] = total - (kind == .sum ? 0 : log(Double(draws)))
          deviation = zip(terms[k], deviations[k]).reduce(0) { $0 + exp($1.0 - total) * $1.1 }
        }
        // Draws and classes do not conspire: even a third of this is more than most of them make together.
        deviation /= 3
        // Exponentials, sums and logarithms of the author's own.
        deviation += sumError * (4 + Double(draws).squareRoot() + largest) + resultError * abs(row[k])
        squares[input * classes + k] = deviation * deviation
      }
      if kind == .meanLogit { row = Self.logSoftmax(row) }
      if kind == .probability {
        for k in 0..<classes {
          row[k] = exp(row[k])
          squares[input * classes + k] *= row[k] * row[k]
        }
      }
      numbers.replaceSubrange(input * classes..<(input + 1) * classes, with: row)
    }
    return (numbers, squares)
  }

  static func logSumExp(_ values: [Double]) -> Double {
    let top = values.max() ?? 0
    return top + log(values.reduce(0) { $0 + exp($1 - top) })
  }

  static func logSoftmax(_ logits: [Double]) -> [Double] {
    let total = logSumExp(logits)
    return logits.map { $0 - total }
  }
}
