public import RobustnessCore

/// What answers attacks in the place of the posterior, so that what they find has to transfer to it.
public enum SurrogateRule: Sendable, Hashable, LosslessStringConvertible, CodableAsText {
  /// One draw of the posterior.
  case draw(Int)
  /// This many draws of the posterior, evenly spaced.
  case draws(Int)
  /// All draws of another posterior file.
  case file(String)

  /// Reads `draw:K`, `draws:N` with N from 1, or else the path of a file.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    switch (parts.first, parts.count) {
    case ("draw", 2): if let draw = Int(parts[1]), draw >= 0 { self = .draw(draw) } else { return nil }
    case ("draws", 2): if let count = Int(parts[1]), count > 0 { self = .draws(count) } else { return nil }
    default: if text.isEmpty { return nil } else { self = .file(text) }
    }
  }

  /// The text that `init` reads.
  public var description: String {
    switch self {
    case .draw(let draw): "draw:\(draw)"
    case .draws(let count): "draws:\(count)"
    case .file(let path): path
    }
  }
}

/// An ensemble that answers attacks in the place of the posterior that is judged.
///
/// Values, gradients and log-probabilities are the surrogate's; whether a goal is reached is decided by the posterior,
/// point by point, so that an attack keeps what transfers.
public struct Surrogate: Sendable {
  /// As on the command line, for the result.
  public var name: String
  /// What answers.
  public var ensemble: any PosteriorEnsemble
  /// The draws of it that answer.
  public var draws: [Int]

  /// A surrogate; by default all draws of an ensemble.
  public init(name: String, ensemble: any PosteriorEnsemble, draws: [Int]? = nil) {
    self.name = name
    self.ensemble = ensemble
    self.draws = draws ?? Array(0..<ensemble.drawCount)
  }

  /// Checks that it can stand for `judged`.
  ///
  /// - Throws: `CoreError` when its inputs or classes are others, or a draw is not there.
  func check(against judged: any PosteriorEnsemble) throws {
    guard ensemble.inputShape == judged.inputShape else {
      throw CoreError(
        "the surrogate \(name) takes inputs of shape \(ensemble.inputShape), the posterior \(judged.inputShape)")
    }
    guard ensemble.classCount == judged.classCount else {
      throw CoreError(
        "the surrogate \(name) has \(ensemble.classCount) classes, the posterior \(judged.classCount)")
    }
    guard !draws.isEmpty, draws.allSatisfy((0..<ensemble.drawCount).contains) else {
      throw CoreError("the surrogate \(name) must be of draws among 0 to \(ensemble.drawCount - 1)")
    }
  }
}
