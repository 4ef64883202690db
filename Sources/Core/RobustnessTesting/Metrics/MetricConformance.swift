import RobustnessCore

/// The rules of `MetricRule`, checked on one metric.
struct MetricConformance<M: RobustnessMetric> {
  /// One violation for each broken rule, in the order of the rules.
  func violations() -> [ConformanceViolation] {
    MetricRule.allCases.compactMap { rule in rule.violation { try check(rule) } }
  }

  private func check(_ rule: MetricRule) throws {
    switch rule {
    case .declaration: try checkName(M.name)
    case .value: try checkValue()
    case .interval: try checkInterval()
    case .oneAndMany: for count in [1, 2, 50] { try requireNumber(OutcomeSample(count: count), "\(count) examples") }
    case .twoClasses: try requireNumber(OutcomeSample(classes: 2), "two classes")
    case .inputShapes: try requireNumber(OutcomeSample(inputShape: [2, 3, 3]), "images")
    case .certainty: try requireNumber(OutcomeSample(kind: .certain), "certain predictions", finite: false)
    case .extremes:
      try requireNumber(OutcomeSample(kind: .nobodyFooled), "nobody fooled")
      try requireNumber(OutcomeSample(kind: .everybodyFooled), "everybody fooled")
    case .determinism: try checkDeterminism()
    case .orderIndependence: try checkOrder()
    case .members: try checkMembers()
    }
  }

  private func estimate(_ sample: OutcomeSample, members: Bool = M.needsMembers) throws -> Estimate {
    try M().evaluate(sample.outcomes(members: members))
  }

  private func requireNumber(_ sample: OutcomeSample, _ what: String, finite: Bool = true) throws {
    let value = try estimate(sample).value
    guard finite ? value.isFinite : !value.isNaN else { throw Finding("with \(what) the value is \(value)") }
  }

  private func checkValue() throws {
    let sample = OutcomeSample()
    let estimate = try estimate(sample)
    guard estimate.value.isFinite else { throw Finding("the value is \(estimate.value)") }
    guard !estimate.unit.isEmpty else { throw Finding("there is no unit") }
    guard (1...sample.count).contains(estimate.count) else {
      throw Finding("it says that it rests on \(estimate.count) of \(sample.count) examples")
    }
  }

  private func checkInterval() throws {
    for kind in OutcomeSample.Kind.allCases where kind != .certain {
      let estimate = try estimate(OutcomeSample(kind: kind))
      guard (estimate.low == nil) == (estimate.high == nil) else { throw Finding("only one end is known") }
      guard let low = estimate.low, let high = estimate.high, estimate.value.isFinite else { continue }
      guard low <= estimate.value, estimate.value <= high else {
        throw Finding("\(estimate.value) is not in [\(low), \(high)]")
      }
    }
  }

  private func checkDeterminism() throws {
    let first = try estimate(OutcomeSample())
    let second = try estimate(OutcomeSample())
    guard first.value.bitPattern == second.value.bitPattern, first.low == second.low, first.high == second.high else {
      throw Finding("\(first.value) the first time, \(second.value) the second")
    }
  }

  private func checkOrder() throws {
    let forward = try estimate(OutcomeSample()).value
    let backward = try estimate(OutcomeSample(isReversed: true)).value
    // The order of a sum may show in its last digits.
    guard abs(forward - backward) <= 1e-9 * max(1, abs(forward)) else {
      throw Finding("\(forward) in one order, \(backward) in the other")
    }
  }

  private func checkMembers() throws {
    guard !M.needsMembers else { return try requireNumber(OutcomeSample(), "members") }
    let without: Estimate
    do {
      without = try estimate(OutcomeSample(), members: false)
    } catch {
      throw Finding("needsMembers is false, and without them it throws: \(error)")
    }
    let with = try estimate(OutcomeSample(), members: true)
    guard with.value == without.value else {
      throw Finding("needsMembers is false, but the value is \(without.value) without them and \(with.value) with them")
    }
  }
}
