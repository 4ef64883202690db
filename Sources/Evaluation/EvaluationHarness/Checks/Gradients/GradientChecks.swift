import Foundation
import RobustnessCore

/// Compares the gradient in use with the log-domain gradient in `Double` over members, and that one's loss with finite
/// differences.
///
/// Both are made on a few examples and draws (`FiniteDifferenceEffort`), the same for both sides. Finite differences
/// are of the log-loss: the loss itself underflows.
struct GradientChecks {
  /// Why the gradient in use is wrong, if it is.
  struct Findings: Sendable {
    var examples = 0
    /// Examples whose gradient in use is zero though the reference is not, or points elsewhere.
    var lostOrTurned = 0
    /// Examples whose gradient a float32 could not hold.
    var belowFloat32 = 0
    /// Relative error of the gradient in use against central differences, one an example.
    var errors: [Double] = []
  }

  let subject: EvaluationSubject
  let draws: [Int]
  let box: ClosedRange<Double>
  let effort: FiniteDifferenceEffort
  let seed: UInt64

  /// Cosine below which a gradient counts as turned.
  static let turned = 0.9

  func findings(_ objective: Objective) throws -> Findings {
    let examples = awayFromTies(subject.examples.subset(subject.examples.spread(effort.examples)))
    let chosen = evenlySpaced(effort.draws, of: draws.count).map { draws[$0] }
    let used = try subject.ensemble.lossAndGradient(examples, objective: objective, draws: .some(chosen))
    let reference = MemberwiseEnsemble(base: subject.ensemble, draws: chosen)
    let exact = try reference.lossAndGradient(examples, objective: objective, draws: .all)
    var findings = Findings(examples: examples.count)
    let exactNorms = exact.gradient.log2Norms
    let usedNorms = used.gradient.log2Norms
    for row in 0..<examples.count where exactNorms[row] > -.infinity {
      let cosine = Self.cosine(used.gradient.values[row: row], exact.gradient.values[row: row])
      if usedNorms[row] == -.infinity || !(cosine >= Self.turned) { findings.lostOrTurned += 1 }
      if exactNorms[row] < -126 { findings.belowFloat32 += 1 }
    }
    findings.errors = try finiteDifferenceErrors(examples, objective, used, reference)
    return findings
  }

  /// The examples, each feature moved inwards by up to a hundredth of the box.
  ///
  /// In a constant background every window of a max-pool is a tie, and many features lie on the edge of the box: the
  /// loss has no derivative there that a difference quotient could meet.
  private func awayFromTies(_ examples: Examples) -> Examples {
    let boxes = subject.boxPerFeature ?? Array(repeating: box, count: examples.inputs.rowSize)
    let streams = RandomStreams(seed: seed, purpose: "finite-differences/points")
    var points = examples.inputs
    for row in 0..<examples.count {
      var stream = streams.stream(example: examples.identifiers[row])
      let shifts = stream.uniforms(points.rowSize)
      points[row: row] =
        zip(zip(points[row: row], shifts), boxes).map { number, box in
          let width = box.upperBound - box.lowerBound
          let middle = (box.upperBound + box.lowerBound) / 2
          return number.0 + (number.0 < middle ? 0.01 : -0.01) * width * number.1
        }[...]
    }
    return examples.moved(to: points)
  }

