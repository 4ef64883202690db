import Foundation
import RobustnessCore

extension ReferenceComparison {
  /// Compares, and looks for a cause where rounding explains too little.
  ///
  /// - Throws: What reading the draws throws.
  package func findings() throws -> ReferenceFindings {
    let pass = ReferencePass(architecture)
    let all = Array(0..<source.drawCount)
    var strict = question.precision
    var own = try answers(pass, draws: all, inputs: chosen, precision: strict)
    var judgement = judge(own, strict)
    if strict == .float64, !judgement.isExplained {
      // The file holds float32: weights that had more digits gave other answers, by no more than float32 explains.
      strict = .float32
      own = try answers(pass, draws: all, inputs: chosen, precision: strict)
      judgement = judge(own, strict)
    }
    var findings = describe(judgement)
    guard !judgement.isExplained else { return findings }
    findings.outcome = .differs
    if let advice = unfilled(judgement.logits == nil ? all : judgement.differing) {
      findings.advice = advice
      return findings
    }
    let mayBeTF32 = strict == .float32
    let loose: AnswerPrecision = mayBeTF32 ? .tf32 : strict
    let loosely = mayBeTF32 ? try answers(pass, draws: all, inputs: chosen, precision: loose) : own
    if let (outcome, agreement) = shifts(own, judgement) ?? shifts(loosely, judgement) {
      findings.outcome = outcome
      if outcome == .agrees {
        (findings.largest, findings.explained) = (agreement.largest, agreement.explained)
        findings.quantity = "log-probability"
        findings.differingDraws = 0
        findings.saysLogProbabilities = true
      }
      return findings
    }
    // Nobody computes float64 in TF32 but by a slip, which is recognised by its rounding; and no rounding says the same
    // of every draw.
    let isTF32Sized =
      try mayBeTF32 && question.precision != .float64 && hasSize(judge(loosely, loose), judgement)
      && !isSystematic(own)
      && ReferenceSearch(self, draws: judgement.differing, loose: loose, strict: strict).isNearer(byTF32: true)
    let found = try cause(
      own: own, loosely: loosely, judgement, strict: strict, loose: loose, isTF32Sized: isTF32Sized)
    if let found, !found.isTF32 {
      findings.cause = found.cause
      findings.advice = found.advice
      return findings
    }
    if found != nil || isTF32Sized {
      findings.outcome = .agreesBut(
        reason: "by more than float32 and by what TF32 explains: they look as if computed in TF32",
        advice: "Say precision = tf32, or answer in float32: torch.backends.cuda.matmul.allow_tf32 = False and "
          + "torch.backends.cudnn.allow_tf32 = False.")
      return findings
    }
    if strict != .bfloat16, question.logits != nil,
      hasSize(judge(try answers(pass, draws: all, inputs: chosen, precision: .bfloat16), .bfloat16), judgement),
      !isSystematic(own),
      try ReferenceSearch(self, draws: judgement.differing, loose: loose, strict: strict).isNearer(byTF32: false)
    {
      findings.cause = "products are of bfloat16 numbers"
      findings.advice = "Say precision = bfloat16 if that is what was meant; answers in float32 say more."
      return findings
    }
    findings.advice =
      "No usual cause explains it: compare the author's program with the architecture layer by layer, at one input."
    return findings
  }

  // MARK: - Judging

  struct Judgement {
    var logits: [Agreement]?
    var predictive: Agreement?

    var isExplained: Bool { (logits ?? []).allSatisfy(\.isExplained) && predictive?.isExplained ?? true }
    var differing: [Int] { (logits ?? []).indices.filter { logits?[$0].isExplained == false } }
    /// Whether most draws agree: what an arithmetic does, it does to all.
    var isOfFewDraws: Bool { logits.map { differing.count * 2 <= $0.count } ?? false }
  }

  func judge(_ own: Answers, _ precision: AnswerPrecision) -> Judgement {
    Judgement(
      logits: question.logits.map { agreements(own, $0) },
      predictive: question.logPredictive.map { agreement(own, logPredictive: $0, precision: precision) })
  }

  private func describe(_ judgement: Judgement) -> ReferenceFindings {
    let isOfLogits = judgement.logits != nil && !(judgement.differing.isEmpty && !judgement.isExplained)
    let worst =
      isOfLogits ? (judgement.logits ?? []).max { $0.largest < $1.largest } : judgement.predictive
    return ReferenceFindings(
      outcome: .agrees, compared: chosen.count, inputs: question.count, draws: source.drawCount,
      largest: worst?.largest ?? 0, explained: worst?.explained ?? 0,
      quantity: isOfLogits ? "logit" : "log-probability",
      differingDraws: judgement.logits == nil ? nil : judgement.differing.count, cause: nil, advice: "",
      caution: question.caution)
  }

