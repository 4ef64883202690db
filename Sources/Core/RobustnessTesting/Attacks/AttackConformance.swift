import RobustnessCore

/// The rules of `AttackRule`, checked on one attack.
struct AttackConformance<A: Attack> {
  let options: [String: String]

  /// One violation for each broken rule, in the order of the rules.
  func violations() -> [ConformanceViolation] {
    AttackRule.allCases.compactMap { rule in rule.violation { try check(rule) } }
  }

  private func check(_ rule: AttackRule) throws {
    switch rule {
    case .declaration: try checkDeclaration()
    case .budget: try checkBudget()
    case .box: try checkBox()
    case .zeroEpsilon: try checkZeroEpsilon()
    case .oneAndMany: try checkCounts()
    case .inputShapes: try checkInputShapes()
    case .twoClasses: try checkTwoClasses()
    case .zeroGradients: try checkZeroGradients()
    case .mask: try checkMask()
    case .determinism: try checkDeterminism()
    case .batchIndependence: try checkBatches()
    case .threadIndependence: try checkThreads()
    case .target: try checkTarget()
    case .strength: try checkStrength()
    }
  }

  // MARK: - Running the attack

  var norms: [Norm] { A.capabilities.norms }
  var isTargeted: Bool { A.capabilities.targeted }
  /// Enough classes for the attack, and more than two, so that there is a choice of rivals.
  var classCount: Int { max(4, A.capabilities.minimumClasses) }
  static var streams: RandomStreams { RandomStreams(seed: 3, purpose: "conformance/attack") }

  /// The points that the attack returns, which must be finite and of the shape of the inputs.
  func points(_ oracle: ConformanceOracle<some PosteriorEnsemble>, _ threat: ThreatModel) throws -> Tensor {
    let attack = try A(A.Options(assignments: options))
    var oracle = oracle
    let points = try attack.perturb(oracle.examples, within: threat, oracle: &oracle, random: Self.streams)
    guard points.shape == oracle.examples.inputs.shape else {
      throw Finding("for inputs of shape \(oracle.examples.inputs.shape) it returns \(points.shape)")
    }
    guard points.nonFiniteCount == 0 else {
      throw Finding(
        "\(points.nonFiniteCount) of \(points.elements.count) elements are not finite \(Self.place(threat))")
    }
    return points
  }

  func points(on ensemble: some PosteriorEnsemble, _ examples: Examples, _ threat: ThreatModel) throws -> Tensor {
    try points(ConformanceOracle(ensemble, examples, goal: threat.goal), threat)
  }

  static func place(_ threat: ThreatModel) -> String {
    let radius = threat.epsilonPerFeature == nil ? "ε = \(threat.epsilon)" : "a radius for each feature"
    return "in \(threat.norm.symbol) with \(radius)"
  }

  /// Four features, three smooth networks, seven examples: the problem of most rules.
  private var plain: (ensemble: ModelList<SmoothModel>, examples: Examples) {
    get throws {
      let ensemble = ModelList.smooth(inputShape: [6], classCount: classCount)
      return (ensemble, try examples(7, of: ensemble))
    }
  }

  private func requireInside(_ points: Tensor, _ examples: Examples, _ threat: ThreatModel) throws {
    try requireBudget(points, examples, threat)
    try requireBox(points, threat)
  }

  private func requireBudget(_ points: Tensor, _ examples: Examples, _ threat: ThreatModel) throws {
    guard let row = threat.respectsBudget(points, around: examples.inputs).firstIndex(of: false) else { return }
    let distance = threat.distances(points, from: examples.inputs)[row]
    throw Finding("example \(row) is moved by \(distance) \(Self.place(threat)). Call threat.project before returning")
  }

  private func requireBox(_ points: Tensor, _ threat: ThreatModel) throws {
    guard let row = threat.respectsBox(points).firstIndex(of: false) else { return }
    throw Finding(
      "example \(row) leaves [\(threat.box.lowerBound), \(threat.box.upperBound)] \(Self.place(threat)): "
        + "its elements are \(Array(points[row: row])). Call threat.project before returning")
  }

