import Foundation
import RobustnessCore
import RobustnessTesting

// One attack for each rule, broken in the way that the rule is there to find.

/// A sound attack: one step of ε. The broken ones are variations of it.
protocol OneStep: Attack where Options == NoOptions {}

extension OneStep {
  static func step(
    _ examples: Examples, _ threat: ThreatModel, _ oracle: inout some AttackOracle, by multiple: Double = 1
  ) throws -> Tensor {
    var points = examples.inputs
    threat.step(&points, along: try oracle.ascent(points).gradient.values, by: .relative(multiple))
    return points
  }

  static func soundStep(_ examples: Examples, _ threat: ThreatModel, _ oracle: inout some AttackOracle) throws -> Tensor
  {
    var points = try step(examples, threat, &oracle)
    threat.project(&points, around: examples.inputs)
    return points
  }
}

struct Unpronounceable: OneStep {
  static let name = "My Attack!"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor { try Self.soundStep(examples, threat, &oracle) }
}

struct Overspending: OneStep {
  static let name = "overspending"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var points = try Self.step(examples, threat, &oracle, by: 1.01)
    threat.clipToBox(&points)
    return points
  }
}

struct OutOfTheBox: OneStep {
  static let name = "out-of-the-box"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor { try Self.step(examples, threat, &oracle) }
}

struct AlwaysMoving: OneStep {
  static let name = "always-moving"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var threat = threat
    threat.epsilon = max(threat.epsilon, 1e-4)
    return try Self.soundStep(examples, threat, &oracle)
  }
}

struct ManyOnly: OneStep {
  static let name = "many-only"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    let points = try Self.soundStep(examples, threat, &oracle)
    return examples.count == 1 ? points.reshaped(points.rowShape) : points
  }
}

struct VectorsOnly: OneStep {
  static let name = "vectors-only"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    let points = try Self.soundStep(examples, threat, &oracle)
    return points.reshaped([points.rowCount, points.rowSize])
  }
}

struct ThirdClass: OneStep {
  static let name = "third-class"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    let probabilities = try oracle.logProbabilities(examples.inputs, of: Array(0..<examples.count))
    guard probabilities.shape[1] > 2 else { throw CoreError("the third largest probability is missing") }
    return try Self.soundStep(examples, threat, &oracle)
  }
}

struct DividingByZero: OneStep {
  static let name = "dividing-by-zero"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var points = examples.inputs
    var direction = try oracle.ascent(points).gradient.values
    let norms = direction.rowNorms
    direction.withEachRow { row, g in for i in 0..<points.rowSize { g[i] /= norms[row] } }
    points.add(direction, scaledBy: threat.epsilon)
    threat.project(&points, around: examples.inputs)
    return points
  }
}

struct Unmasked: OneStep {
  static let name = "unmasked"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var threat = threat
    threat.mask = nil
    return try Self.soundStep(examples, threat, &oracle)
  }
}

struct SystemNoise: OneStep {
  static let name = "system-noise"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var points = try Self.soundStep(examples, threat, &oracle)
    points.elements = points.elements.map { $0 + Double.random(in: -1e-3...1e-3) }
    threat.project(&points, around: examples.inputs)
    return points
  }
}

struct NamedByRow: OneStep {
  static let name = "named-by-row"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var points = try Self.soundStep(examples, threat, &oracle)
    for row in 0..<points.rowCount {
      var stream = random.stream(example: row)
      points[row: row] = zip(points[row: row], stream.uniforms(points.rowSize)).map { $0 - 1e-3 * $1 }[...]
    }
    threat.project(&points, around: examples.inputs)
    return points
  }
}

struct SharedScratch: OneStep {
  static let name = "shared-scratch"
  /// What a scratch array kept between calls amounts to: whoever comes last has written it.
  private final class Scratch: @unchecked Sendable {
    private let lock = NSLock()
    private var users = 0
    func enter() { lock.withLock { users += 1 } }
    func leave() { lock.withLock { users -= 1 } }
    var isShared: Bool { lock.withLock { users > 1 } }
  }
  private static let scratch = Scratch()

  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    Self.scratch.enter()
    defer { Self.scratch.leave() }
    let points = try Self.soundStep(examples, threat, &oracle)
    return Self.scratch.isShared ? examples.inputs : points
  }
}

struct AwayFromTheTarget: OneStep {
  static let name = "away-from-the-target"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var points = examples.inputs
    // Turns round what the oracle has turned already.
    let gradient = try oracle.ascent(points).gradient
    let direction = threat.goal == .targeted ? gradient.negated : gradient
    threat.step(&points, along: direction.values, by: .relative(1))
    threat.project(&points, around: examples.inputs)
    return points
  }
}

struct HalfHearted: OneStep {
  static let name = "half-hearted"
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var points = try Self.step(examples, threat, &oracle, by: 0.75)
    threat.project(&points, around: examples.inputs)
    return points
  }
}

/// The guard that other libraries have: a gradient below 10⁻¹² is no gradient.
struct Guarded: OneStep {
  static let name = "guarded"
  static let capabilities = AttackCapabilities(norms: [.l2])
  init(_ options: NoOptions) throws {}
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var points = examples.inputs
    var direction = try oracle.ascent(points).gradient.plain
    let norms = direction.rowNorms
    direction.withEachRow { row, g in for i in 0..<points.rowSize { g[i] /= max(norms[row], 1e-12) } }
    points.add(direction, scaledBy: threat.epsilon)
    threat.project(&points, around: examples.inputs)
    return points
  }
}
