public import RobustnessCore

/// The smallest perturbation in L2 by Adam on distance plus margin (Carlini and Wagner, S&P 2017, §VI.A).
///
/// Minimises ‖x(u) − x⁰‖₂² + c·max(log p̄_y − max log p̄_k + κ, 0) over u, where x(u) = middle + half · tanh(u) keeps
/// to the box, for a sequence of weights c of every example: ten times larger until one is found that succeeds, then
/// bisection.
public struct CarliniWagner: Attack {
  /// Options of the attack.
  public struct Options: PluginOptions {
    /// Number of weights c that are tried.
    public var searchSteps = 6
    /// The largest number of Adam's steps for one weight, each one gradient.
    public var iterations = 200
    /// Adam's rate, in the coordinates u.
    public var rate: Double?
    /// The first weight c.
    public var initialWeight = 0.01
    /// κ: the margin that counts as success for the search, in nat.
    public var confidence = 0.0
    /// Whether a minimisation ends when a tenth of its steps made the sum less than a ten-thousandth smaller.
    public var abortEarly = true

    /// The defaults.
    public init() {}

    /// What an option without a value is.
    public static let describedDefaults = ["rate": "0.05, less where the box is wider than 8·ε"]
    /// What each option is for.
    public static let help = [
      "search-steps": "number of weights c that are tried",
      "iterations": "largest number of Adam's steps for one weight, each one gradient",
      "rate": "Adam's rate, in coordinates in which the box has no borders",
      "initial-weight": "the first weight c of the margin",
      "confidence": "margin that counts as success for the search, in nat",
      "abort-early": "end a minimisation that makes no progress",
    ]
  }

  /// `cw`
  public static let name = "cw"
  /// One line for `--list-attacks`.
  public static let summary = "the smallest L2 perturbation: Adam on distance plus weighted margin"
  /// L2, whatever ε is.
  public static let capabilities = AttackCapabilities(norms: [.l2], search: .smallestPerturbation)

  private let options: Options

  /// The attack.
  ///
  /// - Throws: `CoreError` when a number makes no sense.
  public init(_ options: Options) throws {
    for (name, value) in [("search-steps", options.searchSteps), ("iterations", options.iterations)] {
      guard value >= 0 else { throw CoreError("cw: \(name) must not be negative, not \(value)") }
    }
    for (name, value) in [("rate", options.rate), ("initial-weight", options.initialWeight)] {
      guard let value else { continue }
      guard value.isFinite, value > 0 else { throw CoreError("cw: \(name) must be a number > 0, not \(value)") }
    }
    guard options.confidence.isFinite, options.confidence >= 0 else {
      throw CoreError("cw: confidence must be a number ≥ 0, not \(options.confidence)")
    }
    self.options = options
  }

  /// The smallest perturbations found, those outside the ball brought onto it; shape of `examples.inputs`. At most
  /// `search-steps · iterations` gradients for each example.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    var smallest = SmallestPerturbations(examples, within: threat)
    let coordinates = BoxCoordinates(examples.inputs, within: threat)
    var weights = WeightSearch(count: examples.count, initial: options.initialWeight)
    for search in 0..<options.searchSteps {
      // Of many weights the last is the best one so far once more, as in the authors' program.
      if search == options.searchSteps - 1, options.searchSteps >= 10 { weights.repeatBest() }
      let found = try minimize(weights.current, coordinates, examples, within: threat, &oracle, &smallest)
      weights.update(found)
    }
    return smallest.pointsWithinBall()
  }

  /// One minimisation for every example, with a weight for each.
  ///
  /// - Returns: whether each example reached the goal, with the margin that was asked for.
  private func minimize(
    _ weights: [Double], _ coordinates: BoxCoordinates, _ examples: Examples, within threat: ThreatModel,
    _ oracle: inout some AttackOracle, _ smallest: inout SmallestPerturbations
  ) throws -> [Bool] {
    var rows = Array(0..<examples.count)
    var found = [Bool](repeating: false, count: rows.count)
    var position = coordinates.coordinates()
    // Where the coordinates of the input lead back to: off the borders by a millionth. Distances are from there.
    var origins = coordinates.points(at: position, of: rows)
    // Distances count in widths of the box: weight and rate mean the same for every box. Where ε is far smaller than
    // the box, and no rate is given, both are scaled down with it: a step of the box's width would jump over the
    // boundary.
    let width = threat.boxWidth
    let unit = options.rate == nil && threat.epsilon > 0 ? min(width, 8 * threat.epsilon) : width
    var adam = AdaptiveMoments(shape: position.shape, rate: options.rate ?? 0.05 * unit / width)
    var atLastLook = [Double](repeating: .infinity, count: rows.count)
    let look = max(1, (options.iterations + 9) / 10)
    for iteration in 0..<options.iterations {
      let points = coordinates.points(at: position, of: rows)
      let ascent = try oracle.ascent(points, of: rows, objective: .margin)
      // `values` are margins, positive where the goal is reached.
      let reached = rows.indices.map {
        ascent.successes[$0] && (options.confidence == 0 || ascent.values[$0] >= options.confidence)
      }
      smallest.consider(points, of: rows, successes: reached)
      for row in rows.indices where reached[row] { found[rows[row]] = true }
      var change = points
      change.add(origins, scaledBy: -1)
      if options.abortEarly, iteration % look == 0 {
        let sums = zip(rows.indices, change.rowNorms).map { row, norm in
          (norm / unit) * (norm / unit) + weights[rows[row]] * max(options.confidence - ascent.values[row], 0)
        }
        let going = rows.indices.filter { sums[$0] <= 0.9999 * atLastLook[$0] }
        if going.isEmpty { return found }
        atLastLook = going.map { sums[$0] }
        if going.count < rows.count {
          rows = going.map { rows[$0] }
          position = position.rows(going)
          origins = origins.rows(going)
          adam.keep(going)
          try descend(
            &position, &adam, change.rows(going), points.rows(going),
            Ascent(
              values: going.map { ascent.values[$0] }, successes: going.map { ascent.successes[$0] },
              gradient: ascent.gradient.rows(going)), weights, rows, coordinates, unit)
          continue
        }
      }
      try descend(&position, &adam, change, points, ascent, weights, rows, coordinates, unit)
    }
    return found
  }

  /// One step of Adam down the gradient of the sum.
  private func descend(
    _ position: inout Tensor, _ adam: inout AdaptiveMoments, _ change: Tensor, _ points: Tensor, _ ascent: Ascent,
    _ weights: [Double], _ rows: [Int], _ coordinates: BoxCoordinates, _ unit: Double
  ) throws {
    // A margin's gradient below any number is lifted to 2⁻³⁰⁰: beside a distance it still counts for nothing, but from
    // the input, where the distance has no gradient, it shows the way.
    var margin = ascent.gradient
    margin.normalize()
    margin.exponents = margin.exponents.map { max($0, -300) }
    var gradient = change
    gradient.scale(by: 2 / (unit * unit))
    gradient.addRows(
      margin.plain,
      scaledBy: rows.indices.map { ascent.values[$0] < options.confidence ? -weights[rows[$0]] : 0 })
    coordinates.pullBack(&gradient, at: points)
    adam.descend(&position, along: gradient)
  }
}
