import BuiltInPlugins
import Foundation
import Reporting
import RobustnessCore
import TestSupport
import Testing

@testable import EvaluationHarness

/// A defence that rejects uncertain inputs, and the attack that knows it.
@Suite(.inTurn) struct `Rejection of uncertain inputs` {
  static func rule(_ text: String = "mutual-information:0.05") throws -> RejectionRule {
    try #require(RejectionRule(text))
  }

  /// PGD on the first examples of a posterior, with rejection.
  static func result(
    _ oracle: Oracle, _ count: Int = 40, rule text: String = "mutual-information:0.1", attack: String = "pgd",
    change: (inout EvaluationPlan) -> Void = { _ in }
  ) throws -> EvaluationResult {
    let (subject, box) = try oracle.subject(count)
    return try subject.evaluated([request(attack)], epsilons: [oracle.reference().epsilon], box: box) {
      $0.rejection = RejectionRule(text)
      $0.checks = .quick
      change(&$0)
    }
  }

  static func rejection(_ result: EvaluationResult) throws -> (blind: RejectionMeasures, adaptive: RejectionMeasures) {
    let own = try #require(result.attackRuns.first?.rejection)
    return (own.blind, try #require(own.adaptive))
  }

  // MARK: - The adaptive attack

  @Test(arguments: [Oracle.relu, .sharp, .moons, .convolution])
  func `is never worth more against an adaptive attack than against a blind one`(_ oracle: Oracle) throws {
    let result = try Self.result(oracle, oracle == .convolution ? 12 : 40)
    let run = try #require(result.attackRuns.first)
    let (blind, adaptive) = try Self.rejection(result)
    let own = try #require(run.rejection)
    #expect(adaptive.robustAccuracy.value <= blind.robustAccuracy.value)
    #expect(zip(own.robust, zip(blind.robust, adaptive.robust)).allSatisfy { $0 == ($1.0 && $1.1) })
    let defence = try #require(result.rejection)
    #expect(defence.lowestFound.map(\.robustAccuracy.value).max() ?? 1 <= own.robustAccuracy.value)
    #expect(own.robustAccuracy.value <= defence.cleanAccuracy.value)
    // Rejecting can only help against points that the blind attack returned, but for clean inputs that it costs.
    for row in 0..<result.examples where run.correct[row] && !defence.cleanRejected[row] { #expect(blind.robust[row]) }
  }

  @Test func `falls to the adaptive attack where the blind one lands among uncertain inputs`() throws {
    let result = try Self.result(.relu)
    let (blind, adaptive) = try Self.rejection(result)
    #expect(adaptive.robustAccuracy.value < blind.robustAccuracy.value - 0.15)
    #expect(adaptive.detection.value < blind.detection.value - 0.1)
    #expect(adaptive.coverage.value > blind.coverage.value)
    let check = try #require(result.attackRuns[0].checks.first { $0.name == "blind-not-stronger" })
    #expect(check.status == .passed && (check.value ?? 0) < 0)
    #expect(result.table.contains("With rejection, "))
  }

  @Test func `keeps points of ball and box that are what it says of them`() throws {
    let (subject, box) = try Oracle.relu.subject(30)
    let epsilon = try Oracle.relu.reference().epsilon
    for norm in Norm.allCases {
      let radius = norm == .linf ? epsilon : 1.5
      let result = try subject.evaluated([request("pgd:norm=\(norm.rawValue)")], epsilons: [radius], box: box) {
        $0.rejection = RejectionRule("mutual-information:0.1")
        $0.checks = .quick
      }
      let own = try #require(result.attackRuns[0].rejection)
      let points = try #require(own.adaptiveInputs)
      let threat = try ThreatModel(norm: norm, epsilon: radius, box: box)
      #expect(threat.respectsBudget(points, around: subject.examples.inputs).allSatisfy { $0 })
      #expect(threat.respectsBox(points).allSatisfy { $0 })
      // Judged again in Double, by the textbook's sum over members.
      let seen = try subject.ensemble.predict(points, draws: .all).classes(.predictive)
      #expect(seen == own.adaptive?.decisions)
      let scores = try MemberwiseEnsemble(base: subject.ensemble, draws: Array(0..<subject.ensemble.drawCount))
        .uncertainties(points, score: .mutualInformation, draws: .all)
      for (score, stated) in zip(scores, own.adaptive?.scores ?? []) { #expect(abs(score - stated) < 1e-5) }
    }
  }

  @Test func `costs what it asks for`() throws {
    let result = try Self.result(.relu, 30) { $0.adaptiveSteps = 5 }
    let own = try #require(result.attackRuns[0].rejection)
    let defence = try #require(result.rejection)
    let draws = result.draws
    // Two gradients a step: of the margin and of the score. From the points found, and twice from elsewhere.
    let turnable = Int((result.cleanAccuracy.value * 30).rounded())
    #expect(own.memberGradients == 2 * draws * 5 * (own.blind.fooled + 2 * turnable))
    #expect(own.memberForwards == 2 * draws * (own.blind.fooled + 2 * turnable))
    #expect(own.queries == 6 * (own.blind.fooled + 2 * turnable))
    #expect(defence.cleanScores.count == 30)
  }

  // MARK: - The check

  @Test func `is not believed where the adaptive attack does nothing`() throws {
    let idle = try Self.result(.relu) { $0.adaptiveSteps = 0 }
    #expect(idle.verdict.failed == ["blind-not-stronger"])
    let (blind, adaptive) = try Self.rejection(idle)
    #expect(adaptive.robustAccuracy.value == idle.rejection?.cleanAccuracy.value)
    // The union is that of the blind attack all the same.
    #expect(idle.attackRuns[0].rejection?.robustAccuracy == blind.robustAccuracy)
    #expect(try Self.result(.relu).verdict.failed == [])
  }

  @Test func `is not looked at where it was not asked for`() throws {
    let (subject, box) = try Oracle.relu.subject(12)
    let result = try subject.evaluated([request("fgsm")], epsilons: [0.05], box: box)
    #expect(result.rejection == nil && result.runs.allSatisfy { $0.rejection == nil })
    #expect(!result.runs.flatMap(\.checks).contains { $0.name == "blind-not-stronger" })
    #expect(!(result.table + result.json.pretty + result.csv).lowercased().contains("reject"))
  }

  // MARK: - What nothing depends on

  @Test func `gives every example the same in another order`() throws {
    var (subject, box) = try Oracle.relu.subject(24)
    func evaluated() throws -> RunRejection {
      let result = try subject.evaluated([request("pgd:steps=5")], epsilons: [0.05], box: box) {
        $0.rejection = RejectionRule("predictive-entropy:0.1")
        $0.adaptiveSteps = 8
        $0.checks = .quick
      }
      return try #require(result.attackRuns[0].rejection)
    }
    let plain = try evaluated()
    let order = Array((0..<24).reversed())
    subject.examples = subject.examples.subset(order)
    let reversed = try evaluated()
    #expect(reversed.adaptiveInputs == plain.adaptiveInputs?.rows(order))
    #expect(reversed.adaptive?.scores == order.compactMap { plain.adaptive?.scores[$0] })
    #expect(reversed.robust == order.map { plain.robust[$0] })
    #expect(reversed.blind.detection.value == plain.blind.detection.value)
  }

  @Test func `with one threshold searches an example alone as among others`() throws {
    let (subject, box) = try Oracle.relu.subject(20)
    let plan = EvaluationPlan(attacks: [try request("pgd")], epsilons: [0.05], box: box)
    let evaluator = try Evaluator(subject: subject, plan: plan, companions: .builtIn)
    let scores = try evaluator.scores(subject.examples.inputs, .mutualInformation)
    let detector = try Detector(Self.rule("mutual-information:0.1"), clean: scores)
    let threat = try ThreatModel(epsilon: 0.05, box: box)
    func search(_ rows: [Int]) throws -> BestPoints {
      let part = subject.examples.subset(rows)
      var search = AdaptiveSearch(evaluator, detector, part, within: threat, steps: 9)
      try search.climb(.jointLoss, from: part.inputs, of: Array(0..<part.count))
      return search.best
    }
    let all = try search(Array(0..<20))
    let some = try search([13, 2])
    #expect(some.points == all.points.rows([13, 2]))
    #expect(some.values == [all.values[13], all.values[2]])
  }

  @Test func `works with every decision, with draws that are not seen, and with every class aimed at`() throws {
    for change in [
      { $0.decision = .majorityVote }, { $0.decision = .singleDraw(3) }, { $0.attackDraws = .disjoint(2) },
      { $0.target = .each },
    ] as [(inout EvaluationPlan) -> Void] {
      let result = try Self.result(.relu, 16, attack: "pgd:steps=4") {
        $0.adaptiveSteps = 6
        change(&$0)
      }
      let (blind, _) = try Self.rejection(result)
      #expect(try #require(result.attackRuns[0].rejection).robustAccuracy.value <= blind.robustAccuracy.value)
    }
  }

  // MARK: - Refusals

  @Test func `needs scores that differ`() throws {
    let error = #expect(throws: CoreError.self) {
      try Detector(Self.rule(), clean: [Double](repeating: 0.25, count: 9))
    }
    #expect(
      "\(error!)"
        == "--reject mutual-information:0.05 needs scores that differ: that of all 9 clean inputs is 0.25")
    let only = #expect(throws: CoreError.self) { try Detector(Self.rule(), clean: [0.25]) }
    #expect("\(only!)".hasSuffix("needs scores that differ: that of the only clean input is 0.25"))
    let alone = ListedEnsemble([ClosedFormNetwork(phase: 0)])
    let subject = ClosedForm.subject(alone, examples: try ClosedForm.examples(8, of: alone))
    let refused = #expect(throws: CoreError.self) {
      try subject.evaluated([request("pgd")]) { $0.rejection = RejectionRule("mutual-information:0.05") }
    }
    #expect("\(refused!)".contains("needs two draws at least"))
    // Of one network entropies differ.
    #expect(
      try subject.evaluated([request("pgd")]) { $0.rejection = RejectionRule("predictive-entropy:0.2") }.rejection
        != nil)
  }

  @Test(arguments: [
    ("mutual-information", "behind the score, as in mutual-information:0.05, not 'mutual-information'"),
    ("mutual-information:0", "between 0 and 1"), ("mutual-information:1", "between 0 and 1"),
    ("mutual-information:x", "between 0 and 1"), ("mutual-information:nan", "between 0 and 1"),
    (
      "mutual-informatoin:0.05",
      "--reject has no score named 'mutual-informatoin'. Did you mean 'mutual-information'? Available: "
        + "predictive-entropy, expected-entropy, mutual-information"
    ),
  ])
  func `is not asked for by other words`(_ text: String, _ sentence: String) {
    #expect(RejectionRule(text) == nil)
    #expect(RejectionRule.problem(with: text).contains(sentence), "\(RejectionRule.problem(with: text))")
  }

  @Test func `takes every uncertainty that is a metric, and means the same by it`() throws {
    let metrics = [any RobustnessMetric.Type].builtIn
    let (subject, _) = try Oracle.relu.subject(10)
    let all = DrawSelection.all
    let seen = Observations(
      inputs: subject.examples.inputs, prediction: try subject.ensemble.predict(subject.examples.inputs, draws: all),
      decisions: subject.examples.labels,
      memberLogProbabilities: try subject.ensemble.memberLogProbabilities(subject.examples.inputs, draws: all))
    let outcomes = Outcomes(
      labels: subject.examples.labels, clean: seen, adversarial: seen,
      fooledByAnyQuery: [Bool](repeating: false, count: 10), threat: try ThreatModel(epsilon: 0), memberGradients: 0)
    var found: Set<String> = []
    for metric in metrics where !metric.name.hasSuffix("-clean") {
      guard try metric.init().evaluate(outcomes).unit == "nat", metric.name != "negative-log-likelihood" else {
        continue
      }
      found.insert(metric.name)
      let score = try #require(UncertaintyScore(rawValue: metric.name), "\(metric.name) is no score")
      let values = try subject.ensemble.uncertainties(subject.examples.inputs, score: score, draws: all)
      #expect(abs(values.reduce(0, +) / 10 - (try metric.init().evaluate(outcomes).value)) < 1e-12)
    }
    #expect(found == Set(UncertaintyScore.allCases.map(\.rawValue)))
  }
}

