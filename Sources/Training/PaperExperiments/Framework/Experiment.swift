/// One experiment of the paper.
protocol Experiment: Sendable {
  /// The word of the command line, and the name of folder and files.
  static var name: String { get }
  /// The heading of its page.
  static var title: String { get }

  /// The experiment at a scale.
  init(scale: Scale, seed: UInt64)

  /// Every posterior that it uses.
  var posteriors: [PosteriorSpec] { get }
  /// Seconds that it takes beside the training of its posteriors, on two cores.
  var expectedSeconds: Double { get }
  /// Names everything that its result depends on beside its posteriors: a result with another name is made again.
  var settings: String { get }

  /// Runs it.
  func run(_ context: ExperimentContext) throws -> ExperimentResult
}

/// What an experiment leaves.
struct ExperimentResult: Sendable {
  /// The data.
  var table: ResultTable
  /// The figure.
  var figure: Figure
  /// Paragraphs of the page's parts, in Markdown.
  var ran: String
  /// What the paper says.
  var paper: String
  /// What came out.
  var outcome: String
  /// One sentence for the index: what the numbers say about the claim.
  var judgement: String
  /// The claim that is judged, for the index.
  var claim: String
  /// One word: `supported`, `not supported`, `contradicted`, `undecided`.
  var verdict: Verdict
  /// What the verdict makes of chains that have not converged; a sentence for pages that have some.
  var verdictBasis = "Chains that have not converged do not count towards the verdict."
  /// Numbers that a smoke run is compared by.
  var quantities: [Quantity] = []

  /// What the numbers say about a claim.
  enum Verdict: String, Sendable, Codable {
    case supported
    case notSupported = "not supported"
    case contradicted
    case undecided
  }
}

/// A number with its standard error, compared between runs.
public struct Quantity: Sendable, Hashable {
  /// Experiment, posterior and what it is, with slashes between them.
  public var name: String
  /// The number.
  public var value: Double
  /// Its standard error over repetitions with other seeds.
  public var error: Double

  /// A number with its error.
  public init(_ name: String, _ value: Double, error: Double) {
    self.name = name
    self.value = value
    self.error = error
  }
}

/// All experiments, in the order in which they run.
enum Experiments {
  static let all: [any Experiment.Type] = [
    Figure2.self, Figure3.self, Table1.self, Theorem.self, Figure1.self, Audit.self, Figure4.self, Certificates.self,
  ]
}