  /// Logits that say the same of every class.
  private func shifts(
    _ own: Answers, _ judgement: Judgement
  ) -> (outcome: ReferenceFindings.Outcome, agreement: Agreement)? {
    guard let logits = question.logits, !judgement.differing.isEmpty, judgement.predictive?.isExplained ?? true else {
      return nil
    }
    let matching = ReferenceMatching(
      comparison: self, own: own, logits: logits, differing: judgement.differing, chainCount: chainCount)
    guard let agreement = matching.shiftedByRows() else { return nil }
    let reason = "by one number for each input, which changes no probability"
    guard matching.areLogProbabilities() else {
      return (
        .agreesBut(
          reason: reason,
          advice: "Answers under the name logits are what the last layer gives: nothing is added or taken away."),
        agreement
      )
    }
    // They are said to be what they are.
    guard !question.areLogProbabilities else { return (.agrees, agreement) }
    return (
      .agreesBut(
        reason: "\(reason): they look like log-probabilities",
        advice: "Answers under the name logits are what the last layer gives, without a softmax."), agreement
    )
  }

  /// Whether most draws differ, and all by no more than products of a coarser arithmetic do: by a half to a fifth of
  /// the deviations, which allow for digits that are cut off.
  private func hasSize(_ loosely: Judgement, _ strictly: Judgement) -> Bool {
    guard let logits = loosely.logits, !strictly.isOfFewDraws, loosely.isExplained else { return false }
    return logits.allSatisfy { $0.rootMeanSquareRatio <= 1.2 }
  }

  /// Whether the class that differs most differs by one number, in all draws and at all inputs alike: a bias, and no
  /// rounding, which has another sign and size in every draw.
  private func isSystematic(_ own: Answers) -> Bool {
    guard let logits = question.logits, own.draws.count >= 4 else { return false }
    var sums = [Double](repeating: 0, count: classes)
    var squares = sums
    var index = 0
    for draw in own.draws {
      for input in own.inputs {
        for k in 0..<classes {
          let difference = authors(logits, draw: draw, input: input, class: k) - own.numbers[index]
          sums[k] += difference
          squares[k] += difference * difference
          index += 1
        }
      }
    }
    guard let k = squares.indices.max(by: { squares[$0] < squares[$1] }) else { return false }
    let count = Double(own.draws.count * own.inputs.count)
    return sums[k] * sums[k] >= 0.99 * count * squares[k]
  }

  // MARK: - Causes

  /// What makes the answers agree; where that is no other network, but TF32, nothing else.
  struct Cause {
    var cause: String
    var advice: String
    var isTF32 = false

    init(_ found: (cause: String, advice: String)) { (cause, advice) = found }

    init(_ found: ReferenceHypothesis) {
      (cause, advice, isTF32) = (found.cause, found.advice, found.isTF32)
    }
  }

