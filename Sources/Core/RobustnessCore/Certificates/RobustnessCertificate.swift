/// A proof that nothing inside the threat model changes a decision.
///
/// An attack gives an upper bound on robustness: a point that was found. A certificate gives a lower one: what no point
/// of the ball can undo. With both the truth is enclosed, *certified ≤ true ≤ attacked*.
///
/// ## What is claimed
///
/// The network in real arithmetic whose parameters are the numbers in the file, at all real inputs of ball ∩ box. A
/// margin that is returned has every rounding of its own computation subtracted already.
///
/// ## Conforming to RobustnessCertificate
///
/// A certificate is one small value, like an ``Attack``: options in, margins out. It sees the draws as
/// ``BoundedNetwork``s, whose steps know their own bounds, and never a file. The smallest conformance is `name`,
/// `Options`, `init(_:)` and `certify`; the module BoundPropagation has intervals, linear bounds and the minima over
/// boxes of logits to make one of.
public protocol RobustnessCertificate: Sendable {
  /// The options with all their defaults; they are written into every result.
  associatedtype Options: PluginOptions = NoOptions

  /// The name that `--certify` takes: lower case, digits, and hyphens between words, for instance `linear`.
  static var name: String { get }
  /// One line for `--list-certificates`.
  static var summary: String { get }
  /// The norms it has bounds for.
  static var norms: [Norm] { get }

  /// Whether what is certified holds for the layers in single precision too, at inputs that are single-precision numbers.
  var certifiesSinglePrecision: Bool { get }

  /// A certificate with checked options.
  ///
  /// - Throws: `CoreError` when an option makes no sense.
  init(_ options: Options) throws

  /// Lower bounds on the margin of the decision for the label, over each example's ball.
  ///
  /// What is returned for an example must not depend on which others are asked about with it.
  ///
  /// - Parameters:
  ///   - examples: inputs, shape (examples, …input), and labels.
  ///   - question: ball, box, draws and decision.
  ///   - ensemble: what is certified.
  /// - Throws: ``BoundsUnavailable`` where a layer has no bounds; whatever the ensemble throws.
  func certify<Ensemble: BoundedEnsemble>(
    _ examples: Examples, _ question: CertificateQuestion, of ensemble: Ensemble
  ) throws -> Certification
}

extension RobustnessCertificate {
  /// No summary.
  public static var summary: String { "" }
  /// For real numbers alone.
  public var certifiesSinglePrecision: Bool { false }
  /// Both norms.
  public static var norms: [Norm] { Norm.allCases }
}

extension RobustnessCertificate where Options == NoOptions {
  /// A certificate with its default options.
  public init() throws { try self.init(NoOptions()) }
}

/// What is to be certified.
public struct CertificateQuestion: Sendable {
  /// Ball, box and mask. Its `epsilon` is replaced by `radii`; its goal is any error.
  public var threat: ThreatModel
  /// The radius of each example's ball. Where the threat has a radius for each feature, these are scaled by
  /// `radii[i] / threat.epsilon`.
  public var radii: [Double]
  /// Draws that judge, by index.
  public var draws: [Int]
  /// How outputs become a class.
  public var decision: Decision
  /// Points where the margin is known to be small, of the inputs' shape: what attacks have found. A certificate may
  /// look there first; what it returns is sound wherever they are.
  public var suspects: Tensor?
  /// Throws when the user wants to stop; to be called now and then, for instance after every draw.
  public var interruption: (@Sendable () throws -> Void)?

  /// A question, by default about the predictive's decision.
  public init(
    threat: ThreatModel, radii: [Double], draws: [Int], decision: Decision = .predictive, suspects: Tensor? = nil
  ) {
    precondition(!draws.isEmpty, "a decision needs a draw")
    self.threat = threat
    self.radii = radii
    self.draws = draws
    self.decision = decision
    self.suspects = suspects
  }

  /// The same question about some of the examples.
  public func about(_ rows: [Int]) -> CertificateQuestion {
    var question = self
    question.radii = rows.map { radii[$0] }
    question.suspects = suspects?.rows(rows)
    return question
  }
}

/// What a certificate says about one example.
public struct CertifiedExample: Sendable, Hashable, Codable {
  /// Lower bound on the margin of the label's score above every other class's, over the whole ball, rounding
  /// subtracted: for the predictive's decision a difference of probabilities, for votes a difference of fractions of
  /// the draws, for a single draw a difference of logits. −∞ where nothing is known.
  public var margin: Double
  /// What was subtracted for rounding, at most, in the same unit.
  public var slack: Double
  /// Number of draws whose own decision is proven to be the label throughout the ball.
  public var safeDraws: Int

  /// Wraps what is known.
  public init(margin: Double, slack: Double, safeDraws: Int) {
    self.margin = margin
    self.slack = slack
    self.safeDraws = safeDraws
  }

  /// Nothing is known.
  public static let unknown = CertifiedExample(margin: -.infinity, slack: 0, safeDraws: 0)

  /// Whether no point of the ball changes the decision.
  public var isCertified: Bool { margin > 0 }
}

/// What a certificate says about some examples.
public struct Certification: Sendable, Hashable {
  /// One for each example, in their order.
  public var examples: [CertifiedExample]
  /// Multiplications of the products that it took.
  public var multiplications: Double
  /// What a reader should know about how it was made, sentences without their full stop: for instance which layers were
  /// too large for the tighter of two bounds.
  public var notes: Set<String>

  /// Wraps what is known.
  public init(examples: [CertifiedExample], multiplications: Double = 0, notes: Set<String> = []) {
    self.examples = examples
    self.multiplications = multiplications
    self.notes = notes
  }
}

/// A network has a layer without bounds.
public struct BoundsUnavailable: Error, CustomStringConvertible, Sendable, Hashable {
  /// Which layer, and of what kind.
  public let layer: String

  /// - Parameter layer: for instance `attention.softmax (softmax)`.
  public init(layer: String) { self.layer = layer }

  /// A sentence.
  public var description: String { "no bounds are known for the layer \(layer)" }
}
