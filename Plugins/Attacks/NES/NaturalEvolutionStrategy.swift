public import RobustnessCore

/// Projected gradient ascent along a gradient that is estimated from scores (Ilyas, Engstrom, Athalye and Lin, ICML
/// 2018, §2.1: natural evolution strategies).
///
/// g = 1/(nσ) Σ (v(x + σuᵢ) − v(x − σuᵢ)) uᵢ over n/2 standard normal uᵢ, G ← μG + (1 − μ)g, x ← Π(x + η·u(G)), where
/// v is the value of the oracle, and u(G) = sign(G) for L∞ and G/‖G‖₂ for L2. η is halved where the value no longer
/// grows. An example whose goal is reached is not asked about again.
public struct NaturalEvolutionStrategy: Attack {
  /// `nes`
  public static let name = "nes"
  /// One line for `--list-attacks`.
  public static let summary = "projected steps along gradients estimated from scores at random points nearby"
  /// Log-probabilities only.
  public static let capabilities = AttackCapabilities(access: .scores)

  private let options: Options

  /// The attack.
  ///
  /// - Throws: `CoreError` when an option is out of its range, or when both `step` and `relative-step` are given.
  public init(_ options: Options) throws {
    try options.check()
    self.options = options
  }

  /// The best of the points that the steps led to, or a sample inside the ball that reached the goal; shape of `examples.inputs`: at most `queries` value queries for each
  /// example.
  public func perturb(
    _ examples: Examples, within threat: ThreatModel, oracle: inout some AttackOracle, random: RandomStreams
  ) throws -> Tensor {
    let options = try options.resolved(for: threat.norm)
    var climb = Climb(examples, options: options)
    var standing = Array(0..<examples.count)
    var step = 0
    while !standing.isEmpty {
      let points = climb.points.rows(standing)
      let answer = try oracle.values(points, of: standing, objective: nil)
      climb.best.consider(points, of: standing, values: answer.values, successes: answer.successes)
      standing.removeAll { climb.best.successes[$0] }
      // A step takes its samples and one question more, about where it leads.
      guard (step + 1) * (options.samples + 1) + 1 <= options.queries else { break }
      let together = max(1, Self.pointsPerQuery / options.samples)
      for first in stride(from: 0, to: standing.count, by: together) {
        let rows = Array(standing[first..<min(first + together, standing.count)])
        let samples = samples(round: climb.points.rows(rows), of: rows, examples, threat, random, step: step)
        let sampledRows = rows.flatMap { repeatElement($0, count: options.samples) }
        let answer = try oracle.values(samples.points, of: sampledRows, objective: nil)
        climb.keepSuccesses(samples.points, of: sampledRows, answer, within: threat)
        climb.take(estimate(samples, answer.values), of: rows, within: threat)
      }
      standing.removeAll { climb.best.successes[$0] }
      step += 1
    }
    return climb.best.points
  }

  /// Points asked about at once, or one example's samples where these are more.
  private static let pointsPerQuery = 500

  /// The points round a few others that their gradients are estimated from.
  private struct Samples {
    /// For each point the directions u, shape (samples/2, …input).
    var directions: [Tensor]
    /// For each point x + σu, then x − σu: shape (points · samples, …input).
    var points: Tensor
  }

  /// What the samples round a few points say.
  struct Estimate {
    /// Shape (rows, …input); of any magnitude.
    var gradient: Tensor
    /// The mean of the samples' values, one for each row.
    var values: [Double]
  }

  private func samples(
    round centres: Tensor, of rows: [Int], _ examples: Examples, _ threat: ThreatModel, _ random: RandomStreams,
    step: Int
  ) -> Samples {
    let pairs = options.samples / 2
    let shape = [pairs] + centres.rowShape
    var samples = Samples(directions: [], points: Tensor(zeros: [0] + centres.rowShape))
    var elements: [Double] = []
    elements.reserveCapacity(rows.count * options.samples * centres.rowSize)
    for (position, row) in rows.enumerated() {
      var stream = random.stream(example: examples.identifiers[row], step: step)
      var directions = Tensor(shape: shape, elements: stream.normals(pairs * centres.rowSize))
      threat.restrict(&directions)
      let centre = centres.rows(repeatElement(position, count: pairs))
      for sigma in [options.sigma, -options.sigma] {
        var points = centre
        points.add(directions, scaledBy: sigma)
        elements += points.elements
      }
      samples.directions.append(directions)
    }
    samples.points = Tensor(shape: [rows.count * options.samples] + centres.rowShape, elements: elements)
    return samples
  }

  private func estimate(_ samples: Samples, _ answers: [Double]) -> Estimate {
    let shape = samples.points.rowShape
    var gradient = Tensor(zeros: [samples.directions.count] + shape)
    var means: [Double] = []
    for (position, directions) in samples.directions.enumerated() {
      let values = Array(answers[position * options.samples..<(position + 1) * options.samples])
      means.append(values.reduce(0, +) / Double(values.count))
      var sum = Tensor(zeros: [1] + shape)
      for (pair, difference) in Self.differences(values).enumerated() where difference != 0 {
        sum.add(directions.rows([pair]), scaledBy: difference / (Double(options.samples) * options.sigma))
      }
      gradient.copyRow(0, of: sum, to: position)
    }
    return Estimate(gradient: gradient, values: means)
  }

  /// v(x + σu) − v(x − σu) of each pair; `values` has the samples with +σ before those with −σ.
  ///
  /// A loss that is exactly zero on one side has a value of −∞ there: the pair counts as much as the largest finite
  /// difference, and as 1 where there is none. Where both sides are equal, or one is no number, it says nothing.
  static func differences(_ values: [Double]) -> [Double] {
    let pairs = values.count / 2
    let all = (0..<pairs).map { values[$0] == values[pairs + $0] ? 0 : values[$0] - values[pairs + $0] }
    let largest = all.filter(\.isFinite).map(abs).max() ?? 0
    return all.map { difference in
      if difference.isNaN { return 0 }
      if difference.isInfinite { return (largest > 0 ? largest : 1) * (difference > 0 ? 1 : -1) }
      return difference
    }
  }
}
