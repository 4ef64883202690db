public import RobustnessCore

/// A rejection rule with what it makes of the inputs as given, and of points in their places.
struct Defence: Sendable {
  let rule: RejectionRule
  let detector: Detector
  let labels: [Int]
  /// How many of the examples are distinct: intervals are of so many.
  let distinct: Int
  let cleanDecisions: [Int]
  let cleanScores: [Double]

  /// - Throws: `CoreError` when no threshold tells the clean inputs apart.
  init(_ rule: RejectionRule, labels: [Int], distinct: Int, decisions: [Int], scores: [Double]) throws {
    self.rule = rule
    detector = try Detector(rule, clean: scores)
    self.labels = labels
    self.distinct = distinct
    cleanDecisions = decisions
    cleanScores = scores
  }

  /// Examples whose clean input is decided as its label, accepted or not: those that an attack can turn.
  var attacked: [Int] { labels.indices.filter { cleanDecisions[$0] == labels[$0] } }

  /// Whether each clean input is accepted, and decided as its label.
  var standsAsGiven: [Bool] {
    labels.indices.map { cleanDecisions[$0] == labels[$0] && !detector.rejects(cleanScores[$0]) }
  }

  func proportion(_ flags: [Bool]) -> Estimate {
    .proportion(flags.count { $0 }, of: flags.count, distinct: distinct)
  }

  /// What the rule makes of one point for each example.
  ///
  /// - Parameter isAllowed: Whether each point lies in ball and box: one that does not fools nobody.
  func measures(decisions: [Int], scores: [Double], isAllowed: [Bool]) -> RejectionMeasures {
    let rejected = scores.map(detector.rejects)
    let stands = standsAsGiven
    let robust = labels.indices.map { row in
      stands[row] && (decisions[row] == labels[row] || rejected[row] || !isAllowed[row])
    }
    let fooled = attacked.filter { decisions[$0] != labels[$0] && isAllowed[$0] }
    return RejectionMeasures(
      robust: robust, robustAccuracy: proportion(robust), decisions: decisions, scores: scores, rejected: rejected,
      coverage: proportion(rejected.map { !$0 }), fooled: fooled.count,
      detection: .areaUnderROC(attacked: fooled.map { scores[$0] }, clean: fooled.map { cleanScores[$0] }))
  }
}

/// What a rejection rule makes of the points of an attack.
public struct RejectionMeasures: Sendable {
  /// Whether each example is robust: its clean input is accepted and decided as its label, and the point is decided as
  /// the label too, or rejected.
  public var robust: [Bool]
  /// The fraction of all examples that are robust.
  public var robustAccuracy: Estimate
  /// The class that each point is decided as, were it not rejected.
  public var decisions: [Int]
  /// The score of each point, in nat.
  public var scores: [Double]
  /// Whether each point is rejected.
  public var rejected: [Bool]
  /// The fraction of the points that are accepted.
  public var coverage: Estimate
  /// Examples that are decided as their label at the clean input and not at the point, accepted or not.
  public var fooled: Int
  /// AUROC of the score, these points against the clean inputs of the same examples; NaN where there are none.
  public var detection: Estimate
}
