public import RobustnessCore

/// One attack with its options as given, and the norm it works in.
public struct AttackRequest: Sendable {
  /// The attack.
  public var attack: any Attack.Type
  /// Options that differ from the defaults, by name as on the command line: `["random-start": "false"]`. The command
  /// line checks the names before; here one that the attack does not have is ignored.
  public var assignments: [String: String]
  /// The norm of the threat model.
  public var norm: Norm

  /// As on the command line: `pgd:preset=foolbox,steps=20`.
  public var text: String { OptionText.text(attack.name, assignments) }

  /// An attack with its options; without a norm the first that the attack supports.
  public init(_ attack: any Attack.Type, assignments: [String: String] = [:], norm: Norm? = nil) {
    self.attack = attack
    self.assignments = assignments
    self.norm = norm ?? attack.capabilities.norms[0]
  }
}

/// Which draws an attack sees, as opposed to those that its result is judged on.
public enum AttackDraws: Sendable, Hashable, LosslessStringConvertible, CodableAsText {
  /// The draws of the evaluation: white box on the deployed ensemble.
  case same
  /// This many draws, evenly spaced; the others judge. Tells how far an attack over-fits the draws it saw.
  case disjoint(Int)
  /// This many draws, drawn afresh for every query (expectation over transformation).
  case resampled(Int)

  /// Reads `same`, `disjoint:N` or `resampled:N`.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    switch (parts.first, parts.count) {
    case ("same", 1): self = .same
    case ("disjoint", 2): if let n = Int(parts[1]), n > 0 { self = .disjoint(n) } else { return nil }
    case ("resampled", 2): if let n = Int(parts[1]), n > 0 { self = .resampled(n) } else { return nil }
    default: return nil
    }
  }

  /// The text that `init` reads.
  public var description: String {
    switch self {
    case .same: "same"
    case .disjoint(let count): "disjoint:\(count)"
    case .resampled(let count): "resampled:\(count)"
    }
  }
}

/// What a targeted attack aims at.
public enum TargetRule: Sendable, Hashable, LosslessStringConvertible, CodableAsText {
  /// Any wrong decision.
  case untargeted
  /// This class, for every example; examples of that class aim at the next one.
  case fixed(Int)
  /// The class after the true one.
  case next
  /// The class that the predictive finds least likely.
  case leastLikely
  /// Every class but the true one, one after the other, until a wrong decision is found: any wrong decision counts.
  /// First comes the class whose margin log p̄_y − log p̄_k is smallest beside the norm of its gradient (Melamed, Yehudai
  /// and Shamir, NeurIPS 2024, *MALT*, for the predictive).
  case each

  /// Reads a class number, `next`, `least-likely`, `each`, or `untargeted`.
  public init?(_ text: String) {
    switch text {
    case "untargeted": self = .untargeted
    case "next": self = .next
    case "least-likely": self = .leastLikely
    case "each": self = .each
    default:
      guard let number = Int(text), number >= 0 else { return nil }
      self = .fixed(number)
    }
  }

  /// The text that `init` reads.
  public var description: String {
    switch self {
    case .untargeted: "untargeted"
    case .fixed(let target): "\(target)"
    case .next: "next"
    case .leastLikely: "least-likely"
    case .each: "each"
    }
  }

  /// Whether success is a class of its own for each example, and not any wrong decision.
  public var isOneClass: Bool { self != .untargeted && self != .each }
}

/// Everything that an evaluation does, apart from what it is done to.
public struct EvaluationPlan: Sendable {
  /// The attacks; random noise is added where it is missing.
  public var attacks: [AttackRequest]
  /// The losses whose gradients are followed.
  public var objectives: [Objective]
  /// Radii, in the units of the inputs.
  public var epsilons: [Double]
  /// For L∞: what ε is multiplied by in each channel, the first axis of an input; empty for one ε everywhere.
  public var epsilonFactors: [Double] = []
  /// The box that inputs live in.
  public var box: ClosedRange<Double>
  /// How outputs become a class.
  public var decision: Decision
  /// Metrics beside accuracy.
  public var metrics: [any RobustnessMetric.Type]
  /// Draws that judge.
  public var draws: DrawSelection
  /// Draws that the attack sees.
  public var attackDraws: AttackDraws
  /// What success means.
  public var target: TargetRule
  /// How the gradients that attacks follow are made.
  public var gradient = GradientRule.exact
  /// What answers attacks in the posterior's place; nil for the posterior itself.
  public var surrogate: Surrogate?
  /// Names all random streams.
  public var seed: UInt64
  /// How much work the comparison with finite differences may do.
  public var finiteDifferences: FiniteDifferenceEffort
  /// How much the checks may spend.
  public var checks = CheckLevel.standard
  /// Whether the smallest ε of every example is searched, up to the largest of `epsilons`.
  public var curve = false
  /// A defence that rejects uncertain inputs, which is attacked as well; nil for none.
  public var rejection: RejectionRule?
  /// Steps of one climb of the adaptive attack; nil for what `checks` says.
  var adaptiveSteps: Int?
  /// What is certified beside the attacks, in every ball that they search.
  public var certificates: [CertificateRequest] = []
  /// Memory that may be taken for draws that are kept between the questions of certificates.
  var certificateCacheBytes = 256 << 20
  /// Whether results say what every run did to every example.
  public var recordsExamples = false

  /// A plan with the defaults of the command line: the predictive's loss and decision, all draws, untargeted, in the
  /// box [0, 1], seed 0.
  public init(
    attacks: [AttackRequest], objectives: [Objective] = [.predictive], epsilons: [Double],
    box: ClosedRange<Double> = 0...1,
    decision: Decision = .predictive, metrics: [any RobustnessMetric.Type] = [], draws: DrawSelection = .all,
    attackDraws: AttackDraws = .same, target: TargetRule = .untargeted, seed: UInt64 = 0,
    finiteDifferences: FiniteDifferenceEffort = .init()
  ) {
    self.attacks = attacks
    self.objectives = objectives
    self.epsilons = epsilons
    self.box = box
    self.decision = decision
    self.metrics = metrics
    self.draws = draws
    self.attackDraws = attackDraws
    self.target = target
    self.seed = seed
    self.finiteDifferences = finiteDifferences
  }
}

/// The part of the problem on which gradients are compared with `Double`. It is a part of the plan, not of the clock:
/// results do not depend on the machine.
public struct FiniteDifferenceEffort: Sendable, Hashable {
  /// Number of examples, evenly spaced.
  public var examples: Int
  /// Number of draws, evenly spaced.
  public var draws: Int
  /// Number of random directions for each example.
  public var directions: Int

  /// Sixteen examples, at most eight draws, four directions.
  public init(examples: Int = 16, draws: Int = 8, directions: Int = 4) {
    self.examples = examples
    self.draws = draws
    self.directions = directions
  }

  /// An effort of about a second in a network of which one example through one draw takes `operations` floating-point
  /// operations.
  public init(operationsPerExample operations: Double) {
    let budget = 2e10 / max(operations, 1)
    self.init()
    if budget < 16 * 8 * 10 { examples = 8 }
    if budget < 8 * 8 * 10 { examples = 4 }
    if budget < 4 * 8 * 10 { draws = max(1, Int(budget / 40)) }
  }
}
