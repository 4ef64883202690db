public import RobustnessCore
import Shell

/// Everything that a training follows from, as a value: it can be compared, written down and read again.
///
/// The program `train` makes one of its command line; other programs make their own and hand it to
/// ``Train/train(_:samplers:)``:
///
/// ```swift
/// var request = TrainingRequest(sampler: "hmc", samplerOptions: ["warmup": "200"])
/// request.options.data = "half-moons"
/// request.options.architecture = "dense:32,tanh"
/// request.options.draws = 200
/// request.options.output = "moons.h5"
/// ```
public struct TrainingRequest: Codable, Hashable, Sendable {
  /// Where a run comes from.
  public enum Beginning: Codable, Hashable, Sendable {
    /// It is new: by the sampler of this name, with the values of the sampler's own options as text, under the names
    /// that they have on the command line. What is left out has its default.
    case sampler(named: String, options: [String: String])
    /// It was stopped, and goes on from the journal beside this output, which knows the sampler and every option.
    case journal(of: String)
  }

  /// Where the run comes from.
  public var beginning: Beginning
  /// What all samplers share. A run that goes on takes those only that change nothing of its result.
  public var options: Options

  /// A new run.
  ///
  /// - Parameters:
  ///   - sampler: The sampler's name.
  ///   - samplerOptions: Its own options as text, under their names on the command line: `["step-size": "0.1"]`.
  ///   - options: What all samplers share.
  public init(sampler: String, samplerOptions: [String: String] = [:], options: Options = Options()) {
    beginning = .sampler(named: sampler, options: samplerOptions)
    self.options = options
  }

  /// A new run with a sampler that the caller knows as a type.
  ///
  /// - Parameters:
  ///   - sampler: The sampler, which must also be among those that the request is handed to.
  ///   - samplerOptions: Its own options; those that have a value are recorded.
  ///   - options: What all samplers share.
  /// - Throws: What the coding of the options throws.
  public init<S: PosteriorSampler>(
    sampler: S.Type, samplerOptions: S.Options = S.Options(), options: Options = Options()
  ) throws {
    self.init(sampler: S.name, samplerOptions: try samplerOptions.values, options: options)
  }

  /// Going on with a run that was stopped.
  ///
  /// - Parameters:
  ///   - output: The run's output, or its journal.
  ///   - options: `threads`, `dataFolder`, `compress`, `overwrite` and `quiet` may be given anew.
  public init(resuming output: String, options: Options = Options()) {
    beginning = .journal(of: output)
    self.options = options
  }

  // MARK: - Written down

  /// The request in one line of JSON without what has its default, the same for equal requests.
  ///
  /// ```swift
  /// try TrainingRequest(canonicalText: request.canonicalText) == request
  /// ```
  public var canonicalText: String { CanonicalText.text(of: self, besides: Self.empty) }

  /// The request that a canonical text describes; what it leaves out has its default.
  ///
  /// - Throws: `DecodingError` for a text that describes none, or names an option that there is not.
  public init(canonicalText: String) throws {
    self = try CanonicalText.value(of: canonicalText, besides: Self.empty)
  }

  private static let empty = TrainingRequest(sampler: "")
}

extension PluginOptions {
  /// The options that have a value, as text by their names.
  var values: [String: String] {
    get throws {
      Dictionary(uniqueKeysWithValues: try described().compactMap { name, value in value.map { (name, $0) } })
    }
  }
}
