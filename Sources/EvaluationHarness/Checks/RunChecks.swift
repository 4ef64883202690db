import Foundation
import RobustnessCore

/// Checks of one run against itself and its companions.
struct RunChecks {
  let outcome: Evaluator.Outcome
  var arithmetic = Arithmetic.logDomain

  private var name: String { outcome.request.attack.name }
  private var count: Int { outcome.examples.count }

  /// How many examples two results may differ by before it means something: a small fraction, and more than one, unless
  /// one example alone moves the number by more than 5 %.
  private func tolerance(_ fraction: Double) -> Int {
    max(count < 20 ? 0 : 1, Int((fraction * Double(count)).rounded(.down)))
  }

  func finiteValues() -> Check {
    let points = outcome.record.nonFinitePoints + outcome.adversarial.inputs.nonFiniteCount
    let answers = outcome.record.nonFiniteAnswers + outcome.adversarial.prediction.logProbabilities.nonFiniteCount
    return Check(
      CheckName.finiteValues, isFine: points == 0 && answers == 0, value: Double(points + answers),
      finding: points + answers == 0
        ? "every point, probability, loss and gradient is finite"
        : [(points, "coordinates of points"), (answers, "losses, probabilities or gradients")]
          .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " and ") + " are not finite",
      advice: points > 0
        ? "The attack makes points that are not numbers: look for a division by zero in it."
        : "The model or its gradient overflows: the attack cannot have followed it.")
  }

  func budget() -> Check {
    let origins = outcome.examples.inputs
    let outside = outcome.threat.respectsBudget(outcome.adversarial.inputs, around: origins).count { !$0 }
    let farthest = outcome.threat.distances(outcome.adversarial.inputs, from: origins).max() ?? 0
    return Check(
      CheckName.budget, isFine: outside == 0, value: Double(outside),
      finding: String(
        format: "%d of %d points lie outside the ball; the farthest is %.6g away, ε is %.6g", outside, count, farthest,
        outcome.threat.epsilon),
      advice: "\(name) does not keep to its budget, so the number is of another, larger ε.")
  }

  func box() -> Check {
    let outside = outcome.threat.respectsBox(outcome.adversarial.inputs).count { !$0 }
    return Check(
      CheckName.box, isFine: outside == 0, value: Double(outside),
      finding: "\(outside) of \(count) points lie outside the box",
      advice: "\(name) returns inputs that cannot exist: clip to the box.")
  }

  /// A ball that holds the whole box, whatever the input: nothing of the input is left. Nil for a smaller one.
  func radius() -> Check? {
    let threat = outcome.threat
    let width = threat.box.upperBound - threat.box.lowerBound
    let widths =
      threat.boxPerFeature?.map { $0.upperBound - $0.lowerBound }
      ?? Array(repeating: width, count: outcome.examples.inputs.rowSize)
    let reach =
      switch threat.norm {
      case .linf: widths.max() ?? 0
      case .l2: widths.reduce(0) { $0 + $1 * $1 }.squareRoot()
      }
    guard threat.epsilon >= reach, threat.epsilon > 0 else { return nil }
    return Check(
      CheckName.radius, .warning, value: threat.epsilon / reach,
      finding: String(
        format: "the ball of ε %.6g holds the whole box [%.6g, %.6g], so that nothing of the input is left",
        threat.epsilon, threat.box.lowerBound, threat.box.upperBound),
      advice:
        "Every input may become every other one: only a constant decision withstands that. Give ε in the units of the inputs"
        + (threat.norm == .linf && width == 1 && threat.epsilon >= 1 && threat.epsilon <= 255
          ? String(format: ", for instance %.6g/255.", threat.epsilon) : "."))
  }

  /// What was not asked of the posterior says nothing about how far an attack that asks it would come.
  func surrogate(_ surrogate: Surrogate) -> Check {
    Check(
      CheckName.surrogate, .warning, value: Double(surrogate.draws.count),
      finding: "\(name) climbed on \(surrogate.name), and the posterior only decided",
      advice: "This is how much transfers. An attack on the posterior itself may find much more: leave out --surrogate."
    )
  }

  func zeroGradients() -> Check {
    let asked = outcome.record.hadGradient.count { $0 }
    guard asked > 0 else {
      return Check(CheckName.zeroGradients, .notRun, finding: "\(name) asks for no gradient")
    }
    // Where the decision fell all the same, a gradient that vanished on the way did no harm.
    let stuck = zip(outcome.record.hadZeroGradient, outcome.withstood).count { $0 && $1 }
    let fraction = Double(stuck) / Double(asked)
    return Check(
      CheckName.zeroGradients, isFine: fraction <= 0.01, value: fraction,
      finding: "the gradient of \(percent(fraction)) of the examples was exactly zero, and they stand",
      advice: "The attack could not move these examples: \"robust\" here means \"not attacked\". "
        + (arithmetic == .logDomain
          ? "Try another objective, random starts, or an attack without gradients." : "Try --arithmetic log-domain."))
  }

  func silentSuccess() -> Check {
    let missed = outcome.examples.labels.indices.count {
      outcome.withstood[$0] && (outcome.isTargeted ? outcome.record.reachedGoal[$0] : outcome.fooledByAnyQuery[$0])
    }
    return Check(
      CheckName.silentSuccess, isFine: missed <= tolerance(0.02), value: Double(missed) / Double(count),
      finding: "\(missed) examples were fooled by a point that the attack saw and did not return",
      advice: "Judge by robustAccuracyBestQuery, and let \(name) keep its best point.")
  }

  func noise(_ noise: [Bool]) -> Check {
    let (more, less) = discordant(noise)
    return Check(
      CheckName.noise, isFine: !isStronger(noise), value: Double(more - less) / Double(count),
      finding: "random noise fools \(more) examples that \(name) does not, and misses \(less)",
      advice: "An attack that loses to noise is no evidence: the gradient or the step is broken.")
  }

  func fgsm(_ oneStep: [Bool]) -> Check {
    let (more, less) = discordant(oneStep)
    return Check(
      CheckName.fgsm, isFine: !isStronger(oneStep), value: Double(more - less) / Double(count),
      finding: "one step (FGSM) fools \(more) examples that \(name) does not, and misses \(less)",
      advice: "Many steps must not be weaker than one: look at the step size.")
  }

  /// The attack has converged when twice the effort leaves the number inside its own 95 % interval.
  ///
  /// - Parameter fooled: how many of the examples that withstood the run fall to the companion.
  func doubled(_ check: String, _ fooled: Int, what: String) -> Check {
    let standing = outcome.withstood.count { $0 }
    let accuracy = Estimate.proportion(standing, of: count)
    let left = Double(standing - fooled) / Double(count)
    return Check(
      check, isFine: fooled <= tolerance(0.005) || left >= accuracy.low ?? 0, value: Double(fooled) / Double(count),
      finding:
        "twice the \(what) fool \(fooled) more of \(count) examples: \(percent(left)) withstand, not \(percent(accuracy.value))",
      advice: "The attack has not converged, so the robust accuracy is too high: raise \(what) until it stops falling.")
  }

  /// - Parameter larger: correct decisions of the same attack at the next larger ε.
  func monotone(_ larger: [Bool], epsilon: Double) -> Check {
    let mine = outcome.withstood.count { $0 }
    let other = larger.count { $0 }
    return Check(
      CheckName.monotone, isFine: other - mine <= tolerance(0.005), value: Double(other - mine) / Double(count),
      finding: "at ε \(epsilon) \(other) of \(count) examples withstand, here \(mine)",
      advice: "A larger budget contains the smaller one: the attack is too weak at the larger ε.")
  }

  /// Whether the other result fools more examples than this one, by more than the tolerance and by more than chance:
  /// McNemar's one-sided test says so at 5 %, or it misses none that this one fools (of few examples: and takes the
  /// accuracy out of its own interval). Near a curved boundary two good attacks fool different examples.
  private func isStronger(_ otherWithstood: [Bool]) -> Bool {
    let (more, less) = discordant(otherWithstood)
    guard more - less > tolerance(0.005) else { return false }
    if PairedComparison(outcome.withstood, otherWithstood).pValue <= 0.1 { return true }
    guard less == 0 else { return false }
    let standing = outcome.withstood.count { $0 }
    let left = Double(standing - more) / Double(count)
    return count >= 20 || left < Estimate.proportion(standing, of: count).low ?? 0
  }

  /// Examples that the other result fools and this one does not, and the other way round.
  private func discordant(_ otherWithstood: [Bool]) -> (more: Int, less: Int) {
    let pairs = zip(otherWithstood, outcome.withstood)
    return (pairs.count { !$0 && $1 }, pairs.count { $0 && !$1 })
  }
}