  // MARK: - Rules

  private func checkDeclaration() throws {
    try checkName(A.name)
    let described = try A.Options(assignments: options).described()
    var assignments: [String: String] = [:]
    for (name, value) in described { assignments[name] = value }
    let again = try A.Options(assignments: assignments).described()
    guard zip(described, again).allSatisfy({ $0 == $1 }), described.count == again.count else {
      throw Finding("the options \(described) read back as \(again)")
    }
    for norm in norms { _ = try A.Options(assignments: options).resolved(for: norm) }
  }

  private func checkBudget() throws {
    let (ensemble, examples) = try plain
    for norm in norms {
      for epsilon in [0.01, 0.3, 5] {
        let threat = try ThreatModel(norm: norm, epsilon: epsilon)
        try requireBudget(try points(on: ensemble, examples, threat), examples, threat)
      }
    }
    if norms.contains(.linf) {
      let threat = try ThreatModel(epsilon: 0.3, epsilonPerFeature: [0.3, 0.1, 0, 0.05, 0.2, 0.3])
      try requireBudget(try points(on: ensemble, examples, threat), examples, threat)
    }
  }

  private func checkBox() throws {
    for box in [0.0...1, -0.5...0.75] {
      let ensemble = ModelList.smooth(inputShape: [6], classCount: classCount)
      let inputs = try examples(7, of: ensemble, in: box)
      for norm in norms {
        for epsilon in [0.05, 0.5] {
          let threat = try ThreatModel(norm: norm, epsilon: epsilon, box: box)
          try requireBox(try points(on: ensemble, inputs, threat), threat)
        }
      }
    }
  }

  private func checkZeroEpsilon() throws {
    let (ensemble, examples) = try plain
    for norm in norms {
      let threat = try ThreatModel(norm: norm, epsilon: 0)
      let points = try points(on: ensemble, examples, threat)
      let moved = zip(points.elements, examples.inputs.elements).map { abs($0 - $1) }.max() ?? 0
      guard moved == 0 else { throw Finding("in \(norm.symbol) a feature is moved by \(moved)") }
    }
  }

  private func checkCounts() throws {
    let (ensemble, _) = try plain
    for norm in norms {
      for count in [1, 2, 33] {
        let inputs = try examples(count, of: ensemble)
        let threat = try ThreatModel(norm: norm, epsilon: 0.1)
        do {
          try requireInside(try points(on: ensemble, inputs, threat), inputs, threat)
        } catch {
          throw Finding("with \(count) input\(count == 1 ? "" : "s"): \(error)")
        }
      }
    }
  }

  private func checkInputShapes() throws {
    for shape in [[5], [1, 4, 3], [3, 2, 2]] {
      let ensemble = ModelList.smooth(inputShape: shape, classCount: classCount)
      let inputs = try examples(3, of: ensemble)
      for norm in norms {
        let threat = try ThreatModel(norm: norm, epsilon: 0.1)
        do {
          try requireInside(try points(on: ensemble, inputs, threat), inputs, threat)
        } catch {
          throw Finding("with inputs of shape \(shape): \(error)")
        }
      }
    }
  }

  private func checkTwoClasses() throws {
    guard A.capabilities.minimumClasses <= 2 else { return }
    let ensemble = ModelList.smooth(inputShape: [6], classCount: 2)
    let inputs = try examples(7, of: ensemble)
    for norm in norms {
      for goal in isTargeted ? [ThreatModel.Goal.untargeted, .targeted] : [.untargeted] {
        let threat = try ThreatModel(norm: norm, epsilon: 0.1, goal: goal)
        try requireInside(try points(on: ensemble, inputs, threat), inputs, threat)
      }
    }
  }

  private func checkZeroGradients() throws {
    let constant = ModelList(members: [
      LinearModel(
        weights: [[Double]](repeating: [0, 0, 0, 0], count: classCount), bias: (0..<classCount).map { Double($0) })
    ])
    let inputs = try examples(5, of: constant)
    for norm in norms {
      let threat = try ThreatModel(norm: norm, epsilon: 0.2)
      try requireInside(try points(on: constant, inputs, threat), inputs, threat)
    }
  }

