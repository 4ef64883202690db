import RobustnessCore

/// The ascent of every example: where it is, its momentum, and the length of its steps.
struct Climb {
  private let origins: Tensor
  private let options: NaturalEvolutionStrategy.Options
  private(set) var points: Tensor
  private var momentum: Tensor
  /// What is left of the first step's length, a fraction for each example.
  private var fractions: [Double]
  /// The latest values of each example since its step was halved.
  private var recent: [[Double]]
  /// The best of the points that were asked about.
  var best: BestPoints

  init(_ examples: Examples, options: NaturalEvolutionStrategy.Options) {
    origins = examples.inputs
    self.options = options
    points = examples.inputs
    momentum = Tensor(zeros: examples.inputs.shape)
    fractions = [Double](repeating: 1, count: examples.count)
    recent = [[Double]](repeating: [], count: examples.count)
    best = BestPoints(fallback: examples.inputs)
  }

  /// Takes a step of some examples along what was estimated of them.
  mutating func take(_ estimate: NaturalEvolutionStrategy.Estimate, of rows: [Int], within threat: ThreatModel) {
    var directions = momentum.rows(rows)
    directions.scale(by: options.momentum)
    directions.add(estimate.gradient, scaledBy: 1 - options.momentum)
    momentum.replaceRows(rows, with: directions)
    for (position, row) in rows.enumerated() {
      shorten(row, after: estimate.values[position])
      var point = points.rows([row])
      threat.step(&point, along: directions.rows([position]), by: options.length(fractions[row]))
      threat.project(&point, around: origins.rows([row]))
      points.copyRow(0, of: point, to: row)
    }
  }

  /// Keeps samples that reach the goal: those inside ball and box, as some leave them by a few σ.
  mutating func keepSuccesses(_ samples: Tensor, of rows: [Int], _ answer: Values, within threat: ThreatModel) {
    let hits = rows.indices.filter { answer.successes[$0] }
    guard !hits.isEmpty else { return }
    let found = samples.rows(hits)
    let isInside = zip(
      threat.respectsBudget(found, around: origins.rows(hits.map { rows[$0] })), threat.respectsBox(found)
    ).map { $0 && $1 }
    let kept = hits.indices.filter { isInside[$0] }
    best.consider(
      found.rows(kept), of: kept.map { rows[hits[$0]] }, values: kept.map { answer.values[hits[$0]] },
      successes: kept.map { _ in true })
  }

  /// Halves the step where the value is lower than it was a few steps ago.
  private mutating func shorten(_ row: Int, after value: Double) {
    recent[row].append(value)
    if recent[row].count > options.plateau { recent[row].removeFirst() }
    guard recent[row].count == options.plateau, let first = recent[row].first, value < first else { return }
    fractions[row] = max(fractions[row] / 2, Self.shortest)
    recent[row] = []
  }

  /// The shortest step as a fraction of the first: 5·10⁻⁵ of 10⁻² in the authors' program.
  private static let shortest = 0.005
}
