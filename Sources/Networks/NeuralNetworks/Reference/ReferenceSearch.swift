import Foundation
import RobustnessCore

/// Looks for the change of the network or of its weights with which an author's answers agree.
struct ReferenceSearch {
  let comparison: ReferenceComparison
  /// The draws that are asked, of which the answers differ, and whether they are all that there are.
  let draws: [Int]
  /// The arithmetic that may explain a rest, and the one that the author declared.
  let loose: AnswerPrecision
  let strict: AnswerPrecision

  let hypotheses: ReferenceHypotheses
  /// One draw at one input, and a few of both. A log-predictive needs all draws.
  let first: (draws: [Int], inputs: [Int])
  private let few: (draws: [Int], inputs: [Int])

  init(_ comparison: ReferenceComparison, draws: [Int], loose: AnswerPrecision, strict: AnswerPrecision) {
    self.comparison = comparison
    self.draws = draws
    self.loose = loose
    self.strict = strict
    hypotheses = ReferenceHypotheses(comparison.architecture)
    let inputs = evenlySpaced(4, of: comparison.chosen.count).map { comparison.chosen[$0] }
    let some = evenlySpaced(4, of: draws.count).map { draws[$0] }
    let isSingle = comparison.question.logits != nil
    first = (isSingle ? [some[some.count / 2]] : draws, [inputs[inputs.count / 2]])
    few = (isSingle ? some : draws, inputs)
  }

  /// The change that explains most, if one explains everything; nil otherwise.
  ///
  /// In networks that are so large that everything would take minutes, the usual changes only.
  func best() throws -> ReferenceHypothesis? {
    let products = comparison.architecture.operationsPerExample / 2 * Double(first.draws.count)
    if products > 2e8 { return try best(of: hypotheses.usual) }
    return try best(of: hypotheses.all + decimalRoundings + (products > 2e7 ? [] : fitted()))
  }

  /// TF32, if it explains the answers.
  func tf32() throws -> ReferenceHypothesis? { try best(of: hypotheses.arithmetics.filter(\.isTF32)) }

  /// Whether carrying out the rounding of TF32, or of bfloat16, brings the answers clearly nearer, if not all the way: in
  /// deep networks the last bits of a sum turn roundings behind it. Size alone says nothing, since a wrong weight can
  /// be off by as much; rounding that did not happen only adds its own errors.
  func isNearer(byTF32 isTF32: Bool) throws -> Bool {
    let without = try agreement(ReferenceHypothesis(cause: "", advice: "", pass: hypotheses.pass), few).rootMeanSquare
    return try (isTF32 ? [self] : normalizedInBFloat16).contains { search in
      try hypotheses.arithmetics.contains { hypothesis in
        try hypothesis.isTF32 == isTF32 && search.agreement(hypothesis, few).rootMeanSquare <= 0.7 * without
      }
    }
  }

  /// The same with inputs as a normalisation in bfloat16 leaves them: they, and their difference from the mean, are
  /// stored before the quotient is, which a product rounds anyway.
  private var normalizedInBFloat16: [ReferenceSearch] {
    guard case .scale(let mean, _)? = hypotheses.pass.steps.first else { return [self] }
    let size = comparison.architecture.inputShape.reduce(1, *) / mean.count
    return [self]
      + [false, true].map { areInputsRounded in
        var other = comparison
        other.question.inputs = comparison.question.inputs.enumerated().map { index, x in
          let m = mean[index / size % mean.count]
          return m + HalfPrecision.bfloat16.rounded((areInputsRounded ? HalfPrecision.bfloat16.rounded(x) : x) - m)
        }
        return ReferenceSearch(other, draws: draws, loose: loose, strict: strict)
      }
  }

  private func best(of candidates: [ReferenceHypothesis]) throws -> ReferenceHypothesis? {
    let base = try agreement(ReferenceHypothesis(cause: "", advice: "", pass: hypotheses.pass), few)
    var found: (hypothesis: ReferenceHypothesis, ratio: Double)?
    for hypothesis in candidates {
      guard try agreement(hypothesis, first).isExplained else { continue }
      let all = try agreement(hypothesis, few)
      guard all.isExplained, all.rootMeanSquare <= base.rootMeanSquare / 4 else { continue }
      // Of changes that come to the same, the first.
      if all.rootMeanSquareRatio * 1.5 < found?.ratio ?? .infinity { found = (hypothesis, all.rootMeanSquareRatio) }
    }
    return found?.hypothesis
  }

  func answers(
    _ hypothesis: ReferenceHypothesis, _ probe: (draws: [Int], inputs: [Int])
  ) throws -> ReferenceComparison.Answers {
    try comparison.answers(
      hypothesis.pass, draws: probe.draws, inputs: probe.inputs, precision: hypothesis.isFine ? strict : loose,
      change: hypothesis.change)
  }

  private func agreement(
    _ hypothesis: ReferenceHypothesis, _ probe: (draws: [Int], inputs: [Int])
  ) throws -> Agreement {
    let own = try answers(hypothesis, probe)
    let question = comparison.question
    if let logits = question.logits { return comparison.wholeAgreement(own, logits) }
    return comparison.agreement(
      own, logPredictive: question.logPredictive ?? [], precision: hypothesis.isFine ? strict : loose)
  }
}

extension ReferenceComparison {
  /// The author's logits minus these.
  func differences(_ own: Answers, _ logits: [Double]) -> [Double] {
    var index = 0
    var result: [Double] = []
    for draw in own.draws {
      for input in own.inputs {
        for k in 0..<classes {
          result.append(authors(logits, draw: draw, input: input, class: k) - own.numbers[index])
          index += 1
        }
      }
    }
    return result
  }

  /// The author's log-predictive minus that of these answers, of all draws.
  func differences(_ own: Answers, logPredictive: [Double], precision: AnswerPrecision) -> [Double] {
    let predictive = Predictive(own, classes: classes, precision: precision, storedError: question.storedError)
    let numbers = predictive.logarithms(.meanProbability).numbers
    return own.inputs.enumerated().flatMap { position, input in
      (0..<classes).map { logPredictive[input * classes + $0] - numbers[position * classes + $0] }
    }
  }

  /// All draws of these answers together.
  func wholeAgreement(_ own: Answers, _ logits: [Double]) -> Agreement {
    var agreement = Agreement()
    for (difference, square) in zip(differences(own, logits), own.squares) {
      agreement.add(difference, square: square)
    }
    return agreement
  }
}
