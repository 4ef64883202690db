public import RobustnessCore

/// Monte Carlo tree search over the salient features of an image (Wicker, Huang and Kwiatkowska, TACAS 2018,
/// *Feature-Guided Black-Box Safety Testing of Deep Neural Networks*). Asks for scores only.
///
/// Features are keypoints: extrema of differences of Gaussians, as in SIFT. They are the components of a mixture of
/// Gaussians over the pixels, weighted by their responses. Of two players one chooses a feature, the other draws pixels
/// from it, and these are brightened or darkened as far as the ball allows. A tree over the first player's choices is
/// grown by upper confidence bounds; from each new leaf a play goes on greedily, and what it reaches is the leaf's
/// reward.
public struct FeatureGuidedSearch: Attack {
  /// `feature-guided`
  public static let name = "feature-guided"
  /// One line for `--list-attacks`.
  public static let summary = "tree search that brightens and darkens pixels at salient features; scores only"
  /// Log-probabilities only.
  public static let capabilities = AttackCapabilities(access: .scores)

  private let options: Options

  /// The attack.
  ///
  /// - Throws: `CoreError` when an option is out of its range.
  public init(_ options: Options) throws {
    try options.check()
    self.options = options
  }

  /// The best points, shape of `examples.inputs`: at most `queries` value queries for each example, the first of them
  /// the input itself. An example whose goal is reached is not asked about again.
  ///
  /// - Throws: `CoreError` when `vectors=square-image` is asked for and no image is as large as the inputs.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    let raster = try Raster(examples.inputs.rowShape, vectors: options.vectors)
    let options = try options.resolved(for: threat.norm)
    var games = examples.labels.indices.map { row in
      Game(
        examples.inputs.rows([row]), raster: raster, threat: threat, options: options,
        stream: random.stream(example: examples.identifiers[row]))
    }
    var best = BestPoints(fallback: examples.inputs)
    var standing = Array(0..<examples.count)
    for query in 0..<options.queries {
      if query > 0 { for row in standing { games[row].move() } }
      var candidates = examples.inputs.rows(standing)
      for (position, row) in standing.enumerated() { candidates.copyRow(0, of: games[row].candidate, to: position) }
      let answer = try oracle.values(candidates, of: standing, objective: nil)
      best.consider(candidates, of: standing, values: answer.values, successes: answer.successes)
      for (position, row) in standing.enumerated() { games[row].learn(answer.values[position]) }
      standing.removeAll { best.successes[$0] }
      if standing.isEmpty { break }
    }
    return best.points
  }
}