  private func checkMask() throws {
    let (ensemble, examples) = try plain
    let mask = [true, false, true, false, false, true]
    for norm in norms {
      let threat = try ThreatModel(norm: norm, epsilon: 0.2, mask: mask)
      let points = try points(on: ensemble, examples, threat)
      for row in 0..<examples.count {
        for feature in mask.indices where !mask[feature] && points[row, feature] != examples.inputs[row, feature] {
          throw Finding(
            "in \(norm.symbol) feature \(feature) of example \(row), which must not change, goes from "
              + "\(examples.inputs[row, feature]) to \(points[row, feature])")
        }
      }
    }
  }

  private func checkDeterminism() throws {
    let (ensemble, examples) = try plain
    for norm in norms {
      let threat = try ThreatModel(norm: norm, epsilon: 0.2)
      let first = try points(on: ensemble, examples, threat)
      let second = try points(on: ensemble, examples, threat)
      try requireSame(
        first, second, "a second run in \(norm.symbol)",
        advice: "take random numbers from the streams that perturb is given")
    }
  }

  private func checkBatches() throws {
    let (ensemble, examples) = try plain
    for norm in norms {
      let threat = try ThreatModel(norm: norm, epsilon: 0.2)
      let whole = try points(on: ensemble, examples, threat)
      let advice = "name random streams by examples.identifiers, and let no row depend on another"
      for row in 0..<examples.count {
        let alone = try points(on: ensemble, examples.subset([row]), threat)
        try requireSame(whole.rows([row]), alone, "example \(row) alone in \(norm.symbol)", advice: advice)
      }
      let order = [3, 5, 6, 0, 4, 1, 2]
      let permuted = try points(on: ensemble, examples.subset(order), threat)
      try requireSame(whole.rows(order), permuted, "another order in \(norm.symbol)", advice: advice)
    }
  }

  private func checkThreads() throws {
    let (ensemble, examples) = try plain
    for norm in norms {
      let threat = try ThreatModel(norm: norm, epsilon: 0.2)
      let alone = try points(on: ensemble, examples, threat)
      let together = try onThreads(3) { _, rendezvous in
        try points(ConformanceOracle(ensemble, examples, rendezvous: rendezvous), threat)
      }
      for points in together {
        try requireSame(
          alone, points, "with three threads at once in \(norm.symbol)", advice: "keep no state outside perturb")
      }
    }
  }

  private func requireSame(_ a: Tensor, _ b: Tensor, _ what: String, advice: String) throws {
    let difference = zip(a.elements, b.elements).map { abs($0 - $1) }.max() ?? 0
    guard a == b else { throw Finding("\(what) gives points that differ by \(difference): \(advice)") }
  }

  private func checkTarget() throws {
    guard isTargeted, A.capabilities.access == .gradients else { return }
    // The class with the largest input wins; ε = 0.6 is more than enough to lift any of them over the others.
    let classes = classCount
    let identity = ModelList(members: [
      LinearModel(
        weights: (0..<classes).map { k in (0..<classes).map { $0 == k ? 8.0 : 0 } },
        bias: [Double](repeating: 0, count: classes))
    ])
    let labels = [0, 1, classes - 1]
    let inputs = labels.flatMap { label in (0..<classes).map { $0 == label ? 0.6 : 0.4 } }
    let examples = Examples(
      inputs: Tensor(shape: [labels.count, classes], elements: inputs), labels: labels, targets: [2, 3, 0])
    for norm in norms {
      let threat = try ThreatModel(norm: norm, epsilon: 0.6, goal: .targeted)
      let oracle = ConformanceOracle(identity, examples, goal: .targeted)
      let reached = try oracle.isReached(at: points(oracle, threat))
      guard let row = reached.firstIndex(of: false) else { continue }
      throw Finding(
        "in \(norm.symbol) the target of example \(row) is missed on a linear model where ε is twice what it takes. "
          + "The oracle's values and gradients point towards the target already")
    }
  }
}
