/// A way to draw from a posterior, one step at a time.
///
/// A run has one or more chains. A chain begins at a start that the caller chooses (a draw from the prior, an optimum,
/// a draw of another file), warms up, and then gives one draw with every step. What the steps mean is the sampler's
/// business: a transition of a Markov chain; an epoch of an optimiser while it warms up, and then a draw from what was
/// fitted.
///
/// State and information about a step are apart. A step depends on nothing but the state, the target and the random
/// streams, whose numbers are keyed by the chain and by the step's index (which the state knows), so that a run that
/// was killed goes on from any saved state with the same bits.
///
/// ```swift
/// public struct RandomWalkMetropolis: PosteriorSampler {
///   public struct Options: PluginOptions { public var scale = 0.1; public init() {} }
///   …
/// }
/// ```
public protocol PosteriorSampler: Sendable {
  /// The options with all their defaults.
  associatedtype Options: PluginOptions = NoOptions
  /// What it draws from: `any LogDensity`, or a richer type such as `BayesianNetwork` for samplers that need
  /// mini-batches.
  associatedtype Target: Sendable
  /// All that the next step needs. What can be computed again (a gradient at the position) is best left out of its
  /// coding.
  associatedtype State: Codable & Sendable
  /// What a step tells about itself.
  associatedtype Info: SamplerInfo

  /// The name that `train` takes: lower case, digits, and hyphens between words, for instance `hmc`.
  static var name: String { get }
  /// One line for `train --list-samplers`.
  static var summary: String { get }
  /// What its chains and draws mean.
  static var yield: SamplerYield { get }
  /// What it promises about the distribution of its draws; nil where it promises nothing, as one that trains networks.
  static var exactness: Exactness? { get }
  /// Where its chains begin unless the user says otherwise.
  static var defaultStart: SamplerStart { get }

  /// A sampler with checked options.
  ///
  /// - Throws: `CoreError` when the options make no sense.
  init(_ options: Options) throws
  /// The state before the first step of a chain.
  ///
  /// - Parameters:
  ///   - target: What to draw from.
  ///   - start: Parameters to begin at; empty for a start of the sampler's own, where it has one.
  ///   - chain: Number of the chain, from 0.
  ///   - random: Streams of this chain.
  /// - Throws: `CoreError` when there is no beginning here, and whatever the target throws.
  func initialState(of target: Target, at start: [Float], chain: Int, random: RandomStreams) throws -> State
  /// The next state. In a Markov chain a rejected proposal repeats the position.
  ///
  /// - Parameters:
  ///   - state: Where the chain is.
  ///   - target: What to draw from.
  ///   - random: The same streams for every step of a chain; a step takes those with its own index.
  /// - Throws: `CoreError` when the chain cannot go on, and whatever the target throws. A run ends there; what was
  ///   drawn before is kept.
  func step(_ state: State, of target: Target, random: RandomStreams) throws -> (state: State, info: Info)
  /// How far the warm-up is, or nil once every further step gives a draw.
  func warmup(of state: State) -> WarmupProgress?
  /// The draw that a state stands for: one number for each parameter of the target, in single precision.
  func draw(of state: State) -> [Float]
  /// The Gaussian that draws come from, where there is one.
  func gaussian(of state: State) -> GaussianApproximation?
}

extension PosteriorSampler {
  /// No summary.
  public static var summary: String { "" }
  /// A Markov chain.
  public static var yield: SamplerYield { .markovChain }
  /// No promise.
  public static var exactness: Exactness? { nil }
  /// A draw from the prior.
  public static var defaultStart: SamplerStart { .prior }
  /// None.
  public func gaussian(of state: State) -> GaussianApproximation? { nil }
}

/// What a sampler's chains and draws mean, which decides which diagnostics apply.
public enum SamplerYield: String, Sendable, Hashable, Codable {
  /// Chains of correlated draws.
  case markovChain = "markov-chain"
  /// One chain of independent draws from a fitted distribution.
  case independentDraws = "independent-draws"
  /// One chain of one draw: a single trained network.
  case network
  /// Chains of one draw each: networks trained apart on the same data.
  case networks
  /// Chains of one draw each: networks trained apart on resampled data.
  case resampledNetworks = "resampled-networks"
}

/// Where a chain begins.
public enum SamplerStart: String, Sendable, Hashable, Codable {
  /// A draw from the prior.
  case prior
  /// A maximum of the posterior density that an optimiser reached.
  case map
  /// Where the sampler begins by itself: its start is empty. Small random weights, for optimisers.
  case own
}

/// How far a chain's warm-up is.
public struct WarmupProgress: Sendable, Hashable {
  /// Steps taken.
  public var done: Int
  /// Steps in all; nil while that is not known.
  public var total: Int?

  /// Puts them together.
  public init(done: Int, total: Int?) {
    self.done = done
    self.total = total
  }
}

/// What a step tells about itself.
public protocol SamplerInfo: Codable, Sendable {
  /// Numbers of the step under ArviZ's names: `lp`, `energy`, `acceptance_rate`, `step_size`, `n_steps`, `diverging` (0
  /// or 1), `energy_error`. The same names with every step; those of draws go into the file.
  var statistics: [(name: String, value: Double)] { get }
}

/// Independent Gaussians, one for each parameter.
public struct GaussianApproximation: Sendable, Hashable, Codable {
  /// Means.
  public var mean: [Float]
  /// Standard deviations.
  public var scale: [Float]

  /// Puts them together.
  public init(mean: [Float], scale: [Float]) {
    self.mean = mean
    self.scale = scale
  }
}
