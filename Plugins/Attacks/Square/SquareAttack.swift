public import RobustnessCore

/// Random search with windows (Andriushchenko, Croce, Flammarion and Hein, ECCV 2020): a window of the perturbation is
/// drawn anew, and kept where the value grows. Asks for scores only.
///
/// Algorithm 1 of the paper with Algorithm 2 (L∞: one sign of ±ε for the window and channel) or Algorithm 3 (L2: the
/// norm of two windows is moved into one of them). The side of the window shrinks by a schedule. Every example has
/// windows of its own, and is not asked about again once its goal is reached.
public struct SquareAttack: Attack {
  /// `square`
  public static let name = "square"
  /// One line for `--list-attacks`.
  public static let summary = "random search that draws windows of the perturbation anew; scores only"
  /// Log-probabilities only.
  public static let capabilities = AttackCapabilities(access: .scores)

  private let options: Options

  /// The attack.
  ///
  /// - Throws: `CoreError` when `queries` is not positive or `p-init` is not a fraction above 0.
  public init(_ options: Options) throws {
    guard options.queries > 0 else {
      throw CoreError("square: queries is the number of points and must be at least 1, not \(options.queries)")
    }
    guard options.pInit > 0, options.pInit <= 1 else {
      throw CoreError(
        "square: p-init is the fraction of an input in a window, above 0 and at most 1, not \(options.pInit)")
    }
    self.options = options
  }

  /// The best points, shape of `examples.inputs`: at most `queries` value queries for each example, the first of them
  /// the input itself.
  ///
  /// - Throws: `CoreError` when `vectors=square-image` is asked for and no image is as large as the inputs.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    let layout = try Layout(examples.inputs.rowShape, vectors: options.vectors)
    let objective = options.loss.objective(for: threat.goal)
    var search = Search(examples, threat: threat, layout: layout, queries: options.queries, random: random)
    // Who is wrong already needs no perturbation.
    search.receive(
      examples.inputs, of: search.standing,
      try oracle.values(examples.inputs, of: search.standing, objective: objective), keepsAll: true)
    guard options.queries > 1, !threat.isPoint else { return search.points }
    for query in 1..<options.queries {
      let rows = search.standing
      if rows.isEmpty { break }
      let fraction = options.schedule.fraction(options.pInit, at: query - 2, of: options.queries)
      let candidates = query == 1 ? search.start() : search.proposals(windowFraction: fraction)
      let changed = rows.indices.filter { candidates[row: $0] != search.points[row: rows[$0]] }
      guard !changed.isEmpty else { continue }
      let asked = changed.count == rows.count ? candidates : candidates.rows(changed)
      let askedRows = changed.map { rows[$0] }
      search.receive(
        asked, of: askedRows, try oracle.values(asked, of: askedRows, objective: objective), keepsAll: query == 1)
    }
    return search.points
  }
}

extension ThreatModel {
  /// Whether the ball is its centre alone.
  var isPoint: Bool { epsilonPerFeature.map { $0.allSatisfy { $0 == 0 } } ?? (epsilon == 0) }
}