/// Numbers that scikit-learn and NumPy made: `Tests/Python/make_detection.py`.
@Suite(.inTurn) struct `Detection beside scikit-learn` {
  struct Known: Decodable {
    struct Case: Decodable {
      var name: String
      var attacked: [Double]
      var clean: [Double]
      var auroc: Double
      var standardError: Double
      var jackknifeStandardError: Double
      var thresholds: [Double]
    }
    var rates: [Double]
    var cases: [Case]
  }

  static func known() throws -> Known {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Known.self, from: Data(contentsOf: Fixtures.url("oracles/detection.json")))
  }

  @Test func `the area is the same, and its interval that of DeLong with both scores of an example`() throws {
    for known in try Self.known().cases {
      let area = Estimate.areaUnderROC(attacked: known.attacked, clean: known.clean)
      #expect(abs(area.value - known.auroc) < 1e-14, "\(known.name)")
      guard known.standardError > 0 else {
        #expect(area.low == nil && area.high == nil)
        continue
      }
      let (low, high) = (try #require(area.low), try #require(area.high))
      let half = 1.959963984540054 * known.standardError
      #expect(abs(low - max(0, known.auroc - half)) < 1e-12 && abs(high - min(1, known.auroc + half)) < 1e-12)
      #expect(abs(known.standardError / known.jackknifeStandardError - 1) < 0.05, "\(known.name)")
    }
  }

  @Test func `the threshold is the quantile of the clean scores, and rejects no more than the rate`() throws {
    let known = try Self.known()
    for example in known.cases {
      for (rate, threshold) in zip(known.rates, example.thresholds) {
        let detector = try Detector(try #require(RejectionRule(.mutualInformation, rate: rate)), clean: example.clean)
        #expect(detector.threshold == threshold, "\(example.name) \(rate)")
        let rejected = example.clean.count(where: detector.rejects)
        #expect(Double(rejected) <= rate * Double(example.clean.count) + 1e-9)
        // One more would be too many, where nothing is tied.
        if Set(example.clean).count == example.clean.count {
          #expect(Double(rejected + 1) > rate * Double(example.clean.count))
        }
      }
    }
  }

  @Test func `what is not a number is never rejected`() throws {
    let rule = try #require(RejectionRule(.mutualInformation, rate: 0.5))
    let detector = try Detector(rule, clean: [.nan, 0.1, 0.2, .nan])
    #expect(!detector.rejects(.nan) && detector.rejects(0.3))
    #expect(Estimate.areaUnderROC(attacked: [.nan, 1], clean: [0, 0]).value == 0.5)
    #expect(Estimate.areaUnderROC(attacked: [], clean: []).value.isNaN)
  }
}
