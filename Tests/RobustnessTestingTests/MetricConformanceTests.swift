import Foundation
import RobustnessCore
import RobustnessTesting
import TestSupport
import Testing

// One metric for each rule, broken in the way that the rule is there to find.

private func fooled(_ outcomes: Outcomes) -> Int { outcomes.adversarialCorrect.count { !$0 } }

private struct ShoutedName: RobustnessMetric {
  static let name = "FOOLED"
  func evaluate(_ outcomes: Outcomes) throws -> Estimate { .proportion(fooled(outcomes), of: outcomes.count) }
}

private struct Unitless: RobustnessMetric {
  static let name = "unitless"
  func evaluate(_ outcomes: Outcomes) throws -> Estimate { .proportion(fooled(outcomes), of: outcomes.count, unit: "") }
}

private struct OutsideItsInterval: RobustnessMetric {
  static let name = "outside-its-interval"
  func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    var estimate = Estimate.proportion(fooled(outcomes), of: outcomes.count)
    estimate.value = 1 - estimate.value
    return estimate
  }
}

private struct NeedsTwo: RobustnessMetric {
  static let name = "needs-two"
  func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    // The sample variance of one example is 0/0.
    let losses = outcomes.labels.indices.map { -outcomes.clean.prediction.logProbabilities[$0, outcomes.labels[$0]] }
    let mean = losses.reduce(0, +) / Double(losses.count)
    let variance = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(losses.count - 1)
    return Estimate(value: variance, unit: "nat²", count: losses.count)
  }
}

private struct ThirdLargest: RobustnessMetric {
  static let name = "third-largest"
  func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    let rows = outcomes.clean.prediction.logProbabilities
    guard rows.shape[1] > 2 else { throw CoreError("there is no third class") }
    return .mean(of: outcomes.labels.indices.map { exp(Array(rows[row: $0]).sorted()[2]) }, unit: "probability")
  }
}

private struct VectorsOnlyMetric: RobustnessMetric {
  static let name = "vectors-only"
  func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    guard outcomes.clean.inputs.shape.count == 2 else { throw CoreError("inputs must be vectors") }
    return .proportion(fooled(outcomes), of: outcomes.count)
  }
}

private struct NaiveEntropy: RobustnessMetric {
  static let name = "naive-entropy"
  func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    let rows = outcomes.clean.prediction.logProbabilities
    return .mean(of: outcomes.labels.indices.map { rows[row: $0].reduce(0) { $0 - exp($1) * $1 } }, unit: "nat")
  }
}

private struct PerFooledExample: RobustnessMetric {
  static let name = "per-fooled-example"
  func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    Estimate(
      value: Double(outcomes.count - fooled(outcomes)) / Double(fooled(outcomes)), unit: "ratio", count: outcomes.count)
  }
}

private struct Dice: RobustnessMetric {
  static let name = "dice"
  func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    Estimate(value: Double.random(in: 0...1), unit: "luck", count: outcomes.count)
  }
}

private struct FirstExample: RobustnessMetric {
  static let name = "first-example"
  func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    Estimate(value: outcomes.clean.prediction.logProbabilities[0, 0], unit: "nat", count: outcomes.count)
  }
}

private struct UndeclaredMembers: RobustnessMetric {
  static let name = "undeclared-members"
  func evaluate(_ outcomes: Outcomes) throws -> Estimate {
    guard let members = outcomes.clean.memberLogProbabilities else { throw CoreError("members are missing") }
    return Estimate(value: exp(members.elements.max() ?? 0), unit: "probability", count: outcomes.count)
  }
}

private func broken<M: RobustnessMetric>(metric: M.Type) -> (rules: [String], text: String) {
  do {
    try expectConformance(of: M.self)
    return ([], "")
  } catch let failure as ConformanceFailure {
    return (failure.violations.map(\.rule), "\(failure)")
  } catch {
    return ([], "\(error)")
  }
}

@Suite(.inTurn) struct `A broken metric fails conformance` {
  static let cases: [(MetricRule, any RobustnessMetric.Type)] = [
    (.declaration, ShoutedName.self), (.value, Unitless.self), (.interval, OutsideItsInterval.self),
    (.oneAndMany, NeedsTwo.self), (.twoClasses, ThirdLargest.self), (.inputShapes, VectorsOnlyMetric.self),
    (.certainty, NaiveEntropy.self), (.extremes, PerFooledExample.self), (.determinism, Dice.self),
    (.orderIndependence, FirstExample.self), (.members, UndeclaredMembers.self),
  ]

  @Test(arguments: MetricRule.allCases) func `and the message names the rule`(_ rule: MetricRule) throws {
    let metric = try #require(Self.cases.first { $0.0 == rule }).1
    let (rules, text) = broken(metric: metric)
    #expect(rules.contains(rule.rawValue), "\(text)")
    #expect(text.contains("\n  \(rule.rawValue) ("))
  }
}
