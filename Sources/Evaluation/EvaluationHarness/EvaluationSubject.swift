public import NeuralNetworks
public import PosteriorFiles
public import RobustnessCore

/// Whether the bytes that were evaluated are what their author signed.
public enum Signature: String, Sendable, Codable {
  /// The digest in the file is that of its content.
  case verified
  /// The file has no digest.
  case unsigned
  /// The content differs from the digest, and was accepted all the same.
  case changed
  /// Not from a file.
  case none
}

/// What is evaluated: an ensemble, the examples, and what is known about its draws.
public struct EvaluationSubject: Sendable {
  /// Name in the report, for instance the file's.
  public var name: String
  /// One line about it, for people.
  public var summary: String
  /// The draws.
  public var ensemble: any PosteriorEnsemble
  /// Inputs and labels.
  public var examples: Examples
  /// An interval for each number of an input, where channels have intervals of their own; they replace the plan's box.
  public var boxPerFeature: [ClosedRange<Double>]?
  /// How the draws came about, where it is known.
  public var origin: DrawOrigin?
  /// Number of chains, and draws in each: draw `chain · drawsPerChain + i`. One chain when nothing is known.
  public var chains: Int
  /// What a sampler recorded, one number for each draw of the ensemble, chain by chain, by ArviZ's name: convergence is
  /// judged by `lp`, `energy` and `diverging`.
  public var statistics: [String: [Double]] = [:]
  /// Draws with distinct weights, where it is known.
  public var distinctDraws: Int?
  /// Whether the content is what its author signed.
  public var signature: Signature
  /// What the file says that does not go together, and what was not taken as it stands.
  public var fileWarnings: [PosteriorWarning] = []
  /// Where the file says that its examples are training data, and how; nil where it says nothing of the kind.
  var trainingDataStatement: String?
  /// Compares the network with the answers of its author's program; gives nil where there are none, and is nil for an
  /// ensemble that comes from no file.
  var reference: (@Sendable () throws -> (findings: ReferenceFindings, author: String)?)?
  /// Names the posterior.
  public var posteriorSHA256: String?
  /// Names the examples.
  public var dataSHA256: String?
  /// Arithmetic of losses and gradients.
  public var arithmetic: Arithmetic
  /// Precision of the products, where it is known.
  public var precision: String?
  /// The kernels that compute them, where it is known.
  public var kernels: String?
  /// The processor that they run on, where it is known.
  public var processor: String?
  /// The threads that compute them, where it is known. Nothing else in a result depends on it but the seconds.
  public var threads: Int?
  /// Which code computes which product; empty where it is not known.
  public var products: [KernelUse] = []
  /// Whether gradients (and what comes with them) are of lower precision than decisions.
  public var hasApproximateGradients: Bool
  /// Reads and packs what the first pass would, so that it is not part of an attack's time.
  public var prepare: (@Sendable () throws -> Void)?

  /// An ensemble that comes from no file.
  public init(name: String, ensemble: any PosteriorEnsemble, examples: Examples, origin: DrawOrigin? = nil) {
    self.name = name
    summary = "\(name) · \(ensemble.drawCount) draws, \(ensemble.classCount) classes"
    self.ensemble = ensemble
    self.examples = examples
    self.origin = origin
    chains = 1
    signature = .none
    arithmetic = .logDomain
    hasApproximateGradients = false
  }
}

/// The members of an ensemble behind the default implementations: in `Double` and in the log domain, whatever the
/// ensemble itself does.
struct MemberwiseEnsemble: PosteriorEnsemble {
  let base: any PosteriorEnsemble
  /// Draws of `base`, in the order that they count here.
  let draws: [Int]

  var inputShape: [Int] { base.inputShape }
  var classCount: Int { base.classCount }
  var drawCount: Int { draws.count }
  func member(_ draw: Int) throws -> AnyModel { AnyModel(base: try base.member(draws[draw])) }
}

struct AnyModel: Model {
  let base: any Model

  var inputShape: [Int] { base.inputShape }
  var classCount: Int { base.classCount }
  func logits(_ inputs: Tensor) throws -> Tensor { try base.logits(inputs) }
  func inputGradient(_ inputs: Tensor, logitGradient: Tensor) throws -> ScaledGradient {
    try base.inputGradient(inputs, logitGradient: logitGradient)
  }
}
