import FGSM
import PGD
import RobustnessCore

/// Projected gradient descent, whose result a planted attack then spoils.
func soundPoints(
  _ assignments: [String: String] = [:], _ examples: Examples, _ threat: ThreatModel, _ oracle: inout some AttackOracle,
  _ random: RandomStreams
) throws -> Tensor {
  try ProjectedGradientDescent(.init(assignments: assignments))
    .perturb(examples, within: threat, oracle: &oracle, random: random)
}

/// Goes half as far again as it may.
struct LeavesTheBall: Attack {
  static let name = "leaves-the-ball"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var wide = threat
    wide.epsilon *= 1.5
    return try soundPoints([:], examples, wide, &oracle, random)
  }
}

/// Steps along the gradient without a look at the box.
struct LeavesTheBox: Attack {
  static let name = "leaves-the-box"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var points = examples.inputs
    points.stepAlongSign(of: try oracle.ascent(points).gradient.values, by: threat.epsilon)
    return points
  }
}

/// Divides by zero in one coordinate of one example.
struct ReturnsNaN: Attack {
  static let name = "returns-nan"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var points = try soundPoints([:], examples, threat, &oracle, random)
    points[0, 0] = .nan
    return points
  }
}

/// Sees adversarial points, and returns where it started.
struct ReturnsTheStart: Attack {
  static let name = "returns-the-start"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    _ = try soundPoints([:], examples, threat, &oracle, random)
    return examples.inputs
  }
}

/// Goes down the loss instead of up.
struct Descends: Attack {
  static let name = "descends"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var points = examples.inputs
    points.stepAlongSign(of: try oracle.ascent(points).gradient.negated.values, by: threat.epsilon)
    threat.project(&points, around: examples.inputs)
    return points
  }
}

/// One step of those examples whose identifiers say so; the others stay where they are, and nobody asks about them.
func oneStep(
  of examples: Examples, where isAttacked: (Int) -> Bool, _ threat: ThreatModel, _ oracle: inout some AttackOracle
) throws -> Tensor {
  var points = examples.inputs
  let rows = (0..<examples.count).filter { isAttacked(examples.identifiers[$0]) }
  var best = points.rows(rows)
  best.stepAlongSign(of: try oracle.ascent(best, of: rows, objective: nil).gradient.values, by: threat.epsilon)
  threat.project(&best, around: examples.subset(rows).inputs)
  for (position, row) in rows.enumerated() { points.copyRow(position, of: best, to: row) }
  return points
}

/// Attacks every second example only.
struct SkipsHalf: Attack {
  static let name = "skips-half"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    try oneStep(of: examples, where: { $0.isMultiple(of: 2) }, threat, &oracle)
  }
}

/// Leaves every sixth example where it is.
struct SkipsFew: Attack {
  static let name = "skips-few"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    try oneStep(of: examples, where: { !$0.isMultiple(of: 6) }, threat, &oracle)
  }
}

/// Does nothing, and says that it needs no gradient.
struct DoesNothing: Attack {
  static let name = "does-nothing"
  static let capabilities = AttackCapabilities(access: .decisions)
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor { examples.inputs }
}

/// One step until it is given twice the effort that it has by default: as if it stopped before it had converged.
struct StopsEarly: Attack {
  struct Options: PluginOptions {
    var steps = 10
    var restarts = 4
    init() {}
  }
  static let name = "stops-early"
  let options: Options
  let isStrong: Bool
  init(_ options: Options) throws {
    self.options = options
    isStrong = options.steps >= 20 || options.restarts >= 8
  }
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    if isStrong { return try soundPoints([:], examples, threat, &oracle, random) }
    return try FastGradientSignMethod(.init()).perturb(examples, within: threat, oracle: &oracle, random: random)
  }
}

/// The same, for restarts only.
struct HasTooFewRestarts: Attack {
  struct Options: PluginOptions {
    var restarts = 4
    init() {}
  }
  static let name = "too-few-restarts"
  let options: Options
  init(_ options: Options) throws { self.options = options }
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var points = try FastGradientSignMethod(.init()).perturb(examples, within: threat, oracle: &oracle, random: random)
    // One start in ten is a good one.
    let lucky = (0..<examples.count).filter { row in
      (0..<options.restarts).contains { restart in
        var stream = random.stream(example: examples.identifiers[row], restart: restart)
        return stream.uniforms(1)[0] < 0.1
      }
    }
    guard !lucky.isEmpty else { return points }
    var moved = examples.inputs.rows(lucky)
    for _ in 0..<15 {
      let gradient = try oracle.ascent(moved, of: lucky, objective: nil).gradient
      threat.step(&moved, along: gradient.values, by: .relative(1.0 / 6))
      threat.project(&moved, around: examples.inputs.rows(lucky))
    }
    points.replaceRows(lucky, with: moved)
    return points
  }
}

/// Throws half-way.
struct GivesUp: Attack {
  static let name = "gives-up"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    _ = try oracle.ascent(examples.inputs)
    throw CoreError("no more ideas")
  }
}

/// Loses an example.
struct ReturnsTooFew: Attack {
  static let name = "returns-too-few"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor { examples.inputs.rows(1..<examples.count) }
}

/// Refuses more effort than its default.
struct TakesFewSteps: Attack {
  struct Options: PluginOptions {
    var steps = 15
    init() {}
  }
  static let name = "takes-few-steps"
  private let options: Options
  init(_ options: Options) throws {
    guard options.steps <= 15 else { throw CoreError("takes at most 15 steps") }
    self.options = options
  }
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor { try soundPoints(["steps": "\(options.steps)"], examples, threat, &oracle, random) }
}
