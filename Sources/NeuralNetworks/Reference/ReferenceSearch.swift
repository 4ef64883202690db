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

  private let hypotheses: ReferenceHypotheses
  /// One draw at one input, and a few of both. A log-predictive needs all draws.
  private let first: (draws: [Int], inputs: [Int])
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
    return try best(of: hypotheses.all + (products > 2e7 ? [] : searched()))
  }

  /// TF32, if it explains the answers.
  func tf32() throws -> ReferenceHypothesis? { try best(of: hypotheses.arithmetics.filter(\.isTF32)) }

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

  private func answers(
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

  // MARK: - Numbers that are not in any list

  /// Slopes and normalisations that a few steps of Gauss and Newton's method find.
  private func searched() throws -> [ReferenceHypothesis] {
    guard comparison.question.logits != nil else { return [] }
    var result: [ReferenceHypothesis] = []
    for start in [0.0, 0.1, 0.3, 1] {
      guard let slope = try solve([start], pass: withSlope)?[0], abs(slope) <= 2 else { continue }
      for value in [Self.short(slope), slope] {
        let wording = ReferenceActivation.leakyReLU(slope: value).title
        guard let pass = withSlope([value]), !result.contains(where: { $0.cause.hasPrefix(wording) }) else { continue }
        result.append(
          ReferenceHypothesis(
            cause: "\(wording) takes the place of \(rectifier ?? "relu")",
            advice: "leaky_relu of this format has the slope 0.01: a network with another one cannot be described yet.",
            pass: pass, isFine: true))
      }
    }
    for (start, shift) in [(1.0, 0.0), (2, -1), (3.25, -0.42), (4, -0.5)] {
      guard let found = try solve([start, shift], pass: withInputs), found[0] > 1e-6,
        abs(found[0] - 1) > 0.01 || abs(found[1]) > 0.01
      else { continue }
      let (mean, scale) = (Self.short(-found[1] / found[0]), Self.short(1 / found[0]))
      let words = ReferenceHypotheses.words([mean], [scale])
      guard !result.contains(where: { $0.cause.contains(words) }) else { continue }
      var pass = hypotheses.pass
      if case .scale? = pass.steps.first { pass.steps.removeFirst() }
      let isThere = pass.steps.count < hypotheses.pass.steps.count
      pass.steps.insert(.scale(mean: [mean], scale: [scale]), at: 0)
      result.append(
        ReferenceHypothesis(
          cause: "\(isThere ? "the normalisation is another" : "inputs are normalised"), \(words)",
          advice: ReferenceHypotheses.normalizeAdvice([mean], [scale], comparison.architecture.inputShape[0]),
          pass: pass, isFine: true))
    }
    return result
  }

  private static func short(_ value: Double) -> Double { Double(String(format: "%.6g", value)) ?? value }

  /// The name of the hidden layers' rectifier, where there is one.
  private var rectifier: String? {
    let pass = hypotheses.pass
    for index in pass.steps.indices.dropLast() {
      switch pass.activation(index) {
      case .relu?, .leakyReLU?: return pass.activation(index)?.title
      default: continue
      }
    }
    return nil
  }

  private func withSlope(_ parameters: [Double]) -> ReferencePass? {
    guard rectifier != nil else { return nil }
    var pass = hypotheses.pass
    for index in pass.steps.indices.dropLast() {
      switch pass.activation(index) {
      case .relu?, .leakyReLU?: pass.setActivation(index, .leakyReLU(slope: parameters[0]))
      default: continue
      }
    }
    return pass
  }

  /// Inputs times the first number plus the second, in place of what normalises them.
  private func withInputs(_ parameters: [Double]) -> ReferencePass? {
    guard parameters[0] != 0 else { return nil }
    var pass = hypotheses.pass
    if case .scale? = pass.steps.first { pass.steps.removeFirst() }
    pass.steps.insert(.scale(mean: [-parameters[1] / parameters[0]], scale: [1 / parameters[0]]), at: 0)
    return pass
  }

  /// Parameters at which a pass gives the author's logits; nil when none were found.
  private func solve(_ start: [Double], pass: ([Double]) -> ReferencePass?) throws -> [Double]? {
    let probe = (draws: first.draws, inputs: few.inputs)
    // Few numbers are met by many parameters.
    guard let logits = comparison.question.logits,
      probe.inputs.count * few.draws.count * comparison.classes >= start.count + 4
    else { return nil }
    func residual(_ parameters: [Double]) throws -> [Double]? {
      guard let pass = pass(parameters) else { return nil }
      let own = try answers(ReferenceHypothesis(cause: "", advice: "", pass: pass), probe)
      return comparison.differences(own, logits)
    }
    var parameters = start
    guard var current = try residual(parameters) else { return nil }
    func size(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }
    for _ in 0..<12 {
      var columns: [[Double]] = []
      for index in parameters.indices {
        var moved = parameters
        let step = 1e-6 * max(1, abs(parameters[index]))
        moved[index] += step
        guard let other = try residual(moved) else { return nil }
        // The residual falls as the answers rise.
        columns.append(zip(other, current).map { ($1 - $0) / step })
      }
      guard let move = Self.leastSquares(columns, current) else { return nil }
      var factor = 1.0
      var next = current
      while factor > 1e-3 {
        let tried = zip(parameters, move).map { $0 + factor * $1 }
        if let values = try residual(tried), size(values) < size(current) {
          next = values
          parameters = tried
          break
        }
        factor /= 4
      }
      guard size(next) < size(current) else { break }
      current = next
    }
    return parameters.allSatisfy(\.isFinite) ? parameters : nil
  }

  /// One or two unknowns; nil where the equations do not determine them.
  private static func leastSquares(_ columns: [[Double]], _ right: [Double]) -> [Double]? {
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let a = dot(columns[0], columns[0])
    guard a > 0 else { return nil }
    if columns.count == 1 { return [dot(columns[0], right) / a] }
    let (b, c) = (dot(columns[0], columns[1]), dot(columns[1], columns[1]))
    let determinant = a * c - b * b
    guard determinant > 1e-14 * a * c else { return nil }
    let (p, q) = (dot(columns[0], right), dot(columns[1], right))
    return [(c * p - b * q) / determinant, (a * q - b * p) / determinant]
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

  /// All draws of these answers together.
  func wholeAgreement(_ own: Answers, _ logits: [Double]) -> Agreement {
    var agreement = Agreement()
    for (difference, square) in zip(differences(own, logits), own.squares) {
      agreement.add(difference, square: square)
    }
    return agreement
  }
}
