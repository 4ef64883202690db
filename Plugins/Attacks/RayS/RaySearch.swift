public import RobustnessCore

/// Search among directions of signs for the nearest decision boundary (Chen and Gu, KDD 2020, Algorithm 3: RayS). Asks
/// for decisions only, and has no random numbers.
///
/// A direction is a vector of signs. The signs of one block after another are flipped, blocks of half the size each
/// time, and a flip is kept where the decision changes earlier along the new direction: one question at the radius known
/// so far tells (the paper's fast check), and bisection then finds the radius. It looks for the smallest perturbation,
/// whatever ε is.
public struct RaySearch: Attack {
  /// Options of the attack.
  public struct Options: PluginOptions {
    /// Number of points asked about for each example.
    public var queries = 10_000
    /// The Euclidean length within which a radius is found.
    public var tolerance = 1e-3

    /// The defaults.
    public init() {}

    /// A line of help for each option.
    public static let help = [
      "queries": "points asked about for each example",
      "tolerance": "Euclidean length within which the boundary is found along a direction",
    ]
  }

  /// `rays`
  public static let name = "rays"
  /// One line for `--list-attacks`.
  public static let summary = "the nearest boundary among directions of signs; decisions only"
  /// Decisions only, L∞ only.
  public static let capabilities = AttackCapabilities(
    access: .decisions, norms: [.linf], search: .smallestPerturbation)

  private let options: Options

  /// The attack.
  ///
  /// - Throws: `CoreError` when `queries` or `tolerance` is not positive.
  public init(_ options: Options) throws {
    guard options.queries > 0 else {
      throw CoreError("rays: queries is the number of points and must be at least 1, not \(options.queries)")
    }
    guard options.tolerance.isFinite, options.tolerance > 0 else {
      throw CoreError("rays: tolerance must be a number above 0, not \(options.tolerance)")
    }
    self.options = options
  }

  /// The nearest points found, brought into the ball where they lie outside; shape of `examples.inputs`. At most
  /// `queries` decisions for each example.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var rays = Rays(examples, threat: threat, tolerance: options.tolerance)
    var nearest = SmallestPerturbations(examples, within: threat)
    // Who is wrong already is at distance 0.
    let wrong = try oracle.successes(examples.inputs)
    nearest.consider(examples.inputs, of: Array(0..<examples.count), successes: wrong)
    var rows = wrong.indices.filter { !wrong[$0] }
    var blocks = Blocks(count: examples.inputs.rowSize)
    var asked = [Int](repeating: 1, count: examples.count)
    while true {
      rows.removeAll { asked[$0] >= options.queries }
      if rows.isEmpty { break }
      let block = blocks.next()
      // The fast check: a direction that does not fool at the radius known so far cannot be nearer.
      var attempts = rows.map { rays.attempt(flipping: block, of: $0) }
      let points = rays.points(attempts, of: rows)
      let nearer = try oracle.successes(points, of: rows)
      nearest.consider(points, of: rows, successes: nearer)
      for row in rows { asked[row] += 1 }
      var open = rows.indices.filter { nearer[$0] }
      let found = open
      while true {
        open.removeAll { asked[rows[$0]] >= options.queries || !attempts[$0].isOpen }
        if open.isEmpty { break }
        let askedRows = open.map { rows[$0] }
        let points = rays.points(open.map { attempts[$0].middle }, of: askedRows)
        let fooled = try oracle.successes(points, of: askedRows)
        nearest.consider(points, of: askedRows, successes: fooled)
        for (position, attempt) in open.enumerated() {
          attempts[attempt].halve(fooled[position])
          asked[rows[attempt]] += 1
        }
      }
      for attempt in found { rays.keep(attempts[attempt], of: rows[attempt]) }
    }
    return nearest.pointsWithinBall()
  }
}
