public import RobustnessCore
import Shell

/// Everything that an evaluation follows from, as a value: it can be compared, written down and read again.
///
/// The program `evaluate` makes one of its command line; other programs make their own and hand it to an
/// ``EvaluationJob``:
///
/// ```swift
/// var request = EvaluationRequest(.file("posterior.h5"))
/// request.attacks = [AttackSpecification("pgd", options: ["steps": "40"], norm: .l2)]
/// request.epsilons = [0.5, 1]
/// ```
///
/// The properties have the names of the options of the command line, and their defaults.
public struct EvaluationRequest: Codable, Hashable, Sendable {
  /// Where the posterior is.
  public var source: Source
  /// The attacks; random noise is added where it is missing.
  public var attacks = [AttackSpecification("pgd")]
  /// The losses whose gradients are followed, each once.
  public var objectives = [Objective.predictive]
  /// Radii, in the units of the inputs; empty for 0.1 of the width of the box that these live in.
  public var epsilons: [Double] = []
  /// For L∞: what ε is multiplied by in each channel, the first axis of an input; empty for one ε everywhere.
  public var epsilonFactors: [Double] = []
  /// How outputs become a class.
  public var decision = Decision.predictive
  /// Metrics beside accuracy, by name.
  public var metrics: [String] = []
  /// What success means.
  public var target = TargetRule.untargeted
  /// How the gradients that attacks follow are made.
  public var gradient = GradientRule.exact
  /// Whether the smallest ε of every example is searched, up to the largest of `epsilons`.
  public var curve = false
  /// Certificates: what no point of the balls can change.
  public var certify: [CertificateSpecification] = []
  /// A defence that rejects uncertain inputs, which is attacked as well; nil for none.
  public var reject: RejectionRule?
  /// How much the checks may spend, beside the attacks.
  public var checks = CheckLevel.standard
  /// What answers attacks in the posterior's place; nil for the posterior itself.
  public var surrogate: SurrogateRule?
  /// A file with other inputs and labels than the posterior's own.
  public var data: String?
  /// Number of examples, from the first on; nil for all.
  public var examples: Int?
  /// Number of draws, evenly spaced; nil for all.
  public var draws: Int?
  /// Draws that attacks see.
  public var attackDraws = AttackDraws.same
  /// Number of fresh draws from the variational parameters in the file, in place of the stored ones.
  public var resample: Int?
  /// Arithmetic of losses and gradients.
  public var arithmetic = Arithmetic.logDomain
  /// Names all random streams.
  public var seed: UInt64 = 0
  /// Worker threads, on which no result depends; nil for one a core.
  public var threads: Int?
  /// Precision of the gradients' products.
  public var precision = Precision.auto
  /// Bytes of memory that the process may take; nil for as many as it needs.
  public var memoryLimit: Int?
  /// What is written.
  public var format = Format.table
  /// Where the result goes; nil for standard output.
  public var output: String?
  /// An HDF5 file for the inputs that the attacks returned.
  public var saveAdversarial: String?
  /// A file for what every run did to every example: CSV, JSON or HDF5 by its ending.
  public var perExample: String?
  /// A file in which portfolios keep what they have found, to go on from there.
  public var checkpoint: String?
  /// Shared libraries with attacks in C or a language like it.
  public var plugins: [String] = []
  /// Whether a file is read whose content is not what its digest says.
  public var acceptChanged = false

  /// PGD on all examples and draws of a posterior, with the defaults of the command line.
  public init(_ source: Source) { self.source = source }
}

extension EvaluationRequest {
  /// Where a posterior is.
  public enum Source: Hashable, Sendable {
    /// In a posterior file of this path.
    case file(String)
    /// At hand: the caller gives it beside the request.
    case given
  }

  /// Precision of the gradients' products.
  public enum Precision: String, Codable, Sendable, CaseIterable {
    /// Single, and double where layers are saturated or logits are large.
    case auto
    /// Single.
    case float32
    /// Half the bits, on processors that multiply them; decisions stay float32.
    case bfloat16
    /// Double, by the portable kernels.
    case float64
  }

  /// What an evaluation writes.
  public enum Format: String, Codable, Sendable, CaseIterable {
    /// The table and the verdict, for people.
    case table
    /// JSON, with everything.
    case json
    /// CSV, one row for each run.
    case csv
  }
}

// MARK: - Written down

extension EvaluationRequest {
  /// The request in one line of JSON without what has its default, the same for equal requests.
  ///
  /// ```swift
  /// try EvaluationRequest(canonicalText: request.canonicalText) == request
  /// ```
  public var canonicalText: String { CanonicalText.text(of: self, besides: EvaluationRequest(.given)) }

  /// The request that a canonical text describes; what it leaves out has its default.
  ///
  /// - Throws: `DecodingError` for a text that describes none.
  public init(canonicalText: String) throws {
    self = try CanonicalText.value(of: canonicalText, besides: EvaluationRequest(.given))
  }
}

extension EvaluationRequest.Source: Codable {
  private enum CodingKeys: CodingKey { case file }

  /// Reads `{"file": "path"}`, or `{}`.
  public init(from decoder: any Decoder) throws {
    let path = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(String.self, forKey: .file)
    self = path.map { .file($0) } ?? .given
  }

  /// Writes what `init` reads.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    if case .file(let path) = self { try container.encode(path, forKey: .file) }
  }
}
