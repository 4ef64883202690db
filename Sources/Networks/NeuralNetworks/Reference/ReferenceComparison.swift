import Dispatch
import Foundation
import RobustnessCore
import Synchronization

/// Compares a network with what its author's program answered, and looks for the reason where they differ.
package struct ReferenceComparison: Sendable {
  let source: any WeightSource
  let chainCount: Int
  var question: ReferenceQuestion
  /// The inputs that are compared.
  let chosen: [Int]
  /// Worker threads.
  let threads: Int

  /// So many products may the comparison take: some seconds of one core.
  static let budget = 2e9
  /// So many answers may be in memory, and so many weights of draws that are computed at once.
  static let answerLimit = 1 << 22
  static let weightLimit = 1 << 24

  /// Compares all draws at as many of the inputs, evenly spaced, as some seconds allow; at one at least.
  ///
  /// - Parameter threads: Worker threads, nil for all cores. Nothing that is found depends on them.
  package init(
    _ source: any WeightSource, chainCount: Int, question: ReferenceQuestion, budget: Double? = nil, threads: Int? = nil
  ) {
    self.threads = threads ?? ProcessorAllowance.current.threads
    self.source = source
    self.chainCount = chainCount
    self.question = question
    let draws = Double(source.drawCount)
    let products = max(1, source.architecture.operationsPerExample / 2)
    let affordable = min(
      (budget ?? Self.budget) / (draws * products),
      Double(Self.answerLimit) / (draws * Double(source.architecture.classCount)))
    chosen = evenlySpaced(max(1, Int(min(affordable, Double(question.count)))), of: question.count)
  }

  var architecture: Architecture { source.architecture }
  var classes: Int { architecture.classCount }

  // MARK: - Answers

  /// This package's answers at some inputs, in the order (draw, input, class), and the squares of their deviations.
  struct Answers: Sendable {
    var numbers: [Double]
    var squares: [Double]
    var draws: [Int]
    var inputs: [Int]
  }

  /// Answers of some draws at some inputs in Double.
  ///
  /// - Parameters:
  ///   - pass: The network, or one with a change.
  ///   - change: What else is different of every draw's weights.
  ///   - precision: Whose rounding the deviations are for.
  func answers(
    _ pass: ReferencePass, draws: [Int], inputs: [Int], precision: AnswerPrecision,
    change: (@Sendable (inout [Double]) -> Void)? = nil
  ) throws -> Answers {
    let model = RoundingModel(precision)
    let size = architecture.inputShape.reduce(1, *)
    let perDraw = inputs.count * classes
    let stored = question.storedError
    let values = question.inputs
    var result = Answers(
      numbers: [Double](repeating: 0, count: draws.count * perDraw),
      squares: [Double](repeating: 0, count: draws.count * perDraw), draws: draws, inputs: inputs)
    let width = max(1, min(threads, Self.weightLimit / max(1, architecture.parameterCount)))
    var buffer = [Float](repeating: 0, count: architecture.parameterCount)
    for first in stride(from: 0, to: draws.count, by: width) {
      let group = first..<min(first + width, draws.count)
      let weights = try group.map { position in
        try buffer.withUnsafeMutableBufferPointer { try source.read(draw: draws[position], into: $0) }
        var weights = buffer.map(Double.init)
        change?(&weights)
        return weights
      }
      let found = Mutex([ReferencePass.Values](repeating: .init(numbers: [], squares: []), count: group.count))
      DispatchQueue.concurrentPerform(iterations: group.count) { index in
        var mine = ReferencePass.Values(numbers: [], squares: [])
        for input in inputs {
          let one = pass.logits(values[input * size..<(input + 1) * size], weights: weights[index], model: model)
          mine.numbers += one.numbers
          mine.squares += zip(one.numbers, one.squares).map { $1 + stored * stored * $0 * $0 }
        }
        let done = mine
        found.withLock { $0[index] = done }
      }
      for (position, one) in zip(group, found.withLock { $0 }) {
        result.numbers.replaceSubrange(position * perDraw..<(position + 1) * perDraw, with: one.numbers)
        result.squares.replaceSubrange(position * perDraw..<(position + 1) * perDraw, with: one.squares)
      }
    }
    return result
  }

  // MARK: - Judging

  /// The author's logit.
  func authors(_ logits: [Double], draw: Int, input: Int, class k: Int) -> Double {
    logits[(draw * question.count + input) * classes + k]
  }

  /// The author's logits of each draw against these.
  func agreements(_ own: Answers, _ logits: [Double]) -> [Agreement] {
    var index = 0
    return own.draws.map { draw in
      var agreement = Agreement()
      for input in own.inputs {
        for k in 0..<classes {
          agreement.add(
            authors(logits, draw: draw, input: input, class: k) - own.numbers[index], square: own.squares[index])
          index += 1
        }
      }
      return agreement
    }
  }

  /// The author's log-predictive against what these answers, of all draws, make of it.
  func agreement(
    _ own: Answers, logPredictive: [Double], precision: AnswerPrecision, as kind: Predictive.Kind = .meanProbability
  ) -> Agreement {
    let predictive = Predictive(own, classes: classes, precision: precision, storedError: question.storedError)
    let (numbers, squares) = predictive.logarithms(kind)
    var agreement = Agreement()
    for (position, input) in own.inputs.enumerated() {
      for k in 0..<classes {
        let given = logPredictive[input * classes + k]
        let index = position * classes + k
        // Below float32 probabilities lose their digits, and then themselves.
        if precision != .float64, given < Predictive.smallest, numbers[index] < Predictive.smallest { continue }
        agreement.add(given - numbers[index], square: squares[index])
      }
    }
    return agreement
  }
}
