import Foundation
public import RobustnessCore

extension CheckName {
  /// Nothing that was run finds much more than this run.
  public static let lowestFound = "lowest-found"
}

extension VerdictCheck {
  /// A number is wrong when something else, in the same ball and against the same draws, leaves fewer examples than the
  /// number's own interval allows for.
  static let lowestFound = VerdictCheck(
    CheckName.lowestFound,
    needs: CheckName.ofSoundRun + [
      CheckName.noise, CheckName.fgsm, CheckName.doubledSteps, CheckName.doubledRestarts,
    ],
    .ofAll(where: { evidence, _ in evidence.isAttack }) { evidence, comparison in
      let lowest = comparison.lowest
      let withstood = evidence.outcome.withstood
      let own = withstood.count { $0 }
      let left = zip(withstood, lowest.stands).count { $0 && $1 }
      let fell = own - left
      let accuracy = evidence.proportion(own)
      let fraction = Double(left) / Double(evidence.count)
      let names = lowest.names(of: evidence.outcome.withstood)
      let finding =
        fell == 0
        ? "nothing else that was run fools an example that withstood \(evidence.name)"
        : "of \(own) examples that withstood \(evidence.name), \(fell) fall to \(names): \(percent(fraction)) withstand everything, not \(percent(accuracy.value))"
      let advice = "The robust accuracy is too high: read the lowest found, or attack with --attack standard."
      if Double(fell) > 0.005 * Double(evidence.count), fraction < accuracy.low ?? 0 {
        return Check(
          CheckName.lowestFound, .failed, value: Double(fell) / Double(evidence.count), finding: finding, advice: advice
        )
      }
      // A union is never above its parts: only a loss that no choice of examples explains is a reservation.
      let pValue = PairedComparison(withstood, zip(withstood, lowest.stands).map { $0 && $1 }).pValue
      return Check(
        CheckName.lowestFound, pValue < 0.001 ? .warning : .passed, value: Double(fell) / Double(evidence.count),
        finding: finding, advice: pValue < 0.001 ? "The interval holds both. Read the lowest found." : "")
    })
}

extension LowestSearch {
  /// What made the examples fall that a run left standing, in the order of how many.
  func names(of withstood: [Bool]) -> String {
    var counts: [String: Int] = [:]
    for row in withstood.indices where withstood[row] && !stands[row] { counts[foundBy[row] ?? "", default: 0] += 1 }
    let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let shown = sorted.prefix(3).map { "\($0.key) (\($0.value))" }
    return shown.joined(separator: ", ") + (sorted.count > 3 ? " and others" : "")
  }
}

/// The lowest number found in one ball.
public struct LowestFound: Sendable {
  /// Norm of the ball.
  public var norm: Norm
  /// Radius of the ball.
  public var epsilon: Double
  /// Fraction that withstands everything that was run: attacks and companions.
  public var accuracy: Estimate
  /// What each example fell to first; nil where it stands, or is wrong as it is.
  public var foundBy: [String?]
  /// What the checks tried beside the runs.
  public var stages: [StageResult]
  /// Whether twice the effort no longer matters: half of the gradients left as good a number. False also where no
  /// point in between is known.
  public var isSettled: Bool
  /// Gradients for each example, through all draws, that stand behind it.
  public var gradientsPerExample: Double
  /// Points for each example, through all draws, that were only asked about.
  public var forwardsPerExample: Double

  init(_ search: LowestSearch, draws: Int) {
    norm = search.threat.norm
    epsilon = search.threat.epsilon
    accuracy = .proportion(search.stands.count { $0 }, of: search.stands.count, distinct: search.distinct)
    foundBy = search.foundBy
    stages = search.stages
    isSettled = search.isSettled
    let passes = Double(max(1, search.stands.count * draws))
    gradientsPerExample = Double(search.memberGradients) / passes
    forwardsPerExample = Double(search.memberForwards) / passes
  }
}