  /// ‖gradient in use − gradient by central differences‖ / ‖gradient in use‖, estimated along random directions and
  /// along the gradient itself.
  private func finiteDifferenceErrors(
    _ examples: Examples, _ objective: Objective, _ used: LossAndGradient, _ reference: MemberwiseEnsemble
  ) throws -> [Double] {
    let size = examples.inputs.rowSize
    let streams = RandomStreams(seed: seed, purpose: "finite-differences")
    // Of the narrowest box where features have their own.
    let width = (subject.boxPerFeature ?? [box]).map { $0.upperBound - $0.lowerBound }.min() ?? 1
    let step = 1e-5 * width / Double(size).squareRoot()
    // Direction 0 is the gradient's; the others are random signs. All of length 1.
    var squared = [Double](repeating: 0, count: examples.count)
    var along = squared
    var isResolved = [Bool](repeating: false, count: examples.count)
    let exact = try reference.loss(examples, objective: objective, draws: .all)
    let exactLosses = exact.logLosses
    // Rounding of the logits, whose size the log-probabilities tell, reaches the loss.
    let magnitudes = exact.prediction.logProbabilities.rowMaximumMagnitudes
    for direction in 0...effort.directions {
      var v = Tensor(zeros: examples.inputs.shape)
      if direction == 0 {
        v.stepAlongUnitVector(of: used.gradient.values, by: 1)
      } else {
        for row in 0..<examples.count {
          var stream = streams.stream(example: examples.identifiers[row], restart: direction)
          v[row: row] = stream.uniforms(size).map { ($0 < 0.5 ? -1 : 1) / Double(size).squareRoot() }[...]
        }
      }
      let numeric = try derivative(reference, examples, objective, along: v, step: step)
      for row in 0..<examples.count {
        let predicted = predictedDerivative(used, row, v, objective, logLoss: exactLosses[row])
        let norm = relativeNorm(used, row, objective, logLoss: exactLosses[row])
        // A loss that is flat to its last bit (double softmax of a confident network) has no difference quotient to
        // compare with.
        let resolution = 2.2e-16 * max(1, abs(exactLosses[row]), magnitudes[row]) / step
        if max(abs(numeric[row]), abs(predicted)) > 1000 * resolution { isResolved[row] = true }
        // A gradient that is zero or not a number is wrong wherever there is a difference.
        let error = norm > 0 ? (numeric[row] - predicted) / norm : .infinity
        if direction == 0 { along[row] = error } else { squared[row] += error * error }
      }
    }
    // E (v·Δ)² = ‖Δ‖²/n for random signs of length 1.
    return (0..<examples.count).filter { isResolved[$0] }.map { row in
      max(abs(along[row]), (squared[row] / Double(max(1, effort.directions)) * Double(size)).squareRoot())
    }
  }

  private func derivative(
    _ reference: MemberwiseEnsemble, _ examples: Examples, _ objective: Objective, along v: Tensor, step: Double
  ) throws -> [Double] {
    var forward = examples.inputs
    forward.add(v, scaledBy: step)
    var backward = examples.inputs
    backward.add(v, scaledBy: -step)
    let up = try reference.loss(examples.moved(to: forward), objective: objective, draws: .all).logLosses
    let down = try reference.loss(examples.moved(to: backward), objective: objective, draws: .all).logLosses
    return zip(up, down).map { ($0 - $1) / (2 * step) }
  }

  /// Derivative of the log-loss along `v` by the gradient in use; for margin, of the value itself.
  private func predictedDerivative(
    _ used: LossAndGradient, _ row: Int, _ v: Tensor, _ objective: Objective, logLoss: Double
  ) -> Double {
    let dot = zip(used.gradient.values[row: row], v[row: row]).reduce(0) { $0 + $1.0 * $1.1 }
    return dot * scale(used, row, objective, logLoss)
  }

  private func relativeNorm(_ used: LossAndGradient, _ row: Int, _ objective: Objective, logLoss: Double) -> Double {
    let g = used.gradient.values[row: row]
    return g.reduce(0) { $0 + $1 * $1 }.squareRoot() * scale(used, row, objective, logLoss)
  }

  /// 2^exponent / loss, formed in the log domain.
  private func scale(_ used: LossAndGradient, _ row: Int, _ objective: Objective, _ logLoss: Double) -> Double {
    let exponent = Double(used.gradient.exponents[row]) * log(2)
    return objective.isSigned ? exp(exponent) : exp(exponent - logLoss)
  }

  static func cosine(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
    var dot = 0.0
    var aa = 0.0
    var bb = 0.0
    for (x, y) in zip(a, b) {
      dot += x * y
      aa += x * x
      bb += y * y
    }
    return aa > 0 && bb > 0 ? dot / (aa * bb).squareRoot() : 0
  }

