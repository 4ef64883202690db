/// A log-density over a flat vector of parameters, known up to a constant.
public protocol LogDensity: Sendable {
  /// Number of parameters.
  var dimension: Int { get }
  /// The log-density at `position` in `Double`; when `gradient` is given its `dimension` floats are overwritten with the gradient.
  func evaluate(
    _ position: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Float>?
  ) throws -> Double
}

/// A way to draw from a posterior, one step at a time.
///
/// State and information about a step are apart, and the random numbers of a step are keyed by its index, so that a run that was killed resumes from any saved state and goes on with
/// the same bits.
public protocol PosteriorSampler: Sendable {
  /// The options with all their defaults.
  associatedtype Options: PluginOptions = NoOptions
  /// All that the next step needs.
  associatedtype State: Codable & Sendable
  /// What a step tells about itself, for instance acceptance and energy error.
  associatedtype Info: Codable & Sendable

  /// The name that `train` takes, in lower case.
  static var name: String { get }
  /// One line for `--list-samplers`.
  static var summary: String { get }

  /// A sampler with checked options.
  init(_ options: Options) throws
  /// The state before the first step of a chain.
  func initialState(of target: some LogDensity, chain: Int, random: RandomStreams) throws -> State
  /// The next state. A rejected proposal repeats the position.
  func step(_ state: State, of target: some LogDensity, random: RandomStreams) throws -> (state: State, info: Info)
  /// The draw that a state stands for.
  func draw(of state: State) -> [Float]
}

extension PosteriorSampler {
  /// No summary.
  public static var summary: String { "" }
}