  private func cause(
    own: Answers, loosely: Answers, _ judgement: Judgement, strict: AnswerPrecision, loose: AnswerPrecision,
    isTF32Sized: Bool
  ) throws -> Cause? {
    guard let logits = question.logits, !judgement.differing.isEmpty else {
      return try causeOfPredictive(own: own, loosely: loosely, strict: strict, loose: loose)
    }
    let differing = judgement.differing
    let perChain = max(1, source.drawCount / max(1, chainCount))
    func inSome(_ cause: Cause) -> Cause {
      guard differing.count < source.drawCount else { return cause }
      let place = ReferenceMatching.name(differing[0], perChain)
      let which =
        differing.count == 1
        ? "in \(place)" : "in \(differing.count) of \(source.drawCount) draws, first in \(place)"
      var placed = cause
      placed.cause = "\(which), \(cause.cause)"
      return placed
    }
    // With the deviations of float32: a difference of TF32's size must not hide an order.
    let matching = ReferenceMatching(
      comparison: self, own: own, logits: logits, differing: differing, chainCount: chainCount)
    if let found = matching.draws() { return Cause(found) }
    let lenient = ReferenceMatching(
      comparison: self, own: loosely, logits: logits, differing: differing, chainCount: chainCount)
    let search = ReferenceSearch(self, draws: differing, loose: loose, strict: strict)
    if loose != strict, let found = try search.tf32() { return Cause(found) }
    if !isTF32Sized,
      let found = lenient.draws() ?? lenient.classOrder() ?? lenient.inputOrder() ?? lenient.softmax()
    {
      return inSome(Cause(found))
    }
    if let found = matching.factor(least: 0) { return inSome(Cause(found)) }
    if let found = try search.best() { return inSome(Cause(found)) }
    if !isTF32Sized, let found = lenient.factor(least: 0.01) { return inSome(Cause(found)) }
    if let found = try coarseWeights(differing, logits) ?? decimalWeights(differing, logits)
      ?? coarseInputs(differing, logits)
    {
      return inSome(Cause(found))
    }
    guard differing.count < source.drawCount, judgement.isOfFewDraws else { return nil }
    let place = ReferenceMatching.name(differing[0], perChain)
    return Cause(
      differing.count == 1
        ? (
          "\(place) is left aside, which has other weights than those that answered, or other answers",
          "Write this draw and its answers again: all others agree."
        )
        : (
          "\(differing.count) of \(source.drawCount) draws, first \(place), are left aside, which have other weights than "
            + "those that answered, or other answers",
          "Write these draws and their answers again: all others agree."
        ))
  }

  private func causeOfPredictive(
    own: Answers, loosely: Answers, strict: AnswerPrecision, loose: AnswerPrecision
  ) throws -> Cause? {
    guard let given = question.logPredictive else { return nil }
    let names: [(Predictive.Kind, String)] = [
      (.meanLogit, "logits are averaged before the softmax"), (.meanLogProbability, "log-probabilities are averaged"),
      (.softmaxTwice, "the softmax is taken twice"), (.probability, "probabilities are stored without their logarithm"),
      (.sum, "probabilities of the draws are added and not averaged"),
    ]
    let before = agreement(loosely, logPredictive: given, precision: loose).rootMeanSquare
    for (kind, cause) in names {
      let other = agreement(loosely, logPredictive: given, precision: loose, as: kind)
      guard other.isExplained, other.rootMeanSquare <= before / 4 else { continue }
      return Cause((cause, "log_predictive is the logarithm of the mean over draws of softmax(logits)."))
    }
    // With answers of single draws that agree, the network is right.
    guard question.logits == nil else { return nil }
    if let found = classOrder(loosely, given, loose) { return Cause(found) }
    let all = Array(0..<source.drawCount)
    if let found = leftOut(own, given, strict) { return Cause(found) }
    if let found = try ReferenceSearch(self, draws: all, loose: loose, strict: strict).best() { return Cause(found) }
    return try (coarseWeights(all, nil) ?? coarseInputs(all, nil)).map { Cause($0) }
  }

  private func classOrder(
    _ own: Answers, _ given: [Double], _ precision: AnswerPrecision
  ) -> (cause: String, advice: String)? {
    let (numbers, squares) = Predictive(
      own, classes: classes, precision: precision, storedError: question.storedError
    ).logarithms(.meanProbability)
    let columns = (0..<classes).map { k in
      (0..<classes).filter { mine in
        own.inputs.enumerated().allSatisfy { position, input in
          let index = position * classes + mine
          return abs(given[input * classes + k] - numbers[index]) <= Tolerance.largest * squares[index].squareRoot()
        }
      }
    }
    return ReferenceMatching.describe(columns, classes)
  }

  /// One draw that the author's mean does not have.
  private func leftOut(
    _ own: Answers, _ given: [Double], _ precision: AnswerPrecision
  ) -> (cause: String, advice: String)? {
    let count = own.draws.count
    guard count > 1, count <= 1000 else { return nil }
    let perDraw = own.inputs.count * classes
    let before = agreement(own, logPredictive: given, precision: precision).rootMeanSquare
    for draw in own.draws {
      var rest = own
      rest.draws.remove(at: draw)
      rest.numbers.removeSubrange(draw * perDraw..<(draw + 1) * perDraw)
      rest.squares.removeSubrange(draw * perDraw..<(draw + 1) * perDraw)
      let without = agreement(rest, logPredictive: given, precision: precision)
      guard without.isExplained, without.rootMeanSquare <= before / 4 else { continue }
      let name = ReferenceMatching.name(draw, max(1, count / max(1, chainCount)))
      return ("\(name) is left out", "log_predictive is the mean over all draws of the file.")
    }
    return nil
  }
}
