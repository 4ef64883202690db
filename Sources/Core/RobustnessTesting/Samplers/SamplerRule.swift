/// What every sampler must keep to. The raw value is the name that a failure gives.
public enum SamplerRule: String, CaseIterable, Sendable {
  /// The name can be typed, options read back as they are written, the defaults make a sampler, and what it draws from
  /// is on offer.
  case declaration
  /// A chain begins where it is told to; without a start only where the sampler says that it has one of its own.
  case start
  /// Finite draws of as many numbers as there are parameters, for one, two and many of them.
  case parameters
  /// Progress counts the steps, ends when it said it would, and does not begin again. A warm-up of 0 steps is none, or
  /// is refused.
  case warmup = "warm-up"
  /// The same names with every step, and numbers that mean what ArviZ's names say.
  case statistics
  /// The same streams give the same bits.
  case determinism
  /// Another seed and another chain give other draws.
  case streams
  /// A run that goes on from a saved state, in another process, gives the same bits.
  case resume
  /// Neither chains that run at once nor the threads of the target change a bit.
  case threadIndependence = "thread-independence"
  /// A point where the density is zero or not a number is never accepted; a loss that overflows gives an error, not a
  /// draw.
  case nonFinite = "non-finite"
  /// The draws are what the declared yield says.
  case yield
  /// A chain that starts at an exact draw of its target is at one after any number of steps. For Markov chains on
  /// densities.
  case invariance
  /// Means and standard deviations of posteriors that are known.
  case strength
}

extension SamplerRule: ConformanceRule {
  var requirement: String {
    switch self {
    case .declaration: "the name can be typed, options read back as written, and the target is one that is offered"
    case .start: "a chain begins where it is told to, or by itself where it says so"
    case .parameters: "finite draws of one, two and many parameters"
    case .warmup: "progress counts the steps and ends when it said it would"
    case .statistics: "the same names with every step, and numbers that mean what the names say"
    case .determinism: "the same streams give the same bits"
    case .streams: "another seed and another chain give other draws"
    case .resume: "a run that goes on from a saved state gives the same bits"
    case .threadIndependence: "several chains at once and the target's threads change nothing"
    case .nonFinite: "points where the density is zero or not a number are never accepted"
    case .yield: "the draws are what the declared yield says"
    case .invariance: "a chain that starts at an exact draw of its target stays at exact draws"
    case .strength: "means and standard deviations of known posteriors"
    }
  }
}