  // MARK: - As checks

  func saturation(_ findings: Findings) -> Check {
    let lost = Double(findings.lostOrTurned) / Double(max(1, findings.examples))
    let small = Double(findings.belowFloat32) / Double(max(1, findings.examples))
    if lost > 0.05 {
      return Check(
        CheckName.saturation, .failed, value: lost,
        finding:
          "the arithmetic in use loses or turns \(findings.lostOrTurned) of \(findings.examples) gradients that Double in the log domain has",
        advice: subject.arithmetic == .logDomain
          ? "Use --precision float32, or float64." : "Use --arithmetic log-domain.")
    }
    if small > 0, subject.arithmetic == .logDomain {
      // No reservation about this number: other tools may report a higher one, because their gradient is zero.
      return Check(
        CheckName.saturation, .passed, value: small,
        finding:
          "\(findings.belowFloat32) of \(findings.examples) gradients looked at are too small for float32; the log domain keeps them"
      )
    }
    return Check(CheckName.saturation, .passed, value: lost, finding: "gradients point where those in Double do")
  }

  func finiteDifferences(_ findings: Findings) -> Check {
    let tolerance = subject.hasApproximateGradients ? 0.3 : 0.05
    guard !findings.errors.isEmpty else {
      return Check(
        CheckName.finiteDifferences, .notRun,
        finding: "the loss is flat to its last bit: there is no difference to compare with")
    }
    // None may be wrong: a kink within the step is rarer than one in a thousand, and one unit of many.
    let bad = findings.errors.count { !($0 <= tolerance) }
    let median = findings.errors.sorted()[findings.errors.count / 2]
    return Check(
      CheckName.finiteDifferences,
      // Gradients of lower precision may switch a kink here and there.
      isFine: bad <= (subject.hasApproximateGradients ? max(1, findings.errors.count / 4) : 0), value: median,
      finding: String(
        format:
          "the gradient differs from central differences of the log-loss by %.2g (median of %d examples), by more than %.2g at %d",
        median, findings.errors.count, tolerance, bad),
      advice:
        "The gradient that the attack follows is not that of the loss: the model or its pullback is wrong, or its precision too low."
    )
  }
}

extension GradientChecks {
  /// Asks again, all in one small batch, for gradients that the attack was given; nil when there are none to compare, a
  /// failure when some are others than before.
  ///
  /// Finite differences look at a few examples in a batch of their own: what goes wrong in the attack's batches only (a
  /// tail, a stale buffer, noise that was left on) shows here.
  func repeated(_ probes: [Int: GradientProbe], draws: AccountingOracle.QueryDraws) throws -> Check? {
    guard case .fixed(let indices) = draws, !probes.isEmpty else { return nil }
    var others = 0
    for objective in Set(probes.values.map(\.objective)) {
      let asked = probes.sorted { $0.key < $1.key }.map(\.value).filter { $0.objective == objective }
      let points = Tensor(
        shape: [asked.count] + asked[0].point.rowShape, elements: asked.flatMap { $0.point.elements })
      let again = try subject.ensemble.lossAndGradient(
        Examples(inputs: points, labels: asked.map(\.label)), objective: objective, draws: .some(indices)
      ).gradient
      for (row, probe) in asked.enumerated() {
        let isZero = again.isExactlyZero[row] && probe.gradient.isExactlyZero[0]
        let cosine = Self.cosine(again.values[row: row], probe.gradient.values[row: 0])
        if !isZero, !(cosine >= Self.turned) { others += 1 }
      }
    }
    guard others > 0 else { return nil }
    return Check(
      CheckName.finiteDifferences, .failed, value: Double(others) / Double(probes.count),
      finding: "asked again, the gradient at \(others) of \(probes.count) points is another than the attack was given",
      advice: "The gradient depends on the batch or on chance: evaluate the model without noise, batch by batch alike.")
  }
}

func percent(_ fraction: Double) -> String { String(format: "%.1f %%", 100 * fraction) }
