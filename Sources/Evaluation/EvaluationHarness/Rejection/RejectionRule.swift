public import RobustnessCore
import Shell

/// A defence that answers nothing where the ensemble is uncertain: inputs whose score lies above a threshold are
/// rejected. The threshold is where a fraction of the clean inputs, at most, is rejected.
public struct RejectionRule: Sendable, Hashable, LosslessStringConvertible, CodableAsText {
  /// What is compared with the threshold.
  public var score: UncertaintyScore
  /// The largest fraction of the clean inputs that may be rejected, between 0 and 1, both excluded.
  public var rate: Double

  /// A rule; nil for a rate that is not between 0 and 1.
  public init?(_ score: UncertaintyScore, rate: Double) {
    guard rate > 0, rate < 1 else { return nil }
    self.score = score
    self.rate = rate
  }

  /// Reads `SCORE:RATE`, for instance `mutual-information:0.05`.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let score = UncertaintyScore(rawValue: parts[0].lowercased()),
      let rate = Double.reading(numberOrFraction: parts[1])
    else { return nil }
    self.init(score, rate: rate)
  }

  /// The text that `init` reads.
  public var description: String { "\(score.rawValue):\(rate)" }

  /// What is wrong with a text that is no rule.
  static func problem(with text: String) -> String {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let names = UncertaintyScore.allCases.map(\.rawValue)
    let name = String(parts.first ?? "")
    guard UncertaintyScore(rawValue: name.lowercased()) != nil else {
      return "--reject has no score named '\(name)'.\(Suggestion.didYouMean(name, among: names)) Available: "
        + names.joined(separator: ", ")
    }
    return
      "--reject takes the fraction of clean inputs that may be rejected, between 0 and 1, both excluded, behind the score, "
      + "as in \(name):0.05, not '\(text)'"
  }
}

/// A rule with its threshold.
struct Detector: Sendable {
  let score: UncertaintyScore
  /// What a score must exceed to be rejected.
  let threshold: Double

  /// The lowest score of a clean input at which no more than the rule's rate of them lie above. Clean inputs that are
  /// tied with it are accepted, so that ties reject fewer. A score that is not a number is never rejected: nothing may
  /// look robust for it.
  ///
  /// - Throws: `CoreError` when all clean inputs have one score.
  init(_ rule: RejectionRule, clean: [Double]) throws(CoreError) {
    let sorted = clean.map { $0.isNaN ? -.infinity : $0 }.sorted()
    guard let first = sorted.first, let last = sorted.last, first < last else {
      throw CoreError(
        "--reject \(rule) needs scores that differ: that of "
          + (clean.count == 1 ? "the only clean input" : "all \(clean.count) clean inputs")
          + " is \(clean.first ?? .nan)")
    }
    // 0.29 · 100 is 28.999…
    let rejected = min(sorted.count - 1, Int((rule.rate * Double(sorted.count) + 1e-9).rounded(.down)))
    score = rule.score
    threshold = sorted[sorted.count - 1 - rejected]
  }

  /// Whether the input of this score is rejected.
  func rejects(_ score: Double) -> Bool { score > threshold }
}

extension RejectionRule {
  /// Refuses what it cannot work with.
  ///
  /// - Throws: `CoreError`.
  func check(_ plan: EvaluationPlan, _ subject: EvaluationSubject, draws: Int) throws(CoreError) {
    guard score != .mutualInformation || draws > 1 else {
      throw CoreError("--reject \(self) needs two draws at least: the mutual information of one is 0 everywhere")
    }
    guard subject.arithmetic == .logDomain else {
      throw CoreError("--reject needs gradients of the score, which are computed in log-domain arithmetic only")
    }
    guard !plan.target.isOneClass, !plan.curve else {
      throw CoreError("--reject is about any wrong decision within one ball: neither a class to aim at nor a curve")
    }
  }
}

extension UncertaintyScore {
  /// All names, for people.
  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
