/// A way to look for adversarial inputs.
///
/// ## Conforming to Attack
///
/// An attack is one small value: options in, points out. It never holds the ensemble; it asks an ``AttackOracle``,
/// which the harness owns. The objective, the decision, the draws, the norm and ε are the harness's business, so one
/// attack serves all of them. The smallest conformance is `name`, `Options`, `init(_:)` and `perturb`.
///
/// - SeeAlso: `Plugins/README.md`
public protocol Attack: Sendable {
  /// The options with all their defaults; they are written into every result.
  associatedtype Options: PluginOptions = NoOptions

  /// The name that `--attack` takes: lower case, digits, and hyphens between words, for instance `pgd`.
  static var name: String { get }
  /// One line for `--list-attacks`.
  static var summary: String { get }
  /// What the attack needs and can do.
  static var capabilities: AttackCapabilities { get }

  /// An attack with checked options.
  ///
  /// - Throws: `CoreError` when an option makes no sense.
  init(_ options: Options) throws

  /// Points inside the threat model, one row for each example, as adversarial as the attack can make them.
  ///
  /// The result must depend neither on which other examples are attacked with it nor on the order of the examples: take
  /// random numbers from `random` by ``Examples/identifiers``. `expectConformance` of the module RobustnessTesting
  /// checks it.
  ///
  /// - Parameters:
  ///   - examples: inputs, shape (examples, …input), with labels and, for a targeted goal, targets. The oracle knows
  ///     these too; most attacks need the inputs only.
  ///   - threat: ball, box, mask and goal; it has the steps and the projections.
  ///   - oracle: answers about points; larger values are always better for the attacker.
  ///   - random: streams of this attack, the same for every call with the same seed.
  /// - Returns: points of the shape of `examples.inputs`, in their units. A point outside ball or box does not count as
  ///   adversarial, and a check of the verdict fails.
  /// - Throws: whatever the oracle throws, which ends the evaluation; `CoreError` when the attack cannot do what it is
  ///   asked for.
  func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor
}

/// What an attack needs from the model, and what it can do.
public struct AttackCapabilities: Sendable, Hashable {
  /// What the attack asks of the oracle.
  public enum Access: String, Sendable, Codable {
    /// Nothing: noise.
    case none
    /// Decisions only.
    case decisions
    /// Log-probabilities.
    case scores
    /// Losses and gradients.
    case gradients
  }

  /// What the attack looks for.
  public enum Search: String, Sendable, Codable {
    /// The most adversarial point of the ball.
    case withinBall = "within-ball"
    /// The smallest perturbation that reaches the goal, whatever ε is. It asks about points outside the ball, and
    /// returns those that it found inside.
    case smallestPerturbation = "smallest-perturbation"
  }

  /// What the attack asks of the oracle.
  public var access: Access
  /// The norms it works in; the first is its default.
  public var norms: [Norm]
  /// Whether it can aim at a class.
  public var targeted: Bool
  /// The smallest number of classes it works with.
  public var minimumClasses: Int
  /// What it looks for.
  public var search: Search

  /// Capabilities; by default those of a gradient attack in L∞ or L2, targeted or not.
  public init(
    access: Access = .gradients, norms: [Norm] = [.linf, .l2], targeted: Bool = true, minimumClasses: Int = 2,
    search: Search = .withinBall
  ) {
    precondition(!norms.isEmpty)
    self.access = access
    self.norms = norms
    self.targeted = targeted
    self.minimumClasses = minimumClasses
    self.search = search
  }
}

// MARK: - Default implementations

extension Attack {
  /// A gradient attack in L∞ or L2.
  public static var capabilities: AttackCapabilities { AttackCapabilities() }
  /// No summary.
  public static var summary: String { "" }
}

extension Attack where Options == NoOptions {
  /// An attack with its default options.
  public init() throws { try self.init(NoOptions()) }
}
